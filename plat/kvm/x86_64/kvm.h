/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the files of this platform share. In order of boot:
 *
 *	entry.S     the first instructions, up to 64-bit mode (this and the next in plat/common/x86_64)
 *	early.c     random virtual base, final page tables, relocation
 *	setup.c     what happens then, as a table of contents
 *	bootinfo.c  memory map, command line, initrd; they come from pvh.c, multiboot.c, linux64.c
 *
 * and at run time:
 *
 *	console.c   16550 and the runner's side channel
 *	irqchip.c   local APIC, I/O APIC, PIC
 *	clock.c     time: TSC, measured against a reference counter (reference.c); kvmclock.c; rtc.c
 *	timer.c     the one-shot timer: local APIC, or PIT
 *	acpi.c      tables
 *	power.c     the end
 *	button.c    requests for it
 *	random.c    seed
 */
#ifndef KVM_H
#define KVM_H

#include <uk/arch/io.h>
#include <uk/config.h>
#include <uk/essentials.h>
#include <uk/plat/bootinfo.h>
#include <uk/plat/mem.h>

#include "image.h"

/* a * b / c without losing bits on the way; the result must fit. */
static inline uint64_t kvm_mul_div(uint64_t a, uint64_t b, uint64_t c)
{
	uint64_t lo, hi;

	__asm__("mulq %3" : "=a"(lo), "=d"(hi) : "a"(a), "rm"(b) : "cc");
	__asm__("divq %2" : "+a"(lo), "+d"(hi) : "rm"(c) : "cc");
	return lo;
}

/* ---- console.c ---- */

void kvm_console_init(void);

/* Wait until what was written has left: a reader at the other end may be slow. */
void kvm_console_flush(void);

/* Is support/run at the other end of the side channel? */
bool kvm_runner(void);

/* Tell it the exit status. */
void kvm_runner_status(int status);

/* Tell it that the power button is heard: it need not end us the hard way. */
void kvm_runner_listening(void);

/* ---- irqchip.c ---- */

/* Vectors: interrupt line n has X86_VECTOR_IRQ + n. */
#ifdef CONFIG_PLAT_BUSES
#define KVM_LINES 48 /* of microvm's two I/O APICs */
#else
#define KVM_LINES 24
#endif
#define KVM_VECTOR_TIMER    (X86_VECTOR_IRQ + KVM_LINES)
#define KVM_VECTOR_CPU      (KVM_VECTOR_TIMER + 1) /* from another CPU */
#define KVM_VECTOR_SPURIOUS (X86_VECTORS - 1)      /* the low four bits must be ones on old CPUs */
#define KVM_VECTOR_MSI      (KVM_VECTOR_CPU + 1)

/* Quiet whatever the firmware left behind. */
void kvm_irqchip_init(void);

/* msi.c: a message has come. */
void kvm_msi_dispatch(unsigned vector);

/* Handler of KVM_VECTOR_TIMER. */
extern void (*kvm_timer_handler)(void *);

/* Is there a local APIC? It is switched on by then. */
bool kvm_lapic(void);
uint32_t kvm_lapic_read(unsigned reg);
void kvm_lapic_write(unsigned reg, uint32_t v);

/* This CPU's number at the interrupt controller. */
uint32_t kvm_lapic_id(void);

/* ---- the same with several CPUs; smp.c uses it ---- */

/* Switches to x2APIC mode, if the CPU has it: false if not. Before another CPU is started. */
bool kvm_lapic_extend(void);

/* This CPU's, as the first one's is. */
void kvm_lapic_cpu_init(void);

/* smp.c: the number there of CPU `cpu`, one that runs. */
uint32_t kvm_lapic_id_of(uint32_t cpu);

/* An interrupt command (SDM vol. 3 §11.6.1) to the CPU of that number. Any context. */
void kvm_lapic_send(uint32_t id, uint32_t what);

/* timer.c: before CPU `cpu` starts. */
void kvm_timer_cpu_init(uint32_t cpu);

/*
 * Which CPUs the machine has: calls fn() with the number of each at the interrupt controller, in the
 * order of the tables: ACPI's, or the MP specification's. Returns their number, 0 if there are none.
 */
#ifdef CONFIG_PLAT_KVM_ACPI
unsigned acpi_cpus(void (*fn)(uint32_t id));
#else
static inline unsigned acpi_cpus(void (*fn)(uint32_t id) UK_UNUSED)
{
	return 0;
}
#endif
unsigned mptable_cpus(void (*fn)(uint32_t id));

#define LAPIC_ID         0x020
#define LAPIC_EOI        0x0b0
#define LAPIC_SPURIOUS   0x0f0
#define LAPIC_ICR        0x300
#define LAPIC_ICR_HIGH   0x310
#define LAPIC_LVT_TIMER  0x320
#define LAPIC_LVT_LINT0  0x350
#define LAPIC_LVT_LINT1  0x360
#define LAPIC_TIMER_INIT 0x380
#define LAPIC_TIMER_NOW  0x390
#define LAPIC_TIMER_DIV  0x3e0

/* ---- reference.c: a counter of known frequency ---- */

struct kvm_reference {
	uint64_t (*read)(void);
	uint64_t mask; /* it wraps behind this value */
	uint64_t hz;
};

/* The best there is; read == NULL if there is none. */
void kvm_reference_find(struct kvm_reference *ref);

/* ---- kvmclock.c ---- */

/* KVM's paravirtual clock; false if the hypervisor has none. */
bool kvm_kvmclock_init(void);
void kvm_kvmclock_cpu_init(void); /* this CPU's, if there is one */
uk_nsec kvm_kvmclock_read(void);
uk_nsec kvm_kvmclock_wall(void);
/* How many ticks of the TSC this takes. */
uint64_t kvm_kvmclock_ticks(uk_nsec span);

/* ---- acpi.c ---- */

#ifdef CONFIG_PLAT_KVM_ACPI
/*
 * Copy table `sig` into buf, at most `size` bytes and the rest zeroed; returns its length, 0 if
 * there is none or it is corrupt (then said once).
 */
size_t acpi_read(const char *sig, void *buf, size_t size);

/* Value for SLP_TYP of state S5 from the DSDT at `pa`, -ENOENT if it is not there. */
int acpi_sleep_type(uint64_t pa);

/*
 * The generic event device in the DSDT at `pa` (ACPI 6.4 §5.6.9): the address of its register and
 * its interrupt line. False if there is none.
 */
bool acpi_event_device(uint64_t pa, uint64_t *address, unsigned *line);

/* Where the machine's generation is (QEMU docs/specs/vmgenid); 0 if it has none. */
uint64_t acpi_generation(void);

/*
 * Calls fn() with the whole of the table of that signature ("DSDT" as well), mapped for that time; false
 * if there is none.
 */
bool acpi_visit(const char *sig, void (*fn)(const uint8_t *table, size_t len, void *arg),
		void *arg);

void acpi_init(uk_paddr_t rsdp);
#else
static inline bool acpi_visit(const char *sig UK_UNUSED,
			      void (*fn)(const uint8_t *table, size_t len, void *arg) UK_UNUSED,
			      void *arg UK_UNUSED)
{
	return false;
}

static inline size_t acpi_read(const char *sig UK_UNUSED, void *buf UK_UNUSED,
			       size_t size UK_UNUSED)
{
	return 0;
}

static inline int acpi_sleep_type(uint64_t pa UK_UNUSED)
{
	return -1;
}

static inline bool acpi_event_device(uint64_t pa UK_UNUSED, uint64_t *address UK_UNUSED,
				     unsigned *line UK_UNUSED)
{
	return false;
}

static inline uint64_t acpi_generation(void)
{
	return 0;
}

static inline void acpi_init(uk_paddr_t rsdp UK_UNUSED)
{
}
#endif

/* A table's fields, at the offsets of the ACPI specification (6.4 §5.2). */
static inline uint64_t acpi_field(const void *table, unsigned offset, unsigned size)
{
	uint64_t v = 0;

	__builtin_memcpy(&v, (const char *)table + offset, size);
	return v;
}

#define FADT_SIZE        268
#define FADT_DSDT        40
#define FADT_SCI_INT     46
#define FADT_SMI_CMD     48
#define FADT_ACPI_ENABLE 52
#define FADT_PM1A_EVT    56
#define FADT_PM1A_CNT    64
#define FADT_PM_TMR      76
#define FADT_PM1_EVT_LEN 88
#define FADT_FLAGS       112
#define FADT_X_DSDT      140
#define FADT_X_PM_TMR    208
#define FADT_SLEEP_CTL   244 /* generic address: space id, width, offset, access, address */

#define FADT_F_PWR_BUTTON (1U << 4) /* set: it is not a fixed event */
#define FADT_F_TMR_32BIT  (1U << 8)
#define FADT_F_HW_REDUCED (1U << 20)

#define GAS_MEMORY 0
#define GAS_IO     1

#endif
