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
static UK_ALWAYS_INLINE void cut(struct uk_inode *inode, struct uk_lock *want, bool merge)
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

/*
 * Give the owner the lock, or with `set` false, take its range away. 0, -ENOLCK, or -EAGAIN with
 * *holder and the generation of which that is true.
 */
static UK_ALWAYS_INLINE int try_change(struct uk_inode *inode, struct uk_lock *want, bool set,
				       const void **holder, uint32_t *gen)
{
	struct uk_lock *l;

	uk_spin_lock(&lists);
	if (set) {
		if (UK_UNLIKELY(idle_count < IDLE_MIN) && !idle_add(IDLE_MIN))
			return -ENOLCK;
		l = find_conflict(inode, want);
		if (UK_UNLIKELY(l != NULL)) {
			*holder = l->owner;
			*gen = __atomic_load_n(&generation, __ATOMIC_SEQ_CST);
			leave();
			return -EAGAIN;
		}
	} else if (UK_UNLIKELY(!idle_count) && will_split(inode, want) && !idle_add(1)) {
		return -ENOLCK;
	}
	if (set) {
		cut(inode, want, true);
		l = idle_take();
		*l = *want;
		l->next = inode->locks;
		inode->locks = l;
	} else {
		cut(inode, want, false);
	}
	leave();
	/* Nor does a read lock that was a write lock keep out as many as before. */
	if (!want->write)
		released();
	return 0;
}

/* The holder's lock is in the way: wait until any is released after `gen`. */
static UK_NOINLINE int wait_for(const struct uk_lock *want, const void *holder, uint32_t gen,
				bool detect)
{
	struct waiting me = { .owner = want->owner, .holder = holder };
	int err;

	if (detect && !wait_begin(&me))
		return -EDEADLK;
	err = UK_WAIT(&waiters, __atomic_load_n(&generation, __ATOMIC_SEQ_CST) != gen, UK_NSEC_MAX);
	if (detect)
		wait_end(&me);
	return err;
}

static UK_NOINLINE int change(struct uk_inode *inode, struct uk_lock *want, bool set, bool wait,
			      bool detect)
{
	const void *holder = NULL; /* set with -EAGAIN, as -Og does not see */
	uint32_t gen = 0;
	int err;

	do {
		err = try_change(inode, want, set, &holder, &gen);
		if (UK_LIKELY(err != -EAGAIN) || !wait)
			return err;
		err = wait_for(want, holder, gen, detect);
	} while (!err);
	return err;
}

/* The range of a struct flock as first and last byte. */
static UK_ALWAYS_INLINE int range(struct uk_file *f, const struct uk_abi_flock *lk,
				  struct uk_lock *l)
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

/* The lock that a command is about. 0, -EBADF, -EINVAL, -EOVERFLOW. */
static UK_ALWAYS_INLINE int prepare(struct uk_file *f, struct uk_fdtab *owner, int cmd,
				    const struct uk_abi_flock *lk, struct uk_lock *want)
{
	const bool ofd = cmd >= UK_F_OFD_GETLK;

	if (UK_UNLIKELY(f->flags & UK_O_PATH))
		return -EBADF;
	if (UK_UNLIKELY(!f->inode || (ofd && lk->l_pid)))
		return -EINVAL;
	want->next = NULL;
	want->owner = ofd ? (const void *)f : owner;
	want->pid = ofd ? -1 : owner->pid;
	want->write = lk->l_type == UK_F_WRLCK;
	want->flock = false;
	return range(f, lk, want);
}

/* F_SETLK and F_SETLKW. */
static UK_ALWAYS_INLINE int set_command(struct uk_file *f, struct uk_fdtab *owner, int cmd,
					const struct uk_abi_flock *lk)
{
	const bool wait = cmd == UK_F_SETLKW || cmd == UK_F_OFD_SETLKW;
	struct uk_lock want;
	int err = prepare(f, owner, cmd, lk, &want);

	if (UK_UNLIKELY(err))
		return err;
	switch (lk->l_type) {
	case UK_F_UNLCK:
		return change(f->inode, &want, false, false, false);
	case UK_F_RDLCK:
		if (UK_UNLIKELY(!uk_file_readable(f)))
			return -EBADF;
		break;
	case UK_F_WRLCK:
		if (UK_UNLIKELY(!uk_file_writable(f)))
			return -EBADF;
		break;
	default:
		return -EINVAL;
	}
	return change(f->inode, &want, true, wait, cmd < UK_F_OFD_GETLK);
}

static int get_command(struct uk_file *f, struct uk_fdtab *owner, int cmd, struct uk_abi_flock *lk)
{
	struct uk_lock want;
	int err = prepare(f, owner, cmd, lk, &want);

	if (err)
		return err;
	if (lk->l_type != UK_F_RDLCK && lk->l_type != UK_F_WRLCK)
		return -EINVAL;
	get(f->inode, &want, lk);
	return 0;
}

static inline bool is_get(int cmd)
{
	return cmd == UK_F_GETLK || cmd == UK_F_OFD_GETLK;
}

int uk_file_lock(struct uk_file *f, struct uk_fdtab *owner, int cmd, struct uk_abi_flock *lk)
{
	return is_get(cmd) ? get_command(f, owner, cmd, lk) : set_command(f, owner, cmd, lk);
}

static UK_NOINLINE int get_fcntl(struct uk_file *f, struct uk_fdtab *owner, int cmd, uintptr_t arg)
{
	struct uk_abi_flock lk;
	int err = uk_user_read(&lk, arg, sizeof(lk));

	if (!err)
		err = get_command(f, owner, cmd, &lk);
	return err ? err : uk_user_write(arg, &lk, sizeof(lk));
}

int lock_fcntl(struct uk_file *f, struct uk_fdtab *owner, int cmd, uintptr_t arg)
{
	struct uk_abi_flock lk;

	if (UK_UNLIKELY(is_get(cmd)))
		return get_fcntl(f, owner, cmd, arg);
	if (UK_UNLIKELY(uk_user_read(&lk, arg, sizeof(lk))))
		return -EFAULT;
	return set_command(f, owner, cmd, &lk);
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
		return change(f->inode, &want, false, false, false);
	want.write = (op & ~UK_LOCK_NB) == UK_LOCK_EX;
	return change(f->inode, &want, true, !(op & UK_LOCK_NB), false);
}
