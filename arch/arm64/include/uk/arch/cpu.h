/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * System registers of EL1 (Arm Architecture Reference Manual for A-profile, DDI 0487, chapter D19), and the instructions that
 * belong to them.
 */
#ifndef UK_ARCH_CPU_H
#define UK_ARCH_CPU_H

/* PSTATE, as SPSR_EL1 has it: the flags of conditions, what is masked, and the mode. */
#define ARM_PSTATE_NZCV 0xf0000000
#define ARM_PSTATE_PAN  0x00400000
#define ARM_PSTATE_D    0x200
#define ARM_PSTATE_A    0x100
#define ARM_PSTATE_I    0x080
#define ARM_PSTATE_F    0x040
#define ARM_PSTATE_EL1T 0x4 /* sp is SP_EL0: threads */
#define ARM_PSTATE_EL1H 0x5 /* sp is SP_EL1: entry from exceptions */

/* Exception classes: ESR_EL1 from bit 26 on. */
#define ARM_ESR_EC         26
#define ARM_EC_UNKNOWN     0x00
#define ARM_EC_WF          0x01
#define ARM_EC_FP          0x07
#define ARM_EC_BTI         0x0d
#define ARM_EC_STATE       0x0e
#define ARM_EC_SVC         0x15
#define ARM_EC_SYSREG      0x18
#define ARM_EC_SVE         0x19
#define ARM_EC_PAC         0x1c
#define ARM_EC_FETCH_LOWER 0x20
#define ARM_EC_FETCH       0x21
#define ARM_EC_PC_ALIGN    0x22
#define ARM_EC_DATA_LOWER  0x24
#define ARM_EC_DATA        0x25
#define ARM_EC_SP_ALIGN    0x26
#define ARM_EC_FLOAT       0x2c
#define ARM_EC_SERROR      0x2f
#define ARM_EC_BREAK       0x31
#define ARM_EC_STEP        0x33
#define ARM_EC_WATCH       0x35
#define ARM_EC_BRK         0x3c

/* Below the class, of an access to memory. */
#define ARM_ISS_WRITE      0x40
#define ARM_ISS_CACHE      0x100 /* cache maintenance, which counts as a write */
#define ARM_FSC(esr)       ((esr)&0x3f)
#define ARM_FSC_LEVELS     0x3c /* without the level */
#define ARM_FSC_SIZE       0x00
#define ARM_FSC_MISSING    0x04
#define ARM_FSC_ACCESS     0x08
#define ARM_FSC_PERMISSION 0x0c
#define ARM_FSC_EXTERNAL   0x10
#define ARM_FSC_ALIGNMENT  0x21

/* SCTLR_EL1: what is always 1, and what this kernel wants. */
#define ARM_SCTLR_RES1 0x30d00800
#define ARM_SCTLR_M    0x00000001
#define ARM_SCTLR_C    0x00000004
#define ARM_SCTLR_SA   0x00000008
#define ARM_SCTLR_I    0x00001000
#define ARM_SCTLR_WXN  0x00080000
#define ARM_SCTLR_SPAN 0x00800000
#define ARM_SCTLR_ENIA 0x80000000   /* return addresses are signed (PAuth) */
#define ARM_SCTLR_BT1  0x1000000000 /* where one is signed, only calls land (BTI) */

/* MAIR_EL1: kinds of memory, by their index in an entry of a page table. */
#define ARM_MAIR        0x04ff /* 0: ordinary, cached; 1: device registers, nGnRE */
#define ARM_MAIR_NORMAL 0
#define ARM_MAIR_DEVICE 1

/*
 * TCR_EL1: 48 bits of addresses in TTBR0's half, pages of 4 KiB, tables read through the caches; nothing in TTBR1's half. The
 * size of physical addresses comes from ID_AA64MMFR0_EL1.
 */
#define ARM_TCR     0x00903510
#define ARM_TCR_IPS 32

/* Calls of the firmware (Arm Power State Coordination Interface, DEN0022). */
#define PSCI_CPU_ON     0xc4000003
#define PSCI_SYSTEM_OFF 0x84000008

#ifndef __ASSEMBLER__
#include <uk/api.h>
#include <uk/arch/relax.h>
#include <uk/essentials.h>

#define arm_read(reg)                                                                              \
	({                                                                                         \
		uint64_t v_;                                                                       \
		__asm__ volatile("mrs %0, " #reg : "=r"(v_)::"memory");                            \
		v_;                                                                                \
	})
#define arm_write(reg, v) __asm__ volatile("msr " #reg ", %x0" ::"rZ"((uint64_t)(v)) : "memory")
#define arm_isb()         __asm__ volatile("isb" ::: "memory")

UK_API_BEGIN
/* What PSTATE is in threads, but for the flags and whether interrupts are masked: for who returns to one. */
extern uint64_t arm_pstate;
UK_API_END

/* Has the CPU landing pads (FEAT_BTI); can it sign addresses, by any algorithm (FEAT_PAuth)? */
static inline bool arm_has_bti(void)
{
	return arm_read(id_aa64pfr1_el1) & 0xf;
}

static inline bool arm_has_pauth(void)
{
	return (arm_read(id_aa64isar1_el1) & 0xff0) || (arm_read(s3_0_c0_c6_2) & 0xf000);
}

/* The counter behind every clock. It may not be read ahead of time. */
static inline uint64_t arm_time(void)
{
	arm_isb();
	return arm_read(cntvct_el0);
}

static inline void arm_irq_open(void)
{
	__asm__ volatile("msr daifclr, #2" ::: "memory");
}

static inline void arm_irq_close(void)
{
	__asm__ volatile("msr daifset, #2" ::: "memory");
}

/* A call of the firmware (SMC), or of the hypervisor in its place (HVC): Arm SMC Calling Convention, DEN0028. */
static inline int64_t arm_firmware_call(bool hvc, uint64_t fn, uint64_t arg1, uint64_t arg2,
					uint64_t arg3)
{
	register uint64_t x0 __asm__("x0") = fn;
	register uint64_t x1 __asm__("x1") = arg1;
	register uint64_t x2 __asm__("x2") = arg2;
	register uint64_t x3 __asm__("x3") = arg3;

#define ARM_CALL(instruction)                                                                      \
	__asm__ volatile(instruction " #0"                                                         \
			 : "+r"(x0), "+r"(x1), "+r"(x2), "+r"(x3)                                  \
			 :                                                                         \
			 : "x4", "x5", "x6", "x7", "x8", "x9", "x10", "x11", "x12", "x13", "x14",  \
			   "x15", "x16", "x17", "memory")
	if (hvc)
		ARM_CALL("hvc");
	else
		ARM_CALL("smc");
#undef ARM_CALL
	return (int64_t)x0;
}

#endif /* !__ASSEMBLER__ */
#endif
