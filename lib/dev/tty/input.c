/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Input: from the platform's bytes to what read(2) returns.
 *
 * The platform calls tty_drain() in interrupt context, so that ^C works while the application
 * computes. It takes bytes as long as there is room and stops then, which leaves the rest with the
 * platform until a reader has made room. Semantics are POSIX's general terminal interface (XBD 11)
 * where it says something and Linux's where it does not.
 */
#include <uk/alloc.h>
#include <uk/time.h>
#include "tty_priv.h"

enum { SIGINT = 2, SIGQUIT = 3, SIGTSTP = 20 };

/* ---- the ring (tty.lock is held) ---- */

static inline char *at(struct tty_ring *r, uint32_t i)
{
	return &r->byte[i % RING];
}

static inline bool is_end(const struct tty_ring *r, uint32_t i)
{
	return r->ends[i % RING / 64] >> i % 64 & 1;
}

static inline void set_end(struct tty_ring *r, uint32_t i, bool on)
{
	if (on)
		r->ends[i % RING / 64] |= UK_BIT(i % 64);
	else
		r->ends[i % RING / 64] &= ~UK_BIT(i % 64);
}

/* Append; the caller knows that there is room. */
static void push(struct tty_ring *r, unsigned char c, bool end)
{
	*at(r, r->write) = (char)c;
	set_end(r, r->write, end);
	r->write++;
	if (end || !l_flag(UK_ICANON))
		r->ready = r->write;
}

/* Bytes that must be there before a read in raw mode, or a poll, finds some. */
static unsigned minimum(void)
{
	unsigned min = tty.termios.c_cc[UK_VMIN];

	return min && !tty.termios.c_cc[UK_VTIME] ? min : 1;
}

void tty_update_events(void)
{
	struct tty_ring *r = tty.ring;
	unsigned n = r ? r->ready - r->read : 0;

	if (tty.end || n >= (l_flag(UK_ICANON) ? 1 : minimum())) {
		uk_event_set(&tty.events, UK_POLLIN | (tty.end ? UK_POLLHUP : 0));
	} else {
		uk_event_clear(&tty.events, UK_POLLIN);
		if (n) /* too few for poll, but a read that waits with VTIME counts them */
			uk_event_wake(&tty.events, 0);
	}
}

void tty_flush_input(void)
{
	struct tty_ring *r = tty.ring;

	if (r)
		r->read = r->ready = r->write;
	tty_update_events();
}

void tty_mode_changed(uint32_t old_lflag)
{
	struct tty_ring *r = tty.ring;

	if (r && (old_lflag ^ tty.termios.c_lflag) & UK_ICANON) {
		/* What waits becomes a line, so that it is not mistaken for one being typed. */
		r->ready = r->write;
		if (r->write != r->read && l_flag(UK_ICANON))
			set_end(r, r->write - 1, true);
	}
	tty_update_events();
}

/* ---- editing the line (canonical mode) ---- */

/* The column in which byte `i` of the line being typed starts. */
static uint32_t column_of(struct tty_ring *r, uint32_t i)
{
	uint32_t column = r->line_col, k;

	for (k = r->ready; k != i; k++) {
		unsigned char c = (unsigned char)*at(r, k);

		if (l_flag(UK_ECHOCTL) && (c < ' ' || c == 0x7f) && c != '\t')
			column += 2;
		else
			column = tty_advance(column, c);
	}
	return column;
}

/* Take back what was typed from byte `to` on. */
static void erase_back(struct tty_ring *r, uint32_t to)
{
	if (l_flag(UK_ECHO) && l_flag(UK_ECHOE))
		tty_erase_to(column_of(r, to));
	r->write = to;
}

static void erase_char(struct tty_ring *r)
{
	uint32_t i = r->write;

	if (i == r->ready)
		return;
	do
		i--;
	while (i_flag(UK_IUTF8) && i != r->ready && (*at(r, i) & 0xc0) == 0x80);
	erase_back(r, i);
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

static void erase_word(struct tty_ring *r)
{
	uint32_t i = r->write;

	while (i != r->ready && is_blank(*at(r, i - 1)))
		i--;
	while (i != r->ready && !is_blank(*at(r, i - 1)))
		i--;
	erase_back(r, i);
}

static void kill_line(struct tty_ring *r, unsigned char c)
{
	if (l_flag(UK_ECHO) && !(l_flag(UK_ECHOKE) && l_flag(UK_ECHOE))) {
		tty_echo(c);
		if (l_flag(UK_ECHOK))
			tty_output(UK_CON_OUT, "\n", 1);
		r->write = r->ready;
	} else {
		erase_back(r, r->ready);
	}
}

static void reprint(struct tty_ring *r, unsigned char c)
{
	uint32_t i;

	if (!l_flag(UK_ECHO))
		return;
	tty_echo(c);
	tty_output(UK_CON_OUT, "\n", 1);
	r->line_col = tty.column;
	for (i = r->ready; i != r->write; i++)
		tty_echo((unsigned char)*at(r, i));
}

/* A control character of canonical mode; false if c is none. */
static bool edit(struct tty_ring *r, unsigned char c)
{
	if (is_cc(c, UK_VERASE))
		erase_char(r);
	else if (is_cc(c, UK_VKILL))
		kill_line(r, c);
	else if (is_cc(c, UK_VWERASE) && l_flag(UK_IEXTEN))
		erase_word(r);
	else if (is_cc(c, UK_VREPRINT) && l_flag(UK_IEXTEN))
		reprint(r, c);
	else if (is_cc(c, UK_VEOF))
		push(r, '\0', true); /* a marked 0 is an end without a byte */
	else
		return false;
	return true;
}

/* ---- one byte ---- */

/* ^C, ^\, ^Z: the signal's number, or 0. */
static int signal_of(unsigned char c)
{
	if (!l_flag(UK_ISIG))
		return 0;
	if (is_cc(c, UK_VINTR))
		return SIGINT;
	if (is_cc(c, UK_VQUIT))
		return SIGQUIT;
	return is_cc(c, UK_VSUSP) ? SIGTSTP : 0;
}

/* ^S and ^Q; any byte if IXANY. True if c has been used up. */
static bool flow(unsigned char c)
{
	bool start = is_cc(c, UK_VSTART) || (tty.stopped && i_flag(UK_IXANY));

	if (!i_flag(UK_IXON))
		return false;
	if (is_cc(c, UK_VSTOP) && !tty.stopped) {
		tty.stopped = true;
		uk_event_clear(&tty.events, UK_POLLOUT);
		return true;
	}
	if (start) {
		tty.stopped = false;
		uk_event_set(&tty.events, UK_POLLOUT);
	}
	return is_cc(c, UK_VSTART) || is_cc(c, UK_VSTOP);
}

/* Store an ordinary byte and echo it. */
static void ordinary(struct tty_ring *r, unsigned char c, bool literal)
{
	const bool canon = l_flag(UK_ICANON);
	const bool end =
		canon && !literal &&
		(c == '\n' || is_cc(c, UK_VEOL) || (is_cc(c, UK_VEOL2) && l_flag(UK_IEXTEN)));

	/* The last place is for the end of the line. */
	if (canon && !end && r->write - r->read >= RING - 1)
		return;
	if (r->write == r->ready)
		r->line_col = tty.column;
	if (l_flag(UK_ECHO) || (c == '\n' && l_flag(UK_ECHONL) && canon))
		tty_echo(c);
	push(r, c, end);
}

/* One byte from the platform: the number of a signal to send, or 0. */
static int receive(struct tty_ring *r, unsigned char c)
{
	int sig;

	if (i_flag(UK_ISTRIP))
		c &= 0x7f;
	if (r->literal) {
		r->literal = false;
		ordinary(r, c, true);
		return 0;
	}
	if (c == '\r') {
		if (i_flag(UK_IGNCR))
			return 0;
		if (i_flag(UK_ICRNL))
			c = '\n';
	} else if (c == '\n' && i_flag(UK_INLCR)) {
		c = '\r';
	}
	if (flow(c))
		return 0;
	sig = signal_of(c);
	if (sig) {
		if (!l_flag(UK_NOFLSH))
			tty_flush_input();
		if (l_flag(UK_ECHO))
			tty_echo(c);
		return sig;
	}
	if (l_flag(UK_ICANON)) {
		if (is_cc(c, UK_VLNEXT) && l_flag(UK_IEXTEN)) {
			r->literal = true;
			if (l_flag(UK_ECHO) && l_flag(UK_ECHOCTL))
				tty_output(UK_CON_OUT, "^\b", 2);
			return 0;
		}
		if (edit(r, c))
			return 0;
	}
	ordinary(r, c, false);
	return 0;
}

/* Take from the platform what fits. tty.lock is held. Returns a bit per signal to send. */
static uint32_t fill(struct tty_ring *r)
{
	uint32_t signals = 0;
	char buf[64];
	ssize_t n, i;

	for (;;) {
		uint32_t room = RING - (r->write - r->read);

		/*
		 * A full ring that holds a complete line waits for the reader. One that does
		 * not would wait for ever: its line loses what is typed until it ends.
		 */
		r->full = room <= 1 && r->ready != r->read;
		if (r->full || tty.end)
			break;
		n = uk_plat_console_read(buf, room > 1 ? UK_MIN(room - 1, sizeof(buf)) : 1);
		if (n == -EAGAIN)
			break;
		if (n <= 0) {
			tty.end = n ? (int)n : 1;
			if (r->write != r->ready) /* what was typed of a line counts as one */
				push(r, '\0', true);
			break;
		}
		for (i = 0; i < n; i++) {
			int sig = receive(r, (unsigned char)buf[i]);

			if (sig)
				signals |= 1U << sig;
		}
	}
	tty_update_events();
	return signals;
}

static void send(uint32_t signals)
{
	while (signals && tty.signal) {
		tty.signal((int)uk_ctz(signals), tty.pgrp);
		signals &= signals - 1;
	}
}

void tty_drain(void)
{
	uint32_t signals = 0;
	bool was = uk_spin_lock_irq(&tty.lock);

	if (tty.ring)
		signals = fill(tty.ring);
	uk_spin_unlock_irq(&tty.lock, was);
	send(signals);
}

/* ---- readers ---- */

/* Input from a pipe or a file: no ring, no discipline; the reader takes from the platform itself. */
static void plain_ready(void)
{
	uk_event_set(&tty.events, UK_POLLIN);
}

int tty_start_input(void)
{
	static bool started;
	struct tty_ring *r = NULL;
	bool was;

	if (UK_LIKELY(UK_READ_ONCE(started)))
		return 0;
	if (uk_plat_console_isatty(0) > 0) {
		r = uk_calloc(1, sizeof(*r));
		if (!r)
			return -ENOMEM;
	}
	was = uk_spin_lock_irq(&tty.lock);
	if (started) { /* another thread was faster */
		uk_spin_unlock_irq(&tty.lock, was);
		uk_free(r);
		return 0;
	}
	started = true;
	tty.ring = r;
	uk_spin_unlock_irq(&tty.lock, was);
	uk_plat_console_set_rx(r ? tty_drain : plain_ready);
	return 0;
}

unsigned tty_available(void)
{
	return tty.ring ? tty.ring->ready - tty.ring->read : 0;
}

ssize_t tty_read_plain(struct uk_file *f, struct uk_iter *it)
{
	char buf[1024];
	ssize_t n;
	int err = tty_start_input();

	if (err || !it->left)
		return err;
	for (;;) {
		/* Cleared before, so that what arrives after the read sets it again. */
		uk_event_clear(&tty.events, UK_POLLIN);
		n = tty.end ? 0 : uk_plat_console_read(buf, UK_MIN(it->left, sizeof(buf)));
		if (n != -EAGAIN)
			break;
		if (f->flags & UK_O_NONBLOCK)
			return -EAGAIN;
		err = uk_event_wait(&tty.events, UK_POLLIN, UK_NSEC_MAX);
		if (err)
			return err;
	}
	if (!n)
		tty.end = 1;
	uk_event_set(&tty.events,
		     UK_POLLIN | (n ? 0 : UK_POLLHUP)); /* maybe more; surely no less */
	return n <= 0 ? n : (ssize_t)uk_iter_put(it, buf, (size_t)n);
}

/*
 * Copy out what is ready, at most to the end of a line in canonical mode (*line then says that it
 * was reached). Goes through a small buffer, since the caller's memory is not touched with the
 * lock held.
 */
static size_t take(struct uk_iter *it, bool *line)
{
	size_t done = 0, n, moved;
	char buf[256];

	do {
		struct tty_ring *r = tty.ring;
		bool was = uk_spin_lock_irq(&tty.lock);

		for (n = 0; n < UK_MIN(it->left, sizeof(buf)) && r->read != r->ready && !*line;
		     n++) {
			bool end = l_flag(UK_ICANON) && is_end(r, r->read);
			char c = *at(r, r->read++);

			*line = end;
			if (end && !c) /* ^D is no byte */
				break;
			buf[n] = c;
		}
		tty_update_events();
		uk_spin_unlock_irq(&tty.lock, was);
		moved = uk_iter_put(it, buf, n);
		done += moved;
	} while (n == sizeof(buf) && moved == n && !*line);
	if (tty.ring->full)
		tty_drain();
	return done;
}

/* How long a raw read waits next; see termios(3). `done`: bytes it has already. */
static uk_nsec raw_deadline(size_t done)
{
	const unsigned min = tty.termios.c_cc[UK_VMIN], time = tty.termios.c_cc[UK_VTIME];

	if (!time)
		return min ? UK_NSEC_MAX : 0;
	return min && !done ? UK_NSEC_MAX : uk_deadline(time * 100 * UK_NSEC_PER_MS);
}

ssize_t tty_read(struct uk_file *f, struct uk_iter *it)
{
	const size_t want = it->left;
	size_t done = 0;
	bool line = false;
	int err = tty_start_input();

	if (err || !want)
		return err;
	for (;;) {
		const bool canon = l_flag(UK_ICANON);

		done += take(it, &line);
		if (line || done == want || (canon && done))
			break;
		if (!canon && done && done >= tty.termios.c_cc[UK_VMIN])
			break;
		if (tty.end)
			return done ? (ssize_t)done : tty.end < 0 ? tty.end : 0;
		if (f->flags & UK_O_NONBLOCK)
			return done ? (ssize_t)done : -EAGAIN;
		/* Not for IN, which in raw mode means that VMIN bytes are there: for any. */
		err = UK_WAIT(&tty.events.waiters,
			      UK_READ_ONCE(tty.ring->ready) != tty.ring->read || tty.end,
			      canon ? UK_NSEC_MAX : raw_deadline(done));
		if (err == -ETIMEDOUT)
			break;
		if (err)
			return done ? (ssize_t)done : err;
	}
	return (ssize_t)done;
}
