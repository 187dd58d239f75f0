/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Interrupt controllers: local APIC and I/O APIC (Intel SDM vol. 3 §10; 82093AA data sheet), or
 * the pair of 8259A where there is no local APIC.
 *
 * Lines are opened one by one when a driver asks, and only then is the ACPI table read that tells
 * how they are wired. A line keeps its number as vector: X86_VECTOR_IRQ + line.
 */
#include <uk/arch/cpu.h>
#include <uk/arch/trap.h>
#include <uk/errno.h>
#include <uk/irq.h>
#include <uk/plat/irq.h>
#ifdef CONFIG_PLAT_BUSES
#include <uk/plat/bus.h>
#endif
#ifdef CONFIG_SMP
#include <uk/smp.h>
#endif

#include "kvm.h"

#define APIC_ENABLE (1UL << 11)
#define APIC_X2     (1UL << 10)
#define APIC_ADDR   0x000ffffffffff000UL
#define MSR_X2APIC  0x800

#define SPURIOUS_ENABLE 0x100
#define LVT_MASKED      0x10000
#define LVT_NMI         0x00400
#define ICR_PENDING     0x01000

#define IOAPIC_DEFAULT  0xfec00000
#define IOAPIC_SELECT   0x00
#define IOAPIC_DATA     0x10
#define IOAPIC_VERSION  1
#define IOAPIC_ENTRY(n) (0x10 + 2 * (n))
#define ENTRY_LOW       0x02000 /* active low */
#define ENTRY_LEVEL     0x08000
#define ENTRY_MASKED    0x10000

#define PIC1      0x20
#define PIC2      0xa0
#define PIC_EOI   0x20
#define PIC_ISR   0x0b
#define PIC_LINES 16

/* Multiple APIC Description Table (ACPI 6.4 §5.2.12). */
#define MADT_SIZE     1024
#define MADT_ENTRIES  44
#define MADT_IOAPIC   1
#define MADT_OVERRIDE 2
#define MPS_LOW       0x3 /* of the flags' two fields of two bits, both set: */
#define MPS_LEVEL     0xc

static struct {
	void (*fn)(void *arg);
	void *arg;
} handlers[KVM_LINES];

void (*kvm_timer_handler)(void *);

static volatile char *lapic; /* NULL: none, or in x2APIC mode */
static bool lapic_there, x2apic, lapic_asked;
/* I/O APICs, by their first line; the second of microvm is where its devices are. */
static struct ioapic {
	volatile char *regs;
	uint64_t address;
	unsigned first, lines;
} ioapics[KVM_LINES / 24];
static uint16_t pic_mask = 0xffff;

uint32_t kvm_lapic_read(unsigned reg)
{
	return x2apic ? (uint32_t)x86_rdmsr(MSR_X2APIC + reg / 16) : uk_mmio_read32(lapic + reg);
}

void kvm_lapic_write(unsigned reg, uint32_t v)
{
	if (x2apic)
		x86_wrmsr(MSR_X2APIC + reg / 16, v);
	else
		uk_mmio_write32(lapic + reg, v);
}

static void open_lapic(void)
{
	kvm_lapic_write(LAPIC_SPURIOUS, SPURIOUS_ENABLE | KVM_VECTOR_SPURIOUS);
	kvm_lapic_write(LAPIC_LVT_LINT0, LVT_MASKED); /* the PIC's way in */
	kvm_lapic_write(LAPIC_LVT_LINT1, LVT_NMI);
}

bool kvm_lapic(void)
{
	uint64_t base;

	if (lapic_asked)
		return lapic_there;
	lapic_asked = true;
	if (!(x86_cpu.f1_edx & X86_F1_EDX_APIC))
		return false;
	base = x86_rdmsr(X86_MSR_APIC_BASE);
	x2apic = base & APIC_X2;
	if (!(base & APIC_ENABLE))
		x86_wrmsr(X86_MSR_APIC_BASE, base | APIC_ENABLE);
	if (!x2apic)
		lapic = boot_map_device(BOOT_FIXED_LAPIC, base & APIC_ADDR);
	lapic_there = x2apic || lapic;
	if (lapic_there)
		open_lapic();
	return lapic_there;
}

uint32_t kvm_lapic_id(void)
{
	return x2apic ? kvm_lapic_read(LAPIC_ID) : kvm_lapic_read(LAPIC_ID) >> 24;
}

#ifdef CONFIG_SMP
bool kvm_lapic_extend(void)
{
	if (!x2apic && x86_cpu.f1_ecx & X86_F1_ECX_X2APIC) {
		x86_wrmsr(X86_MSR_APIC_BASE, x86_rdmsr(X86_MSR_APIC_BASE) | APIC_X2);
		x2apic = true;
	}
	return x2apic;
}

void kvm_lapic_cpu_init(void)
{
	uint64_t base = x86_rdmsr(X86_MSR_APIC_BASE) | APIC_ENABLE;

	x86_wrmsr(X86_MSR_APIC_BASE, base); /* one step after the other: SDM vol. 3 §11.12.5 */
	if (x2apic)
		x86_wrmsr(X86_MSR_APIC_BASE, base | APIC_X2);
	open_lapic();
}

void kvm_lapic_send(uint32_t id, uint32_t what)
{
	bool irq;

	if (x2apic) {
		__atomic_thread_fence(__ATOMIC_SEQ_CST); /* this write waits for no other one */
		x86_wrmsr(MSR_X2APIC + LAPIC_ICR / 16, (uint64_t)id << 32 | what);
		return;
	}
	irq = uk_irq_save(); /* no interrupt handler's between the two halves */
	while (kvm_lapic_read(LAPIC_ICR) & ICR_PENDING)
		uk_arch_relax();
	kvm_lapic_write(LAPIC_ICR_HIGH, id << 24);
	kvm_lapic_write(LAPIC_ICR, what);
	uk_irq_restore(irq);
}
#endif

/* All lines closed, and vectors moved out of the CPU's own (8259A data sheet, ICW1 to ICW4). */
void kvm_irqchip_init(void)
{
	uk_outb(PIC1, 0x11);
	uk_outb(PIC2, 0x11);
	uk_outb(PIC1 + 1, X86_VECTOR_IRQ);
	uk_outb(PIC2 + 1, X86_VECTOR_IRQ + 8);
	uk_outb(PIC1 + 1, 0x04);
	uk_outb(PIC2 + 1, 0x02);
	uk_outb(PIC1 + 1, 0x01);
	uk_outb(PIC2 + 1, 0x01);
	uk_outb(PIC1 + 1, 0xff);
	uk_outb(PIC2 + 1, 0xff);
}

static void pic_open(unsigned irq)
{
	pic_mask &= (uint16_t) ~(1U << irq);
	if (irq >= 8)
		pic_mask &= (uint16_t) ~(1U << 2); /* the second one's way through the first */
	uk_outb(PIC1 + 1, (uint8_t)pic_mask);
	uk_outb(PIC2 + 1, (uint8_t)(pic_mask >> 8));
}

static bool pic_spurious(unsigned irq)
{
	uint16_t port = irq < 8 ? PIC1 : PIC2;

	if (irq % 8 != 7)
		return false;
	uk_outb(port, PIC_ISR);
	return !(uk_inb(port) & 0x80);
}

static uint32_t ioapic_read(const struct ioapic *io, unsigned reg)
{
	uk_mmio_write32(io->regs + IOAPIC_SELECT, reg);
	return uk_mmio_read32(io->regs + IOAPIC_DATA);
}

static void ioapic_write(const struct ioapic *io, unsigned reg, uint32_t v)
{
	uk_mmio_write32(io->regs + IOAPIC_SELECT, reg);
	uk_mmio_write32(io->regs + IOAPIC_DATA, v);
}

/*
 * Which input of the I/O APICs has ISA line `irq`, and how it is wired: as the table says, or
 * without one as the ISA bus always was, and the timer on 2. Numbers from 16 on are inputs. *io is the
 * I/O APIC that has it.
 */
static unsigned wiring(unsigned irq, uint32_t *flags, struct ioapic **io)
{
	static uint8_t madt[MADT_SIZE];
	size_t len = acpi_read("APIC", madt, sizeof(madt));
	unsigned input = irq ? irq : len ? 0 : 2, n = 0;

	*flags = irq < 16 ? 0 : ENTRY_LOW | ENTRY_LEVEL;
	ioapics[0].address = IOAPIC_DEFAULT;
	len = UK_MIN(len, sizeof(madt));
	for (size_t i = MADT_ENTRIES; i + 12 <= len + 2 && madt[i + 1] >= 2; i += madt[i + 1]) {
		if (madt[i] == MADT_IOAPIC && n < UK_ARRAY_SIZE(ioapics)) {
			ioapics[n].address = acpi_field(madt, (unsigned)i + 4, 4);
			ioapics[n++].first = (unsigned)acpi_field(madt, (unsigned)i + 8, 4);
		}
		if (madt[i] == MADT_OVERRIDE && madt[i + 3] == irq) {
			uint16_t f = (uint16_t)acpi_field(madt, (unsigned)i + 8, 2);

			input = (unsigned)acpi_field(madt, (unsigned)i + 4, 4);
			*flags = ((f & MPS_LOW) == MPS_LOW ? ENTRY_LOW : 0) |
				 ((f & MPS_LEVEL) == MPS_LEVEL ? ENTRY_LEVEL : 0);
		}
	}
	*io = &ioapics[0];
	for (unsigned i = 1; i < n; i++)
		if (input >= ioapics[i].first)
			*io = &ioapics[i];
	return input - (*io)->first;
}

static int ioapic_open(unsigned irq)
{
	uint32_t flags, id;
	struct ioapic *io;
	unsigned input = wiring(irq, &flags, &io);

	if (!io->regs) {
		volatile char *page;

#ifdef CONFIG_PLAT_BUSES
		page = uk_plat_map_device(UK_ALIGN_DOWN(io->address, UK_PAGE_SIZE), UK_PAGE_SIZE);
#else
		page = boot_map_device(BOOT_FIXED_IOAPIC, UK_ALIGN_DOWN(io->address, UK_PAGE_SIZE));
#endif
		if (!page)
			return -ENOMEM;
		io->regs = page + (io->address & UK_PAGE_MASK);
		io->lines = (ioapic_read(io, IOAPIC_VERSION) >> 16 & 0xff) + 1;
	}
	if (input >= io->lines)
		return -EINVAL;
	id = kvm_lapic_read(LAPIC_ID);
	ioapic_write(io, IOAPIC_ENTRY(input) + 1, x2apic ? id << 24 : id);
	ioapic_write(io, IOAPIC_ENTRY(input), (X86_VECTOR_IRQ + irq) | flags);
	return 0;
}

int uk_plat_irq_request(unsigned irq, void (*fn)(void *arg), void *arg)
{
	if (irq >= KVM_LINES || (!kvm_lapic() && irq >= PIC_LINES))
		return -EINVAL;
	if (handlers[irq].fn)
		return -EBUSY;
	handlers[irq].fn = fn;
	handlers[irq].arg = arg;
	if (kvm_lapic())
		return ioapic_open(irq);
	pic_open(irq);
	return 0;
}

void x86_irq_dispatch(unsigned vector)
{
	unsigned irq = vector - X86_VECTOR_IRQ;

	if (vector == KVM_VECTOR_SPURIOUS)
		return;
	if (!lapic_there && pic_spurious(irq))
		return;
	if (vector == KVM_VECTOR_TIMER && kvm_timer_handler)
		kvm_timer_handler(NULL);
#ifdef CONFIG_SMP
	else if (vector == KVM_VECTOR_CPU)
		uk_smp_interrupt();
#endif
	else if (irq < KVM_LINES && handlers[irq].fn)
		handlers[irq].fn(handlers[irq].arg);
#ifdef CONFIG_PLAT_BUSES
	else if (vector >= KVM_VECTOR_MSI)
		kvm_msi_dispatch(vector);
#endif
	if (lapic_there) {
		kvm_lapic_write(LAPIC_EOI, 0);
		return;
	}
	if (irq >= 8)
		uk_outb(PIC2, PIC_EOI);
	uk_outb(PIC1, PIC_EOI);
}
