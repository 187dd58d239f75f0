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

	if (uk_get_user(&ts, timeout))
		return -EFAULT;
	if (!uk_abi_timespec_nsec(&ts, &t))
		return -EINVAL;
	*deadline = relative ? uk_deadline(t) : wall ? uk_clock_from_wall(t) : t;
	return 0;
}

/* Apart: who waits without a limit needs no room on the stack, and so no canary. */
static UK_NOINLINE long wait_until(uint32_t *addr, uint32_t val,
				   const struct uk_abi_timespec *timeout, bool relative, bool wall,
				   uint32_t bitset)
{
	uk_nsec deadline;
	int rc = deadline_of(timeout, relative, wall, &deadline);

	if (rc)
		return rc;
	/* -EINTR is final: if it started again, the end of a relative timeout would move. */
	do
		rc = uk_futex_wait(addr, val, deadline, bitset);
	while (rc == -EINTR && uk_syscall_wait_again());
	return rc;
}

static long wait(uint32_t *addr, uint32_t val, uint32_t bitset)
{
	int rc = uk_futex_wait(addr, val, UK_NSEC_MAX, bitset);

	return rc == -EINTR ? -UK_ERESTART : rc;
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
 * Waking is half of all calls, and needs nothing of what the others need: functions apart, reached
 * by a jump, so that no register is saved on the way.
 */
static UK_NOINLINE long wake(uint32_t *addr, uint32_t n)
{
	long rc = uk_access_ok(addr, sizeof(*addr)) ? uk_futex_wake(addr, n, UK_FUTEX_BITSET_ANY)
						    : -EFAULT;

	return UK_UNLIKELY(uk_syscall_must_deliver(uk_thread_current())) ? uk_syscall_leave_slow(rc)
									 : rc;
}

/* clang, which has it, makes no jumps of calls by itself where it does not optimise. */
#if __has_attribute(__musttail__)
#define MUSTTAIL __attribute__((__musttail__))
#else
#define MUSTTAIL
#endif

static long others(long a, long op, long val, long timeout, long addr2, long val3);

#define FUTEX_AROUND(name, n)                                                                      \
	if ((uk_b & ~(long)FUTEX_PRIVATE) == FUTEX_WAKE)                                           \
		return wake((uint32_t *)uk_a, (uint32_t)uk_c);                                     \
	MUSTTAIL return others(UK_CAT(UK_SYSCALL_PASS_, n))

UK_SYSCALL_DEFINE(UK_NOINLINE, UK_SYSCALL_TAIL, FUTEX_AROUND, long, futex, 6, uint32_t *addr,
		  int op, uint32_t val, const struct uk_abi_timespec *timeout, uint32_t *addr2,
		  uint32_t val3)
{
	unsigned n2 = (unsigned)(uintptr_t)timeout; /* the same argument, as a number */
	bool wall = op & FUTEX_CLOCK_REALTIME;

	if (!uk_access_ok(addr, sizeof(*addr)))
		return -EFAULT;
	switch (op & ~(FUTEX_PRIVATE | FUTEX_CLOCK_REALTIME)) {
	case FUTEX_WAIT:
		if (!timeout)
			return wait(addr, val, UK_FUTEX_BITSET_ANY);
		return wait_until(addr, val, timeout, true, wall, UK_FUTEX_BITSET_ANY);
	case FUTEX_WAIT_BITSET:
		if (!timeout)
			return wait(addr, val, val3);
		return wait_until(addr, val, timeout, false, wall, val3);
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

/* What UK_SYSCALL_RESTART makes of a call: the handler jumps here, so the caller is the handler's. */
static UK_NOINLINE UK_SYSCALL_TAIL long others(long uk_a, long uk_b, long uk_c, long uk_d,
					       long uk_e, long uk_f)
{
	long uk_result = 0;

	uk_syscall_enter();
	uk_result =
		uk_do_futex((uint32_t *)uk_a, (int)uk_b, (uint32_t)uk_c,
			    (const struct uk_abi_timespec *)uk_d, (uint32_t *)uk_e, (uint32_t)uk_f);
	if (UK_UNLIKELY(uk_result == -UK_ERESTART)) {
		uk_syscall_set_restart((void (*)(void))uk_sys_futex, __builtin_return_address(0));
		return uk_syscall_restart(uk_a, uk_b, uk_c, uk_d, uk_e, uk_f);
	}
	return UK_UNLIKELY(uk_syscall_leave()) ? uk_syscall_leave_slow(uk_result) : uk_result;
}
