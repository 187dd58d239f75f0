# SPDX-License-Identifier: BSD-3-Clause
srcs-y := $(shared)/entry.S $(shared)/early.c common/image.c common/bootinfo.c common/devtree.c common/mapping.c $(shared)/idle.c \
	$(addprefix $(uk-arch)/,setup.c devtree.c console.c channel.c irqchip.c clock.c timer.c rtc.c power.c random.c)
srcs-$(CONFIG_SMP) += common/ipi.c $(uk-arch)/smp.c $(uk-arch)/cpustart.S
srcs-$(CONFIG_PLAT_BUSES) += common/dma.c $(addprefix $(uk-arch)/,bus.c pci.c)
