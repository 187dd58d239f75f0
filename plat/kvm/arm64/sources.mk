# SPDX-License-Identifier: BSD-3-Clause
srcs-y := $(shared)/entry.S common/early.c common/image.c common/bootinfo.c $(addprefix common/,devtree.c treeclock.c treeseed.c mapping.c) \
	$(addprefix $(shared)/,idle.c machine.c gic.c timer.c rtc.c) \
	$(addprefix $(uk-arch)/,setup.c devtree.c power.c button.c) \
	$(addprefix devtree/,console.c pl011.c channel.c)
srcs-$(CONFIG_SMP) += $(addprefix common/,ipi.c treecpus.c treesmp.c) $(addprefix $(shared)/,smp.c cpustart.S) $(uk-arch)/smp.c
srcs-$(CONFIG_PLAT_BUSES) += common/dma.c $(addprefix devtree/,bus.c pci.c) $(addprefix $(uk-arch)/,msi.c v2m.c its.c)
# its.c gives the interrupt controller memory.
optional-$(CONFIG_PLAT_BUSES) += ukpage
