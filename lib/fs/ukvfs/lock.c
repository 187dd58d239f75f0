/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Advisory locks: POSIX record locks (fcntl), those of open file descriptions (OFD), and flock.
 *
 * All of an inode's locks are in one list, under inode->lock. An owner's record locks never overlap,
 * so setting one cuts or swallows what that owner has in its range. POSIX and OFD locks are of
 * one kind with different owners (a descriptor table, a file); flock's are of another and
 * know only the whole file.
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

static void released(void)
{
	__atomic_fetch_add(&generation, 1, __ATOMIC_SEQ_CST);
	if (UK_UNLIKELY(!uk_waitq_empty(&waiters)))
		uk_waitq_wake_all(&waiters);
}

static struct uk_lock *find_conflict(struct uk_inode *inode, const struct uk_lock *want)
{
	struct uk_lock *l;

	for (l = inode->locks; l; l = l->next)
		if (l->owner != want->owner && l->flock == want->flock && l->start <= want->end &&
		    want->start <= l->end && (l->write || want->write))
			break;
	return l;
}

/*
 * Take want's range away from what its owner has. `spare` (may be NULL) is used when a lock is
 * cut in two; returns it if it was not needed. A lock of the same type that touches the new one
 * (`merge`) is swallowed, and want grows over it.
 */
static struct uk_lock *cut(struct uk_inode *inode, struct uk_lock *want, bool merge,
			   struct uk_lock *spare)
{
	struct uk_lock **p = &inode->locks, *l;

	while ((l = *p)) {
		bool same = merge && l->write == want->write;
		/* Adjoining ones count as well if they are to be merged. */
		uint64_t start = same && want->start ? want->start - 1 : want->start;
		uint64_t end = same && want->end != UINT64_MAX ? want->end + 1 : want->end;

		if (l->owner != want->owner || l->flock != want->flock || l->end < start ||
		    l->start > end) {
			p = &l->next;
			continue;
		}
		if (same) {
			want->start = UK_MIN(want->start, l->start);
			want->end = UK_MAX(want->end, l->end);
		} else if (l->start < want->start && l->end > want->end) {
			*spare = *l; /* the part behind */
			spare->start = want->end + 1;
			l->end = want->start - 1;
			l->next = spare;
			return NULL;
		} else if (l->start < want->start) {
			l->end = want->start - 1;
			p = &l->next;
			continue;
		} else if (l->end > want->end) {
			l->start = want->end + 1;
			p = &l->next;
			continue;
		}
		*p = l->next;
		if (spare)
			uk_free(l);
		else
			spare = l;
	}
	return spare;
}

/* Does somebody have a lock that `want` would cut in two? */
static bool will_split(struct uk_inode *inode, const struct uk_lock *want)
{
	struct uk_lock *l;

	for (l = inode->locks; l; l = l->next)
		if (l->owner == want->owner && l->flock == want->flock && l->start < want->start &&
		    l->end > want->end)
			return true;
	return false;
}

/* Set want, with inode->lock held. 0, -EAGAIN with *holder, -ENOLCK. */
static int set_locked(struct uk_inode *inode, struct uk_lock *want, const void **holder)
{
	struct uk_lock *l = find_conflict(inode, want), *spare = NULL;

	if (l) {
		*holder = l->owner;
		return -EAGAIN;
	}
	l = uk_malloc(sizeof(*l));
	if (!l)
		return -ENOLCK;
	if (inode->locks) {
		if (UK_UNLIKELY(will_split(inode, want))) {
			spare = uk_malloc(sizeof(*spare));
			if (!spare) {
				uk_free(l);
				return -ENOLCK;
			}
		}
		spare = cut(inode, want, true, spare);
		if (spare)
			uk_free(spare);
	}
	*l = *want;
	l->next = inode->locks;
	inode->locks = l;
	/* A write lock may have become a read lock. */
	if (!want->write)
		released();
	return 0;
}

static int unset(struct uk_inode *inode, struct uk_lock *want)
{
	struct uk_lock *spare = NULL;
	int err = 0;

	uk_mutex_lock(&inode->lock);
	if (inode->locks) {
		if (UK_UNLIKELY(will_split(inode, want))) {
			spare = uk_malloc(sizeof(*spare));
			if (!spare)
				err = -ENOLCK;
		}
		if (!err) {
			spare = cut(inode, want, false, spare);
			if (spare)
				uk_free(spare);
		}
	}
	uk_mutex_unlock(&inode->lock);
	released();
	return err;
}

void locks_drop(struct uk_inode *inode, const void *owner)
{
	struct uk_lock **p, *l;
	bool any = false;

	uk_mutex_lock(&inode->lock);
	for (p = &inode->locks; (l = *p);) {
		if (l->owner == owner) {
			*p = l->next;
			uk_free(l);
			any = true;
		} else {
			p = &l->next;
		}
	}
	uk_mutex_unlock(&inode->lock);
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

static int set(struct uk_inode *inode, struct uk_lock *want, bool wait, bool detect)
{
	struct waiting me = { .owner = want->owner };
	int err;

	for (;;) {
		uint32_t gen = __atomic_load_n(&generation, __ATOMIC_SEQ_CST);

		uk_mutex_lock(&inode->lock);
		err = set_locked(inode, want, &me.holder);
		uk_mutex_unlock(&inode->lock);
		if (err != -EAGAIN || !wait)
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

	uk_mutex_lock(&inode->lock);
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
	uk_mutex_unlock(&inode->lock);
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
	switch (lk->l_type) {
	case UK_F_UNLCK:
		return is_get ? -EINVAL : unset(f->inode, &want);
	case UK_F_RDLCK:
		if (!is_get && !uk_file_readable(f))
			return -EBADF;
		break;
	case UK_F_WRLCK:
		if (!is_get && !uk_file_writable(f))
			return -EBADF;
		want.write = true;
		break;
	default:
		return -EINVAL;
	}
	if (is_get) {
		get(f->inode, &want, lk);
		return 0;
	}
	return set(f->inode, &want, wait, !ofd);
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
