/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Time zones and message catalogues: musl maps the file; here it is read into anonymous memory, so
 * that it works on any file system.
 */
#include <sys/mman.h>
#include "syscall.h"

static void *map_copy(size_t size, int fd)
{
	char *map = __mmap(0, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANON, -1, 0);
	size_t done = 0;
	long n;

	if (map == MAP_FAILED)
		return map;
	while (done < size && (n = __syscall(SYS_pread, fd, map + done, size - done, done)) > 0)
		done += n;
	if (done == size)
		return map;
	__munmap(map, size);
	return MAP_FAILED;
}

#define __mmap(addr, size, prot, flags, fd, off) map_copy(size, fd)

#include "src/time/__map_file.c"
