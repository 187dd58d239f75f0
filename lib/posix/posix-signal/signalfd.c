/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * signalfd(2): blocked signals as records to be read. What a descriptor gives is what the reading
 * thread could take with sigwaitinfo(): its own signals of the mask, then the process's.
 *
 * Sending calls signal_notify() below, once there is a descriptor; that marks those which might have
 * something now. Whether they do is found out by whoever reads or polls, since it depends on the
 * thread.
 */
#include <uk/alloc.h>
#include <uk/errno.h>
#include <uk/fdtab.h>
#include <uk/string.h>
#include <uk/syscall.h>
#include <uk/uaccess.h>
#include "internal.h"

/* Linux linux/signalfd.h: 128 bytes, the same on all architectures. */
struct record {
	uint32_t signo;
	int32_t err, code;
	uint32_t pid, uid;
	int32_t fd;
	uint32_t timer, band, overrun, trapno;
	int32_t status, value_int;
	uint64_t value, utime, stime, addr;
	uint16_t addr_lsb;
	uint8_t pad[46];
};

_Static_assert(sizeof(struct record) == 128, "struct signalfd_siginfo");

struct signalfd {
	struct uk_list node; /* in `all`, under the process's lock */
	uint64_t mask;
	struct uk_event_source events;
};

static struct uk_list all = UK_LIST_INIT(all);

static void signal_notify(int sig)
{
	struct signalfd *s;

	uk_list_for_each(s, &all, node)
		if (s->mask & UK_SIGBIT(sig))
			uk_event_set(&s->events, UK_POLLIN);
}

/* lock. Has the calling thread something to read? */
static void update(struct signalfd *s)
{
	struct uk_task *self = uk_task_current();

	if (signal_next(self, s->mask))
		uk_event_set(&s->events, UK_POLLIN);
	else
		uk_event_clear(&s->events, UK_POLLIN);
}

static void signalfd_poll(struct uk_file *f)
{
	struct uk_process *p = uk_process_current();
	bool irq = uk_spin_lock_irq(&p->lock);

	update(f->priv);
	uk_spin_unlock_irq(&p->lock, irq);
}

/* Takes the next signal; 0 if there is none. */
static int take(struct signalfd *s, struct uk_abi_siginfo *info)
{
	struct uk_task *self = uk_task_current();
	struct uk_process *p = self->process;
	struct uk_queue garbage = { NULL };
	bool irq = uk_spin_lock_irq(&p->lock);
	int sig = signal_take(self, s->mask, info, &garbage);

	signal_update(self);
	update(s);
	uk_spin_unlock_irq(&p->lock, irq);
	signal_free(&garbage);
	return sig;
}

/* Which fields are meant depends on where the signal came from. */
static void describe(struct record *r, const struct uk_abi_siginfo *info)
{
	*r = (struct record){ .signo = (uint32_t)info->signo,
			      .err = info->err,
			      .code = info->code };
	if (info->code > 0 && (UK_SIGBIT(info->signo) & SIG_SYNCHRONOUS)) {
		r->addr = info->addr;
		return;
	}
	if (info->code == UK_SI_TIMER) {
		r->timer = (uint32_t)info->pid;
		r->overrun = info->uid;
	} else {
		r->pid = (uint32_t)info->pid;
		r->uid = info->uid;
	}
	r->value = info->value;
	r->value_int = (int32_t)info->value;
}

/* As many whole records as there are and fit; waits for the first. */
static ssize_t signalfd_read(struct uk_file *f, struct uk_iter *it, uk_off_t *pos)
{
	struct signalfd *s = f->priv;
	struct uk_abi_siginfo info;
	struct record r;
	ssize_t done = 0;
	int rc;

	if (it->left < sizeof(r))
		return -EINVAL;
	while (it->left >= sizeof(r)) {
		if (!take(s, &info)) {
			if (done)
				break;
			if (f->flags & UK_O_NONBLOCK)
				return -EAGAIN;
			rc = uk_event_wait(&s->events, UK_POLLIN, UK_NSEC_MAX);
			if (rc)
				return rc;
			continue;
		}
		describe(&r, &info);
		if (uk_iter_put(it, &r, sizeof(r)) != sizeof(r))
			return done ? done : -EFAULT;
		done += (ssize_t)sizeof(r);
	}
	return done;
}

static void signalfd_release(struct uk_file *f)
{
	struct uk_process *p = uk_process_current();
	struct signalfd *s = f->priv;
	bool irq = uk_spin_lock_irq(&p->lock);

	uk_list_del(&s->node);
	if (uk_list_empty(&all))
		p->signals.notify = NULL;
	uk_spin_unlock_irq(&p->lock, irq);
	uk_free(s);
}

static const struct uk_file_ops signalfd_ops = {
	.read = signalfd_read,
	.poll = signalfd_poll,
	.release = signalfd_release,
};

static int create(struct uk_process *p, uint64_t mask, unsigned flags)
{
	struct signalfd *s = uk_calloc(1, sizeof(*s));
	struct uk_file *f;
	bool irq;
	int fd;

	if (!s)
		return -ENOMEM;
	f = uk_file_new(&signalfd_ops, UK_O_RDWR | (flags & UK_O_NONBLOCK), s);
	if (!f) {
		uk_free(s);
		return -ENOMEM;
	}
	f->events = &s->events;
	s->mask = mask;
	irq = uk_spin_lock_irq(&p->lock);
	uk_list_add_tail(&all, &s->node);
	p->signals.notify = signal_notify;
	uk_spin_unlock_irq(&p->lock, irq);
	fd = uk_fd_add(p->files, f, 0, flags & UK_O_CLOEXEC);
	if (fd < 0)
		uk_file_put(f);
	return fd;
}

static int change(struct uk_process *p, int fd, uint64_t mask)
{
	struct uk_file *f = uk_fd_get_io(p->files, fd);
	struct signalfd *s;
	int rc = -EINVAL;
	bool irq;

	if (!f)
		return -EBADF;
	if (f->ops == &signalfd_ops) {
		s = f->priv;
		irq = uk_spin_lock_irq(&p->lock);
		s->mask = mask;
		/* Who waits in another thread looks for himself. */
		uk_event_set(&s->events, UK_POLLIN);
		uk_spin_unlock_irq(&p->lock, irq);
		rc = fd;
	}
	uk_file_put(f);
	return rc;
}

static long signalfd(int fd, const uint64_t *user, size_t size, int flags)
{
	struct uk_process *p = uk_process_current();
	uint64_t mask;

	if (size != sizeof(mask) || (flags & ~(UK_O_CLOEXEC | UK_O_NONBLOCK)))
		return -EINVAL;
	if (uk_get_user(&mask, user))
		return -EFAULT;
	mask &= ~SIG_UNBLOCKABLE;
	return fd == -1 ? create(p, mask, (unsigned)flags) : change(p, fd, mask);
}

UK_SYSCALL(long, signalfd4, int fd, const uint64_t *mask, size_t size, int flags)
{
	return signalfd(fd, mask, size, flags);
}

#ifdef UK_SYSCALL_LEGACY
UK_SYSCALL(long, signalfd, int fd, const uint64_t *mask, size_t size)
{
	return signalfd(fd, mask, size, 0);
}
#endif
