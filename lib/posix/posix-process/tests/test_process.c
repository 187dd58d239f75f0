/* SPDX-License-Identifier: BSD-3-Clause */
/* Identity, limits, names. The tests run as user 0 and leave things as they were. */
#include <uk/errno.h>
#include <uk/process.h>
#include <uk/syscall.h>
#include <uk/test.h>

#define KEEP (-1L)

UK_TEST(process, identity)
{
	UK_EXPECT_EQ(uk_sys_getpid(), 1L);
	UK_EXPECT_EQ(uk_sys_getppid(), 0L);
	UK_EXPECT_EQ(uk_sys_getpgid(0), 1L);
	UK_EXPECT_EQ(uk_sys_getsid(1), 1L);
	UK_EXPECT_EQ(uk_sys_getsid(77), (long)-ESRCH);
	UK_EXPECT_EQ(uk_sys_setsid(), (long)-EPERM);
	UK_EXPECT_EQ(uk_sys_wait4(-1, 0, 0, 0), (long)-ECHILD);
}

UK_TEST(process, saved_id_is_the_way_back)
{
	uint32_t r, e, s;

	UK_REQUIRE(uk_sys_setresuid(KEEP, 1000, KEEP) == 0);
	UK_EXPECT_EQ(uk_sys_geteuid(), 1000L);
	UK_EXPECT_EQ(uk_sys_getuid(), 0L);
	UK_EXPECT_EQ(uk_sys_setresuid(KEEP, 1001, KEEP), (long)-EPERM);
	UK_EXPECT_EQ(uk_sys_setgroups(0, 0), (long)-EPERM);
	UK_EXPECT_EQ(uk_sys_setuid(0), 0L);
	UK_EXPECT_EQ(uk_sys_getresuid((long)&r, (long)&e, (long)&s), 0L);
	UK_EXPECT_EQ(r + e + s, 0U);
}

UK_TEST(process, setreuid_moves_the_saved_id)
{
	uint32_t r, e, s;

	UK_REQUIRE(uk_sys_setregid(5, 6) == 0);
	uk_sys_getresgid((long)&r, (long)&e, (long)&s);
	UK_EXPECT_EQ(r, 5U);
	UK_EXPECT_EQ(e, 6U);
	UK_EXPECT_EQ(s, 6U);
	UK_EXPECT_EQ(uk_sys_setresgid(0, 0, 0), 0L);
	UK_EXPECT_EQ(uk_sys_setgid(-1), (long)-EINVAL);
}

UK_TEST(process, groups)
{
	uint32_t list[3] = { 7, 8, 9 }, got[3];

	UK_EXPECT_EQ(uk_sys_setgroups(3, (long)list), 0L);
	UK_EXPECT_EQ(uk_sys_getgroups(0, 0), 3L);
	UK_EXPECT_EQ(uk_sys_getgroups(2, (long)got), (long)-EINVAL);
	UK_EXPECT_EQ(uk_sys_getgroups(3, (long)got), 3L);
	UK_EXPECT_EQ(got[2], 9U);
	UK_EXPECT_EQ(uk_sys_setgroups(UK_GROUPS_MAX + 1, (long)list), (long)-EINVAL);
	UK_EXPECT_EQ(uk_sys_setgroups(0, 0), 0L);
}

UK_TEST(process, limits)
{
	struct uk_abi_rlimit l, was;

	UK_EXPECT_EQ(uk_sys_prlimit64(0, UK_RLIMIT_NOFILE, 0, (long)&was), 0L);
	l = (struct uk_abi_rlimit){ 64, was.max };
	UK_EXPECT_EQ(uk_sys_prlimit64(1, UK_RLIMIT_NOFILE, (long)&l, 0), 0L);
	UK_EXPECT_EQ(uk_sys_getrlimit(UK_RLIMIT_NOFILE, (long)&l), 0L);
	UK_EXPECT_EQ(l.cur, 64UL);
	UK_EXPECT_EQ(uk_sys_setrlimit(UK_RLIMIT_NOFILE, (long)&was), 0L);
	l = (struct uk_abi_rlimit){ 2, 1 };
	UK_EXPECT_EQ(uk_sys_setrlimit(UK_RLIMIT_NOFILE, (long)&l), (long)-EINVAL);
	/* What nobody would enforce is not accepted. */
	l = (struct uk_abi_rlimit){ 1 << 20, UK_RLIM_INFINITY };
	UK_EXPECT_EQ(uk_sys_setrlimit(UK_RLIMIT_FSIZE, (long)&l), (long)-EINVAL);
	UK_EXPECT_EQ(uk_sys_getrlimit(99, (long)&l), (long)-EINVAL);
	UK_EXPECT_EQ(uk_sys_prlimit64(2, 0, 0, 0), (long)-ESRCH);
	UK_EXPECT_EQ(uk_sys_getrlimit(0, 0), (long)-EFAULT);
}

#define PR_SET_NAME 15
#define PR_GET_NAME 16

UK_TEST(process, name)
{
	char name[16];

	UK_EXPECT_EQ(uk_sys_prctl(PR_SET_NAME, (long)"a name that is too long", 0, 0, 0), 0L);
	UK_EXPECT_EQ(uk_sys_prctl(PR_GET_NAME, (long)name, 0, 0, 0), 0L);
	UK_EXPECT_STR(name, "a name that is ");
	UK_EXPECT_EQ(uk_sys_prctl(PR_SET_NAME, (long)"main", 0, 0, 0), 0L);
	UK_EXPECT_EQ(uk_sys_prctl(9999, 0, 0, 0, 0), (long)-EINVAL);
}
