/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Scheduling: yield, policies and priorities, and on which CPUs a thread may run.
 */
#include <uk/errno.h>
#include <uk/percpu.h>
#include <uk/process.h>
#include <uk/sched_switch.h>
#ifdef CONFIG_SMP
#include <uk/smp.h>
#endif
#include <uk/syscall.h>
#include <uk/uaccess.h>

#define RT_PRIO_MAX 99

struct sched_param {
	int32_t priority;
};

/* As UK_SYSCALL_QUICK, but for the pointer to itself, which a thread keeps while it is not running. */
UK_SYSCALL_LEAF(long, sched_yield)
{
	struct uk_thread *self = uk_thread_current();

	uk_sched_yield_inline(self);
	if (UK_UNLIKELY(uk_syscall_must_deliver(self)))
		return uk_syscall_leave_slow(0);
	return 0;
}

/* Runs fn with the lock held if there is a task `tid` (0: the caller). */
static long with_task(int tid, long (*fn)(struct uk_task *t, void *arg), void *arg)
{
	struct uk_process *p = uk_process_current();
	struct uk_task *t;
	long rc;
	bool irq;

	if (tid < 0)
		return -EINVAL;
	irq = uk_spin_lock_irq(&p->lock);
	t = tid ? uk_task_find(p, tid) : uk_task_current();
	rc = t ? fn(t, arg) : -ESRCH;
	uk_spin_unlock_irq(&p->lock, irq);
	return rc;
}

static long get_policy(struct uk_task *t, void *arg)
{
	return t->thread->policy;
}

static long get_prio(struct uk_task *t, void *arg)
{
	return t->thread->prio;
}

struct want {
	int policy; /* -1: keep */
	int prio;
};

static long set(struct uk_task *t, void *arg)
{
	struct want *w = arg;
	unsigned policy = w->policy < 0 ? t->thread->policy : (unsigned)w->policy;

	return uk_thread_set_policy(t->thread, policy, (unsigned)w->prio);
}

static long set_policy(int tid, int policy, const struct sched_param *param)
{
	struct sched_param p;
	struct want w;

	if (uk_get_user(&p, param))
		return -EFAULT;
	if (p.priority < 0 || p.priority > RT_PRIO_MAX)
		return -EINVAL;
	w = (struct want){ policy, p.priority };
	/* The caller itself may be switched away from, which must not happen under the lock. */
	if (tid == 0 || tid == uk_task_current()->tid)
		return set(uk_task_current(), &w);
	return with_task(tid, set, &w);
}

UK_SYSCALL(long, sched_setscheduler, int tid, int policy, const struct sched_param *param)
{
	return policy < 0 ? -EINVAL : set_policy(tid, policy, param);
}

UK_SYSCALL(long, sched_setparam, int tid, const struct sched_param *param)
{
	return set_policy(tid, -1, param);
}

UK_SYSCALL(long, sched_getscheduler, int tid)
{
	return with_task(tid, get_policy, NULL);
}

UK_SYSCALL(long, sched_getparam, int tid, struct sched_param *param)
{
	struct sched_param p;
	long prio = with_task(tid, get_prio, NULL);

	if (prio < 0)
		return prio;
	p.priority = (int)prio;
	return uk_put_user(p, param);
}

UK_SYSCALL_LEAF(long, sched_get_priority_max, int policy)
{
	if (policy == UK_THREAD_FIFO || policy == UK_THREAD_RR)
		return RT_PRIO_MAX;
	return policy == UK_THREAD_OTHER ? 0 : -EINVAL;
}

UK_SYSCALL_LEAF(long, sched_get_priority_min, int policy)
{
	if (policy == UK_THREAD_FIFO || policy == UK_THREAD_RR)
		return 1;
	return policy == UK_THREAD_OTHER ? 0 : -EINVAL;
}

#ifdef CONFIG_SMP
#define MASK_BYTES sizeof(struct uk_cpuset)

static long get_cpus(struct uk_task *t, void *arg)
{
	uk_thread_get_cpus(t->thread, arg);
	return 0;
}

static long set_cpus(struct uk_task *t, void *arg)
{
	return uk_thread_set_cpus(t->thread, arg);
}

/*
 * The CPUs that there are and that the thread may use. The result is the size of the kernel's own mask:
 * a smaller one of the caller's is an error, even if it has room for all CPUs, as on Linux.
 */
UK_SYSCALL(long, sched_getaffinity, int tid, unsigned size, unsigned long *mask)
{
	struct uk_cpuset cpus;
	uint32_t n = uk_smp_cpus();
	long rc;

	if (size < MASK_BYTES || size % sizeof(*mask))
		return -EINVAL;
	rc = with_task(tid, get_cpus, &cpus);
	if (rc)
		return rc;
	for (uint32_t i = n; i < MASK_BYTES * 8; i++)
		uk_cpuset_remove(&cpus, i);
	return uk_copy_to_user(mask, &cpus, MASK_BYTES) ? -EFAULT : (long)MASK_BYTES;
}

/* A shorter mask is filled up with zeroes, of a longer one the rest does not count. */
UK_SYSCALL(long, sched_setaffinity, int tid, unsigned size, const unsigned long *mask)
{
	struct uk_cpuset cpus = { { 0 } };

	if (uk_copy_from_user(&cpus, mask, UK_MIN(size, MASK_BYTES)))
		return -EFAULT;
	/* The caller itself may have to move, which must not happen under the lock. */
	if (tid == 0 || tid == uk_task_current()->tid)
		return set_cpus(uk_task_current(), &cpus);
	return with_task(tid, set_cpus, &cpus);
}
#else
static long exists(struct uk_task *t, void *arg)
{
	return 0;
}

/* There is one CPU, number 0. The result is the size of the kernel's own mask. */
UK_SYSCALL(long, sched_getaffinity, int tid, unsigned size, unsigned long *mask)
{
	unsigned long cpus = 1;
	long rc;

	if (size < sizeof(cpus) || size % sizeof(cpus))
		return -EINVAL;
	rc = with_task(tid, exists, NULL);
	if (rc)
		return rc;
	return uk_put_user(cpus, mask) ? -EFAULT : (long)sizeof(cpus);
}

UK_SYSCALL(long, sched_setaffinity, int tid, unsigned size, const unsigned long *mask)
{
	unsigned char first;
	long rc;

	rc = with_task(tid, exists, NULL);
	if (rc)
		return rc;
	if (size == 0)
		return -EINVAL;
	if (uk_get_user(&first, (const unsigned char *)mask))
		return -EFAULT;
	return first & 1 ? 0 : -EINVAL;
}
#endif

UK_SYSCALL_LEAF(long, getcpu, unsigned *cpu, unsigned *node, void *unused)
{
	if ((cpu && uk_put_user(uk_cpu(), cpu)) || (node && uk_put_user(0, node)))
		return -EFAULT;
	return 0;
}
