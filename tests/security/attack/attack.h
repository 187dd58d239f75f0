/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the attacks share. An attack is a function of main.c's table that does one forbidden thing.
 * It does not come back if it was stopped by a trap, and returns REFUSED if a call said no.
 * SUCCEEDED means that it got what it wanted, and not merely that nothing happened: the code it
 * placed has run, the value it wrote is what others read.
 *
 * Every address goes through hide(), so that the compiler knows nothing about what is attacked and
 * can neither remove the attack nor warn of it.
 */
#ifndef ATTACK_H
#define ATTACK_H

#include <stddef.h>
#include <stdint.h>

enum verdict { NOTHING_HAPPENED = 1, REFUSED = 3, SUCCEEDED = 42 };

#define NOINLINE __attribute__((__noinline__, __noclone__))

/* The same pointer; the compiler has forgotten where it came from. */
static inline void *hide(const volatile void *p)
{
	void *q = (void *)p;

	__asm__ volatile("" : "+r"(q)::"memory");
	return q;
}

/*
 * What an attacker wants to run: answer() returns 42 and fits into CODE_SIZE bytes; carry() puts a
 * copy of it somewhere; run() calls what lies there and says whether that was the answer.
 */
#define CODE_SIZE    16
#define CODE_ALIGNED __attribute__((__aligned__(CODE_SIZE)))

int answer(void);
void carry(void *to);
enum verdict run(const volatile void *code);

/* Where a hijacked return address leads to: says that the attack succeeded, and ends the image. */
_Noreturn void gained(void);

/* The second argument: how many bytes, for attacks that can be measured. */
extern size_t attack_bytes;

/* memory.c */
enum verdict write_code(void), write_constant(void), write_pointer(void), write_canary(void);
enum verdict run_heap(void), run_stack(void), run_data(void), run_bss(void), run_constant(void);
enum verdict read_null(void), call_null(void), open_null(void);
enum verdict unmapped(void), non_canonical(void), undefined(void), divide(void), segment(void);
enum verdict map_wx(void);

/* stack.c */
enum verdict overflow_stack(void), smash(void), panic(void);
uintptr_t canary(void);
/* Recursion that takes `bytes` of stack, or all there is if it is 0. */
void eat_stack(size_t bytes);

/* heap.c */
enum verdict double_free(void), wild_free(void), overflow_free(void), use_after_free(void);

/* where.c */
void where(void), mapped(void), registers(void);
void wait_for_ever(void);

/* program.c */
enum verdict overflow_thread(void), smash_thread(void), run_mmap(void), run_thread_stack(void);
enum verdict mmap_wx(void), mprotect_wx(void), fortify_strcpy(void), fortify_memcpy(void);
enum verdict fortify_read(void), fortify_sprintf(void);
void where_program(void), draw(void);

/* host.c */
enum verdict host_call(void), host_execve(void), host_open(void), host_kill(void),
	host_mmap_wx(void);

#endif
