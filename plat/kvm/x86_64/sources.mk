# SPDX-License-Identifier: BSD-3-Clause
srcs-y := $(shared)/entry.S $(shared)/early.c common/image.c common/bootinfo.c $(shared)/pvh.c common/mapping.c $(shared)/entropy.c \
	$(shared)/idle.c $(addprefix $(uk-arch)/,setup.c console.c irqchip.c clock.c reference.c kvmclock.c rtc.c timer.c power.c button.c random.c)
srcs-$(CONFIG_SMP) += common/ipi.c $(shared)/ipi.c $(addprefix $(uk-arch)/,smp.c mptable.c cpustart.S)
srcs-$(CONFIG_PLAT_KVM_ACPI)      += $(uk-arch)/acpi.c
srcs-$(CONFIG_PLAT_BUSES)         += common/dma.c $(uk-arch)/bus.c $(uk-arch)/msi.c $(uk-arch)/pci.c
srcs-$(CONFIG_PLAT_KVM_MULTIBOOT) += $(uk-arch)/multiboot.c $(uk-arch)/multiboot.S
srcs-$(CONFIG_PLAT_KVM_LINUX64)   += $(uk-arch)/linux64.c
