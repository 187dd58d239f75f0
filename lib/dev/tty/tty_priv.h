/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The terminal's state, for the files of this library.
 *
 * There is one console and so one terminal. Input arrives in interrupt context (input.c), and
 * everything it touches is under tty.lock with interrupts masked.
 */
#ifndef TTY_PRIV_H
#define TTY_PRIV_H

#include <uk/bits.h>
#include <uk/errno.h>
#include <uk/event.h>
#include <uk/plat/console.h>
#include <uk/spinlock.h>
#include <uk/tty.h>

#define RING 4096u /* bytes of input that may wait; a line is at most one byte shorter */

/*
 * Input that nobody has read yet. Indices count for ever and are reduced to the ring's size on use:
 * read <= ready <= write. In canonical mode [read, ready) are complete lines, each ending at a
 * byte whose bit in `ends` is set, and [ready, write) is the line being typed.
 */
struct tty_ring {
	uint32_t read, ready, write;
	bool literal;      /* ^V was typed: take the next byte as it is */
	bool full;         /* stopped taking bytes from the platform */
	uint32_t line_col; /* column in which the line being typed began */
	uint64_t ends[RING / 64];
	char byte[RING];
};

struct tty {
	struct uk_spinlock lock;
	struct uk_abi_termios termios;
	struct uk_abi_winsize winsize; /* all zero: ask the platform */
	int pgrp;
	bool stopped;          /* ^S */
	int end;               /* input has ended: 1, or a negative error */
	uint32_t column;       /* of the cursor, for erasing tabs */
	struct tty_ring *ring; /* allocated when somebody first wants input */
	struct uk_event_source events;
	void (*signal)(int sig, int pgrp);
};

/* What the files and devices have as priv. */
struct tty_stream {
	int fd;     /* 0, 1, 2: whose place it takes */
	int output; /* UK_CON_* */
};

extern struct tty tty;

static inline bool is_tty(const struct tty_stream *s)
{
	return uk_plat_console_isatty(s->fd) > 0;
}

static inline bool l_flag(uint32_t flag)
{
	return tty.termios.c_lflag & flag;
}

static inline bool i_flag(uint32_t flag)
{
	return tty.termios.c_iflag & flag;
}

/* Is c this control character? One that is 0 is switched off. */
static inline bool is_cc(unsigned char c, unsigned which)
{
	return c && c == tty.termios.c_cc[which];
}

/* ---- input.c ---- */

/* Somebody wants input: prepare for it, once. 0 or -ENOMEM. Threads. */
int tty_start_input(void);
ssize_t tty_read(struct uk_file *f, struct uk_iter *it);
/* Input from something that is no terminal. */
ssize_t tty_read_plain(struct uk_file *f, struct uk_iter *it);
/* Bytes that a read would get now. */
unsigned tty_available(void);
/* With tty.lock: drop what nobody has read; take over a change of c_lflag. */
void tty_flush_input(void);
void tty_mode_changed(uint32_t old_lflag);
/* With tty.lock: bring tty.events up to date. */
void tty_update_events(void);
/* Move bytes from the platform through the discipline into the ring. Any context. */
void tty_drain(void);

/* ---- output.c ---- */

/* Output processing (OPOST) of n bytes to the terminal. Any context. */
void tty_output(int stream, const char *s, size_t n);
/* With tty.lock: echo one byte of input as typed; take one off the screen. */
void tty_echo(unsigned char c);
void tty_echo_control(unsigned char c);
void tty_erase_to(uint32_t column);
/* The column behind byte c when the cursor is in `column`. */
uint32_t tty_advance(uint32_t column, unsigned char c);

/* ---- ioctl.c ---- */

int tty_ioctl(struct uk_file *f, unsigned cmd, uintptr_t arg);

#endif
