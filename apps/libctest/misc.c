/* SPDX-License-Identifier: BSD-3-Clause */
/* What has no chapter of its own: jumps, system calls by number, identity, limits. */
#define _GNU_SOURCE
#include <grp.h>
#include <pwd.h>
#include <setjmp.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysinfo.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>
#include "machine.h"
#include "test.h"

static jmp_buf env;

static int recurse(int n)
{
	volatile char pad[100];

	pad[0] = (char)n;
	if (!n)
		longjmp(env, 5);
	return recurse(n - 1) + pad[0];
}

TEST(misc, longjmp)
{
	volatile int before = 1;
	int rc = setjmp(env);

	if (!rc) {
		before = 2;
		recurse(20);
	}
	EXPECT_EQ(rc, 5);
	EXPECT_EQ(before, 2);
	rc = setjmp(env);
	if (!rc)
		longjmp(env, 0); /* arrives as 1 */
	EXPECT_EQ(rc, 1);
}

TEST(misc, system_calls_by_number)
{
	EXPECT_EQ(syscall(SYS_getpid), (long)getpid());
	EXPECT_EQ(syscall(SYS_write, 1, "", 0), 0L);
	EXPECT_FAIL(syscall(499), ENOSYS);
	EXPECT_FAIL(syscall(-1), ENOSYS);
}

TEST(misc, no_processes_yet_is_an_error)
{
	pid_t pid = fork();

	if (!pid)
		_exit(0); /* where there are processes, this is the child */
	if (pid < 0) {
		EXPECT_EQ(errno, ENOSYS);
		EXPECT_FAIL(wait(NULL), ECHILD);
	} else {
		EXPECT_EQ(waitpid(pid, NULL, 0), pid);
	}
}

TEST(misc, identity)
{
	struct utsname u;
	char host[65];

	EXPECT_GT(getpid(), 0);
	EXPECT_EQ(getuid(), geteuid());
	EXPECT_EQ(getgid(), getegid());
	EXPECT_EQ(uname(&u), 0);
	EXPECT_STR(u.sysname, "Linux");
	EXPECT_STR(u.machine, MACHINE);
	EXPECT_EQ(gethostname(host, sizeof(host)), 0);
	EXPECT_STR(host, u.nodename);
	if (!getuid()) {
		EXPECT_EQ(setgid(0), 0);
		EXPECT_EQ(setuid(0), 0);
	}
	EXPECT_EQ(umask(022) & ~0777U, 0U);
}

TEST(misc, limits)
{
	struct rlimit r;
	struct rusage ru;
	struct sysinfo si;

	EXPECT_EQ(getrlimit(RLIMIT_NOFILE, &r), 0);
	EXPECT_GE(r.rlim_cur, 64UL);
	EXPECT_EQ(sysconf(_SC_OPEN_MAX), (long)r.rlim_cur);
	EXPECT_EQ(getrusage(RUSAGE_SELF, &ru), 0);
	EXPECT_EQ(sysinfo(&si), 0);
	EXPECT_GT(si.totalram, 0UL);
	EXPECT_GE(si.totalram, si.freeram);
	EXPECT_EQ(sysconf(_SC_PAGESIZE), 4096L);
	EXPECT_GT(sysconf(_SC_PHYS_PAGES), 0L);
}

TEST(misc, users_without_a_file)
{
	struct passwd *pw;

	errno = 0;
	pw = getpwnam("nobody-of-this-name");
	EXPECT(!pw);
	EXPECT(!getgrgid(123456));
}
