/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Advisory locks: POSIX record locks (fcntl), those of open file descriptions (OFD), and flock.
 *
 * All of an inode's locks are in one list. An owner's record locks never overlap, so setting one
 * cuts or swallows what that owner has in its range. POSIX and OFD locks are of one kind with
 * different owners (a descriptor table, a file); flock's are of another and know only the whole
 * file.
 *
 * One spin lock guards all lists: what happens under it takes as long as a list is, and needs no
 * memory, since there are idle locks. A database sets and drops several in every transaction.
 */
#include "fdtab_priv.h"

struct uk_lock {
	struct uk_lock *next;
	uintptr_t owner; /* see below */
	uint64_t start;
	uint64_t end; /* included */
	bool write;
	int pid;
};

/* The owner is a descriptor table or a file; this bit is set for flock's kind of locks. */
#define FLOCK 1UL

/* What to do with a range. */
#define HOW_WRITE  1U /* the lock is one for writing */
#define HOW_SET    2U /* give it to the owner; otherwise take the range away */
#define HOW_WAIT   4U /* until nobody else's lock is in the way */
#define HOW_DETECT 8U /* -EDEADLK if that could take for ever */

static struct uk_spinlock lists; /* all that follows, and inode->locks */

#define IDLE_MIN 2 /* the new lock, and the rest of an old one that it cuts in two */
#define OWN      8 /* idle ones that are there from the start; the others are memory from the heap */

static struct uk_lock own[OWN];
static struct uk_lock *idle; /* locks that nobody has set, beside own[idle_from] and those behind */
static unsigned idle_from, idle_count = OWN;

/* Bumped whenever a lock goes or shrinks: those who wait look again. */
static uint32_t generation;
static struct uk_waitq waiters;

/* Who waits for whom, for the search for deadlocks. */
struct waiting {
	struct uk_list node;
	uintptr_t owner;
	uintptr_t holder;
};
static struct uk_list all_waiting = UK_LIST_INIT(all_waiting);

static void idle_put(struct uk_lock *l)
{
	l->next = idle;
	idle = l;
	idle_count++;
}

static struct uk_lock *idle_take(void)
{
	struct uk_lock *l = idle;

	idle_count--;
	if (UK_UNLIKELY(!l))
		return &own[idle_from++];
	idle = l->next;
	return l;
}

/* Leaves the section to get memory; false: there is none, and the section has ended. */
static UK_NOINLINE bool idle_add(unsigned min)
{
	while (idle_count < min) {
		struct uk_lock *l;

		uk_spin_unlock(&lists);
		l = uk_malloc(sizeof(*l));
		if (!l)
			return false;
		uk_spin_lock(&lists);
		idle_put(l);
	}
	return true;
}

/* There are more idle ones than our own: the others go back. */
static UK_NOINLINE void idle_drop(void)
{
	struct uk_lock *spare = NULL, **p, *l;

	uk_spin_lock(&lists);
	for (p = &idle; (l = *p);) {
		if (l >= own && l < own + OWN) {
			p = &l->next;
			continue;
		}
		*p = l->next;
		idle_count--;
		l->next = spare;
		spare = l;
	}
	uk_spin_unlock(&lists);
	while ((l = spare)) {
		spare = l->next;
		uk_free(l);
	}
}

/* The section ends. */
static inline void leave(void)
{
	uk_spin_unlock(&lists);
	if (UK_UNLIKELY(idle_count > OWN))
		idle_drop();
}

/* At the end of a section in which a lock went or shrank. */
static inline void leave_released(void)
{
	__atomic_fetch_add(&generation, 1, __ATOMIC_SEQ_CST);
	leave();
	if (UK_UNLIKELY(!uk_waitq_nobody(&waiters)))
		uk_waitq_wake_all(&waiters);
}

static inline bool same_kind(uintptr_t owner, uintptr_t other)
{
	return !((owner ^ other) & FLOCK);
}

/* Another owner's lock that [start, end] cannot be given out with. */
static inline struct uk_lock *find_conflict(struct uk_inode *inode, uintptr_t owner, uint64_t start,
					    uint64_t end, bool write)
{
	struct uk_lock *l;

	for (l = inode->locks; l; l = l->next)
		if (l->owner != owner && same_kind(l->owner, owner) && l->start <= end &&
		    start <= l->end && (l->write || write))
			break;
	return l;
}

/*
 * Take [start, end] away from what the owner has, which swallows a lock or shortens it, and cuts one
 * that reaches beyond both ends in two: an idle one becomes the part behind.
 */
static inline void take_away(struct uk_lock **p, uintptr_t owner, uint64_t start, uint64_t end)
{
	struct uk_lock *l, *behind;

	while ((l = *p)) {
		if (l->owner != owner || l->end < start || l->start > end) {
			p = &l->next;
		} else if (l->start >= start && l->end <= end) {
			*p = l->next;
			idle_put(l);
		} else if (l->start >= start) {
			l->start = end + 1;
			p = &l->next;
		} else {
			if (UK_UNLIKELY(l->end > end)) {
				behind = idle_take();
				*behind = *l;
				behind->start = end + 1;
				l->next = behind;
			}
			l->end = start - 1;
			p = &l->next;
		}
	}
}

/*
 * Locks of the same type that the new one touches become part of it. (Adjoining ones do; no range
 * ends at 2^64 - 1.)
 */
static inline void merge(struct uk_lock **p, struct uk_lock *new)
{
	struct uk_lock *l;

	while ((l = *p)) {
		if (l->owner != new->owner || l->write != new->write || l->end + 1 < new->start ||
		    l->start > new->end + 1) {
			p = &l->next;
			continue;
		}
		new->start = UK_MIN(new->start, l->start);
		new->end = UK_MAX(new->end, l->end);
		*p = l->next;
		idle_put(l);
	}
}

/* Does the owner have a lock that taking [start, end] away would cut in two? */
static UK_NOINLINE bool will_split(struct uk_inode *inode, uintptr_t owner, uint64_t start,
				   uint64_t end)
{
	struct uk_lock *l;

	for (l = inode->locks; l; l = l->next)
		if (l->owner == owner && l->start < start && l->end > end)
			return true;
	return false;
}

void locks_drop(struct uk_inode *inode, const void *owner)
{
	struct uk_lock **p, *l;

	uk_spin_lock(&lists);
	for (p = &inode->locks; (l = *p);) {
		if ((l->owner & ~FLOCK) == (uintptr_t)owner) {
			*p = l->next;
			idle_put(l);
		} else {
			p = &l->next;
		}
	}
	leave_released();
}

/* Whom an owner waits for, or 0. */
static uintptr_t waits_for(uintptr_t owner)
{
	struct waiting *w;

	uk_list_for_each(w, &all_waiting, node)
		if (w->owner == owner)
			return w->holder;
	return 0;
}

/* Join those who wait; false if that would close a circle. */
static bool wait_begin(struct waiting *me)
{
	uintptr_t holder = me->holder;
	unsigned steps;

	uk_spin_lock(&lists);
	/* Circles that others have closed (an owner may wait in several threads) end the search too. */
	for (steps = 0; holder && holder != me->owner && steps < 64; steps++)
		holder = waits_for(holder);
	if (holder != me->owner)
		uk_list_add(&all_waiting, &me->node);
	uk_spin_unlock(&lists);
	return holder != me->owner;
}

static void wait_end(struct waiting *me)
{
	uk_spin_lock(&lists);
	uk_list_del(&me->node);
	uk_spin_unlock(&lists);
}

/* The holder's lock is in the way: wait until any is released after `gen`. */
static UK_NOINLINE int wait_for(uintptr_t owner, uintptr_t holder, uint32_t gen, bool detect)
{
	struct waiting me = { .owner = owner, .holder = holder };
	int err;

	if (detect && !wait_begin(&me))
		return -EDEADLK;
	err = UK_WAIT(&waiters, __atomic_load_n(&generation, __ATOMIC_SEQ_CST) != gen, UK_NSEC_MAX);
	if (detect)
		wait_end(&me);
	return err;
}

/* Somebody else's lock `l` is in the way. 0: look again. The section ends. */
static UK_NOINLINE int held(const struct uk_lock *l, uintptr_t owner, unsigned how)
{
	const uintptr_t holder = l->owner;
	const uint32_t gen = __atomic_load_n(&generation, __ATOMIC_SEQ_CST);

	leave();
	return how & HOW_WAIT ? wait_for(owner, holder, gen, how & HOW_DETECT) : -EAGAIN;
}

/*
 * Give the owner a lock, or take its range away, as `how` says. 0, -ENOLCK, -EAGAIN, -EDEADLK,
 * -EINTR. (All arguments are in registers: databases do little else.)
 */
static UK_NOINLINE int change(struct uk_inode *inode, uintptr_t owner, uint64_t start, uint64_t end,
			      unsigned how, int pid)
{
	const bool write = how & HOW_WRITE;
	struct uk_lock *l;
	int err;

	uk_spin_lock(&lists);
	if (!(how & HOW_SET)) {
		if (UK_UNLIKELY(!idle_count) && will_split(inode, owner, start, end) &&
		    !idle_add(1))
			return -ENOLCK;
		take_away(&inode->locks, owner, start, end);
		leave_released();
		return 0;
	}
	for (;;) {
		if (UK_UNLIKELY(idle_count < IDLE_MIN) && !idle_add(IDLE_MIN))
			return -ENOLCK;
		l = find_conflict(inode, owner, start, end, write);
		if (UK_LIKELY(!l))
			break;
		err = held(l, owner, how);
		if (err)
			return err;
		uk_spin_lock(&lists);
	}
	l = idle_take();
	l->owner = owner;
	l->start = start;
	l->end = end;
	l->write = write;
	l->pid = pid;
	if (inode->locks) {
		merge(&inode->locks, l);
		take_away(&inode->locks, owner, start, end);
	}
	l->next = inode->locks;
	inode->locks = l;
	/* A read lock that was a write lock keeps out less than before. */
	if (!write) {
		leave_released();
		return 0;
	}
	leave();
	return 0;
}

/* The caller's struct flock, read once. */
static UK_ALWAYS_INLINE int read_flock(struct uk_abi_flock *lk, uintptr_t arg)
{
	const struct uk_abi_flock *from = (const struct uk_abi_flock *)arg;

	/* Field by field, so that they become registers. */
	if (uk_user_read(&lk->l_type, (uintptr_t)&from->l_type, sizeof(lk->l_type)) ||
	    uk_user_read(&lk->l_whence, (uintptr_t)&from->l_whence, sizeof(lk->l_whence)) ||
	    uk_user_read(&lk->l_start, (uintptr_t)&from->l_start, sizeof(lk->l_start)) ||
	    uk_user_read(&lk->l_len, (uintptr_t)&from->l_len, sizeof(lk->l_len)) ||
	    uk_user_read(&lk->l_pid, (uintptr_t)&from->l_pid, sizeof(lk->l_pid)))
		return -EFAULT;
	return 0;
}

/* What a command is about. */
struct range {
	uintptr_t owner;
	uint64_t start, end; /* first and last byte */
	int pid;
};

/* 0, -EBADF, -EINVAL, -EOVERFLOW. */
static UK_ALWAYS_INLINE int prepare(struct uk_file *f, struct uk_fdtab *owner, bool ofd,
				    const struct uk_abi_flock *lk, struct range *r)
{
	int64_t base = 0, start, end;

	if (UK_UNLIKELY(f->flags & UK_O_PATH))
		return -EBADF;
	if (UK_UNLIKELY(!f->inode || (ofd && lk->l_pid)))
		return -EINVAL;
	r->owner = ofd ? (uintptr_t)f : (uintptr_t)owner;
	r->pid = ofd ? -1 : owner->pid;
	if (UK_UNLIKELY(lk->l_whence != UK_SEEK_SET)) {
		if (lk->l_whence == UK_SEEK_CUR)
			base = f->pos;
		else if (lk->l_whence == UK_SEEK_END)
			base = (int64_t)f->inode->size;
		else
			return -EINVAL;
	}
	if (__builtin_add_overflow(base, lk->l_start, &start))
		return -EOVERFLOW;
	if (start < 0)
		return -EINVAL;
	r->start = (uint64_t)start;
	if (UK_LIKELY(lk->l_len > 0)) {
		if (__builtin_add_overflow(start, lk->l_len - 1, &end))
			return -EOVERFLOW;
		r->end = (uint64_t)end;
	} else if (lk->l_len < 0) { /* the bytes before */
		if (start + lk->l_len < 0)
			return -EINVAL;
		r->end = r->start - 1;
		r->start += (uint64_t)lk->l_len;
	} else {
		r->end = INT64_MAX;
	}
	return 0;
}

/* F_SETLK and F_SETLKW. */
static UK_ALWAYS_INLINE int set_command(struct uk_file *f, struct uk_fdtab *owner, bool ofd,
					bool wait, const struct uk_abi_flock *lk)
{
	unsigned how = (ofd ? HOW_SET : HOW_SET | HOW_DETECT) | (wait ? HOW_WAIT : 0);
	struct range r;
	int err = prepare(f, owner, ofd, lk, &r);

	if (UK_UNLIKELY(err))
		return err;
	switch (lk->l_type) {
	case UK_F_UNLCK:
		how = 0;
		break;
	case UK_F_RDLCK:
		if (UK_UNLIKELY(!uk_file_readable(f)))
			return -EBADF;
		break;
	case UK_F_WRLCK:
		if (UK_UNLIKELY(!uk_file_writable(f)))
			return -EBADF;
		how |= HOW_WRITE;
		break;
	default:
		return -EINVAL;
	}
	return change(f->inode, r.owner, r.start, r.end, how, r.pid);
}

/* F_GETLK: what would stand in the way. */
static int get_command(struct uk_file *f, struct uk_fdtab *owner, bool ofd, struct uk_abi_flock *lk)
{
	struct range r;
	struct uk_lock *l;
	int err = prepare(f, owner, ofd, lk, &r);

	if (err)
		return err;
	if (lk->l_type != UK_F_RDLCK && lk->l_type != UK_F_WRLCK)
		return -EINVAL;
	uk_spin_lock(&lists);
	l = find_conflict(f->inode, r.owner, r.start, r.end, lk->l_type == UK_F_WRLCK);
	if (!l) {
		lk->l_type = UK_F_UNLCK;
	} else {
		*lk = (struct uk_abi_flock){
			.l_type = l->write ? UK_F_WRLCK : UK_F_RDLCK,
			.l_whence = UK_SEEK_SET,
			.l_start = (int64_t)l->start,
			.l_len = l->end == INT64_MAX ? 0 : (int64_t)(l->end - l->start + 1),
			.l_pid = l->pid,
		};
	}
	leave();
	return 0;
}

int uk_file_lock(struct uk_file *f, struct uk_fdtab *owner, int cmd, struct uk_abi_flock *lk)
{
	const bool ofd = cmd >= UK_F_OFD_GETLK;

	if (cmd == UK_F_GETLK || cmd == UK_F_OFD_GETLK)
		return get_command(f, owner, ofd, lk);
	return set_command(f, owner, ofd, cmd == UK_F_SETLKW || cmd == UK_F_OFD_SETLKW, lk);
}

/* All commands but the frequent one. */
static UK_NOINLINE int other_fcntl(struct uk_file *f, struct uk_fdtab *owner, int cmd,
				   uintptr_t arg)
{
	struct uk_abi_flock lk;
	int err = uk_user_read(&lk, arg, sizeof(lk));

	if (!err)
		err = uk_file_lock(f, owner, cmd, &lk);
	if (!err && (cmd == UK_F_GETLK || cmd == UK_F_OFD_GETLK))
		err = uk_user_write(arg, &lk, sizeof(lk));
	return err;
}

int lock_fcntl(struct uk_file *f, struct uk_fdtab *owner, int cmd, uintptr_t arg)
{
	struct uk_abi_flock lk;

	if (UK_UNLIKELY(cmd != UK_F_SETLK))
		return other_fcntl(f, owner, cmd, arg);
	if (UK_UNLIKELY(read_flock(&lk, arg)))
		return -EFAULT;
	return set_command(f, owner, false, false, &lk);
}

int uk_file_flock(struct uk_file *f, int op)
{
	unsigned how = op & UK_LOCK_NB ? HOW_SET : HOW_SET | HOW_WAIT;

	if (f->flags & UK_O_PATH)
		return -EBADF;
	switch (op & ~UK_LOCK_NB) {
	case UK_LOCK_SH:
		break;
	case UK_LOCK_EX:
		how |= HOW_WRITE;
		break;
	case UK_LOCK_UN:
		how = 0;
		break;
	default:
		return -EINVAL;
	}
	if (!f->inode)
		return -EBADF;
	return change(f->inode, (uintptr_t)f | FLOCK, 0, INT64_MAX, how, 0);
}
