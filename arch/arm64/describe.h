/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What arch/common/report.c, which includes this, asks of the architecture:
 *
 *	after_call()		is there a call instruction before this address?
 *	FRAME_RETURN, FRAME_NEXT	what a frame pointer leads to
 *	REGS_LINK		the register with a leaf's return address
 *	is_...()		kinds of traps
 *	say_exception(), say_registers()	parts of a report
 *	say_authentication()	with CONFIG_HARDEN_PAC: the first line of one about a signature, or false
 *	classify()		a trap as the layers above see it
 *	on_own_stack(), irq_was_open(), was_expected(), may_be_repaired()
 */
#ifndef ARM_DESCRIBE_H
#define ARM_DESCRIBE_H

#include <uk/arch/cpu.h>
#include <uk/arch/sign.h>
#include <uk/config.h>

#define FRAME_RETURN(fp) RETURN_AT((fp) + 8)
#define FRAME_NEXT(fp)   (((uintptr_t *)(fp))[0])
#define REGS_LINK(r)     RETURN_AT(&(r)->x[30])

#ifdef CONFIG_HARDEN_PAC
/* An address is signed above its 48 bits. */
#define WITHOUT_SIGNATURE(va) ((va)&0xffffffffffff)
#define RETURN_AT(p)          WITHOUT_SIGNATURE(*(const uintptr_t *)(p))
#endif

/* bl, or blr (DDI 0487 §C6.2). */
static UK_COLD bool after_call(uintptr_t ret)
{
	uint32_t call;

	if ((ret & 3) || !in(ret, uk_text_start + 4, uk_text_end))
		return false;
	call = *(const uint32_t *)(ret - 4);
	return call >> 26 == 0x25 || (call & 0xfffffc1f) == 0xd63f0000;
}

static inline unsigned class_of(const struct uk_regs *r)
{
	return (unsigned)(r->cause >> ARM_ESR_EC) & 0x3f;
}

/* The classes that code can meet here: the number, then the name. One string: no pointers to relocate. */
static const char names[] = "\0undefined instruction\0"
			    "\1wait instruction that is not allowed\0"
			    "\7floating point or vector instruction that is not allowed\0"
#ifdef CONFIG_HARDEN_BTI
			    "\15jump to what is no target of jumps\0"
#endif
			    "\16illegal state of execution\0"
			    "\25system call instruction, where there is no system\0"
			    "\30system register that is not there or not allowed\0"
			    "\31SVE instruction, which is not switched on\0"
			    "\41execution where there is no memory\0"
			    "\42misaligned jump\0"
			    "\45access that memory did not answer\0"
			    "\46misaligned stack pointer\0"
			    "\54floating point exception\0"
			    "\57error of the system\0"
			    "\61breakpoint of a debugger\0"
			    "\63single step\0"
			    "\65watchpoint\0"
			    "\74breakpoint\0"
			    "\377exception";

static UK_COLD const char *name_of(unsigned class)
{
	const char *s = names;

	while ((uint8_t)*s < class)
		for (s++; *s++;)
			;
	return (uint8_t)*s == class ? s + 1 : "exception";
}

static UK_COLD void say_registers(const struct uk_regs *r)
{
	uk_crash_say("  pc  %016lx  pstate %016lx  cause %016lx", r->pc, r->status, r->cause);
	for (unsigned i = 0; i < 28; i += 4)
		uk_crash_say("  x%-2u %016lx  x%-2u %016lx  x%-2u %016lx  x%-2u %016lx", i, r->x[i],
			     i + 1, r->x[i + 1], i + 2, r->x[i + 2], i + 3, r->x[i + 3]);
	uk_crash_say("  x28 %016lx  x29 %016lx  x30 %016lx  sp  %016lx", r->x[28], r->x[29],
		     r->x[30], r->sp);
}

static inline bool is_page_fault(const struct uk_regs *r)
{
	return arm_is_page_fault(r);
}

/* Was it an access to memory? */
static inline bool is_access(const struct uk_regs *r)
{
	return class_of(r) == ARM_EC_FETCH || class_of(r) == ARM_EC_DATA;
}

/* An entry whose address is too large. */
static inline bool is_corrupt_table(const struct uk_regs *r)
{
	return (ARM_FSC(r->cause) & ARM_FSC_LEVELS) == ARM_FSC_SIZE;
}

#ifdef CONFIG_LIBUKUBSAN_TRAP
static inline bool is_undefined(const struct uk_regs *r)
{
	return class_of(r) == ARM_EC_BRK; /* __builtin_trap() */
}
#endif

static UK_COLD enum uk_trap cause_of(const struct uk_regs *r)
{
	switch (class_of(r)) {
	case ARM_EC_FETCH:
	case ARM_EC_DATA:
		return is_page_fault(r)                         ? UK_TRAP_PAGE
		       : ARM_FSC(r->cause) == ARM_FSC_ALIGNMENT ? UK_TRAP_ALIGNMENT
								: UK_TRAP_PROTECTION;
	case ARM_EC_PC_ALIGN:
	case ARM_EC_SP_ALIGN:
		return UK_TRAP_ALIGNMENT;
	case ARM_EC_UNKNOWN:
	case ARM_EC_BTI:
	case ARM_EC_STATE:
	case ARM_EC_SVC:
	case ARM_EC_SYSREG:
	case ARM_EC_SVE:
	case ARM_EC_FP:
		return UK_TRAP_INSTRUCTION;
	case ARM_EC_FLOAT:
		return UK_TRAP_FLOAT;
	case ARM_EC_BRK:
		return UK_TRAP_BREAKPOINT;
	case ARM_EC_BREAK:
	case ARM_EC_STEP:
	case ARM_EC_WATCH:
		return UK_TRAP_DEBUG;
	default:
		return UK_TRAP_OTHER;
	}
}

static UK_COLD void classify(const struct uk_regs *r, struct uk_trap_info *info)
{
	info->cause = cause_of(r);
	info->addr = is_access(r) ? r->addr : r->pc;
	info->access = info->cause == UK_TRAP_PAGE ? arm_fault_access(r) : 0;
}

static inline uintptr_t regs_fp(const struct uk_regs *r)
{
	return r->x[29];
}

static inline void say_exception(const struct uk_regs *r, const char *thread)
{
	uk_crash_say("CRASH: %s in thread `%s` (class %#x, cause %#lx, address %#lx)",
		     name_of(class_of(r)), thread, class_of(r), r->cause, r->addr);
}

#ifdef CONFIG_HARDEN_PAC
/* What was signed, by <uk/arch/sign.h>; NULL: not that way. */
static UK_COLD const char *signed_as(uint64_t modifier)
{
	switch (ARM_SIGNED_FOR(modifier)) {
	case ARM_SIGNED_CONTEXT:
		return "a switched-out thread's address";
	case ARM_SIGNED_ENTRY:
	case ARM_SIGNED_CLONE:
		return "a new thread's address";
	case ARM_SIGNED_JUMP:
	case ARM_SIGNED_SIGJUMP:
		return "an address in a jmp_buf";
	case ARM_SIGNED_TRAP:
	case ARM_SIGNED_LINK:
		return "an interrupted thread's address";
	default:
		return NULL;
	}
}

/*
 * An instruction that finds a wrong signature traps on some CPUs (FEAT_FPAC), on the others it leaves an address that is none, where
 * execution then goes on. Either way the registers are as they were then: <uk/arch/sign.h>'s code has the address in x17, a
 * function that returns has it in x30. A jump by another register was never signed.
 */
static UK_COLD bool say_authentication(const struct uk_regs *r, const char *thread)
{
	bool trapped = class_of(r) == ARM_EC_PAC;
	uint64_t va = r->pc;
	const char *what = NULL;

	if (!trapped && (class_of(r) != ARM_EC_FETCH || !(va >> 48) || va >> 55 & 1))
		return false;
	if (trapped ? in(r->pc, uk_text_start, uk_text_end) &&
			      *(const uint32_t *)r->pc == ARM_AUTIA1716
		    : va == r->x[17]) {
		va = r->x[17];
		what = signed_as(r->x[16]);
	}
	if (!what && (trapped || va == r->x[30])) {
		va = r->x[30];
		what = "a return address";
	}
	if (!what)
		return false;
	va = WITHOUT_SIGNATURE(va);
	uk_crash_say("CRASH: pointer authentication failed in thread `%s`: %s was not signed "
		     "there: %s%#lx",
		     thread, what, in(va, uk_image_start, uk_image_end) ? "image+" : "",
		     in(va, uk_image_start, uk_image_end) ? va - (uintptr_t)uk_image_start : va);
	return true;
}
#endif

static inline bool irq_was_open(const struct uk_regs *r)
{
	return !(r->status & ARM_PSTATE_I);
}

/* No trap means anything but itself. */
static inline bool was_expected(const struct uk_regs *r UK_UNUSED)
{
	return false;
}

/* What happens on the stack of exceptions itself is nobody's to repair. */
static inline bool may_be_repaired(const struct uk_regs *r)
{
	return r->level < 2;
}

/* Does the frame lie on the stack that was interrupted, or on one for page faults? */
static inline bool on_own_stack(const struct uk_regs *r)
{
	return !r->level;
}

#endif
