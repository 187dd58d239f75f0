/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the file libraries need of a platform beyond tests/host/sched/host.c: page frames out of
 * malloc (so that AddressSanitizer watches them), a console that tests can feed, and so on.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <uk/alloc.h>
#include <uk/boot.h>
#include <uk/device.h>
#include <uk/errno.h>
#include <uk/init.h>
#include <uk/irq.h>
#include <uk/page.h>
#include <uk/plat/console.h>
#include <uk/plat/power.h>
#include <uk/random.h>
#include <uk/preempt.h>
#include <uk/print.h>
#include <uk/test.h>
#include <uk/vfs.h>
#include "host.h"

/* ---- page frames: a "physical" address is an address, the reference count lies before it ---------- */

uintptr_t uk_plat_direct_base;

static unsigned *count_of(uk_paddr_t pa)
{
	return (unsigned *)(pa - 64);
}

uk_paddr_t uk_page_alloc_one(unsigned flags)
{
	char *p;

	uk_preempt_disable();
	p = malloc(UK_PAGE_SIZE + 64);
	memset(p, 0xa5, UK_PAGE_SIZE + 64);
	uk_preempt_enable();
	*(unsigned *)p = 1;
	if (flags & UK_PAGE_ZERO)
		memset(p + 64, 0, UK_PAGE_SIZE);
	return (uk_paddr_t)p + 64;
}

uk_paddr_t uk_page_alloc_run(size_t npages, unsigned flags)
{
	return npages == 1 ? uk_page_alloc_one(flags) : UK_PAGE_NONE;
}

void uk_page_ref(uk_paddr_t pa)
{
	++*count_of(pa);
}

unsigned uk_page_unref(uk_paddr_t pa)
{
	unsigned left = --*count_of(pa);

	uk_preempt_disable();
	if (!left)
		free(count_of(pa));
	uk_preempt_enable();
	return left;
}

void uk_page_free_one(uk_paddr_t pa)
{
	uk_page_unref(pa);
}

void uk_page_stats(struct uk_page_stats *st)
{
	*st = (struct uk_page_stats){ .total = 64 << 20, .free = 32 << 20 };
}

/* ---- the console ---------------------------------------------------------------------------------- */

static char input[8192], output[16384];
static size_t in_len, in_pos, out_len;
static bool in_end, is_tty[3], armed = true;
static void (*rx)(void);

static void maybe_rx(void)
{
	bool was;

	if (!rx || !armed || (in_pos == in_len && !in_end))
		return;
	armed = false;
	was = uk_irq_save();
	uk_percpu()->irq_depth++;
	rx();
	uk_percpu()->irq_depth--;
	uk_irq_restore(was);
}

void host_console_tty(int fd, bool on)
{
	is_tty[fd] = on;
}

void host_console_type(const char *s)
{
	uk_preempt_disable();
	if (in_pos == in_len)
		in_pos = in_len = 0;
	memcpy(input + in_len, s, strlen(s));
	in_len += strlen(s);
	maybe_rx();
	uk_preempt_enable();
}

void host_console_end(void)
{
	in_end = true;
	maybe_rx();
}

const char *host_console_shown(void)
{
	output[out_len] = '\0';
	out_len = 0;
	return output;
}

size_t host_console_waiting(void)
{
	return in_len - in_pos;
}

ssize_t uk_plat_console_write(int stream, const char *s, size_t n)
{
	if (n > sizeof(output) - 1 - out_len)
		n = sizeof(output) - 1 - out_len;
	memcpy(output + out_len, s, n);
	out_len += n;
	return (ssize_t)n;
}

ssize_t uk_plat_console_read(char *buf, size_t n)
{
	if (n > in_len - in_pos)
		n = in_len - in_pos;
	if (!n && in_end)
		return 0;
	if (!n) {
		armed = true;
		return -EAGAIN;
	}
	memcpy(buf, input + in_pos, n);
	in_pos += n;
	return (ssize_t)n;
}

void uk_plat_console_set_rx(void (*cb)(void))
{
	rx = cb;
	maybe_rx();
}

int uk_plat_console_isatty(int fd)
{
	return is_tty[fd];
}

int uk_plat_console_winsize(unsigned *rows, unsigned *cols)
{
	*rows = 24;
	*cols = 80;
	return 0;
}

/* ---- the rest ------------------------------------------------------------------------------------- */

/* devfs keeps an inode of every device that was ever looked up: that is no leak of a test. */
static int look_up_devices(void)
{
	struct uk_abi_stat st;
	struct uk_cdev *dev;
	char path[32];

	for (dev = uk_cdev_list; dev; dev = dev->next) {
		snprintf(path, sizeof(path), "/dev/%s", dev->name);
		if (uk_vfs_stat(&uk_fs_ctx_boot, NULL, path, 0, &st))
			return -ENOENT;
	}
	return 0;
}

UK_INIT(UK_INIT_APP, "5", look_up_devices, NULL);

static struct uk_bootinfo bootinfo;
struct uk_bootinfo *uk_bootinfo = &bootinfo;

void *uk_plat_map_boot(uk_paddr_t pa, size_t len)
{
	return (void *)pa;
}

void uk_plat_exit(int status)
{
	exit(status);
}

void uk_random_fill(void *buf, size_t n)
{
	memset(buf, 42, n);
}

void uk_random_stir(const void *data, size_t n)
{
}

void uk_fatal(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	fputc('\n', stderr);
	exit(1);
}

bool uk_test_check_str(const char *file, int line, const char *what, const char *a, const char *b)
{
	bool ok = !strcmp(a, b);

	if (!ok)
		printf("# \"%s\" is not \"%s\"\n", a, b);
	return uk_test_check(ok, file, line, what, 0, 0);
}
