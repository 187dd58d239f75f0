/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * futex(2): unpacks operation, clock and timeout; the work is ukfutex's.
 */
#include <uk/abi/time.h>
#include <uk/errno.h>
#include <uk/futex.h>
#include <uk/syscall.h>
#include <uk/time.h>
#include <uk/uaccess.h>

#define FUTEX_WAIT           0
#define FUTEX_WAKE           1
#define FUTEX_REQUEUE        3
#define FUTEX_CMP_REQUEUE    4
#define FUTEX_WAKE_OP        5
#define FUTEX_WAIT_BITSET    9
#define FUTEX_WAKE_BITSET    10
#define FUTEX_PRIVATE        128
#define FUTEX_CLOCK_REALTIME 256

/* Relative for FUTEX_WAIT, absolute for FUTEX_WAIT_BITSET. */
static int deadline_of(const struct uk_abi_timespec *timeout, bool relative, bool wall,
		       uk_nsec *deadline)
{
	struct uk_abi_timespec ts;
	uk_nsec t;

	*deadline = UK_NSEC_MAX;
	if (!timeout)
		return 0;
	if (uk_get_user(&ts, timeout))
		return -EFAULT;
	if (!uk_abi_timespec_nsec(&ts, &t))
		return -EINVAL;
	*deadline = relative ? uk_deadline(t) : wall ? uk_clock_from_wall(t) : t;
	return 0;
}

static long wait(uint32_t *addr, uint32_t val, uk_nsec deadline, uint32_t bitset)
{
	int rc = uk_futex_wait(addr, val, deadline, bitset);

	/* A wait with a timeout does not start again: its end would move. */
	return rc == -EINTR && deadline == UK_NSEC_MAX ? -UK_ERESTART : rc;
}

static long two_words(int op, uint32_t *addr, uint32_t n, uint32_t *addr2, uint32_t n2,
		      uint32_t val3)
{
	if (!uk_access_ok(addr2, sizeof(*addr2)))
		return -EFAULT;
	if (op == FUTEX_WAKE_OP)
		return uk_futex_wake_op(addr, n, addr2, n2, val3);
	return uk_futex_requeue(addr, addr2, n, n2, op == FUTEX_CMP_REQUEUE ? &val3 : NULL);
}

/*
 * Waking is half of all calls, and needs nothing of what waiting needs: a function apart, reached
 * by a jump, so that no register is saved on the way.
 */
static UK_NOINLINE long wake(uint32_t *addr, long op, uint32_t n)
{
	long rc = uk_access_ok(addr, sizeof(*addr)) ? uk_futex_wake(addr, n, UK_FUTEX_BITSET_ANY)
						    : -EFAULT;

	return UK_UNLIKELY(uk_syscall_must_deliver(uk_thread_current())) ? uk_syscall_leave_slow(rc)
									 : rc;
}

#define FUTEX_AROUND(name, n)                                                                      \
	if ((uk_b & ~(long)FUTEX_PRIVATE) == FUTEX_WAKE)                                           \
		return wake((uint32_t *)uk_a, uk_b, (uint32_t)uk_c);                               \
	UK_SYSCALL_AROUND_RESTART(name, n)

UK_SYSCALL_DEFINE(UK_NOINLINE, UK_SYSCALL_TAIL, FUTEX_AROUND, long, futex, 6, uint32_t *addr,
		  int op, uint32_t val, const struct uk_abi_timespec *timeout, uint32_t *addr2,
		  uint32_t val3)
{
	unsigned n2 = (unsigned)(uintptr_t)timeout; /* the same argument, as a number */
	bool wall = op & FUTEX_CLOCK_REALTIME;
	uk_nsec deadline;
	int rc;

	if (!uk_access_ok(addr, sizeof(*addr)))
		return -EFAULT;
	switch (op & ~(FUTEX_PRIVATE | FUTEX_CLOCK_REALTIME)) {
	case FUTEX_WAIT:
		rc = deadline_of(timeout, true, wall, &deadline);
		return rc ? rc : wait(addr, val, deadline, UK_FUTEX_BITSET_ANY);
	case FUTEX_WAIT_BITSET:
		rc = deadline_of(timeout, false, wall, &deadline);
		return rc ? rc : wait(addr, val, deadline, val3);
	}
	switch (op & ~FUTEX_PRIVATE) { /* no time, so no clock either */
	case FUTEX_WAKE_BITSET:
		return uk_futex_wake(addr, val, val3);
	case FUTEX_REQUEUE:
	case FUTEX_CMP_REQUEUE:
	case FUTEX_WAKE_OP:
		return two_words(op & ~FUTEX_PRIVATE, addr, val, addr2, n2, val3);
	}
	return -ENOSYS; /* priority inheritance */
}
