/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What arch/common/report.c, which includes this, asks of the architecture:
 *
 *	after_call()		is there a call instruction before this address?
 *	FRAME_RETURN, FRAME_NEXT	what a frame pointer leads to
 *	REGS_LINK		the register with a leaf's return address
 *	is_...()		kinds of traps
 *	say_exception(), say_registers()	parts of a report
 *	classify()		a trap as the layers above see it
 *	on_own_stack(), irq_was_open(), was_expected(), may_be_repaired()
 */
#ifndef RISCV_DESCRIBE_H
#define RISCV_DESCRIBE_H

#include <uk/arch/cpu.h>
#include <uk/config.h>

#define FRAME_RETURN(fp) (((uintptr_t *)(fp))[-1])
#define FRAME_NEXT(fp)   (((uintptr_t *)(fp))[-2])
#define REGS_LINK(r)     ((r)->ra)

/* jal ra, jalr ra, or c.jalr (RISC-V ISA vol. 1 §2.5, §16.8). */
static UK_COLD bool after_call(uintptr_t ret)
{
	const uint16_t *p = (const uint16_t *)ret;

	if ((ret & 1) || !in(ret, uk_text_start + 4, uk_text_end))
		return false;
	return (p[-2] & 0xfff) == 0x0ef || (p[-2] & 0xfff) == 0x0e7 ||
	       ((p[-1] & 0xf07f) == 0x9002 && p[-1] != 0x9002);
}

/* The causes that code can meet here: the number, then the name. One string: no pointers to relocate. */
static const char names[] = "\0misaligned jump\0"
			    "\1execution where there is no memory\0"
			    "\2undefined instruction\0"
			    "\3breakpoint\0"
			    "\4misaligned read\0"
			    "\5read where there is no memory\0"
			    "\6misaligned write\0"
			    "\7write where there is no memory\0"
			    "\10call of the firmware from user mode\0"
			    "\377exception";

static UK_COLD const char *name_of(unsigned cause)
{
	const char *s = names;

	while ((uint8_t)*s < cause)
		for (s++; *s++;)
			;
	return (uint8_t)*s == cause ? s + 1 : "exception";
}

static UK_COLD void say_registers(const struct uk_regs *r)
{
	static const char label[] =
		"ra sp gp tp t0 t1 t2 s0 s1 a0 a1 a2 a3 a4 a5 a6 a7 s2 s3 s4 s5 s6 s7 s8 s9 s10s11t3 t4 t5 t6 pc ";
	const uint64_t *v = &r->ra;

	uk_crash_say("  pc  %016lx  status %016lx  address %016lx", r->pc, r->status, r->tval);
	for (unsigned i = 0; i < 31; i += 4) {
		const char *l = label + 3 * i;

		uk_crash_say("  %.3s %016lx  %.3s %016lx  %.3s %016lx  %.3s %016lx", l, v[i], l + 3, v[i + 1],
			     l + 6, v[i + 2], l + 9, i < 28 ? v[i + 3] : r->pc);
	}
}

static inline bool is_page_fault(const struct uk_regs *r)
{
	return r->cause - RISCV_TRAP_FETCH_PAGE <= RISCV_TRAP_STORE_PAGE - RISCV_TRAP_FETCH_PAGE;
}

/* Was it an access to memory? */
static inline bool is_access(const struct uk_regs *r)
{
	return is_page_fault(r);
}

/* The CPU does not tell. */
static inline bool is_corrupt_table(const struct uk_regs *r UK_UNUSED)
{
	return false;
}

#ifdef CONFIG_LIBUKUBSAN_TRAP
static inline bool is_undefined(const struct uk_regs *r)
{
	return r->cause == RISCV_TRAP_BREAKPOINT; /* __builtin_trap() is ebreak */
}
#endif

static UK_COLD void classify(const struct uk_regs *r, struct uk_trap_info *info)
{
	static const uint8_t causes[] = {
		UK_TRAP_ALIGNMENT, UK_TRAP_PROTECTION, UK_TRAP_INSTRUCTION, UK_TRAP_BREAKPOINT,
		UK_TRAP_ALIGNMENT, UK_TRAP_PROTECTION, UK_TRAP_ALIGNMENT,   UK_TRAP_PROTECTION,
	};

	info->cause = is_page_fault(r)			? UK_TRAP_PAGE
		      : r->cause < sizeof(causes) ? (enum uk_trap)causes[r->cause]
						  : UK_TRAP_OTHER;
	info->addr = info->cause == UK_TRAP_PAGE ? r->tval : r->pc;
	info->access = info->cause == UK_TRAP_PAGE ? riscv_fault_access(r) : 0;
}

static inline uintptr_t regs_fp(const struct uk_regs *r)
{
	return r->s0;
}

static inline void say_exception(const struct uk_regs *r, const char *thread)
{
	uk_crash_say("CRASH: %s in thread `%s` (cause %lu, address %#lx)", name_of((unsigned)r->cause), thread,
		     r->cause, r->tval);
}

static inline bool irq_was_open(const struct uk_regs *r)
{
	return r->status & RISCV_SSTATUS_SPIE;
}

/* No trap means anything but itself. */
static inline bool was_expected(const struct uk_regs *r UK_UNUSED)
{
	return false;
}

static inline bool may_be_repaired(const struct uk_regs *r UK_UNUSED)
{
	return true;
}

/* Does the frame lie on the stack that was interrupted, or on one for page faults? */
static inline bool on_own_stack(const struct uk_regs *r)
{
	return !r->level;
}

#endif
