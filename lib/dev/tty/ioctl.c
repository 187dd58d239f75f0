/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Terminal controls. On a stream that is no terminal all of them are -ENOTTY, which is how isatty(3)
 * finds out; FIONREAD alone works on both.
 */
#include "tty_priv.h"

enum { SIGWINCH = 28 };

static int set_termios(uintptr_t arg, bool flush)
{
	struct uk_abi_termios t;
	uint32_t old;
	bool was;

	if (uk_user_read(&t, arg, sizeof(t)))
		return -EFAULT;
	was = uk_spin_lock_irq(&tty.lock);
	old = tty.termios.c_lflag;
	tty.termios = t;
	if (flush)
		tty_flush_input();
	tty_mode_changed(old);
	if (!(t.c_iflag & UK_IXON) && tty.stopped) {
		tty.stopped = false;
		uk_event_set(&tty.events, UK_POLLOUT);
	}
	uk_spin_unlock_irq(&tty.lock, was);
	return 0;
}

static int get_termios(uintptr_t arg)
{
	struct uk_abi_termios t;
	bool was = uk_spin_lock_irq(&tty.lock);

	t = tty.termios;
	uk_spin_unlock_irq(&tty.lock, was);
	return uk_user_write(arg, &t, sizeof(t));
}

static int get_winsize(uintptr_t arg)
{
	struct uk_abi_winsize size = tty.winsize;
	unsigned rows, cols;

	/* Unknown is 0 by 0, as on a serial line under Linux: programs then assume 24 by 80. */
	if (!size.ws_row && !size.ws_col && !uk_plat_console_winsize(&rows, &cols)) {
		size.ws_row = (uint16_t)rows;
		size.ws_col = (uint16_t)cols;
	}
	return uk_user_write(arg, &size, sizeof(size));
}

static int set_winsize(uintptr_t arg)
{
	struct uk_abi_winsize size;
	bool changed, was;

	if (uk_user_read(&size, arg, sizeof(size)))
		return -EFAULT;
	was = uk_spin_lock_irq(&tty.lock);
	changed = size.ws_row != tty.winsize.ws_row || size.ws_col != tty.winsize.ws_col;
	tty.winsize = size;
	uk_spin_unlock_irq(&tty.lock, was);
	if (changed && tty.signal)
		tty.signal(SIGWINCH, tty.pgrp);
	return 0;
}

static int flush(uintptr_t which)
{
	bool was;

	if (which > UK_TCIOFLUSH)
		return -EINVAL;
	if (which == UK_TCOFLUSH)
		return 0; /* output never waits here */
	was = uk_spin_lock_irq(&tty.lock);
	tty_flush_input();
	uk_spin_unlock_irq(&tty.lock, was);
	return 0;
}

static int available(const struct tty_stream *s, uintptr_t arg)
{
	int n;

	/* What a pipe behind the console holds, only the host knows. */
	if (!is_tty(s))
		return -ENOTTY;
	n = (int)tty_available();
	return uk_user_write(arg, &n, sizeof(n));
}

int tty_ioctl(struct uk_file *f, unsigned cmd, uintptr_t arg)
{
	const struct tty_stream *s = f->priv;
	int n = 0;

	if (cmd == UK_FIONREAD)
		return available(s, arg);
	if (!is_tty(s))
		return -ENOTTY;
	switch (cmd) {
	case UK_TCGETS:
		return get_termios(arg);
	case UK_TCSETS:
	case UK_TCSETSW: /* output has always drained */
		return set_termios(arg, false);
	case UK_TCSETSF:
		return set_termios(arg, true);
	case UK_TIOCGWINSZ:
		return get_winsize(arg);
	case UK_TIOCSWINSZ:
		return set_winsize(arg);
	case UK_TCFLSH:
		return flush(arg);
	case UK_TIOCOUTQ:
		return uk_user_write(arg, &n, sizeof(n));
	case UK_TIOCGPGRP:
	case UK_TIOCGSID: /* one session: its leader is the first process */
		n = cmd == UK_TIOCGPGRP && tty.pgrp ? tty.pgrp : 1;
		return uk_user_write(arg, &n, sizeof(n));
	case UK_TIOCSPGRP:
		if (uk_user_read(&n, arg, sizeof(n)))
			return -EFAULT;
		if (n <= 0)
			return -EINVAL;
		tty.pgrp = n;
		return 0;
	case UK_TIOCSCTTY: /* it is already */
	case UK_TCSBRK:    /* tcdrain, and a break that nobody would see */
		return 0;
	}
	return -ENOTTY;
}
