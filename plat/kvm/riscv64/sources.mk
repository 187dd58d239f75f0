# SPDX-License-Identifier: BSD-3-Clause
srcs-y := $(shared)/entry.S common/early.c common/image.c common/bootinfo.c $(addprefix common/,devtree.c treecpus.c treeclock.c treeseed.c mapping.c) $(shared)/idle.c \
	$(addprefix $(uk-arch)/,setup.c devtree.c irqchip.c plic.c timer.c rtc.c power.c) \
	$(addprefix devtree/,console.c uart16550.c channel.c)
srcs-$(CONFIG_PLAT_KVM_AIA) += $(uk-arch)/aia.c
srcs-$(CONFIG_SMP) += common/ipi.c common/treesmp.c $(uk-arch)/smp.c $(uk-arch)/cpustart.S
srcs-$(CONFIG_PLAT_BUSES) += common/dma.c $(addprefix devtree/,bus.c pci.c $(if $(CONFIG_PLAT_KVM_AIA),,nomsi.c))
