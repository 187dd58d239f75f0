# SPDX-License-Identifier: BSD-3-Clause
srcs-y += $(addprefix common/,early.c devtree.c treeclock.c treeseed.c) $(addprefix $(shared)/,entry.S idle.c machine.c gic.c timer.c rtc.c) \
	$(addprefix $(uk-arch)/,setup.c wall.c uart.c)
srcs-$(CONFIG_SMP) += $(addprefix common/,ipi.c treecpus.c treesmp.c) $(addprefix $(shared)/,smp.c cpustart.S) $(uk-arch)/smp.c
