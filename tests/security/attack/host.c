/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Row 24: a process asks its host, past all that is between. On x86_64: processes of other CPUs are run by an emulator here, which has no
 * seccomp to offer.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include "attack.h"

#define PAGE 4096UL

/*
 * Past every layer to the host, which native code on linuxu can reach: a system call of its. No image
 * needs getppid(), execve(), or a file's name; mmap() it does, but not for this.
 */
static long host(long nr, long a, long b, long c, long d)
{
	register long r10 __asm__("r10") = d;
	register long r8 __asm__("r8") = -1;
	register long r9 __asm__("r9") = 0;
	long result;

	__asm__ volatile("syscall"
			 : "=a"(result)
			 : "a"(hide((void *)nr)), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
			 : "rcx", "r11", "memory");
	return result;
}

#define HOST_MMAP   9
#define HOST_EXECVE 59
#define HOST_KILL   62
#define HOST_PPID   110
#define HOST_OPENAT 257

enum verdict host_call(void)
{
	return host(HOST_PPID, 0, 0, 0, 0) > 0 ? SUCCEEDED : NOTHING_HAPPENED;
}

/* The host looks for the file, and would run it. */
enum verdict host_execve(void)
{
	return host(HOST_EXECVE, (long)"/none", 0, 0, 0) == -ENOENT ? SUCCEEDED : NOTHING_HAPPENED;
}

enum verdict host_open(void)
{
	return host(HOST_OPENAT, AT_FDCWD, (long)"/etc/passwd", O_RDONLY, 0) >= 0
		       ? SUCCEEDED
		       : NOTHING_HAPPENED;
}

/* The first process of the host, asked whether it is there: to be let in or not is an answer. */
enum verdict host_kill(void)
{
	long result = host(HOST_KILL, 1, 0, 0, 0);

	return result == 0 || result == -EPERM ? SUCCEEDED : NOTHING_HAPPENED;
}

enum verdict host_mmap_wx(void)
{
	long p = host(HOST_MMAP, 0, PAGE, PROT_READ | PROT_WRITE | PROT_EXEC,
		      MAP_PRIVATE | MAP_ANONYMOUS);

	if (p < 0 && p > -(long)PAGE)
		return NOTHING_HAPPENED;
	carry((void *)p);
	return run((void *)p);
}
