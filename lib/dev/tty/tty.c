/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The console's streams as files: descriptors 0, 1 and 2 of the first process, and the devices
 * stdin, stdout, stderr, console and tty.
 */
#include <uk/device.h>
#include <uk/fdtab.h>
#include <uk/init.h>
#ifdef CONFIG_SMP
#include <uk/mutex.h>
#endif
#include "tty_priv.h"

struct tty tty = {
	.events.ready = UK_POLLOUT,
	/* What a Linux terminal starts with. */
	.termios = {
		.c_iflag = UK_ICRNL | UK_IXON | UK_IUTF8,
		.c_oflag = UK_OPOST | UK_ONLCR,
		.c_cflag = UK_B38400 | UK_CS8 | UK_CREAD,
		.c_lflag = UK_ISIG | UK_ICANON | UK_ECHO | UK_ECHOE | UK_ECHOK | UK_ECHOCTL |
			   UK_ECHOKE | UK_IEXTEN,
		.c_cc = {
			[UK_VINTR] = 'C' & 31, [UK_VQUIT] = '\\' & 31, [UK_VERASE] = 0x7f,
			[UK_VKILL] = 'U' & 31, [UK_VEOF] = 'D' & 31, [UK_VMIN] = 1,
			[UK_VSTART] = 'Q' & 31, [UK_VSTOP] = 'S' & 31, [UK_VSUSP] = 'Z' & 31,
			[UK_VREPRINT] = 'R' & 31, [UK_VWERASE] = 'W' & 31, [UK_VLNEXT] = 'V' & 31,
		},
	},
};

static const struct tty_stream streams[] = {
	{ .fd = 0, .output = UK_CON_OUT },
	{ .fd = 1, .output = UK_CON_OUT },
	{ .fd = 2, .output = UK_CON_ERR },
};

void uk_tty_set_signal_hook(void (*hook)(int sig, int pgrp))
{
	tty.signal = hook;
}

/* ---- file operations ---- */

static ssize_t stream_read(struct uk_file *f, struct uk_iter *it, uk_off_t *pos)
{
	const struct tty_stream *s = f->priv;
	const bool input_is_tty = uk_plat_console_isatty(0) > 0;

	if (s->fd && !(is_tty(s) && input_is_tty))
		return -EIO; /* a terminal for output only: its input is elsewhere */
	return input_is_tty ? tty_read(f, it) : tty_read_plain(f, it);
}

struct write {
	const struct tty_stream *s;
	size_t done;
	int err; /* of the host, which took no more than `done` */
};

/* A piece of what is written, as it lies in the caller's memory. */
static void write_piece(void *arg, const void *piece, size_t n)
{
	struct write *w = arg;
	ssize_t r = (ssize_t)n;

	if (w->err)
		return;
	if (is_tty(w->s))
		tty_output(w->s->output, piece, n);
	else
		r = uk_plat_console_write(w->s->output, piece, n);
	if (r > 0)
		w->done += (size_t)r;
	if (r < (ssize_t)n)
		w->err = r < 0 ? (int)r : -EIO;
}

/*
 * What several CPUs write at the same time does not mix, as on Linux. (On one CPU two writes mix
 * only if the first one's slice ends in the middle, and nobody pays for a lock.)
 */
static void write_all(struct uk_iter *it, struct write *w)
{
#ifdef CONFIG_SMP
	static struct uk_mutex one_at_a_time = UK_MUTEX_INIT;

	uk_mutex_lock(&one_at_a_time);
	uk_iter_each(it, write_piece, w);
	uk_mutex_unlock(&one_at_a_time);
#else
	uk_iter_each(it, write_piece, w);
#endif
}

static ssize_t stream_write(struct uk_file *f, struct uk_iter *it, uk_off_t *pos)
{
	const struct tty_stream *s = f->priv;
	struct write w = { .s = s };
	const size_t n = it->left;
	int err;

	if (UK_UNLIKELY(tty.stopped) && is_tty(s)) {
		if (f->flags & UK_O_NONBLOCK)
			return -EAGAIN;
		err = uk_event_wait(&tty.events, UK_POLLOUT, UK_NSEC_MAX);
		if (err)
			return err;
	}
	write_all(it, &w);
	if (UK_UNLIKELY(w.err))
		return w.done ? (ssize_t)w.done : w.err;
	return n == it->left && n ? -EFAULT : (ssize_t)(n - it->left);
}

static void stream_stat(struct uk_file *f, struct uk_abi_stat *st)
{
	if (!is_tty(f->priv))
		return; /* a FIFO, as ops->type says: bytes without a position */
	st->st_mode = UK_S_IFCHR | 0620;
	st->st_rdev = UK_DEV(5, 1);
	st->st_blksize = 1024;
}

static void stream_poll(struct uk_file *f)
{
	const struct tty_stream *s = f->priv;

	if (!s->fd || is_tty(s))
		(void)tty_start_input(); /* without memory for input, none becomes ready */
}

/* Output to something that is no terminal is always ready; all else is the terminal's state. */
static int stream_open(struct uk_file *f)
{
	const struct tty_stream *s = f->priv;

	f->events = s->fd && !is_tty(s) ? NULL : &tty.events;
	return 0;
}

static const struct uk_file_ops stream_ops = {
	.read = stream_read,
	.write = stream_write,
	.ioctl = tty_ioctl,
	.poll = stream_poll,
	.open = stream_open,
	.stat = stream_stat,
	.type = UK_S_IFIFO,
};

/* /dev/tty is there only where the console is a terminal. */
static int tty_open(struct uk_file *f)
{
	f->ops = &stream_ops;
	return is_tty(f->priv) ? stream_open(f) : -ENXIO;
}

static const struct uk_file_ops tty_open_ops = { .open = tty_open };

struct uk_file *uk_tty_console_file(int stream, unsigned flags)
{
	struct uk_file *f = uk_file_new(&stream_ops, flags, (void *)&streams[stream]);

	if (!f)
		return uk_err_ptr(-ENOMEM);
	stream_open(f);
	return f;
}

/* ---- start ---- */

static struct uk_cdev devices[] = {
	{ "console", UK_DEV(5, 1), 0600, &stream_ops, (void *)&streams[0], NULL },
	{ "tty", UK_DEV(5, 0), 0666, &tty_open_ops, (void *)&streams[0], NULL },
	/* Numbers of Linux's range for local use. There these are links to what a process has open. */
	{ "stdin", UK_DEV(60, 0), 0666, &stream_ops, (void *)&streams[0], NULL },
	{ "stdout", UK_DEV(60, 1), 0666, &stream_ops, (void *)&streams[1], NULL },
	{ "stderr", UK_DEV(60, 2), 0666, &stream_ops, (void *)&streams[2], NULL },
};

static int register_devices(void)
{
	for (unsigned i = 0; i < UK_ARRAY_SIZE(devices); i++)
		uk_cdev_register(&devices[i]);
	return 0;
}

UK_INIT(UK_INIT_DEV, "6", register_devices, NULL);

/* Descriptors 0, 1 and 2. Terminals are open for both directions, as a login gives them. */
static int open_streams(void)
{
	for (int fd = 0; fd < 3; fd++) {
		unsigned flags = is_tty(&streams[fd]) ? UK_O_RDWR : fd ? UK_O_WRONLY : UK_O_RDONLY;
		struct uk_file *f = uk_tty_console_file(fd, flags);

		if (uk_is_err(f) || uk_fd_add(uk_fdtab_boot, f, 0, 0) != fd)
			return -ENOMEM;
	}
	/* ^C has to work even if the application never reads. */
	return uk_plat_console_isatty(0) > 0 ? tty_start_input() : 0;
}

UK_INIT(UK_INIT_FS, "5", open_streams, NULL);
