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
	const void *owner;
	uint64_t start;
	uint64_t end; /* included */
	bool write;
	bool flock; /* the kind that knows only the whole file */
	int pid;
};

static struct uk_spinlock lists; /* all that follows, and inode->locks */

#define IDLE_MIN 2 /* the new lock, and the rest of an old one that it cuts in two */
#define OWN      8 /* idle ones that are there from the start; the others are memory from the heap */

static struct uk_lock own[OWN];
static struct uk_lock *idle; /* locks that nobody has set, beside own[idle_from] and those behind */
static unsigned idle_from, idle_count = OWN;

/* Bumped whenever a lock goes or shrinks: those who wait look again. */
static uint32_t generation;
static struct uk_waitq waiters;

/* Who waits for whom, for the search for deadlocks. Under the tree lock. */
struct waiting {
	struct uk_list node;
	const void *owner;
	const void *holder;
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

static inline void released(void)
{
	__atomic_fetch_add(&generation, 1, __ATOMIC_SEQ_CST);
	if (UK_UNLIKELY(!uk_waitq_empty(&waiters)))
		uk_waitq_wake_all(&waiters);
}

static inline bool same_owner(const struct uk_lock *a, const struct uk_lock *b)
{
	return a->owner == b->owner && a->flock == b->flock;
}

static inline struct uk_lock *find_conflict(struct uk_inode *inode, const struct uk_lock *want)
{
	struct uk_lock *l;

	for (l = inode->locks; l; l = l->next)
		if (l->owner != want->owner && l->flock == want->flock && l->start <= want->end &&
		    want->start <= l->end && (l->write || want->write))
			break;
	return l;
}

/*
 * Take want's range away from what its owner has. A lock of the same type that touches the new one
 * (`merge`) is swallowed, and want grows over it. One that reaches beyond both ends is cut in two,
 * and an idle one becomes the part behind.
 */
static inline void cut(struct uk_inode *inode, struct uk_lock *want, bool merge)
{
	struct uk_lock **p = &inode->locks, *l;

	while ((l = *p)) {
		/* Adjoining ones count as well if they are to be merged; no range ends at 2^64 - 1. */
		bool same = merge && l->write == want->write;

		if (!same_owner(l, want) || l->end + same < want->start ||
		    l->start > want->end + same) {
			p = &l->next;
		} else if (same) {
			want->start = UK_MIN(want->start, l->start);
			want->end = UK_MAX(want->end, l->end);
			*p = l->next;
			idle_put(l);
		} else if (l->start < want->start) {
			if (UK_UNLIKELY(l->end > want->end)) {
				struct uk_lock *behind = idle_take();

				*behind = *l;
				behind->start = want->end + 1;
				l->next = behind;
				p = &l->next;
			}
			l->end = want->start - 1;
			p = &(*p)->next;
		} else if (l->end > want->end) {
			l->start = want->end + 1;
			p = &l->next;
		} else {
			*p = l->next;
			idle_put(l);
		}
	}
}

/* Does the owner have a lock that `want` would cut in two? */
static bool will_split(struct uk_inode *inode, const struct uk_lock *want)
{
	struct uk_lock *l;

	for (l = inode->locks; l; l = l->next)
		if (same_owner(l, want) && l->start < want->start && l->end > want->end)
			return true;
	return false;
}

static int unset(struct uk_inode *inode, struct uk_lock *want)
{
	uk_spin_lock(&lists);
	if (UK_UNLIKELY(!idle_count) && will_split(inode, want) && !idle_add(1))
		return -ENOLCK;
	cut(inode, want, false);
	leave();
	released();
	return 0;
}

void locks_drop(struct uk_inode *inode, const void *owner)
{
	struct uk_lock **p, *l;
	bool any = false;

	uk_spin_lock(&lists);
	for (p = &inode->locks; (l = *p);) {
		if (l->owner == owner) {
			*p = l->next;
			idle_put(l);
			any = true;
		} else {
			p = &l->next;
		}
	}
	leave();
	if (any)
		released();
}

/* Whom an owner waits for, or NULL. */
static const void *waits_for(const void *owner)
{
	struct waiting *w;

	uk_list_for_each(w, &all_waiting, node)
		if (w->owner == owner)
			return w->holder;
	return NULL;
}

/* Join those who wait; false if that would close a circle. */
static bool wait_begin(struct waiting *me)
{
	const void *holder = me->holder;
	unsigned steps;

	uk_spin_lock(&vfs_tree_lock);
	/* Circles that others have closed (an owner may wait in several threads) end the search too. */
	for (steps = 0; holder && holder != me->owner && steps < 64; steps++)
		holder = waits_for(holder);
	if (holder != me->owner)
		uk_list_add(&all_waiting, &me->node);
	uk_spin_unlock(&vfs_tree_lock);
	return holder != me->owner;
}

static void wait_end(struct waiting *me)
{
	uk_spin_lock(&vfs_tree_lock);
	uk_list_del(&me->node);
	uk_spin_unlock(&vfs_tree_lock);
}

/* 0, -ENOLCK, or -EAGAIN with *holder and the generation of which that is true. */
static inline int try_set(struct uk_inode *inode, struct uk_lock *want, const void **holder,
			  uint32_t *gen)
{
	struct uk_lock *l;

	uk_spin_lock(&lists);
	if (UK_UNLIKELY(idle_count < IDLE_MIN) && !idle_add(IDLE_MIN))
		return -ENOLCK;
	*gen = __atomic_load_n(&generation, __ATOMIC_SEQ_CST);
	l = find_conflict(inode, want);
	if (UK_UNLIKELY(l != NULL)) {
		*holder = l->owner;
		leave();
		return -EAGAIN;
	}
	if (inode->locks)
		cut(inode, want, true);
	l = idle_take();
	*l = *want;
	l->next = inode->locks;
	inode->locks = l;
	leave();
	/* A write lock may have become a read lock. */
	if (!want->write)
		released();
	return 0;
}

static UK_NOINLINE int wait_and_set(struct uk_inode *inode, struct uk_lock *want, bool detect)
{
	struct waiting me = { .owner = want->owner };
	uint32_t gen;
	int err;

	for (;;) {
		err = try_set(inode, want, &me.holder, &gen);
		if (err != -EAGAIN)
			return err;
		if (detect && !wait_begin(&me))
			return -EDEADLK;
		err = UK_WAIT(&waiters, __atomic_load_n(&generation, __ATOMIC_SEQ_CST) != gen,
			      UK_NSEC_MAX);
		if (detect)
			wait_end(&me);
		if (err)
			return err;
	}
}

static int set(struct uk_inode *inode, struct uk_lock *want, bool wait, bool detect)
{
	const void *holder;
	uint32_t gen;
	int err = try_set(inode, want, &holder, &gen);

	return UK_UNLIKELY(err == -EAGAIN) && wait ? wait_and_set(inode, want, detect) : err;
}

/* The range of a struct flock as first and last byte. */
static int range(struct uk_file *f, const struct uk_abi_flock *lk, struct uk_lock *l)
{
	int64_t base, start, end;

	switch (lk->l_whence) {
	case UK_SEEK_SET:
		base = 0;
		break;
	case UK_SEEK_CUR:
		base = f->pos;
		break;
	case UK_SEEK_END:
		base = (int64_t)f->inode->size;
		break;
	default:
		return -EINVAL;
	}
	if (__builtin_add_overflow(base, lk->l_start, &start))
		return -EOVERFLOW;
	if (start < 0)
		return -EINVAL;
	l->start = (uint64_t)start;
	if (lk->l_len > 0) {
		if (__builtin_add_overflow(start, lk->l_len - 1, &end))
			return -EOVERFLOW;
		l->end = (uint64_t)end;
	} else if (lk->l_len < 0) { /* the bytes before */
		if (start + lk->l_len < 0)
			return -EINVAL;
		l->end = l->start - 1;
		l->start += (uint64_t)lk->l_len;
	} else {
		l->end = INT64_MAX;
	}
	return 0;
}

/* F_GETLK: what would stand in the way. */
static void get(struct uk_inode *inode, const struct uk_lock *want, struct uk_abi_flock *lk)
{
	struct uk_lock *l;

	uk_spin_lock(&lists);
	l = find_conflict(inode, want);
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
}

int uk_file_lock(struct uk_file *f, struct uk_fdtab *owner, int cmd, struct uk_abi_flock *lk)
{
	const bool ofd = cmd >= UK_F_OFD_GETLK;
	const bool is_get = cmd == UK_F_GETLK || cmd == UK_F_OFD_GETLK;
	const bool wait = cmd == UK_F_SETLKW || cmd == UK_F_OFD_SETLKW;
	struct uk_lock want = { .owner = ofd ? (const void *)f : owner,
				.pid = ofd ? -1 : owner->pid };
	int err;

	if (f->flags & UK_O_PATH)
		return -EBADF;
	if (!f->inode || (ofd && lk->l_pid))
		return -EINVAL;
	err = range(f, lk, &want);
	if (err)
		return err;
	want.write = lk->l_type == UK_F_WRLCK;
	if (UK_UNLIKELY(is_get)) {
		if (lk->l_type != UK_F_RDLCK && lk->l_type != UK_F_WRLCK)
			return -EINVAL;
		get(f->inode, &want, lk);
		return 0;
	}
	switch (lk->l_type) {
	case UK_F_UNLCK:
		return unset(f->inode, &want);
	case UK_F_RDLCK:
		return uk_file_readable(f) ? set(f->inode, &want, wait, !ofd) : -EBADF;
	case UK_F_WRLCK:
		return uk_file_writable(f) ? set(f->inode, &want, wait, !ofd) : -EBADF;
	}
	return -EINVAL;
}

int uk_file_flock(struct uk_file *f, int op)
{
	struct uk_lock want = { .owner = f, .end = INT64_MAX, .flock = true };

	if (f->flags & UK_O_PATH)
		return -EBADF;
	switch (op & ~UK_LOCK_NB) {
	case UK_LOCK_SH:
	case UK_LOCK_EX:
	case UK_LOCK_UN:
		break;
	default:
		return -EINVAL;
	}
	if (!f->inode)
		return -EBADF;
	if ((op & ~UK_LOCK_NB) == UK_LOCK_UN)
		return unset(f->inode, &want);
	want.write = (op & ~UK_LOCK_NB) == UK_LOCK_EX;
	return set(f->inode, &want, !(op & UK_LOCK_NB), false);
}
