/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Control and status registers of supervisor mode (RISC-V ISA vol. 2, Privileged Architecture), and the instructions
 * that belong to it.
 */
#ifndef UK_ARCH_CPU_H
#define UK_ARCH_CPU_H

#define RISCV_SSTATUS_SIE     0x00000002
#define RISCV_SSTATUS_SPIE    0x00000020
#define RISCV_SSTATUS_SPP     0x00000100
#define RISCV_SSTATUS_FS      0x00006000
#define RISCV_SSTATUS_FS_INIT 0x00002000
#define RISCV_SSTATUS_SUM     0x00040000

/* Interrupts: bits of sie and sip, and scause below its highest bit. */
#define RISCV_IRQ_SOFTWARE 1
#define RISCV_IRQ_TIMER    5
#define RISCV_IRQ_EXTERNAL 9

/* Exceptions: scause. */
#define RISCV_TRAP_FETCH_MISALIGNED 0
#define RISCV_TRAP_FETCH_ACCESS     1
#define RISCV_TRAP_ILLEGAL          2
#define RISCV_TRAP_BREAKPOINT       3
#define RISCV_TRAP_LOAD_MISALIGNED  4
#define RISCV_TRAP_LOAD_ACCESS      5
#define RISCV_TRAP_STORE_MISALIGNED 6
#define RISCV_TRAP_STORE_ACCESS     7
#define RISCV_TRAP_ECALL_USER       8
#define RISCV_TRAP_ECALL            9
#define RISCV_TRAP_FETCH_PAGE       12
#define RISCV_TRAP_LOAD_PAGE        13
#define RISCV_TRAP_STORE_PAGE       15

#define RISCV_SATP_SV39 (8UL << 60)
#define RISCV_SATP_SV48 (9UL << 60)

/* Calls of the firmware (RISC-V Supervisor Binary Interface 1.0). */
#define SBI_EXT_PUTCHAR 0x01 /* §5.2 */
#define SBI_EXT_BASE    0x10 /* §4 */
#define SBI_EXT_TIME    0x54494D45
#define SBI_EXT_IPI     0x735049   /* §7 */
#define SBI_EXT_HSM     0x48534D   /* §9 */
#define SBI_EXT_SRST    0x53525354 /* §10 */

#define SBI_HSM_START 0
#define SBI_HSM_STOP  1

#ifndef __ASSEMBLER__
#include <uk/api.h>
#include <uk/arch/relax.h>
#include <uk/essentials.h>

#define riscv_csr_read(csr)                                                                        \
	({                                                                                         \
		uint64_t v_;                                                                       \
		__asm__ volatile("csrr %0, " #csr : "=r"(v_)::"memory");                           \
		v_;                                                                                \
	})
#define riscv_csr_write(csr, v)                                                                    \
	__asm__ volatile("csrw " #csr ", %0" ::"rK"((uint64_t)(v)) : "memory")
#define riscv_csr_set(csr, bits)                                                                   \
	__asm__ volatile("csrs " #csr ", %0" ::"rK"((uint64_t)(bits)) : "memory")
#define riscv_csr_clear(csr, bits)                                                                 \
	__asm__ volatile("csrc " #csr ", %0" ::"rK"((uint64_t)(bits)) : "memory")

/* The counter behind every clock: it runs at the rate that the device tree tells. */
static inline uint64_t riscv_time(void)
{
	uint64_t v;

	__asm__ volatile("rdtime %0" : "=r"(v));
	return v;
}

static inline void riscv_irq_open(void)
{
	riscv_csr_set(sstatus, RISCV_SSTATUS_SIE);
}

static inline void riscv_irq_close(void)
{
	riscv_csr_clear(sstatus, RISCV_SSTATUS_SIE);
}

struct sbi_result {
	long error; /* 0, or negative */
	long value;
};

static inline struct sbi_result sbi_call3(long ext, long fn, uint64_t arg0, uint64_t arg1,
					  uint64_t arg2)
{
	register uint64_t a0 __asm__("a0") = arg0;
	register uint64_t a1 __asm__("a1") = arg1;
	register uint64_t a2 __asm__("a2") = arg2;
	register long a6 __asm__("a6") = fn;
	register long a7 __asm__("a7") = ext;

	__asm__ volatile("ecall" : "+r"(a0), "+r"(a1) : "r"(a2), "r"(a6), "r"(a7) : "memory");
	return (struct sbi_result){ .error = (long)a0, .value = (long)a1 };
}

static inline struct sbi_result sbi_call(long ext, long fn, uint64_t arg0, uint64_t arg1)
{
	return sbi_call3(ext, fn, arg0, arg1, 0);
}

#endif /* !__ASSEMBLER__ */
#endif
