/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What arch/common/report.c, which includes this, asks of the architecture:
 *
 *	after_call()		is there a call instruction before this address?
 *	FRAME_RETURN, FRAME_NEXT	what a frame pointer leads to
 *	is_...()		kinds of traps
 *	say_exception(), say_registers()	parts of a report
 *	classify()		a trap as the layers above see it
 *	on_own_stack(), irq_was_open(), was_expected(), may_be_repaired()
 */
#ifndef X86_DESCRIBE_H
#define X86_DESCRIBE_H

#include <uk/arch/cpu.h>
#include <uk/config.h>

#define VEC_NMI 2
#define VEC_UD  6
#define VEC_DF  8
#define VEC_GP  13
#define VEC_PF  14

#define FRAME_RETURN(fp) (((uintptr_t *)(fp))[1])
#define FRAME_NEXT(fp)   (*(uintptr_t *)(fp))

UK_WEAK uintptr_t x86_fault_addr(void)
{
	return x86_read_cr2();
}

/* Is there a call instruction before `ret`: e8 rel32, or ff /2 with its usual lengths? */
static UK_COLD bool after_call(uintptr_t ret)
{
	const unsigned char *p = (const unsigned char *)ret;

	if (!in(ret, uk_text_start + 7, uk_text_end))
		return false;
	if (p[-5] == 0xe8)
		return true;
	for (int n = 2; n <= 7; n++)
		if (p[-n] == 0xff && (p[1 - n] & 0x38) == 0x10)
			return true;
	return false;
}

/*
 * The CPU's names of those vectors that code can meet here: the number, then the name. One string:
 * no pointers to relocate. support/run knows all.
 */
static const char names[] = "\0division by zero or overflow\0"
			    "\1debug exception\0"
			    "\2non-maskable interrupt\0"
			    "\3breakpoint\0"
			    "\6undefined instruction\0"
			    "\10double fault\0"
			    "\14stack segment fault\0"
			    "\15general protection fault\0"
			    "\20x87 floating point error\0"
			    "\21alignment check\0"
			    "\22machine check\0"
			    "\23SIMD floating point error\0"
			    "\25control protection exception\0"
			    "\377exception";

static UK_COLD const char *name_of(unsigned vector)
{
	const char *s = names;

	while ((uint8_t)*s < vector)
		for (s++; *s++;)
			;
	return (uint8_t)*s == vector ? s + 1 : "exception";
}

static UK_COLD void say_registers(const struct uk_regs *r)
{
	static const char label[] =
		"r15r14r13r12rbprbxr11r10r9 r8 raxrcxrdxrsirdicr2"; /* as in struct uk_regs */
	uint64_t cr2 = x86_fault_addr();

	uk_crash_say("  rip %016lx  rsp %016lx  rflags %08lx", r->rip, r->rsp, r->rflags);
	for (unsigned i = 0; i < 16; i += 4) {
		const uint64_t *v = &r->r15 + i;
		const char *l = label + 3 * i;

		uk_crash_say("  %.3s %016lx  %.3s %016lx  %.3s %016lx  %.3s %016lx", l, v[0], l + 3,
			     v[1], l + 6, v[2], l + 9, i < 12 ? v[3] : cr2);
	}
}

static UK_COLD void classify(const struct uk_regs *r, struct uk_trap_info *info)
{
	static const uint8_t causes[] = {
		[0] = UK_TRAP_ARITHMETIC,      [1] = UK_TRAP_DEBUG,       [3] = UK_TRAP_BREAKPOINT,
		[4] = UK_TRAP_ARITHMETIC,      [6] = UK_TRAP_INSTRUCTION, [12] = UK_TRAP_PROTECTION,
		[VEC_GP] = UK_TRAP_PROTECTION, [VEC_PF] = UK_TRAP_PAGE,   [16] = UK_TRAP_FLOAT,
		[17] = UK_TRAP_ALIGNMENT,      [19] = UK_TRAP_FLOAT,
	};

	info->cause = UK_TRAP_OTHER;
	if (r->vector < sizeof(causes) && (causes[r->vector] || r->vector == VEC_PF))
		info->cause = causes[r->vector];
	info->addr = r->rip;
	info->access = 0;
	if (r->vector == VEC_PF || r->vector == VEC_DF)
		info->addr = x86_fault_addr();
	if (info->cause == UK_TRAP_PAGE)
		info->access = x86_fault_access(r->error);
}

static inline bool is_page_fault(const struct uk_regs *r)
{
	return r->vector == VEC_PF;
}

/* Was it an access to memory? A double fault is how a stack overflow shows. */
static inline bool is_access(const struct uk_regs *r)
{
	return r->vector == VEC_PF || r->vector == VEC_DF;
}

static inline bool is_corrupt_table(const struct uk_regs *r)
{
	return r->error & PF_RSVD;
}

#ifdef CONFIG_LIBUKKASAN
static inline bool is_write(const struct uk_regs *r)
{
	return r->error & PF_WRITE;
}
#endif

#ifdef CONFIG_LIBUKUBSAN_TRAP
static inline bool is_undefined(const struct uk_regs *r)
{
	return r->vector == VEC_UD;
}
#endif

static inline uintptr_t regs_fp(const struct uk_regs *r)
{
	return r->rbp;
}

static inline void say_exception(const struct uk_regs *r, const char *thread)
{
	uk_crash_say("CRASH: %s in thread `%s` (vector %lu, error code %#lx)",
		     name_of((unsigned)r->vector), thread, r->vector, r->error);
}

static inline bool irq_was_open(const struct uk_regs *r)
{
	return r->rflags & X86_RFLAGS_IF;
}

/* What an NMI may mean is of use to signals only. */
static inline bool was_expected(const struct uk_regs *r UK_UNUSED)
{
#ifdef CONFIG_LIBPOSIX_SIGNAL
	return r->vector == VEC_NMI && x86_nmi && x86_nmi();
#else
	return false;
#endif
}

/* These two nobody can repair. */
static inline bool may_be_repaired(const struct uk_regs *r)
{
	return r->vector != VEC_NMI && r->vector != VEC_DF;
}

/* Does the frame lie on the stack that was interrupted, or on one for traps? */
static inline bool on_own_stack(const struct uk_regs *r)
{
	return (uintptr_t)(r + 1) == UK_ALIGN_DOWN(r->rsp, 16UL);
}

#endif
