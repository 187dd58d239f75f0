/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * epoll_create(2), epoll_ctl(2), epoll_wait(2) and relatives: arguments in, uk/epoll.h does the work.
 */
#include <uk/epoll.h>
#include "internal.h"

#define MAX_EVENTS (INT32_MAX / (int)sizeof(struct uk_abi_epoll_event))

static int create(unsigned flags)
{
	struct uk_file *f;
	int rc = uk_epoll_create(&f);

	if (rc)
		return rc;
	rc = uk_fd_add(uk_process_current()->files, f, 0, flags);
	if (rc < 0)
		uk_file_put(f);
	return rc;
}

UK_SYSCALL(int, epoll_create1, int flags)
{
	return flags & ~UK_O_CLOEXEC ? -EINVAL : create((unsigned)flags);
}

UK_SYSCALL(int, epoll_ctl, int epfd, int op, int fd, const struct uk_abi_epoll_event *user)
{
	struct uk_abi_epoll_event ev;

	if (op != UK_EPOLL_CTL_DEL && uk_get_user(&ev, user))
		return -EFAULT;
	return uk_epoll_ctl(uk_process_current()->files, epfd, op, fd,
			    op == UK_EPOLL_CTL_DEL ? NULL : &ev);
}

static int wait_until(struct uk_file *f, struct uk_abi_epoll_event *out, int max, uk_nsec deadline)
{
	int n;

	do
		n = uk_epoll_wait(f, out, max, deadline);
	while (UK_UNLIKELY(n == -EINTR) && uk_syscall_wait_again());
	return n;
}

static UK_NOINLINE int wait_for(struct uk_file *f, struct uk_abi_epoll_event *out, int max,
				int timeout_ms)
{
	uk_nsec deadline = UK_NSEC_MAX;

	if (timeout_ms >= 0)
		deadline = timeout_ms ? uk_deadline((uk_nsec)timeout_ms * UK_NSEC_PER_MS) : 0;
	return wait_until(f, out, max, deadline);
}

/* The instance behind `epfd` with a reference, or an error. */
static UK_ALWAYS_INLINE struct uk_file *instance(int epfd, struct uk_abi_epoll_event *out, int max)
{
	struct uk_file *f;

	if (UK_UNLIKELY((unsigned)max - 1 >= MAX_EVENTS))
		return uk_err_ptr(-EINVAL);
	if (UK_UNLIKELY(!uk_access_ok(out, (unsigned)max * sizeof(*out))))
		return uk_err_ptr(-EFAULT);
	f = uk_fd_get_io(uk_process_current()->files, epfd);
	return UK_LIKELY(f) ? f : uk_err_ptr(-EBADF);
}

/* Looks first: only who really waits needs the clock. */
static UK_ALWAYS_INLINE int look_or_wait(int epfd, struct uk_abi_epoll_event *out, int max,
					 int timeout_ms)
{
	struct uk_file *f = instance(epfd, out, max);
	int n;

	if (UK_UNLIKELY(uk_is_err(f)))
		return (int)uk_ptr_err(f);
	n = uk_epoll_collect(f, out, max);
	if (!n && (timeout_ms || uk_event_input)) /* with 0 too, there may be input to fetch */
		n = wait_for(f, out, max, timeout_ms);
	uk_file_put(f);
	return n;
}

static UK_NOINLINE int wait_masked(int epfd, struct uk_abi_epoll_event *out, int max,
				   uk_nsec deadline, const uint64_t *mask, size_t size)
{
	struct uk_file *f = instance(epfd, out, max);
	int rc;

	if (uk_is_err(f))
		return (int)uk_ptr_err(f);
	rc = uk_signal_mask_swap(mask, size);
	if (!rc) {
		rc = wait_until(f, out, max, deadline);
		uk_signal_mask_restore(rc);
	}
	uk_file_put(f);
	return rc;
}

UK_SYSCALL(int, epoll_pwait, int epfd, struct uk_abi_epoll_event *out, int max, int timeout_ms,
	   const uint64_t *mask, size_t size)
{
	uk_nsec deadline;

	if (UK_LIKELY(!mask))
		return look_or_wait(epfd, out, max, timeout_ms);
	deadline = timeout_ms < 0 ? UK_NSEC_MAX : 0;
	if (timeout_ms > 0)
		deadline = uk_deadline((uk_nsec)timeout_ms * UK_NSEC_PER_MS);
	return wait_masked(epfd, out, max, deadline, mask, size);
}

UK_SYSCALL(int, epoll_pwait2, int epfd, struct uk_abi_epoll_event *out, int max,
	   const struct uk_abi_timespec *timeout, const uint64_t *mask, size_t size)
{
	uk_nsec deadline;
	int rc = timeout_deadline(timeout, &deadline);

	return rc ? rc : wait_masked(epfd, out, max, deadline, mask, size);
}

#ifdef UK_SYSCALL_LEGACY
UK_SYSCALL(int, epoll_create, int size)
{
	return size <= 0 ? -EINVAL : create(0);
}

UK_SYSCALL(int, epoll_wait, int epfd, struct uk_abi_epoll_event *out, int max, int timeout_ms)
{
	return look_or_wait(epfd, out, max, timeout_ms);
}
#endif
