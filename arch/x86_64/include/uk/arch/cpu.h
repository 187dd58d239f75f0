/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The CPU's special registers and instructions, and what this CPU can do.
 */
#ifndef UK_ARCH_CPU_H
#define UK_ARCH_CPU_H

/* Bits of control registers and MSRs that we touch (Intel SDM vol. 3 §2.5, vol. 4). */
#define X86_CR0_PE 0x00000001
#define X86_CR0_MP 0x00000002
#define X86_CR0_EM 0x00000004
#define X86_CR0_TS 0x00000008
#define X86_CR0_NE 0x00000020
#define X86_CR0_WP 0x00010000
#define X86_CR0_CD 0x40000000
#define X86_CR0_NW 0x20000000
#define X86_CR0_PG 0x80000000

#define X86_CR4_PAE        0x000020
#define X86_CR4_MCE        0x000040
#define X86_CR4_OSFXSR     0x000200
#define X86_CR4_OSXMMEXCPT 0x000400
#define X86_CR4_UMIP       0x000800
#define X86_CR4_FSGSBASE   0x010000
#define X86_CR4_OSXSAVE    0x040000
#define X86_CR4_SMEP       0x100000
#define X86_CR4_SMAP       0x200000
#define X86_CR4_CET        0x800000

#define X86_MSR_APIC_BASE 0x0000001b
#define X86_MSR_S_CET     0x000006a2
#define X86_MSR_EFER      0xc0000080
#define X86_MSR_FS_BASE   0xc0000100
#define X86_MSR_GS_BASE   0xc0000101

#define X86_EFER_LME 0x100
#define X86_EFER_LMA 0x400
#define X86_EFER_NXE 0x800

/* IA32_S_CET: indirect branches must land on endbr64; those with a notrack prefix need not. */
#define X86_CET_ENDBR   0x04
#define X86_CET_NOTRACK 0x10

#define X86_RFLAGS_IF 0x200

#ifndef __ASSEMBLER__
#include <uk/api.h>
#include <uk/arch/relax.h>
#include <uk/config.h>
#include <uk/essentials.h>

#ifdef CONFIG_PLAT_PARAVIRT
UK_API_BEGIN
/*
 * Set by a platform on a CPU that it may not touch (Xen PV), before anything else. The two functions are its own: open
 * and close interrupts, as sti and cli.
 */
extern bool x86_paravirt;
void x86_paravirt_open(void);
void x86_paravirt_close(void);
UK_API_END
#else
#define x86_paravirt false
static inline void x86_paravirt_open(void)
{
}
static inline void x86_paravirt_close(void)
{
}
#endif

struct x86_cpuid {
	uint32_t eax, ebx, ecx, edx;
};

/* Under a hypervisor every cpuid is an exit: ask once and keep the answer. Not in a PV domain. */
static inline struct x86_cpuid x86_cpuid_here(uint32_t leaf, uint32_t sub)
{
	struct x86_cpuid r;

	__asm__ volatile("cpuid"
			 : "=a"(r.eax), "=b"(r.ebx), "=c"(r.ecx), "=d"(r.edx)
			 : "a"(leaf), "c"(sub));
	return r;
}

static inline struct x86_cpuid x86_cpuid(uint32_t leaf, uint32_t sub)
{
	struct x86_cpuid r;

	if (!x86_paravirt)
		return x86_cpuid_here(leaf, sub);
	/* An undefined instruction and a name: Xen answers, and leaves out what a guest cannot have. */
	__asm__ volatile("ud2; .ascii \"xen\"; cpuid"
			 : "=a"(r.eax), "=b"(r.ebx), "=c"(r.ecx), "=d"(r.edx)
			 : "a"(leaf), "c"(sub));
	return r;
}

static inline uint64_t x86_rdmsr(uint32_t msr)
{
	uint32_t lo, hi;

	__asm__ volatile("rdmsr" : "=a"(lo), "=d"(hi) : "c"(msr));
	return lo | (uint64_t)hi << 32;
}

static inline void x86_wrmsr(uint32_t msr, uint64_t v)
{
	__asm__ volatile("wrmsr" ::"c"(msr), "a"((uint32_t)v), "d"((uint32_t)(v >> 32)) : "memory");
}

static UK_ALWAYS_INLINE uint64_t x86_rdtsc(void)
{
	uint32_t lo, hi;

	__asm__ volatile("rdtsc" : "=a"(lo), "=d"(hi));
	return lo | (uint64_t)hi << 32;
}

#define X86_CR_ACCESS(n)                                                                           \
	static inline uint64_t x86_read_cr##n(void)                                                \
	{                                                                                          \
		uint64_t v;                                                                        \
		__asm__ volatile("mov %%cr" #n ", %0" : "=r"(v)::"memory");                        \
		return v;                                                                          \
	}                                                                                          \
	static inline void x86_write_cr##n(uint64_t v)                                             \
	{                                                                                          \
		__asm__ volatile("mov %0, %%cr" #n ::"r"(v) : "memory");                           \
	}
X86_CR_ACCESS(0)
X86_CR_ACCESS(2)
X86_CR_ACCESS(3)
X86_CR_ACCESS(4)

static inline void x86_invlpg(uintptr_t va)
{
	__asm__ volatile("invlpg (%0)" ::"r"(va) : "memory");
}

static inline void x86_cli(void)
{
	__asm__ volatile("cli" ::: "memory");
}

static inline void x86_sti(void)
{
	__asm__ volatile("sti" ::: "memory");
}

/* Open and close interrupts, as far as they are this CPU's own affair. */
static inline void x86_irq_open(void)
{
	if (x86_paravirt)
		x86_paravirt_open();
	else
		x86_sti();
}

static inline void x86_irq_close(void)
{
	if (x86_paravirt)
		x86_paravirt_close();
	else
		x86_cli();
}

/* What the CPU has, as far as somebody asks; filled by x86_cpu_identify(). */
struct x86_cpu {
	uint32_t leaf_max;
	uint32_t f1_ecx, f1_edx; /* leaf 1 */
	uint32_t f7_ebx, f7_ecx; /* leaf 7 */
	bool fsgsbase;           /* rdfsbase and friends are there and switched on */
};

#define X86_F1_EDX_MCE        (1U << 7)
#define X86_F1_EDX_APIC       (1U << 9)
#define X86_F1_ECX_X2APIC     (1U << 21)
#define X86_F1_ECX_XSAVE      (1U << 26)
#define X86_F1_ECX_RDRAND     (1U << 30)
#define X86_F1_ECX_HYPERVISOR (1U << 31)
#define X86_F7_EBX_FSGSBASE   (1U << 0)
#define X86_F7_EBX_SMEP       (1U << 7)
#define X86_F7_EBX_RDSEED     (1U << 18)
#define X86_F7_EBX_SMAP       (1U << 20)
#define X86_F7_ECX_UMIP       (1U << 2)
#define X86_F7_EDX_IBT        (1U << 20)

UK_API_BEGIN

extern struct x86_cpu x86_cpu;

/* Find out what the CPU has. (cpuid is an exit under a hypervisor: once and for all.) */
void x86_cpu_identify(void);

/* Then, switch on what we want of it: vector state, SMEP, SMAP, UMIP, CET. */
void x86_cpu_init(void);

/* Opens interrupts and waits for one, which may come before the CPU begins to wait. With them closed. */
void x86_wait(void);

/*
 * Fill a 64-bit word from rdseed or rdrand, whatever there is; false if neither is, or it gave up.
 * Any context.
 */
bool x86_random(uint64_t *v);

UK_API_END
#endif /* !__ASSEMBLER__ */
#endif
