/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Control data: descriptors and credentials that go along with a message. The message holds references to the
 * files; the receiver gets descriptors of its own for them.
 */
#include <uk/spinlock.h>
#include "internal.h"

#define RIGHTS_MAX 253u /* SCM_MAX_FD */

static struct uk_spinlock dead_lock;
static struct unix_rights *dead;
static bool burying;

/* The next ones to let go; NULL: nobody does so any more. */
static struct unix_rights *next_dead(void)
{
	struct unix_rights *r;

	uk_spin_lock(&dead_lock);
	r = dead;
	if (r)
		dead = r->next;
	else
		burying = false;
	uk_spin_unlock(&dead_lock);
	return r;
}

void unix_rights_free(struct unix_rights *r)
{
	bool mine;
	unsigned i;

	if (!r)
		return;
	unix_rights_arrived(r);
	/*
	 * A socket may be in a message to one that is in a message and so on: one after the other, not
	 * each inside the close of the one before.
	 */
	uk_spin_lock(&dead_lock);
	r->next = dead;
	dead = r;
	mine = !burying;
	burying = true;
	uk_spin_unlock(&dead_lock);
	while (mine && (r = next_dead())) {
		for (i = 0; i < r->n; i++)
			uk_file_put(r->file[i]);
		uk_free(r);
	}
}

/* ---- sending ---- */

static int take_files(struct unix_msg *m, const int *fds, size_t n)
{
	struct unix_rights *old = m->rights, *r;
	unsigned had = old ? old->n : 0, i;

	if (!n)
		return 0;
	if (had + n > RIGHTS_MAX)
		return -EINVAL;
	r = uk_malloc(sizeof(*r) + (had + n) * sizeof(r->file[0]));
	if (!r)
		return -ENOMEM;
	r->n = had;
	r->counted = false;
	if (old) {
		memcpy(r->file, old->file, had * sizeof(r->file[0]));
		uk_free(old);
	}
	m->rights = r;
	for (i = 0; i < n; i++) {
		struct uk_file *f = uk_fd_get(uk_process_current()->files, fds[i]);

		if (!f)
			return -EBADF;
		r->file[r->n++] = f;
	}
	return 0;
}

static int take_cred(struct unix_msg *m, const struct uk_abi_ucred *cred)
{
	const struct uk_process *p = uk_process_current();
	const struct uk_creds *c = &p->creds;

	/* Who is not the superuser can only be itself. */
	if (c->euid && (cred->pid != p->pid ||
			(cred->uid != c->uid && cred->uid != c->euid && cred->uid != c->suid) ||
			(cred->gid != c->gid && cred->gid != c->egid && cred->gid != c->sgid)))
		return -EPERM;
	if (cred->pid != p->pid)
		return -ESRCH; /* there is no other */
	m->cred = *cred;
	m->has_cred = true;
	return 0;
}

static int take_piece(struct unix_msg *m, const struct uk_abi_cmsghdr *h, size_t len)
{
	if (h->cmsg_level != UK_SOL_SOCKET)
		return 0; /* not for us, Linux says */
	if (h->cmsg_type == UK_SCM_RIGHTS)
		return take_files(m, (const int *)(h + 1), len / sizeof(int));
	if (h->cmsg_type == UK_SCM_CREDENTIALS && len == sizeof(struct uk_abi_ucred))
		return take_cred(m, (const void *)(h + 1));
	return -EINVAL;
}

int unix_send_control(const struct uk_msg *from, struct unix_msg *m)
{
	const struct uk_abi_cmsghdr *h;
	size_t pos = 0, len;
	int rc = 0;

	while (!rc && (h = uk_cmsg_next(from, &pos, &len))) {
		if (uk_is_err(h))
			return (int)uk_ptr_err(h);
		rc = take_piece(m, h, len);
	}
	if (!rc && m->rights)
		unix_rights_leave(m->rights);
	return rc;
}

/* ---- receiving ---- */

/* Descriptors for as many files as the caller has room for. */
static int tell_files(const struct unix_rights *r, struct uk_msg *to)
{
	struct uk_fdtab *files = uk_process_current()->files;
	unsigned flags = to->flags & UK_MSG_CMSG_CLOEXEC ? UK_O_CLOEXEC : 0, n = 0;
	size_t room = to->control_len, fit = 0;
	int fds[RIGHTS_MAX];

	if (room > sizeof(struct uk_abi_cmsghdr))
		fit = (room - sizeof(struct uk_abi_cmsghdr)) / sizeof(int);
	for (; n < r->n && n < fit; n++) {
		uk_file_get(r->file[n]);
		fds[n] = uk_fd_add(files, r->file[n], 0, flags);
		if (fds[n] < 0) {
			uk_file_put(r->file[n]);
			break;
		}
	}
	if (n < r->n)
		to->out_flags |= UK_MSG_CTRUNC;
	if (n)
		n = (unsigned)uk_cmsg_put(to, UK_SOL_SOCKET, UK_SCM_RIGHTS, fds, n * sizeof(int));
	return (int)n < 0 ? (int)n : 0;
}

int unix_tell_control(struct unix_sock *u, struct unix_msg *m, struct uk_msg *to,
		      struct unix_rights **gone)
{
	struct uk_abi_ucred cred;
	int rc = 0;

	if (UK_UNLIKELY(u->passcred)) {
		if (m->has_cred)
			cred = m->cred;
		else
			unix_my_cred(&cred); /* there is one process: it has sent it */
		rc = uk_cmsg_put(to, UK_SOL_SOCKET, UK_SCM_CREDENTIALS, &cred, sizeof(cred));
	}
	if (UK_UNLIKELY(m->rights) && rc >= 0) {
		rc = tell_files(m->rights, to);
		if (gone) {
			*gone = m->rights;
			m->rights = NULL;
		}
	}
	return rc < 0 ? rc : 0;
}
