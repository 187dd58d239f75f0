/* SPDX-License-Identifier: BSD-3-Clause */
/* uname, sysinfo, getrusage, times. */
#include <uk/abi/resource.h>
#include <uk/errno.h>
#include <uk/string.h>
#include <uk/syscall.h>
#include <uk/test.h>

UK_TEST(sysinfo, uname)
{
	char u[6][65];

	UK_EXPECT_EQ(uk_sys_uname((long)u), 0L);
	UK_EXPECT_STR(u[0], "Linux");
	UK_EXPECT_EQ(uk_sys_sethostname((long)"node7", 5), 0L);
	uk_sys_uname((long)u);
	UK_EXPECT_STR(u[1], "node7");
	UK_EXPECT_EQ(uk_sys_sethostname((long)u, 65), (long)-EINVAL);
	UK_EXPECT_EQ(uk_sys_sethostname((long)"whittle", 7), 0L);
	UK_EXPECT_EQ(uk_sys_uname(0), (long)-EFAULT);
}

UK_TEST(sysinfo, memory_and_time)
{
	struct {
		int64_t uptime;
		uint64_t loads[3], total, free, shared, buffer, swap, free_swap;
		uint16_t procs, pad;
		uint64_t high, free_high;
		uint32_t unit;
	} info;
	struct uk_abi_rusage r;
	int64_t t[4];

	UK_EXPECT_EQ(uk_sys_sysinfo((long)&info), 0L);
	UK_EXPECT_GT(info.total, 0UL);
	UK_EXPECT_LE(info.free, info.total);
	UK_EXPECT_EQ(info.unit, 1U);
	UK_EXPECT_EQ(info.procs, 1);
	UK_EXPECT_EQ(uk_sys_getrusage(UK_RUSAGE_SELF, (long)&r), 0L);
	UK_EXPECT_GT(r.maxrss, 0L);
	UK_EXPECT_EQ(uk_sys_getrusage(7, (long)&r), (long)-EINVAL);
	UK_EXPECT_GE(uk_sys_times((long)t), 0L);
}
