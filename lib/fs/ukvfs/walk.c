/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The path walk: from a string to the directory and name that it ends in.
 *
 * Each step locks one directory, asks its file system for one name, and moves a reference; there is
 * no cache of names, since a directory of the ram file system is a hash table already. A
 * symbolic link puts its text in front of what is still to be walked, in a buffer of that size.
 *
 * Most paths are walked without any of that: preemption goes off for the few instructions it
 * takes, and file systems whose directories are in memory answer on the spot (inode_ops.peek).
 * Whatever is unusual (links, dots, a directory being changed) starts over with the full walk.
 */
#include "words.h"

/* ---- names ---- */

static inline uint32_t hash_end(unsigned long h)
{
	return (uint32_t)(h >> 32);
}

uint32_t uk_name_hash(const char *s, size_t len)
{
	unsigned long h = 0, w;

	for (; len >= sizeof(w); s += sizeof(w), len -= sizeof(w))
		h = hash_word(h, *(const word_t *)s);
	for (w = 0; len--;)
		w = w << 8 | (unsigned char)s[len];
	return hash_end(hash_word(h, w));
}

/* The rest of read_name() for names of eight bytes or more. */
static UK_NOINLINE const char *read_long_name(struct uk_name *name, const char *s)
{
	unsigned long w = name->head, h = 0, ends;
	const char *p = s;

	do {
		h = hash_word(h, w);
		p += sizeof(w);
		w = load_word(p);
		ends = find_end(w);
	} while (!ends);
	name->hash = hash_end(hash_word(h, w & below_end(ends)));
	p += uk_ctz(ends) / 8;
	name->len = (uint32_t)(p - s);
	return p;
}

/* Read the component at s up to `/` or 0; returns where that is. */
static inline const char *read_name(struct uk_name *name, const char *s)
{
	unsigned long w = load_word(s), ends = find_end(w);

	name->s = s;
	if (UK_UNLIKELY(!ends)) {
		name->head = w;
		return read_long_name(name, s);
	}
	w &= below_end(ends);
	name->head = w;
	name->hash = hash_end(hash_word(0, w));
	name->len = uk_ctz(ends) / 8;
	return s + name->len;
}

static inline bool is_dots(const struct uk_name *name)
{
	return UK_UNLIKELY((name->head & 255) == '.') &&
	       (name->head == '.' || name->head == ('.' | '.' << 8));
}

/* ---- the quick walk ---- */

/*
 * While preemption is off and a directory's lock is free, nobody changes it: with one CPU there is
 * nobody else. With several, who changes it has said so and then waited for our section, or we
 * see that here and keep out of its way.
 */
static inline bool is_quiet(const struct uk_inode *dir)
{
#ifdef CONFIG_SMP
	return !__atomic_load_n(&dir->changing, __ATOMIC_ACQUIRE);
#else
	return !UK_READ_ONCE(dir->lock.owner);
#endif
}

/* walk_quick() for a path that is not known. */
static UK_NOINLINE bool walk_names(struct uk_inode *start, const char *path, struct quick_walk *q)
{
	struct uk_inode *dir = start, *child;
	const char *p = path;
	struct uk_fs *fs;

	if (*p == '/')
		p++;
	for (;;) {
		const char *s = p;

		p = read_name(&q->name, s);
		if (UK_UNLIKELY(!q->name.head)) {
			if (!*p)
				return false; /* a slash at the end */
			p++;
			continue;
		}
		if (is_dots(&q->name))
			return false;
		if (UK_UNLIKELY(!dir->ops->peek || !is_quiet(dir)))
			return false;
		child = dir->ops->peek(dir, &q->name);
		if (UK_UNLIKELY(!child) || !uk_inode_is(child, UK_S_IFDIR))
			break;
		while (UK_UNLIKELY((fs = UK_READ_ONCE(child->mounted)) != NULL))
			child = fs->root;
		if (!*p)
			break;
		p++;
		dir = child;
	}
	if (UK_UNLIKELY(*p || p - path >= UK_PATH_MAX || q->name.len > UK_NAME_MAX ||
			(child && uk_inode_is(child, UK_S_IFLNK))))
		return false;
	q->dir = dir;
	q->inode = child;
	if (!child)
		walk_remember(start, path, q);
	return true;
}

bool walk_quick(struct uk_inode *dir, const char *path, struct quick_walk *q)
{
	if (walk_recall_place(dir, path, q) && is_quiet(q->dir)) {
		q->inode = q->dir->ops->peek(q->dir, &q->name);
		if (!q->inode || uk_inode_is(q->inode, UK_S_IFREG))
			return true;
	}
	return walk_names(dir, path, q);
}

bool walk_quick_lock(struct uk_fs_ctx *ctx, struct uk_file *at, const char *path,
		     struct quick_walk *q)
{
	struct uk_inode *dir;
	bool done;

	tree_enter();
	done = may_quick(ctx) && !walk_start(ctx, at, path, &dir) && walk_quick(dir, path, q) &&
	       walk_lock_found(q);
	tree_leave();
	return done;
}

/* ---- the walk ---- */

void walk_init(struct walk *w, struct uk_fs_ctx *ctx, struct uk_inode *dir, const char *path)
{
	w->ctx = ctx;
	w->dir = dir;
	w->rest = w->path = path;
	w->slash = false;
	w->links = 0;
	w->text = NULL;
}

/* What the full walk would have stopped at. */
void walk_continue(struct walk *w, const struct quick_walk *q)
{
	w->dir = q->dir;
	w->name = q->name;
	w->last = WALK_NAME;
	w->rest = "";
}

int walk_begin(struct walk *w, struct uk_fs_ctx *ctx, struct uk_file *at, const char *path)
{
	struct uk_inode *dir;
	struct quick_walk q;
	bool quick = false;
	int err;

	tree_enter();
	err = walk_start(ctx, at, path, &dir);
	if (UK_LIKELY(!err)) {
		walk_init(w, ctx, dir, path);
		quick = may_quick(ctx) && walk_quick(dir, path, &q);
		if (quick)
			walk_continue(w, &q);
		uk_inode_get(w->dir);
	}
	tree_leave();
	if (quick || err)
		return err;
	err = walk_parent(w);
	if (err)
		walk_end(w);
	return err;
}

void walk_end(struct walk *w)
{
	uk_inode_put(w->dir);
	if (UK_UNLIKELY(w->text))
		uk_free(w->text);
}

/* The reference to `from` becomes one to `to`, read in a section; if that is gone, it stays. */
static struct uk_inode *step_to(struct uk_inode *from, struct uk_inode *const *to)
{
	struct uk_inode *inode;

	tree_enter();
	inode = UK_READ_ONCE(*to);
	if (UK_LIKELY(inode != NULL))
		uk_inode_get(inode);
	tree_leave();
	if (UK_UNLIKELY(!inode))
		return from;
	uk_inode_put(from);
	return inode;
}

/* `..`: stays at the context's root, leaves a mounted file system at its root. */
static void step_up(struct walk *w)
{
	while (w->dir != w->ctx->root) {
		if (w->dir->parent != w->dir) {
			w->dir = step_to(w->dir, &w->dir->parent);
			return;
		}
		if (!w->dir->fs->covered)
			return;
		w->dir = step_to(w->dir, &w->dir->fs->covered);
	}
}

/* If something is mounted on the directory, its root takes the directory's place. */
static struct uk_inode *enter_mounts(struct uk_inode *inode)
{
	while (UK_UNLIKELY(UK_READ_ONCE(inode->mounted))) {
		struct uk_inode *root = NULL;
		struct uk_fs *fs;

		tree_enter();
		fs = UK_READ_ONCE(inode->mounted);
		if (fs) {
			root = fs->root;
			uk_inode_get(root);
		}
		tree_leave();
		if (!root)
			break;
		uk_inode_put(inode);
		inode = root;
	}
	return inode;
}

int walk_last_locked(struct walk *w, struct uk_inode **inode)
{
	struct uk_inode *dir = w->dir, *child;
	int err;

	err = may(w->ctx, dir, UK_X_OK);
	if (UK_UNLIKELY(err))
		return err;
	err = dir->ops->lookup(dir, &w->name, &child);
	if (UK_UNLIKELY(err))
		return err;
	if (uk_inode_is(child, UK_S_IFDIR)) {
		inode_adopt(dir, child);
		child = enter_mounts(child);
	}
	*inode = child;
	return 0;
}

int walk_last(struct walk *w, struct uk_inode **inode)
{
	int err;

	if (w->last != WALK_NAME) {
		uk_inode_get(w->dir);
		*inode = w->dir;
		return 0;
	}
	uk_mutex_lock(&w->dir->lock);
	err = walk_last_locked(w, inode);
	uk_mutex_unlock(&w->dir->lock);
	/* Linux checks the length first; only a path that fails is worth measuring. */
	if (UK_UNLIKELY(err) && w->path && uk_strnlen(w->path, UK_PATH_MAX) == UK_PATH_MAX)
		err = -ENAMETOOLONG;
	return err;
}

/* Put a link's text before w->rest. Consumes the reference to `link`. */
static int splice(struct walk *w, struct uk_inode *link)
{
	const char *target;
	char *text = NULL;
	size_t len, rest;
	int err = -ELOOP;

	if (++w->links > VFS_LINKS_MAX)
		goto out;
	target = link->ops->target ? link->ops->target(link) : uk_err_ptr(-EINVAL);
	err = (int)uk_ptr_err(target);
	if (uk_is_err(target))
		goto out;
	err = -ENOENT;
	len = uk_strlen(target);
	if (!len)
		goto out;
	/* `dir/link/` keeps its slash, which also forces the last component to be a directory. */
	rest = uk_strlen(w->rest);
	text = uk_malloc(len + 1 + rest + 1);
	err = -ENOMEM;
	if (!text)
		goto out;
	memcpy(text, target, len);
	if (rest || w->slash)
		text[len++] = '/';
	memcpy(text + len, w->rest, rest + 1);
	uk_free(w->text);
	w->text = text;
	w->rest = text;
	w->path = NULL;
	if (*text == '/')
		w->dir = step_to(w->dir, &w->ctx->root);
	err = 0;
out:
	uk_inode_put(link);
	return err;
}

/* Read one component from w->rest into w->name; what follows is in w->rest and w->slash. */
static int next_component(struct walk *w)
{
	const char *p = w->rest;

	while (*p == '/')
		p++;
	p = read_name(&w->name, p);
	w->slash = *p == '/';
	while (*p == '/')
		p++;
	w->rest = p;
	if (UK_UNLIKELY(w->name.len > UK_NAME_MAX))
		return -ENAMETOOLONG;
	if (UK_UNLIKELY(!w->name.len))
		w->last = WALK_ROOT;
	else if (UK_UNLIKELY(is_dots(&w->name)))
		w->last = w->name.len == 1 ? WALK_DOT : WALK_DOTDOT;
	else
		w->last = WALK_NAME;
	return 0;
}

int walk_parent(struct walk *w)
{
	struct uk_inode *child;
	int err;

	for (;;) {
		err = next_component(w);
		if (UK_UNLIKELY(err))
			return err;
		if (w->last != WALK_NAME) {
			err = may(w->ctx, w->dir, UK_X_OK);
			if (UK_UNLIKELY(err))
				return err;
			if (w->last == WALK_DOTDOT)
				step_up(w);
		}
		if (!*w->rest) {
			if (UK_UNLIKELY(w->path) && w->rest - w->path >= UK_PATH_MAX)
				return -ENAMETOOLONG;
			return 0;
		}
		if (w->last != WALK_NAME)
			continue;
		err = walk_last(w, &child);
		if (UK_UNLIKELY(err))
			return err;
		if (UK_LIKELY(uk_inode_is(child, UK_S_IFDIR))) {
			uk_inode_put(w->dir);
			w->dir = child;
		} else if (uk_inode_is(child, UK_S_IFLNK)) {
			err = splice(w, child);
			if (err)
				return err;
		} else {
			uk_inode_put(child);
			return -ENOTDIR;
		}
	}
}

int walk_follow(struct walk *w, struct uk_inode *link)
{
	int err = splice(w, link);

	return err ? err : walk_parent(w);
}

/* The walk by all rules, from `dir` (a reference, consumed). */
static UK_NOINLINE int walk_path_fully(struct uk_fs_ctx *ctx, struct uk_inode *dir,
				       const char *path, unsigned flags, struct uk_inode **inode)
{
	struct uk_inode *found = NULL;
	struct walk w;
	int err;

	walk_init(&w, ctx, dir, path);
	err = walk_parent(&w);
	while (!err) {
		err = walk_last(&w, &found);
		if (UK_UNLIKELY(err) || uk_inode_is(found, UK_S_IFDIR))
			break;
		if (!uk_inode_is(found, UK_S_IFLNK)) {
			if (UK_UNLIKELY(w.slash))
				err = -ENOTDIR;
			break;
		}
		if ((flags & UK_AT_SYMLINK_NOFOLLOW) && !w.slash)
			break;
		err = walk_follow(&w, found);
		found = NULL;
	}
	walk_end(&w);
	if (UK_UNLIKELY(err) && found)
		uk_inode_put(found);
	*inode = found;
	return err;
}

/* The starting point itself. */
static UK_NOINLINE int walk_nowhere(struct uk_fs_ctx *ctx, struct uk_file *at,
				    struct uk_inode **inode)
{
	struct uk_inode *found;

	tree_enter();
	found = at ? at->inode : UK_READ_ONCE(ctx->cwd);
	if (found)
		uk_inode_get(found);
	tree_leave();
	*inode = found;
	return found ? 0 : at ? -EBADF : -ENOENT;
}

int walk_path_unknown(struct uk_fs_ctx *ctx, struct uk_file *at, const char *path, unsigned flags,
		      struct uk_inode **inode)
{
	struct uk_inode *dir;
	struct quick_walk q;
	int err;

	if (UK_UNLIKELY(!path || (!*path && (flags & UK_AT_EMPTY_PATH))))
		return walk_nowhere(ctx, at, inode);
	tree_enter();
	err = walk_start(ctx, at, path, &dir);
	if (UK_UNLIKELY(err))
		goto unlock;
	if (may_quick(ctx) && walk_quick(dir, path, &q)) {
		*inode = q.inode;
		if (q.inode) {
			uk_inode_get(q.inode);
			walk_remember(dir, path, &q);
		} else {
			err = -ENOENT;
		}
		goto unlock;
	}
	uk_inode_get(dir);
	tree_leave();
	return walk_path_fully(ctx, dir, path, flags, inode);
unlock:
	tree_leave();
	return err;
}

int walk_path(struct uk_fs_ctx *ctx, struct uk_file *at, const char *path, unsigned flags,
	      struct uk_inode **inode)
{
	struct uk_inode *found;

	tree_enter();
	found = walk_known(ctx, at, path);
	if (UK_LIKELY(found != NULL))
		ref_get(&found->refs);
	tree_leave();
	*inode = found;
	return UK_LIKELY(found != NULL) ? 0 : walk_path_unknown(ctx, at, path, flags, inode);
}
