/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The terminal as a person sees it: what is typed, what is shown, what the program reads. Needs a
 * console that the test can type on, and therefore runs on the build machine only. In an image, the
 * tests of `make check` do the same through a pseudo-terminal.
 */
#include <string.h>

#include <uk/errno.h>
#include <uk/fdtab.h>
#include <uk/init.h>
#include <uk/sched.h>
#include <uk/test.h>
#include <uk/thread.h>
#include <uk/time.h>
#include <uk/tty.h>
#include "host.h"

/* Descriptors 0 and 1 are a terminal, 2 is a file; set before the tty library starts. */
static int make_terminal(void)
{
	host_console_tty(0, true);
	host_console_tty(1, true);
	return 0;
}

UK_INIT(UK_INIT_EARLY, "0", make_terminal, NULL);

static struct uk_file *in, *out, *err;
static char got[8192];

static void start(void)
{
	in = uk_fd_get(uk_fdtab_boot, 0);
	out = uk_fd_get(uk_fdtab_boot, 1);
	err = uk_fd_get(uk_fdtab_boot, 2);
	in->flags |= UK_O_NONBLOCK;
	host_console_shown();
}

static void finish(void)
{
	in->flags &= ~UK_O_NONBLOCK;
	uk_file_put(in);
	uk_file_put(out);
	uk_file_put(err);
}

static ssize_t get(size_t n)
{
	struct uk_iter it = uk_iter_buf(got, n);
	ssize_t r;

	memset(got, 0, sizeof(got));
	r = uk_file_read(in, &it);
	return r;
}

static void put(struct uk_file *f, const char *s)
{
	struct uk_iter it = uk_iter_buf(s, strlen(s));

	UK_EXPECT_EQ(uk_file_write(f, &it), (ssize_t)strlen(s));
}

/* Type, then compare what is read and what is shown. */
static void line(const char *typed, const char *read, const char *shown)
{
	host_console_type(typed);
	UK_EXPECT_EQ(get(sizeof(got)), (ssize_t)strlen(read));
	UK_EXPECT_STR(got, read);
	UK_EXPECT_STR(host_console_shown(), shown);
}

UK_TEST(tty, canonical)
{
	start();
	UK_EXPECT_EQ(get(10), -EAGAIN);
	host_console_type("hel");
	UK_EXPECT_EQ(get(10), -EAGAIN);
	UK_EXPECT_EQ(uk_file_ready(in) & UK_POLLIN, 0u);
	host_console_type("lo\r");
	UK_EXPECT_EQ(uk_file_ready(in) & UK_POLLIN, (unsigned)UK_POLLIN);
	UK_EXPECT_EQ(get(4), 4); /* the rest of a line waits for the next read */
	UK_EXPECT_STR(got, "hell");
	UK_EXPECT_EQ(get(10), 2);
	UK_EXPECT_STR(got, "o\n");
	UK_EXPECT_STR(host_console_shown(), "hello\r\n");
	/* One line at a time. */
	host_console_type("a\nb\n");
	UK_EXPECT_EQ(get(10), 2);
	UK_EXPECT_EQ(get(10), 2);
	UK_EXPECT_STR(got, "b\n");
	UK_EXPECT_EQ(get(10), -EAGAIN);
	finish();
}

UK_TEST(tty, editing)
{
	start();
	line("ab\x7f"
	     "c\n",
	     "ac\n", "ab\b \bc\r\n");
	line("\x7fx\n", "x\n", "x\r\n");
	line("abc\x15z\n", "z\n", "abc\b \b\b \b\b \bz\r\n");
	line("one two \x17x\n", "one x\n", "one two \b \b\b \b\b \b\b \bx\r\n");
	line("\xc3\xa4\x7f\n", "\n", "\xc3\xa4\b \b\r\n"); /* one character of two bytes */
	line("a\tb\x7f\x7f.\n", "a.\n", "a\tb\b \b\b \b\b \b\b \b\b \b\b \b\b \b\b \b.\r\n");
	line("\x01\x7f.\n", ".\n", "^A\b \b\b \b.\r\n");
	line("\x16\x03\x16\n\n", "\x03\n\n", "^\b^C^\b\r\n\r\n");
	line("ab\x12"
	     "c\n",
	     "abc\n", "ab^R\r\nabc\r\n");
	finish();
}

UK_TEST(tty, end_of_file_key)
{
	start();
	host_console_type("\x04");
	UK_EXPECT_EQ(uk_file_ready(in) & UK_POLLIN, (unsigned)UK_POLLIN);
	UK_EXPECT_EQ(get(10), 0);
	UK_EXPECT_EQ(get(10), -EAGAIN);
	host_console_type("ab\x04"); /* ends the line without a newline */
	UK_EXPECT_EQ(get(10), 2);
	UK_EXPECT_EQ(get(10), -EAGAIN);
	host_console_type("ab\x04\x04");
	UK_EXPECT_EQ(get(10), 2);
	UK_EXPECT_EQ(get(10), 0);
	host_console_shown();
	finish();
}

static int signals, last_signal;

static void on_signal(int sig, int pgrp)
{
	signals++;
	last_signal = sig;
}

UK_TEST(tty, signals)
{
	start();
	uk_tty_set_signal_hook(on_signal);
	signals = 0;
	host_console_type("lost\x03");
	UK_EXPECT_EQ(signals, 1);
	UK_EXPECT_EQ(last_signal, 2);
	line("x\n", "x\n", "lost^Cx\r\n");
	host_console_type("\x1c");
	UK_EXPECT_EQ(last_signal, 3);
	host_console_type("\x1a");
	UK_EXPECT_EQ(last_signal, 20);
	UK_EXPECT_EQ(signals, 3);
	uk_tty_set_signal_hook(NULL);
	host_console_type("\x03");
	UK_EXPECT_EQ(signals, 3);
	host_console_shown();
	finish();
}

static struct uk_abi_termios saved;

static void set_mode(uint32_t clear_l, uint8_t min, uint8_t time)
{
	struct uk_abi_termios t;

	UK_EXPECT_EQ(uk_file_ioctl(in, UK_TCGETS, (uintptr_t)&saved), 0);
	t = saved;
	t.c_lflag &= ~clear_l;
	t.c_cc[UK_VMIN] = min;
	t.c_cc[UK_VTIME] = time;
	UK_EXPECT_EQ(uk_file_ioctl(in, UK_TCSETS, (uintptr_t)&t), 0);
}

static void reset_mode(void)
{
	UK_EXPECT_EQ(uk_file_ioctl(in, UK_TCSETSF, (uintptr_t)&saved), 0);
}

UK_TEST(tty, raw)
{
	start();
	set_mode(UK_ICANON | UK_ECHO | UK_ISIG | UK_IEXTEN, 3, 0);
	host_console_type("a\x03");
	UK_EXPECT_EQ(uk_file_ready(in) & UK_POLLIN, 0u); /* fewer than VMIN */
	host_console_type("\x04"
			  "d");
	UK_EXPECT_EQ(uk_file_ready(in) & UK_POLLIN, (unsigned)UK_POLLIN);
	UK_EXPECT_EQ(get(2), 2);
	UK_EXPECT_EQ(get(10), 2);
	UK_EXPECT_STR(got, "\x04"
			   "d");
	UK_EXPECT_STR(host_console_shown(), "");
	UK_EXPECT_EQ(get(10), -EAGAIN);
	reset_mode();
	/* Changing to raw with a line half typed makes it readable. */
	host_console_type("half");
	UK_EXPECT_EQ(get(10), -EAGAIN);
	set_mode(UK_ICANON, 1, 0);
	UK_EXPECT_EQ(get(10), 4);
	reset_mode();
	host_console_shown();
	finish();
}

static ssize_t result;

static void reader(void *arg)
{
	result = get((size_t)(uintptr_t)arg);
}

static void let_run(struct uk_thread *t)
{
	while (UK_READ_ONCE(t->state) == UK_THREAD_RUNNABLE)
		uk_sched_yield();
}

static struct uk_thread *read_in_thread(size_t n)
{
	struct uk_thread *t = uk_thread_create(NULL, "reader", reader, (void *)n, NULL);

	let_run(t);
	return t;
}

static void join(struct uk_thread *t, ssize_t want)
{
	UK_EXPECT_EQ(uk_thread_join(t, uk_deadline(10 * UK_NSEC_PER_SEC)), 0);
	UK_EXPECT_EQ(result, want);
}

UK_TEST(tty, blocking)
{
	struct uk_thread *t;

	start();
	in->flags &= ~UK_O_NONBLOCK;
	t = read_in_thread(10);
	UK_EXPECT_EQ(t->state, UK_THREAD_BLOCKED);
	host_console_type("xy\n");
	join(t, 3);
	t = read_in_thread(10);
	uk_thread_interrupt(t);
	join(t, -EINTR);
	set_mode(UK_ICANON, 3, 0); /* three bytes, however long they take */
	t = read_in_thread(10);
	host_console_type("a");
	host_console_type("b");
	let_run(t);
	UK_EXPECT_EQ(t->state, UK_THREAD_BLOCKED);
	host_console_type("c");
	join(t, 3);
	reset_mode();
	set_mode(UK_ICANON, 3, 1); /* or what came until a pause of 0.1 s */
	t = read_in_thread(10);
	host_console_type("a");
	join(t, 1);
	reset_mode();
	set_mode(UK_ICANON, 0, 1); /* nothing within 0.1 s */
	UK_EXPECT_EQ(get(10), 0);
	reset_mode();
	set_mode(UK_ICANON, 0, 0);
	UK_EXPECT_EQ(get(10), 0);
	reset_mode();
	host_console_shown();
	finish();
}

UK_TEST(tty, output)
{
	struct uk_abi_winsize ws = { 0 };
	struct uk_abi_termios t;
	struct uk_abi_stat st;

	start();
	put(out, "a\nb\n");
	UK_EXPECT_STR(host_console_shown(), "a\r\nb\r\n");
	put(err, "a\nb\n"); /* no terminal: unchanged */
	UK_EXPECT_STR(host_console_shown(), "a\nb\n");
	UK_EXPECT_EQ(uk_file_ioctl(err, UK_TCGETS, (uintptr_t)&t), -ENOTTY);
	UK_EXPECT_EQ(uk_file_ioctl(err, UK_TIOCGWINSZ, (uintptr_t)&ws), -ENOTTY);
	UK_EXPECT_EQ(uk_file_ioctl(out, UK_TIOCGWINSZ, (uintptr_t)&ws), 0);
	UK_EXPECT_EQ(ws.ws_col, 80);
	UK_EXPECT_EQ(uk_file_stat(out, &st), 0);
	UK_EXPECT_EQ(st.st_mode & UK_S_IFMT, (unsigned)UK_S_IFCHR);
	UK_EXPECT_EQ(uk_file_stat(err, &st), 0);
	UK_EXPECT_EQ(st.st_mode & UK_S_IFMT, (unsigned)UK_S_IFIFO);
	UK_EXPECT_EQ(uk_file_seek(out, 0, UK_SEEK_CUR), -ESPIPE);
	UK_EXPECT_EQ(uk_file_ready(err) & (UK_POLLOUT | UK_POLLHUP), (unsigned)UK_POLLOUT);
	/* ^S holds output back, ^Q lets it go. */
	host_console_type("\x13");
	out->flags |= UK_O_NONBLOCK;
	struct uk_iter it = uk_iter_buf("x", 1);
	UK_EXPECT_EQ(uk_file_write(out, &it), -EAGAIN);
	UK_EXPECT_EQ(uk_file_ready(out) & UK_POLLOUT, 0u);
	host_console_type("\x11");
	put(out, "x");
	UK_EXPECT_STR(host_console_shown(), "x");
	out->flags &= ~UK_O_NONBLOCK;
	finish();
}

/* A reader that is slow holds the rest back in the platform; a line without end loses its end. */
UK_TEST(tty, flood)
{
	static char block[4001];
	size_t n;

	start();
	memset(block, 'x', 4000);
	block[3999] = '\n';
	host_console_type(block);
	host_console_type(block);
	UK_EXPECT_GT(host_console_waiting(), 3000u);
	UK_EXPECT_EQ(get(8000), 4000);
	UK_EXPECT_EQ(host_console_waiting(), 0u);
	UK_EXPECT_EQ(get(8000), 4000);
	host_console_shown();
	block[3999] = 'x';
	host_console_type(block);
	host_console_type(block);
	UK_EXPECT_EQ(host_console_waiting(), 0u);
	host_console_type("\n");
	UK_EXPECT_EQ(get(8000), 4096);
	UK_EXPECT_EQ(got[4095], '\n');
	for (n = 0; n < 4095 && got[n] == 'x'; n++)
		;
	UK_EXPECT_EQ(n, 4095u);
	host_console_shown();
	finish();
}

/* Last, since it is for ever. */
UK_TEST(tty_zend, end_of_input)
{
	start();
	host_console_type("rest");
	host_console_end();
	UK_EXPECT_EQ(uk_file_ready(in) & (UK_POLLIN | UK_POLLHUP), 0x11u);
	UK_EXPECT_EQ(get(10), 4);
	UK_EXPECT_EQ(get(10), 0);
	UK_EXPECT_EQ(get(10), 0);
	host_console_shown();
	finish();
}
