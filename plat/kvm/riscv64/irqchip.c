/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Interrupts: the CPU's own three, and the lines of devices, which a PLIC or an APLIC gathers. That is set up when the first device
 * asks for its line.
 */
#include <uk/arch/cpu.h>
#include <uk/arch/trap.h>
#include <uk/errno.h>
#include <uk/plat/irq.h>
#include <uk/print.h>
#include <uk/spin.h>
#ifdef CONFIG_SMP
#include <uk/smp.h>
#endif

#include "kvm.h"

void (*kvm_timer_handler)(void);
void (*kvm_external_handler)(void);

static struct {
	void (*fn)(void *arg);
	void *arg;
} lines[KVM_LINES];

void riscv_irq_dispatch(unsigned cause)
{
	if (cause == RISCV_IRQ_TIMER && kvm_timer_handler)
		kvm_timer_handler();
	else if (cause == RISCV_IRQ_EXTERNAL && kvm_external_handler)
		kvm_external_handler();
#ifdef CONFIG_SMP
	else if (cause == RISCV_IRQ_SOFTWARE) {
		riscv_csr_clear(sip, 1UL << RISCV_IRQ_SOFTWARE);
		uk_smp_interrupt();
	}
#endif
	else
		riscv_csr_clear(sie, 1UL << cause); /* nobody expects it */
}

void kvm_line_raised(unsigned line)
{
	if (line < KVM_LINES && lines[line].fn)
		lines[line].fn(lines[line].arg);
}

/* What has to be done for a line that is used from now on; of the controller that was found. */
static int (*open_line)(unsigned line, bool edge);

int kvm_irqchip_init(void)
{
	int rc = -ENODEV;

	if (open_line)
		return 0;
#ifdef CONFIG_PLAT_KVM_AIA
	rc = kvm_aia_init();
	if (!rc)
		open_line = kvm_aia_open;
#endif
	if (rc == -ENODEV) {
		rc = kvm_plic_init();
		if (!rc)
			open_line = kvm_plic_open;
	}
	if (rc)
		uk_pr_warn("no interrupt controller that is known (" KVM_IRQCHIPS
			   ") and that has a place for this CPU: devices raise no interrupts");
	return rc;
}

int uk_plat_irq_request(unsigned irq, void (*fn)(void *arg), void *arg)
{
	static struct uk_spinlock opening;
	unsigned line = irq & ~KVM_LINE_EDGE;
	bool off;
	int rc;

	if (!line || line >= KVM_LINES)
		return -EINVAL;
	if (lines[line].fn)
		return -EBUSY;
	rc = kvm_irqchip_init();
	if (rc)
		return rc;
	lines[line].arg = arg;
	lines[line].fn = fn;
	off = uk_spin_lock_save(&opening);
	rc = open_line(line, irq & KVM_LINE_EDGE);
	uk_spin_unlock_restore(&opening, off);
	if (rc)
		lines[line].fn = NULL;
	return rc;
}
