# SPDX-License-Identifier: BSD-3-Clause
srcs-y := $(shared)/entry.S common/early.c common/image.c common/bootinfo.c common/devtree.c common/mapping.c $(shared)/idle.c \
	$(addprefix $(uk-arch)/,setup.c devtree.c irqchip.c timer.c rtc.c power.c) \
	$(addprefix devtree/,console.c uart16550.c channel.c clock.c random.c cpus.c)
srcs-$(CONFIG_SMP) += common/ipi.c devtree/smp.c $(uk-arch)/smp.c $(uk-arch)/cpustart.S
srcs-$(CONFIG_PLAT_BUSES) += common/dma.c $(addprefix devtree/,bus.c pci.c)
