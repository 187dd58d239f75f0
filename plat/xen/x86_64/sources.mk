# SPDX-License-Identifier: BSD-3-Clause
srcs-y += $(addprefix $(shared)/,entry.S early.c pvh.c entropy.c) $(addprefix $(uk-arch)/,pventry.S \
	setup.c pvstart.c pvpaging.c pvearly.c pvtrap.c pvgrant.c memory.c clock.c random.c idle.c)
srcs-$(CONFIG_LIBXENCONTROL_SUSPEND) += $(uk-arch)/suspend.c
srcs-$(CONFIG_SMP) += common/ipi.c $(shared)/ipi.c $(uk-arch)/smp.c
