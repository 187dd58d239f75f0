/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Names of local sockets: a path, whose inode is the key, or an abstract name, whose bytes are. One hash
 * table holds both.
 */
#include <uk/inode.h>
#include <uk/print.h>
#include <uk/vfs.h>
#include "internal.h"

#define BUCKETS  64u
#define PATH_MAX sizeof(((struct uk_abi_sockaddr_un *)0)->sun_path)

static struct unix_name *buckets[BUCKETS];
static struct uk_mutex names;

static uint32_t hash_bytes(const void *p, size_t n)
{
	const uint8_t *b = p;
	uint32_t h = 2166136261u; /* FNV-1a */

	while (n--)
		h = (h ^ *b++) * 16777619u;
	return h;
}

static uint32_t hash_inode(const struct uk_inode *inode)
{
	return hash_bytes(&inode, sizeof(inode));
}

void unix_name_put(struct unix_name *name)
{
	if (!name || !uk_ref_put(&name->refs))
		return;
	if (name->path)
		uk_file_put(name->path);
	uk_free(name);
}

uint32_t unix_name_tell(const struct unix_name *name, struct uk_abi_sockaddr_storage *addr)
{
	addr->ss_family = UK_AF_UNIX;
	if (!name)
		return ADDR_NONE;
	memcpy(addr, &name->addr, sizeof(name->addr));
	return name->len;
}

/* ---- the table ---- */

/* names */
static struct unix_name *lookup(uint32_t hash, const struct uk_inode *inode, int type,
				const char *text, uint32_t len)
{
	struct unix_name *n = buckets[hash % BUCKETS];

	for (; n; n = n->next) {
		if (n->hash != hash)
			continue;
		if (inode ? n->path && n->path->inode == inode
			  : !n->path && n->type == type && n->len == ADDR_NONE + len &&
				    !memcmp(n->addr.sun_path, text, len))
			return n;
	}
	return NULL;
}

/* names. The socket that is bound, with a reference, or NULL. */
static struct unix_sock *owner_of(struct unix_name *n)
{
	if (!n || !n->owner)
		return NULL;
	unix_get(n->owner);
	return n->owner;
}

static int check(const struct uk_abi_sockaddr_storage *addr, uint32_t len)
{
	if (len <= ADDR_NONE || len > sizeof(struct uk_abi_sockaddr_un) ||
	    addr->ss_family != UK_AF_UNIX)
		return -EINVAL;
	return 0;
}

/* The path as a terminated string. */
static void copy_path(char path[PATH_MAX + 1], const char *text, uint32_t len)
{
	memcpy(path, text, len);
	path[len] = '\0';
}

static struct unix_sock *find_path(const char *text, uint32_t len)
{
	struct uk_fs_ctx *ctx = uk_process_current()->fs;
	char path[PATH_MAX + 1];
	struct unix_sock *u;
	struct uk_file *f;
	int rc;

	copy_path(path, text, len);
	rc = uk_vfs_access(ctx, NULL, path, UK_W_OK, UK_AT_EACCESS);
	if (!rc)
		rc = uk_vfs_open(ctx, NULL, path, UK_O_PATH, 0, &f);
	if (rc)
		return uk_err_ptr(rc);
	uk_mutex_lock(&names);
	u = owner_of(lookup(hash_inode(f->inode), f->inode, 0, NULL, 0));
	uk_mutex_unlock(&names);
	uk_file_put(f);
	return u ? u : uk_err_ptr(-ECONNREFUSED);
}

struct unix_sock *unix_find(const struct uk_abi_sockaddr_storage *addr, uint32_t len, int type)
{
	const char *text = ((const struct uk_abi_sockaddr_un *)addr)->sun_path;
	uint32_t n = len - (uint32_t)ADDR_NONE;
	struct unix_sock *u;
	int rc = check(addr, len);

	if (rc)
		return uk_err_ptr(rc);
	if (*text) {
		u = find_path(text, n);
	} else {
		uk_mutex_lock(&names);
		u = owner_of(lookup(hash_bytes(text, n), NULL, type, text, n));
		uk_mutex_unlock(&names);
		if (!u)
			u = uk_err_ptr(-ECONNREFUSED);
	}
	if (!uk_is_err(u) && u->s.type != type) {
		unix_put(u);
		u = uk_err_ptr(-EPROTOTYPE);
	}
	return u;
}

/* ---- binding ---- */

/* Make the name, whose key is complete, that of `u`. Takes over the reference. */
static int enter(struct unix_sock *u, struct unix_name *name)
{
	const struct uk_inode *inode = name->path ? name->path->inode : NULL;
	uint32_t n = name->len - (uint32_t)ADDR_NONE;
	int rc = 0;

	name->hash = inode ? hash_inode(inode) : hash_bytes(name->addr.sun_path, n);
	uk_mutex_lock(&names);
	if (u->name)
		rc = -EINVAL;
	else if (lookup(name->hash, inode, name->type, name->addr.sun_path, n))
		rc = -EADDRINUSE;
	if (!rc) {
		name->owner = u;
		name->next = buckets[name->hash % BUCKETS];
		buckets[name->hash % BUCKETS] = name;
		UK_WRITE_ONCE(u->name, name);
	}
	uk_mutex_unlock(&names);
	if (rc)
		unix_name_put(name);
	return rc;
}

void unix_unbind(struct unix_sock *u)
{
	struct unix_name **at;

	uk_mutex_lock(&names);
	if (u->name && u->name->owner == u) {
		at = &buckets[u->name->hash % BUCKETS];
		while (*at != u->name)
			at = &(*at)->next;
		*at = u->name->next;
		u->name->owner = NULL;
	}
	uk_mutex_unlock(&names);
}

/* An abstract name that nobody has: five digits, as on Linux. */
static int bind_any(struct unix_sock *u, struct unix_name *name)
{
	static uint32_t counter;
	int rc = -EADDRINUSE, tries;

	name->len = ADDR_NONE + 6;
	for (tries = 0; tries < 256 && rc == -EADDRINUSE; tries++) {
		uk_snprintf(name->addr.sun_path + 1, 6, "%05x",
			    __atomic_fetch_add(&counter, 1, __ATOMIC_RELAXED) & 0xfffff);
		uk_ref_get(&name->refs); /* enter() would free it */
		rc = enter(u, name);
		if (!rc)
			unix_name_put(name); /* never the last one */
	}
	if (rc)
		unix_name_put(name);
	return rc;
}

static int bind_path(struct unix_sock *u, struct unix_name *name)
{
	struct uk_fs_ctx *ctx = uk_process_current()->fs;
	char path[PATH_MAX + 1];
	int rc;

	copy_path(path, name->addr.sun_path, name->len - (uint32_t)ADDR_NONE);
	name->len = (uint32_t)(ADDR_NONE + uk_strlen(path) + 1);
	rc = uk_vfs_mknod(ctx, NULL, path, UK_S_IFSOCK | 0777, 0);
	if (!rc) {
		rc = uk_vfs_open(ctx, NULL, path, UK_O_PATH | UK_O_NOFOLLOW, 0, &name->path);
		if (rc)
			name->path = NULL;
	}
	if (rc) {
		unix_name_put(name);
		return rc == -EEXIST ? -EADDRINUSE : rc;
	}
	return enter(u, name);
}

int unix_bind(struct uk_socket *s, const struct uk_abi_sockaddr_storage *addr, uint32_t len)
{
	struct unix_sock *u = unix_of(s);
	bool any = len == ADDR_NONE && addr->ss_family == UK_AF_UNIX;
	struct unix_name *name;
	int rc = any ? 0 : check(addr, len);

	if (rc)
		return rc;
	if (u->name)
		return any ? 0 : -EINVAL;
	name = uk_calloc(1, sizeof(*name));
	if (!name)
		return -ENOMEM;
	name->refs = 1;
	name->type = s->type;
	name->len = len;
	memcpy(&name->addr, addr, sizeof(name->addr));
	if (any)
		return bind_any(u, name);
	return name->addr.sun_path[0] ? bind_path(u, name) : enter(u, name);
}
