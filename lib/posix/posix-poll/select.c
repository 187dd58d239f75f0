/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * select(2) and pselect(2): poll with its array written as three sets of bits.
 */
#include "internal.h"

#define BITS     64
#define ON_STACK 8

/* What counts as readable, writable and exceptional (Linux fs/select.c's documented meaning). */
#define READABLE    (UK_POLLIN | UK_POLLRDNORM | UK_POLLRDBAND | UK_POLLHUP | UK_POLLERR)
#define WRITABLE    (UK_POLLOUT | UK_POLLWRNORM | UK_POLLWRBAND | UK_POLLERR)
#define EXCEPTIONAL UK_POLLPRI

enum { READ, WRITE, EXCEPT, SETS };

static const uint16_t asked[SETS] = { UK_POLLIN | UK_POLLRDNORM, UK_POLLOUT | UK_POLLWRNORM,
				      UK_POLLPRI };
static const uint16_t answers[SETS] = { READABLE, WRITABLE, EXCEPTIONAL };

static inline bool test_bit(const uint64_t *set, int bit)
{
	return set[bit / BITS] >> (bit % BITS) & 1;
}

/* Entries for every descriptor that is in a set; how many. */
static unsigned to_poll(uint64_t *const sets[SETS], int nfds, struct uk_abi_pollfd *fds)
{
	unsigned n = 0;
	int fd, s;

	for (fd = 0; fd < nfds; fd++) {
		unsigned events = 0;

		for (s = 0; s < SETS; s++)
			if (sets[s] && test_bit(sets[s], fd))
				events |= asked[s];
		if (!events)
			continue;
		if (fds)
			fds[n] = (struct uk_abi_pollfd){ .fd = fd, .events = (int16_t)events };
		n++;
	}
	return n;
}

/* The sets as poll's answers say. The number of bits set, or -EBADF. */
static long from_poll(uint64_t *const sets[SETS], int nfds, const struct uk_abi_pollfd *fds,
		      unsigned n)
{
	size_t words = (size_t)UK_DIV_ROUND_UP(nfds, BITS);
	long count = 0;
	unsigned i;
	int s;

	for (i = 0; i < n; i++)
		if (fds[i].revents & UK_POLLNVAL)
			return -EBADF;
	for (s = 0; s < SETS; s++) {
		if (!sets[s])
			continue;
		memset(sets[s], 0, words * sizeof(uint64_t));
		for (i = 0; i < n; i++) {
			if (!(fds[i].events & asked[s]) || !(fds[i].revents & answers[s]))
				continue;
			sets[s][fds[i].fd / BITS] |= 1ULL << (fds[i].fd % BITS);
			count++;
		}
	}
	return count;
}

static long wait_for(uint64_t *const sets[SETS], int nfds, uk_nsec deadline)
{
	struct uk_abi_pollfd on_stack[ON_STACK], *fds = on_stack;
	unsigned n = to_poll(sets, nfds, NULL);
	long rc;

	if (n > ON_STACK)
		fds = uk_malloc(n * sizeof(*fds));
	if (!fds)
		return -ENOMEM;
	to_poll(sets, nfds, fds);
	do
		rc = uk_fd_poll(uk_process_current()->files, fds, n, deadline);
	while (rc == -EINTR && uk_syscall_wait_again());
	if (rc >= 0)
		rc = from_poll(sets, nfds, fds, n);
	if (fds != on_stack)
		uk_free(fds);
	return rc;
}

/* Copies the sets in, waits, and copies them out. */
static long select_fds(int nfds, uint64_t *const user[SETS], uk_nsec deadline)
{
	uint64_t *sets[SETS] = { NULL }, *copy;
	size_t words;
	long rc;
	int s;

	if (nfds < 0)
		return -EINVAL;
	if ((uint64_t)nfds > uk_process_current()->limits[UK_RLIMIT_NOFILE].cur)
		nfds = (int)uk_process_current()->limits[UK_RLIMIT_NOFILE].cur;
	words = (size_t)UK_DIV_ROUND_UP(nfds, BITS);
	copy = uk_malloc(SETS * words * sizeof(*copy));
	if (!copy)
		return -ENOMEM;
	rc = 0;
	for (s = 0; s < SETS && !rc; s++) {
		if (!user[s] || !words)
			continue;
		sets[s] = copy + (size_t)s * words;
		rc = uk_copy_from_user(sets[s], user[s], words * sizeof(*copy));
	}
	if (!rc)
		rc = wait_for(sets, nfds, deadline);
	for (s = 0; s < SETS && rc >= 0; s++)
		if (sets[s] && uk_copy_to_user(user[s], sets[s], words * sizeof(*copy)))
			rc = -EFAULT;
	uk_free(copy);
	return rc;
}

/* The sixth argument is a pair, because there are six at most. */
struct mask_arg {
	const uint64_t *mask;
	size_t size;
};

UK_SYSCALL(long, pselect6, int nfds, uint64_t *rd, uint64_t *wr, uint64_t *ex,
	   const struct uk_abi_timespec *timeout, const struct mask_arg *arg)
{
	uint64_t *const sets[SETS] = { rd, wr, ex };
	struct mask_arg m = { NULL, 0 };
	uk_nsec deadline;
	long rc = timeout_deadline(timeout, &deadline);

	if (!rc && arg)
		rc = uk_get_user(&m, arg);
	if (!rc)
		rc = uk_signal_mask_swap(m.mask, m.size);
	if (rc)
		return rc;
	rc = select_fds(nfds, sets, deadline);
	uk_signal_mask_restore(rc);
	return rc;
}

#ifdef UK_SYSCALL_LEGACY
UK_SYSCALL(long, select, int nfds, uint64_t *rd, uint64_t *wr, uint64_t *ex,
	   const struct uk_abi_timeval *timeout)
{
	uint64_t *const sets[SETS] = { rd, wr, ex };
	struct uk_abi_timeval tv;
	uk_nsec span, deadline = UK_NSEC_MAX;

	if (timeout) {
		if (uk_get_user(&tv, timeout))
			return -EFAULT;
		if (!uk_abi_timeval_nsec(&tv, &span))
			return -EINVAL;
		deadline = span ? uk_deadline(span) : 0;
	}
	return select_fds(nfds, sets, deadline);
}
#endif
