/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * poll(2) and ppoll(2).
 */
#include "internal.h"

#define ON_STACK 8

static long poll_copy(struct uk_abi_pollfd *user, struct uk_abi_pollfd *copy, unsigned n,
		      uk_nsec deadline)
{
	unsigned i;
	long rc;

	if (n && uk_copy_from_user(copy, user, n * sizeof(*copy)))
		return -EFAULT;
	do
		rc = uk_fd_poll(uk_process_current()->files, copy, n, deadline);
	while (rc == -EINTR && uk_syscall_wait_again());
	for (i = 0; i < n && rc >= 0; i++)
		if (uk_put_user(copy[i].revents, &user[i].revents))
			return -EFAULT;
	return rc;
}

static long poll_fds(struct uk_abi_pollfd *user, unsigned n, uk_nsec deadline)
{
	struct uk_abi_pollfd on_stack[ON_STACK], *copy = on_stack;
	long rc;

	if (n > uk_process_current()->limits[UK_RLIMIT_NOFILE].cur)
		return -EINVAL;
	if (n > ON_STACK)
		copy = uk_malloc(n * sizeof(*copy));
	if (!copy)
		return -ENOMEM;
	rc = poll_copy(user, copy, n, deadline);
	if (copy != on_stack)
		uk_free(copy);
	return rc;
}

UK_SYSCALL(long, ppoll, struct uk_abi_pollfd *fds, unsigned n,
	   const struct uk_abi_timespec *timeout, const uint64_t *mask, size_t size)
{
	uk_nsec deadline;
	long rc = timeout_deadline(timeout, &deadline);

	if (!rc)
		rc = uk_signal_mask_swap(mask, size);
	if (rc)
		return rc;
	rc = poll_fds(fds, n, deadline);
	uk_signal_mask_restore(rc);
	return rc;
}

#ifdef UK_SYSCALL_LEGACY
UK_SYSCALL(long, poll, struct uk_abi_pollfd *fds, unsigned n, int timeout_ms)
{
	uk_nsec deadline = UK_NSEC_MAX;

	if (timeout_ms >= 0)
		deadline = timeout_ms ? uk_deadline((uk_nsec)timeout_ms * UK_NSEC_PER_MS) : 0;
	return poll_fds(fds, n, deadline);
}
#endif
