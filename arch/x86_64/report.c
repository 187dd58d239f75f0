/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Traps in words: what happened, where, the registers, and how the code came there.
 *
 * The kernel is compiled without frame pointers (about 2 % smaller and faster), so the backtrace
 * looks at every word of the stack and takes those for return addresses that point into the text
 * behind a call instruction. It may show a call that has ended already, but misses none. With
 * CONFIG_FRAME_POINTER the chain of frames is followed instead, and is exact.
 *
 * Addresses in the image are printed as image+0x...: that is what the .dbg file has, whatever the
 * random base. Everything goes to the crash stream, a line at a time.
 */
#include <uk/arch/cpu.h>
#include <uk/arch/shadow.h>
#include <uk/arch/trap.h>
#include <uk/config.h>
#include <uk/crash.h>
#include <uk/errno.h>
#include <uk/irq.h>
#include <uk/plat/mem.h>
#include <uk/plat/power.h>
#include <uk/plat/trap.h>

#ifdef CONFIG_SMP
#include <uk/arch/relax.h>
#include <uk/smp.h>
#include <uk/spin.h>
#endif

#include "report.h"

#define DEPTH      24   /* lines of a backtrace */
#define DEPTH_CPU  6    /* ... of what another CPU did */
#define SCAN_WORDS 2048 /* how far up the stack to look for them */

#define VEC_NMI 2
#define VEC_UD  6
#define VEC_DF  8
#define VEC_GP  13
#define VEC_PF  14

#ifdef CONFIG_SMP
static uint32_t reporter; /* the CPU that reports, plus 1 */
const struct uk_regs *volatile uk_crash_cpu_regs[UK_CPUS];

/*
 * True for the first, and then nobody else runs any more. A CPU that comes later waits to be stopped as
 * all others are, and only a trap in the report itself returns false.
 */
static UK_COLD bool begin(void)
{
	uint32_t nobody = 0, self = uk_cpu() + 1;

	uk_this_cpu_set(irq_off, 1);
	if (!__atomic_compare_exchange_n(&reporter, &nobody, self, false, __ATOMIC_ACQ_REL,
					 __ATOMIC_ACQUIRE)) {
		if (nobody == self)
			return false;
		for (unsigned turns = 0;; turns++) {
			uk_arch_relax();
			uk_smp_poll(turns);
		}
	}
	uk_smp_stop_others();
	uk_spin_break();
	return true;
}

static inline bool is_reporting(void)
{
	return UK_READ_ONCE(reporter) == uk_cpu() + 1;
}

static UK_COLD void say_cpu(void)
{
	if (uk_smp_cpus() > 1)
		uk_crash_say("  on CPU %u of %u", uk_cpu(), uk_smp_cpus());
}
#else
static bool reporting;

static inline bool begin(void)
{
	if (reporting)
		return false;
	reporting = true;
	uk_percpu()->irq_off = 1;
	return true;
}

static inline bool is_reporting(void)
{
	return reporting;
}

static inline void say_cpu(void)
{
}
#endif

/* For debuggers, and the runner that writes a core file: the registers of the trap. */
static const struct uk_regs *volatile UK_USED uk_crash_regs;

/* Those of lib/debug/uksymtab, where the image has it. */
const char *uk_symtab_find(uintptr_t pc, size_t *into) UK_OPTIONAL;

/* Of lib/debug/ukcrash, likewise: the sections of <uk/crash.h>. */
void uk_crash_sections(const struct uk_trap_info *info, const struct uk_regs *regs) UK_OPTIONAL;

/* From the linker script. */
extern const char uk_image_start[], uk_image_end[], uk_text_start[], uk_text_end[];

UK_WEAK uintptr_t x86_fault_addr(void)
{
	return x86_read_cr2();
}

static bool in(uintptr_t va, const char *start, const char *end)
{
	return va >= (uintptr_t)start && va < (uintptr_t)end;
}

static UK_COLD void say_at(uintptr_t pc)
{
	size_t into;
	const char *name = uk_symtab_find ? uk_symtab_find(pc, &into) : NULL;

	if (name)
		uk_crash_say("  at image+%#lx %s+%#lx", pc - (uintptr_t)uk_image_start, name, into);
	else if (in(pc, uk_image_start, uk_image_end))
		uk_crash_say("  at image+%#lx", pc - (uintptr_t)uk_image_start);
	else
		uk_crash_say("  at %#lx, outside of the image", pc);
}

static UK_COLD bool readable(uintptr_t va)
{
	uk_paddr_t pa;
	unsigned prot;

	return !(va & 7) && !uk_plat_lookup(va, &pa, &prot) && (prot & UK_PROT_READ);
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

static UK_COLD void backtrace(uintptr_t pc, uintptr_t sp, uintptr_t fp, unsigned most)
{
	unsigned depth = 0;

	if (pc)
		say_at(pc);
#ifdef CONFIG_FRAME_POINTER
	/* A leaf, or one that has just begun, has no frame: its return address is on top. */
	if (pc && readable(sp) && after_call(*(uintptr_t *)sp))
		say_at(*(uintptr_t *)sp);
	while (depth++ < most && readable(fp) && fp >= sp) {
		uintptr_t ret = ((uintptr_t *)fp)[1];

		if (!ret)
			break;
		say_at(ret);
		sp = fp;
		fp = *(uintptr_t *)fp;
	}
#else
	(void)fp;
	if (!readable(sp)) /* it overflowed: begin at its last page */
		sp = UK_ALIGN_UP(sp, UK_PAGE_SIZE);
	for (unsigned i = 0; i < SCAN_WORDS && depth < most; i++, sp += 8) {
		if ((!i || !(sp & UK_PAGE_MASK)) && !readable(sp))
			break;
		if (after_call(*(uintptr_t *)sp)) {
			say_at(*(uintptr_t *)sp);
			depth++;
		}
	}
#endif
}

UK_COLD void x86_backtrace(uintptr_t pc, uintptr_t sp, uintptr_t fp)
{
	backtrace(pc, sp, fp, DEPTH);
}

#ifdef CONFIG_SMP
UK_COLD void uk_crash_say_where(const struct uk_regs *r)
{
	backtrace(r->rip, r->rsp, r->rbp, DEPTH_CPU);
}
#endif

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

static UK_COLD void say_cause(const struct uk_regs *r, const struct uk_trap_info *info)
{
	const char *thread = uk_trap_thread_name();

	if ((r->vector == VEC_PF || r->vector == VEC_DF) &&
	    (uk_trap_is_guard(info->addr) || uk_trap_is_guard(r->rsp - 8)))
		uk_crash_say("CRASH: stack overflow in thread `%s` (access to %#lx)", thread,
			     info->addr);
	else if (r->vector == VEC_PF)
		uk_crash_say("CRASH: page fault in thread `%s`: %s %#lx, %s", thread,
			     info->access & UK_TRAP_EXEC    ? "execution at"
			     : info->access & UK_TRAP_WRITE ? "write to"
							    : "read of",
			     info->addr,
			     r->error & PF_RSVD          ? "corrupt page table"
			     : info->addr < UK_PAGE_SIZE ? "where nothing is mapped (null pointer)"
#ifdef CONFIG_LIBUKVMEM
			     : info->cause == UK_TRAP_BUS ? "behind the end of a mapped file"
			     : (info->access & (UK_TRAP_PRESENT | UK_TRAP_DENIED)) == UK_TRAP_DENIED
				     ? "which its area forbids"
#endif
			     : !(info->access & UK_TRAP_PRESENT) ? "where nothing is mapped"
			     : info->access & UK_TRAP_EXEC       ? "which is not executable"
			     : info->access & UK_TRAP_WRITE      ? "which is read-only"
								 : "which is not readable");
#ifdef CONFIG_LIBUKUBSAN_TRAP
	else if (r->vector == VEC_UD && in(r->rip, uk_text_start, uk_text_end))
		uk_crash_say("CRASH: undefined behaviour at image+%#lx in thread `%s`",
			     r->rip - (uintptr_t)uk_image_start, thread);
#endif
	else
		uk_crash_say("CRASH: %s in thread `%s` (vector %lu, error code %#lx)",
			     name_of((unsigned)r->vector), thread, r->vector, r->error);
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

static UK_COLD UK_NOINLINE void say_more(const struct uk_trap_info *info,
					 const struct uk_regs *regs)
{
	if (uk_crash_sections)
		uk_crash_sections(info, regs);
}

UK_COLD void x86_crash_report(void)
{
	if (!begin())
		return;
	uk_crash_say("CRASH: in thread `%s`", uk_trap_thread_name());
	say_cpu();
	x86_backtrace(0, (uintptr_t)__builtin_frame_address(0) & ~7UL,
		      (uintptr_t)__builtin_frame_address(0));
	say_more(NULL, NULL);
}

static UK_COLD UK_NORETURN void report(const struct uk_regs *r, const struct uk_trap_info *info)
{
	if (begin()) {
		uk_crash_regs = r;
		say_cause(r, info);
		say_cpu();
		say_registers(r);
		x86_backtrace(r->rip, r->rsp, r->rbp);
		say_more(info, r);
	} else {
		uk_crash_say("CRASH: a trap in the report itself");
		say_at(r->rip);
	}
	uk_plat_crash();
}

/* Does the frame lie on the stack that was interrupted, or on one for traps? */
static inline bool on_own_stack(const struct uk_regs *r)
{
	return (uintptr_t)(r + 1) == UK_ALIGN_DOWN(r->rsp, 16UL);
}

/* A page that is missing, and a handler in thread context is not needed for. */
static UK_COLD bool resolve(struct uk_percpu *c, const struct uk_regs *r, struct uk_trap_info *info)
{
	bool masked = uk_irq_save();
	unsigned how = masked || c->irq_depth || c->preempt_off ? 0 : UK_PAGE_FAULT_FREE;
	int err = r->error & PF_RSVD ? -EFAULT : uk_page_fault_hook(info->addr, info->access, how);

	if (err == -EIO)
		info->cause = UK_TRAP_BUS;
	else if (err == -EACCES)
		info->access |= UK_TRAP_DENIED;
	uk_irq_restore(masked);
	return !err;
}

/* With interrupts open the thread may be moved: then that CPU's data are somebody else's. */
static inline bool stays_here(bool own UK_UNUSED)
{
#ifdef CONFIG_SMP
	return !own;
#else
	return true;
#endif
}

/*
 * The hook is for threads: nobody can answer for an interrupt handler. On another stack than the
 * thread's there may be no switch to another one meanwhile, which would fault there, too.
 */
static UK_COLD bool ask(struct uk_percpu *c, struct uk_regs *r, const struct uk_trap_info *info)
{
	bool own = on_own_stack(r), open = own && r->rflags & X86_RFLAGS_IF, done;

	if (c->irq_depth || is_reporting())
		return false;
	if (open)
		x86_irq_open();
	if (stays_here(own))
		c->irq_depth += !own;
	done = uk_trap_hook(info, r);
	if (stays_here(own))
		c->irq_depth -= !own;
	if (open)
		x86_irq_close();
	return done;
}

UK_COLD void x86_trap(struct uk_regs *r)
{
	struct uk_percpu *c = uk_percpu();
	struct uk_trap_info info;

#ifdef CONFIG_LIBUKKASAN
	if (r->vector == VEC_PF && r->error & PF_WRITE && x86_shadow_fault(x86_fault_addr()))
		return;
#endif
	classify(r, &info);
	if (r->vector == VEC_PF && resolve(c, r, &info))
		return;
#ifdef CONFIG_LIBPOSIX_SIGNAL /* what it may mean is of use to signals only */
	if (r->vector == VEC_NMI && x86_nmi && x86_nmi())
		return;
#endif
	/* These two nobody can repair. */
	if (r->vector != VEC_NMI && r->vector != VEC_DF && ask(c, r, &info))
		return;
	report(r, &info);
}
