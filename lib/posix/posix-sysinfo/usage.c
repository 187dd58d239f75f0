/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What is there and what was used: memory, time. The machine is the process's, so its CPU time
 * is all the time that was not idle; kernel and application are not told apart, and all counts as
 * the application's.
 */
#include <uk/abi/resource.h>
#include <uk/abi/time.h>
#include <uk/errno.h>
#include <uk/page.h>
#include <uk/process.h>
#include <uk/cputimer.h>
#include <uk/sched.h>
#include <uk/syscall.h>
#include <uk/time.h>
#include <uk/uaccess.h>

#define TICKS_PER_SEC 100 /* sysconf(_SC_CLK_TCK) */

/* Linux linux/sysinfo.h */
struct sysinfo {
	int64_t uptime; /* seconds */
	uint64_t loads[3];
	uint64_t totalram, freeram, sharedram, bufferram, totalswap, freeswap;
	uint16_t procs;
	uint16_t pad;
	uint64_t totalhigh, freehigh;
	uint32_t mem_unit;
};

UK_SYSCALL(long, sysinfo, struct sysinfo *user)
{
	struct uk_page_stats st;
	struct sysinfo info;

	uk_page_stats(&st);
	info = (struct sysinfo){
		.uptime = (int64_t)(uk_clock_monotonic() / UK_NSEC_PER_SEC),
		.totalram = st.total,
		.freeram = st.free,
		.procs = (uint16_t)uk_process_current()->ntasks,
		.mem_unit = 1,
	};
	return uk_put_user(info, user);
}

static uk_nsec process_time(void)
{
	return uk_cputime(NULL);
}

static int used(int who, struct uk_abi_rusage *r)
{
	struct uk_abi_timeval t;
	struct uk_page_stats st;

	*r = (struct uk_abi_rusage){ 0 };
	switch (who) {
	case UK_RUSAGE_CHILDREN: /* there were none */
		return 0;
	case UK_RUSAGE_THREAD:
#ifdef CONFIG_LIBUKSCHED_CPUTIME
		t = uk_abi_timeval(uk_thread_cputime(uk_thread_current()));
		break;
#else
		return -EINVAL;
#endif
	case UK_RUSAGE_SELF:
		t = uk_abi_timeval(process_time());
		break;
	default:
		return -EINVAL;
	}
	r->utime_sec = t.sec;
	r->utime_usec = t.usec;
	uk_page_stats(&st);
	r->maxrss = (int64_t)(st.peak / 1024);
	return 0;
}

UK_SYSCALL(long, getrusage, int who, struct uk_abi_rusage *user)
{
	struct uk_abi_rusage r;
	int rc = used(who, &r);

	return rc ? rc : uk_put_user(r, user);
}

struct tms {
	int64_t utime, stime, cutime, cstime;
};

UK_SYSCALL(long, times, struct tms *user)
{
	struct tms t = { .utime = (int64_t)(process_time() / (UK_NSEC_PER_SEC / TICKS_PER_SEC)) };

	if (user && uk_put_user(t, user))
		return -EFAULT;
	return (long)(uk_clock_monotonic() / (UK_NSEC_PER_SEC / TICKS_PER_SEC));
}
