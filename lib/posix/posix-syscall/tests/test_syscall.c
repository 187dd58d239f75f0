/* SPDX-License-Identifier: BSD-3-Clause */
/* Numbers, the three ways in, what is missing, and access to the caller's memory. */
#include <uk/errno.h>
#include <uk/syscall.h>
#include <uk/syscall_direct.h>
#include <uk/test.h>
#include <uk/uaccess.h>

/*
 * A handler of a call that nothing else implements, to see what arrives: the number of bits of each
 * argument that survive the conversion to its type.
 */
UK_SYSCALL_LEAF(long, vhangup)
{
	return 4711;
}

UK_SYSCALL_LEAF(long, nfsservctl, int small, unsigned wide, long all)
{
	if (small != -2 || wide != 0xfffffffeu)
		return -EINVAL;
	return all;
}

UK_TEST(syscall, direct_and_table_agree)
{
	UK_EXPECT_EQ(uk_syscall_direct(UK_NR_vhangup, 0, 0, 0, 0, 0, 0), 4711L);
#ifndef CONFIG_LIBPOSIX_SYSCALL_NONE
	volatile long nr = UK_NR_vhangup;

	UK_EXPECT_EQ(uk_syscall(nr, 0, 0, 0, 0, 0, 0), 4711L);
#endif
}

UK_TEST(syscall, arguments_are_narrowed)
{
	/* The upper halves are the caller's rubbish. */
	UK_EXPECT_EQ(uk_sys_nfsservctl(0x12345678fffffffeL, 0x12345678fffffffeL, -1L), -1L);
}

UK_TEST(syscall, missing)
{
	UK_EXPECT_EQ(uk_sys_acct(0), (long)-ENOSYS);
	UK_EXPECT_EQ(uk_sys_swapoff(0), (long)-ENOSYS);
	UK_EXPECT_EQ(uk_syscall_table(UK_NR_acct, 0, 0, 0, 0, 0, 0), (long)-ENOSYS);
#ifdef CONFIG_LIBPOSIX_SYSCALL_TABLE
	/* Nothing here calls it but by number. */
	UK_EXPECT_EQ(uk_syscall_table(UK_NR_getpgid, 0, 0, 0, 0, 0, 0), 1L);
#endif
	UK_EXPECT_EQ(uk_syscall_table(-1, 0, 0, 0, 0, 0, 0), (long)-ENOSYS);
	UK_EXPECT_EQ(uk_syscall_table(1L << 40, 0, 0, 0, 0, 0, 0), (long)-ENOSYS);
}

UK_TEST(syscall, access)
{
	char c[8] = "abcdefg", d[8];
	int v;

	UK_EXPECT(uk_access_ok(c, sizeof(c)));
	UK_EXPECT(!uk_access_ok(NULL, 1));
	UK_EXPECT(!uk_access_ok((void *)4095, 1));
	UK_EXPECT(!uk_access_ok((void *)-1, 1));
	UK_EXPECT(!uk_access_ok(c, (size_t)-1));
	UK_EXPECT_EQ(uk_copy_from_user(d, c, 4), 0);
	UK_EXPECT_EQ(uk_copy_from_user(d, NULL, 4), -EFAULT);
	UK_EXPECT_EQ(uk_copy_to_user((void *)8, c, 4), -EFAULT);
	UK_EXPECT_EQ(uk_get_user(&v, (int *)-2L), -EFAULT);
	UK_EXPECT_EQ(uk_strncpy_from_user(d, c, sizeof(d)), 7L);
	UK_EXPECT_EQ(uk_strncpy_from_user(d, c, 7), (long)-ENAMETOOLONG);
	UK_EXPECT_EQ(uk_strncpy_from_user(d, NULL, 7), (long)-EFAULT);
}
