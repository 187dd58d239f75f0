/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Running the memory libraries as a Linux program, under the address sanitizer: a platform made
 * of arrays. Physical memory is an anonymous mapping; page tables are a hash of the pages that
 * are mapped.
 */
#ifndef HOST_H
#define HOST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Makes `bytes` of physical memory from `start` on, without telling anybody but uk_bootinfo. */
void host_memory(uint64_t start, uint64_t bytes);

/* Runs the initialisers that are linked. */
void host_init(void);

/* Pages brought into the direct map so far, and pages mapped elsewhere now. */
extern uint64_t host_direct_pages, host_mapped_pages;

/* The N-th page table frame that is asked for fails (0: none does). */
extern unsigned host_fail_tables;

/* Touches a page as the CPU would: a fault if it is not there. False: out of memory. */
bool host_touch(uint64_t va, bool write);

/* Runs fn in a child and expects it to panic with a message that contains `text`. */
void host_expect_panic(void (*fn)(void), const char *text);

uint64_t host_random(void);
extern uint64_t host_seed;

#define EXPECT(x)                                                                                  \
	do {                                                                                       \
		if (!(x))                                                                          \
			host_fail(__FILE__, __LINE__, #x);                                         \
	} while (0)
void host_fail(const char *file, int line, const char *what) __attribute__((__noreturn__));

#endif
