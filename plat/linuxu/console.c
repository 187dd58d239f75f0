/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The console: descriptors 0, 1 and 2 of the process.
 *
 * They are shared with other processes (the shell, the other end of a pipeline), so nothing is done
 * to them that would outlive us or disturb those: no O_NONBLOCK, no O_ASYNC. A pipe or terminal is
 * opened a second time through /proc, which gives an open file of our own to which both may be
 * done; SIGIO is then its interrupt. Elsewhere (sockets, no /proc) reading asks poll() first, and
 * input is noticed when the CPU is idle. (Files are always ready, and their position is shared.)
 *
 * A terminal goes to raw mode when the application first wants input, since echo, line editing and
 * ^C are the tty library's. It is given back at every end that leaves us the chance.
 */
#include <uk/irq.h>
#include <uk/param.h>
#include <uk/plat/console.h>
#include <uk/table.h>

#include "linuxu.h"

UK_PARAM_UINT(linuxu, report, 2, "descriptor of the host that crash reports are written to");

UK_TABLE_DECLARE(const linuxu_setup, linuxu_setup);

static struct {
	void (*rx)(void);
	int fd;
	bool own;     /* fd is our own open file: O_NONBLOCK, SIGIO */
	bool starved; /* a read found nothing since rx was last called */
	bool eof;
	bool raw; /* the terminal is in our mode, `found` is what it was in */
	struct host_termios found, ours;
} con;

/* ---- output ---- */

/* Pages of files come by faults of ours, and the host's write does not fault: look at each. */
static void touch(const char *s, size_t n)
{
	for (size_t i = 0; i < n; i += 4096)
		(void)*(const volatile char *)(s + i);
	(void)*(const volatile char *)(s + n - 1);
}

static ssize_t write_all(int fd, const char *s, size_t n)
{
	size_t done = 0, touched = n;

	while (done < n) {
		ssize_t r = host_write(fd, s + done, n - done);

		if (r > 0) {
			done += (size_t)r;
		} else if (r == -EAGAIN) {
			/* Somebody else made it non-blocking. */
			struct host_pollfd p = { fd, HOST_POLLOUT, 0 };

			host_ppoll(&p, 1, NULL, NULL);
		} else if (r == -EFAULT && touched != done) {
			touch(s + done, n - done);
			touched = done;
		} else if (r != -EINTR) {
			return done ? (ssize_t)done : r; /* closed, or the disk is full */
		}
	}
	return (ssize_t)n;
}

ssize_t uk_plat_console_write(int stream, const char *s, size_t n)
{
	int fd = stream == UK_CON_OUT     ? 1
		 : stream == UK_CON_CRASH ? (int)uk_param_linuxu_report.u
					  : 2;

	if (stream == UK_CON_CRASH) {
		linuxu_console_restore(); /* we end here: let the terminal show it properly */
		linuxu_trap_allow();
	}
	if (stream == UK_CON_LOG && con.raw) {
		/* No tty library has seen these lines. (Who writes them does not ask how many.) */
		for (size_t i = 0; i < n; i++) {
			if (s[i] != '\n')
				continue;
			write_all(fd, s, i);
			write_all(fd, "\r\n", 2);
			s += i + 1;
			n -= i + 1;
			i = (size_t)-1;
		}
	}
	return write_all(fd, s, n);
}

int uk_plat_console_isatty(int fd)
{
	static uint8_t known, terminals; /* a bit per descriptor; the answer does not change */
	struct host_termios t;

	if (fd < 0 || fd > 2)
		return 0;
	if (!(known & 1U << fd)) {
		known |= 1U << fd;
		terminals |= (unsigned)(host_ioctl(fd, HOST_TCGETS, &t) == 0) << fd;
	}
	return terminals >> fd & 1;
}

int uk_plat_console_winsize(unsigned *rows, unsigned *cols)
{
	struct host_winsize w;

	for (int fd = 0; fd <= 2; fd++)
		if (host_ioctl(fd, HOST_TIOCGWINSZ, &w) == 0 && w.rows && w.cols) {
			*rows = w.rows;
			*cols = w.cols;
			return 0;
		}
	return -ENOTTY;
}

/* ---- the user's terminal ---- */

void linuxu_end_by_signal(int sig)
{
	linuxu_console_restore();
	host_signal_default(sig);
	host_sigprocmask(HOST_SIG_UNBLOCK, HOST_SIGBIT(sig), NULL);
	host_kill(linuxu_pid, sig);
}

void linuxu_console_restore(void)
{
	if (con.raw)
		host_ioctl(0, HOST_TCSETS, &con.found);
	con.raw = false;
}

/*
 * A write that nobody will read: it fails with EPIPE. Where there are signals, the application gets
 * one for it, and may well ignore that. Elsewhere we end as any program does.
 */
static bool is_our_write(int sig, const struct host_siginfo *info)
{
#ifdef CONFIG_LIBPOSIX_SIGNAL
	return sig == HOST_SIGPIPE && info->code == HOST_SI_USER && (int)info->addr == linuxu_pid;
#else
	return false;
#endif
}

static void on_fatal_signal(int sig, struct host_siginfo *info, struct host_ucontext *uc)
{
	if (!is_our_write(sig, info))
		linuxu_end_by_signal(sig);
}

void linuxu_console_init(void)
{
	const linuxu_setup *setup;

	uk_table_for_each(setup, linuxu_setup)
		(*setup)();
#ifdef CONFIG_LIBPOSIX_SIGNAL
	if (!host_signal_ignored(HOST_SIGPIPE))
		host_signal(HOST_SIGPIPE, on_fatal_signal, 0, ~0UL);
#endif
}

/* Continued after a stop; the shell has used the terminal meanwhile. */
static void on_continue(int sig, struct host_siginfo *info, struct host_ucontext *uc)
{
	if (con.raw)
		host_ioctl(0, HOST_TCSETS, &con.ours);
}

static void terminal_raw(void)
{
	static const uint8_t fatal[] = { HOST_SIGHUP, HOST_SIGINT, HOST_SIGQUIT, HOST_SIGTERM,
					 HOST_SIGPIPE };

	if (con.raw || host_ioctl(0, HOST_TCGETS, &con.found) != 0)
		return;
	con.ours = con.found;
	con.ours.iflag &= ~HOST_IFLAGS_COOKED;
	con.ours.lflag &= ~HOST_LFLAGS_COOKED;
	con.ours.oflag &= ~HOST_OFLAGS_COOKED;
	con.ours.cc[HOST_VMIN] = 1;
	con.ours.cc[HOST_VTIME] = 0;
	for (unsigned i = 0; i < UK_ARRAY_SIZE(fatal); i++)
		if (!host_signal_ignored(fatal[i]) && !linuxu_stop_is_heard(fatal[i]))
			host_signal(fatal[i], on_fatal_signal, 0, ~0UL);
	host_signal(HOST_SIGCONT, on_continue, 0, 0);
	con.raw = true; /* first: a signal in between restores once too often rather than never */
	host_ioctl(0, HOST_TCSETS, &con.ours);
}

/* ---- input ---- */

void uk_plat_console_set_rx(void (*cb)(void))
{
	bool irq = uk_irq_save();

	con.rx = cb;
	if (cb) {
		terminal_raw();
		linuxu_irq_attach(HOST_SIGIO);
		UK_TABLE_KEEP(linuxu_input_setup);
		if (!con.own && linuxu_input_own >= 0) {
			con.fd = linuxu_input_own;
			con.own = true;
			host_fcntl(con.fd, HOST_F_SETFL, HOST_O_NONBLOCK | HOST_O_ASYNC);
		}
		/* What is there already sends no signal any more. */
		con.starved = true;
		host_kill(linuxu_pid, HOST_SIGIO);
	}
	uk_irq_restore(irq);
}

void linuxu_input_fired(void)
{
	if (con.rx && con.starved) {
		con.starved = false;
		con.rx();
	}
}

int linuxu_input_fd(void)
{
	return con.rx && con.starved ? con.fd : -1;
}

ssize_t uk_plat_console_read(char *buf, size_t n)
{
	static const struct host_timespec no_wait;
	ssize_t r;

	if (con.eof || !n)
		return 0;
	terminal_raw();
	do {
		struct host_pollfd p = { con.fd, HOST_POLLIN, 0 };

		if (!con.own && host_ppoll(&p, 1, &no_wait, NULL) == 0)
			r = -EAGAIN;
		else
			r = host_read(con.fd, buf, n);
	} while (r == -EINTR);
	if (r == -EAGAIN)
		con.starved = true;
	con.eof = r == 0;
	return r;
}
