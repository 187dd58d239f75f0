/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Changes code addresses that are saved in memory while nobody needs them, each kind by one who knows where all lies; arm64's
 * HARDEN_PAC signs them. Named by the first argument:
 *
 *	context         where a switched-out thread goes on
 *	moved           ... to what was signed for another thread
 *	exchanged       two threads' stack pointers
 *	entry           where a new thread begins
 *	clone           where clone() returns in it
 *	jmp_buf         where longjmp() leads
 *	jmp_buf-moved   ... to what was signed for another stack pointer
 *	sigjmp_buf      where sigsetjmp() returns after siglongjmp()
 *	interrupted     where a preempted thread goes on
 *	interrupted-link  ... and where it returns to from there, in a leaf function
 *	trap            delivers what a CPU with FEAT_FPAC does instead of leaving a bad address
 *	nothing         does all that without a change
 *
 * Status 7: execution went on where the attacker wanted it. 0: nothing happened.
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <setjmp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <uk/arch/regs.h>
#include <uk/arch/sign.h>
#include <uk/essentials.h>
#include <uk/plat/mem.h>
#include <uk/plat/power.h>
#include <uk/sched_ops.h>
#include <uk/thread.h>

#define GAINED 7

/* Words of a frame of the switch, of clone()'s registers, of a jmp_buf. */
enum { FRAME_ENTRY = 1, FRAME_PC = 11, CLONE_PC = 11, JUMP_PC = 11, SIGJUMP_PC = 22 };

#define WITHOUT_SIGNATURE(va) ((va)&0xffffffffffff)

static bool attacks; /* else it only looks on */

static void put(uint64_t *where, uint64_t what)
{
	if (attacks)
		*(volatile uint64_t *)where = what;
}

/* It may run in the middle of a switch: nothing but the end is safe. */
static void gained(void)
{
	uk_plat_exit(GAINED);
}

/* ---- threads that wait ---- */

struct victim {
	sem_t wakes;
	pthread_t thread;
};

static struct victim victims[2];

static void *wait_for_post(void *arg)
{
	struct victim *v = arg;
	struct uk_thread *volatile self = uk_thread_current();

	sem_wait(&v->wakes);
	if (self != uk_thread_current()) /* it is on another's stack */
		gained();
	return NULL;
}

/* With a victim's priority no lower than ours, which has no slices: it has not run when this returns. */
static struct uk_thread *create(struct victim *v)
{
	struct uk_list *all = &uk_thread_current()->sched->threads;

	sem_init(&v->wakes, 0, 0);
	if (pthread_create(&v->thread, NULL, wait_for_post, v))
		return NULL;
	return uk_list_entry(all->prev, struct uk_thread, all);
}

static void end(struct victim *v)
{
	sem_post(&v->wakes);
	pthread_join(v->thread, NULL);
}

static uint64_t *frame_of(const struct uk_thread *t)
{
	return (uint64_t *)t->ctx.sp;
}

static void context(void)
{
	struct uk_thread *t = create(&victims[0]);

	sched_yield();
	put(&frame_of(t)[FRAME_PC], (uintptr_t)gained);
	end(&victims[0]);
}

/* The first thread begins once more, with an address of ours. */
static void moved(void)
{
	struct uk_thread *t = create(&victims[0]), *fresh;

	sched_yield();
	fresh = create(&victims[1]);
	put(&frame_of(t)[FRAME_PC], frame_of(fresh)[FRAME_PC]);
	put(&frame_of(t)[FRAME_ENTRY], (uintptr_t)gained);
	end(&victims[0]);
	end(&victims[1]);
}

static void exchanged(void)
{
	struct uk_thread *a = create(&victims[0]), *b = create(&victims[1]);
	uintptr_t sp;

	sched_yield();
	sp = a->ctx.sp;
	put(&a->ctx.sp, b->ctx.sp);
	put(&b->ctx.sp, sp);
	sem_post(&victims[1].wakes); /* or the first would find that nobody has woken it */
	end(&victims[0]);
	end(&victims[1]);
}

static void entry(void)
{
	struct uk_thread *t = create(&victims[0]);

	put(&frame_of(t)[FRAME_ENTRY], (uintptr_t)gained);
	end(&victims[0]);
}

static void clone_return(void)
{
	struct uk_thread *t = create(&victims[0]);

	put(&((uint64_t *)t->arg)[CLONE_PC], (uintptr_t)gained);
	end(&victims[0]);
}

/* ---- jumps ---- */

static jmp_buf here, there;
static sigjmp_buf signals;

/* Keeps what setjmp() has saved of a function that is at another place of the stack. */
static __attribute__((noinline)) void deeper(int n)
{
	volatile char room[256];

	room[0] = (char)n;
	if (n)
		deeper(n - 1);
	else if (setjmp(there))
		gained();
	(void)room[0];
}

static void jump(void)
{
	if (setjmp(here))
		return;
	put(&here[0].__jb[JUMP_PC], (uintptr_t)gained);
	longjmp(here, 1);
}

static void jump_moved(void)
{
	if (setjmp(here))
		return;
	deeper(3);
	put(&here[0].__jb[JUMP_PC], there[0].__jb[JUMP_PC]);
	longjmp(here, 1);
}

static void jump_signals(void)
{
	if (sigsetjmp(signals, 1))
		return;
	put(&((uint64_t *)&signals)[SIGJUMP_PC], (uintptr_t)gained);
	siglongjmp(signals, 1);
}

/* ---- a thread that is preempted ---- */

/* Counts until told to stop: a leaf, of three instructions in a loop. */
static volatile uint32_t counts, stop;
uint32_t spin(volatile uint32_t *count, volatile uint32_t *until);
extern const char spin_end[];
__asm__(".text\n\t.type spin, @function\n\t.global spin, spin_end\n\t.hidden spin, spin_end\n"
	"spin:\n\thint #34\n"
	"1:\tldr w2, [x0]\n\tadd w2, w2, #1\n\tstr w2, [x0]\n\tldr w3, [x1]\n\tcbz w3, 1b\n\t"
	"mov w0, w2\n\tret\nspin_end:");

static void *count(void *arg)
{
	*(struct uk_thread **)arg = uk_thread_current();
	spin(&counts, &stop);
	return NULL;
}

/* Registers of that loop on the stack of who is in it; NULL: it has not been interrupted there. */
static struct uk_regs *interrupted_regs(const struct uk_thread *t)
{
	/* Above what the kernel takes for the stack of such a thread is what clone()'s caller had there. */
	uint64_t *end = (uint64_t *)UK_ALIGN_UP((uintptr_t)t->stack + t->stack_size, UK_PAGE_SIZE);

	for (uint64_t *p = frame_of(t); p < end - 2; p++) {
		uint64_t va = WITHOUT_SIGNATURE(*p);

		if (va >= (uintptr_t)spin && va < (uintptr_t)spin_end && p[2] == (uint64_t)-1)
			return (struct uk_regs *)(p - UK_REGS_PC / 8);
	}
	return NULL;
}

static void preempted(bool link)
{
	struct sched_param lowest = { 0 };
	struct uk_thread *volatile spins = NULL;
	struct uk_regs *r = NULL;
	pthread_attr_t attr;
	pthread_t thread;

	pthread_attr_init(&attr);
	pthread_attr_setinheritsched(&attr, PTHREAD_EXPLICIT_SCHED);
	pthread_attr_setschedpolicy(&attr, SCHED_OTHER);
	pthread_attr_setschedparam(&attr, &lowest);
	stop = 0;
	if (pthread_create(&thread, &attr, count, (void *)&spins))
		uk_plat_exit(3);
	for (int tries = 0; !r; tries++) {
		if (tries == 1000)
			uk_plat_exit(4); /* its registers are somewhere else */
		usleep(10000);
		if (spins)
			r = interrupted_regs(spins);
	}
	put(link ? &r->x[30] : &r->pc, (uintptr_t)gained);
	stop = 1;
	pthread_join(thread, NULL);
}

static void interrupted(void)
{
	preempted(false);
}

static void interrupted_link(void)
{
	preempted(true);
}

/* ---- what QEMU's CPU does not do ---- */

/* As the CPU enters the vectors from an `autia1716` of a jmp_buf's, whose trap it is. */
static void trap(void)
{
	if (!attacks)
		return;
	__asm__ volatile("adr x0, 1f\n\t"
			 "msr elr_el1, x0\n\t"
			 "mrs x0, nzcv\n\t"
			 "mov x1, #0x3c4\n\t" /* EL1t, interrupts masked */
			 "orr x0, x0, x1\n\t"
			 "msr spsr_el1, x0\n\t"
			 "mov x0, #0x1c << 26\n\t" /* ESR_EL1: the class of FEAT_FPAC's */
			 "msr esr_el1, x0\n\t"
			 "add x16, sp, %0\n\t"
			 "mov x17, %1\n\t"
			 "msr daifset, #2\n\t"
			 "mrs x0, vbar_el1\n\t"
			 "msr spsel, #1\n\t"
			 "ret x0\n"
			 "1:\thint #12" ::"i"(ARM_SIGNED_JUMP),
			 "r"(gained)
			 : "x0", "x1", "x16", "x17", "memory");
}

static const struct {
	const char *name;
	void (*fn)(void);
} all[] = {
	{ "context", context },
	{ "moved", moved },
	{ "exchanged", exchanged },
	{ "entry", entry },
	{ "clone", clone_return },
	{ "jmp_buf", jump },
	{ "jmp_buf-moved", jump_moved },
	{ "sigjmp_buf", jump_signals },
	{ "interrupted", interrupted },
	{ "interrupted-link", interrupted_link },
	{ "trap", trap },
};

int main(int argc, char **argv)
{
	struct sched_param first = { .sched_priority = 1 };
	const char *name = argc > 1 ? argv[1] : "";
	int found = 2;

	if (pthread_setschedparam(pthread_self(), SCHED_FIFO, &first))
		return 3;
	attacks = strcmp(name, "nothing") != 0;
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		if (!attacks || !strcmp(name, all[i].name)) {
			all[i].fn();
			found = 0;
		}
	return found;
}
