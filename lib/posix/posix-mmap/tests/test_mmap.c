/* SPDX-License-Identifier: BSD-3-Clause */
/* mmap and its family, anonymous and of files. */
#include <uk/abi/file.h>
#include <uk/abi/mman.h>
#include <uk/errno.h>
#include <uk/plat/mem.h>
#include <uk/syscall.h>
#include <uk/syscall_legacy.h>
#include <uk/string.h>
#include <uk/test.h>
#include <uk/vmem.h>

#define RW (UK_VMEM_READ | UK_VMEM_WRITE)

static char *map(uintptr_t hint, size_t len, unsigned prot, unsigned flags)
{
	return (char *)uk_sys_mmap((long)hint, (long)len, prot,
				   UK_MAP_PRIVATE | UK_MAP_ANONYMOUS | flags, -1, 0);
}

UK_TEST(mmap, anonymous)
{
	char *p = map(0, 3 * UK_PAGE_SIZE, RW, 0), *q;

	UK_REQUIRE(!uk_is_err(p));
	UK_EXPECT_EQ(p[0] + p[3 * UK_PAGE_SIZE - 1], 0);
	p[UK_PAGE_SIZE] = 7;
	q = map((uintptr_t)p, UK_PAGE_SIZE, RW, UK_MAP_FIXED);
	UK_EXPECT_EQ(q, p);
	UK_EXPECT_EQ((long)map((uintptr_t)p, UK_PAGE_SIZE, RW, UK_MAP_FIXED_NOREPLACE),
		     (long)-EEXIST);
	UK_EXPECT_EQ(p[UK_PAGE_SIZE], 7);
	UK_EXPECT_EQ(uk_sys_madvise((long)p, 3 * UK_PAGE_SIZE, UK_MADV_DONTNEED), 0L);
	UK_EXPECT_EQ(p[UK_PAGE_SIZE], 0);
	p[0] = 1;
	q = (char *)uk_sys_mremap((long)p, 3 * UK_PAGE_SIZE, 64 * UK_PAGE_SIZE, UK_MREMAP_MAYMOVE,
				  0);
	UK_REQUIRE(!uk_is_err(q));
	UK_EXPECT_EQ(q[0], 1);
	UK_EXPECT_EQ(uk_sys_munmap((long)q, 64 * UK_PAGE_SIZE), 0L);
	UK_EXPECT_EQ(uk_sys_madvise((long)q, UK_PAGE_SIZE, UK_MADV_NORMAL), (long)-ENOMEM);
}

UK_TEST(mmap, refusals)
{
	UK_EXPECT_EQ((long)map(0, 0, RW, 0), (long)-EINVAL);
	UK_EXPECT_EQ((long)map(12345, 4096, RW, UK_MAP_FIXED), (long)-EINVAL);
	UK_EXPECT_EQ((long)map(0, 1UL << 60, RW, 0), (long)-ENOMEM);
	UK_EXPECT_EQ((long)map(0, 4096, 64, 0), (long)-EINVAL);
	UK_EXPECT_EQ(uk_sys_mmap(0, 4096, RW, UK_MAP_ANONYMOUS, -1, 0), (long)-EINVAL);
	UK_EXPECT_EQ(uk_sys_mmap(0, 4096, RW, UK_MAP_PRIVATE, -1, 0), (long)-EBADF);
	UK_EXPECT_EQ(uk_sys_munmap(1, 4096), (long)-EINVAL);
	UK_EXPECT_EQ(uk_sys_mprotect(1, 4096, RW), (long)-EINVAL);
	UK_EXPECT_EQ(uk_sys_mremap(4096, 4096, 8192, UK_MREMAP_FIXED, 8192), (long)-EINVAL);
#ifndef CONFIG_LIBUKVMEM_WX
	UK_EXPECT_EQ((long)map(0, 4096, RW | UK_VMEM_EXEC, 0), (long)-EACCES);
#endif
	UK_EXPECT_EQ(uk_sys_brk(0), 0L);
	UK_EXPECT_EQ(uk_sys_brk(0x10000000), 0L);
}

UK_TEST(mmap, reserve_then_commit)
{
	/* As Go does it: a large reservation costs no memory, parts of it are committed later. */
	char *p = map(UK_VA_AREAS_WISH, 64UL << 20, UK_VMEM_NONE, UK_MAP_NORESERVE), *q;

	UK_REQUIRE(!uk_is_err(p));
	UK_EXPECT_EQ((uintptr_t)p, UK_VA_AREAS_WISH);
	q = map((uintptr_t)p + (1 << 20), UK_PAGE_SIZE, RW, UK_MAP_FIXED);
	UK_REQUIRE(q == p + (1 << 20));
	*q = 1;
	UK_REQUIRE(uk_sys_mprotect((long)p, UK_PAGE_SIZE, RW) == 0);
	*p = 1;
	UK_EXPECT_EQ(uk_sys_munmap((long)p, 64UL << 20), 0L);
}

UK_TEST(mmap, locked)
{
	char *p = map(0, 4 * UK_PAGE_SIZE, RW, 0), *q;

	UK_REQUIRE(!uk_is_err(p));
	UK_EXPECT_EQ(uk_sys_mlock((long)p + 5, 1), 0L);
	UK_EXPECT(uk_vmem_resident((uk_vaddr_t)p));
	p[0] = 1;
	UK_EXPECT_EQ(uk_sys_madvise((long)p, 4 * UK_PAGE_SIZE, UK_MADV_DONTNEED), (long)-EINVAL);
	UK_EXPECT_EQ(uk_sys_madvise((long)p, UK_PAGE_SIZE, UK_MADV_FREE), (long)-EINVAL);
	UK_EXPECT_EQ(p[0], 1);
	UK_EXPECT_EQ(uk_sys_madvise((long)p + UK_PAGE_SIZE, UK_PAGE_SIZE, UK_MADV_DONTNEED), 0L);
	UK_EXPECT_EQ(uk_sys_msync((long)p, 4 * UK_PAGE_SIZE, UK_MS_SYNC | UK_MS_INVALIDATE),
		     (long)-EBUSY);
	UK_EXPECT_EQ(uk_sys_msync((long)p, 4 * UK_PAGE_SIZE, UK_MS_SYNC), 0L);
	UK_EXPECT_EQ(uk_sys_munlock((long)p, UK_PAGE_SIZE), 0L);
	UK_EXPECT_EQ(uk_sys_msync((long)p, 4 * UK_PAGE_SIZE, UK_MS_INVALIDATE), 0L);
	UK_EXPECT_EQ(uk_sys_madvise((long)p, UK_PAGE_SIZE, UK_MADV_DONTNEED), 0L);
	UK_EXPECT_EQ(p[0], 0);
	q = map(0, UK_PAGE_SIZE, RW, UK_MAP_LOCKED);
	UK_REQUIRE(!uk_is_err(q));
	UK_EXPECT(uk_vmem_resident((uk_vaddr_t)q));
	UK_EXPECT_EQ(uk_sys_madvise((long)q, UK_PAGE_SIZE, UK_MADV_DONTNEED), (long)-EINVAL);
	UK_EXPECT_EQ(uk_sys_munlockall(), 0L);
	UK_EXPECT_EQ(uk_sys_madvise((long)q, UK_PAGE_SIZE, UK_MADV_DONTNEED), 0L);
	UK_EXPECT_EQ(uk_sys_munmap((long)q, UK_PAGE_SIZE), 0L);
	UK_EXPECT_EQ(uk_sys_munmap((long)p, 4 * UK_PAGE_SIZE), 0L);
}

UK_TEST(mmap, msync_errors)
{
	char *p = map(0, 3 * UK_PAGE_SIZE, RW, 0);

	UK_REQUIRE(!uk_is_err(p));
	UK_EXPECT_EQ(uk_sys_msync((long)p, UK_PAGE_SIZE, UK_MS_SYNC | UK_MS_ASYNC), (long)-EINVAL);
	UK_EXPECT_EQ(uk_sys_msync((long)p, UK_PAGE_SIZE, 8), (long)-EINVAL);
	UK_EXPECT_EQ(uk_sys_msync((long)p + 1, UK_PAGE_SIZE, UK_MS_SYNC), (long)-EINVAL);
	UK_EXPECT_EQ(uk_sys_msync((long)p, -1, UK_MS_SYNC), (long)-ENOMEM);
	UK_EXPECT_EQ(uk_sys_munmap((long)p + UK_PAGE_SIZE, UK_PAGE_SIZE), 0L);
	UK_EXPECT_EQ(uk_sys_msync((long)p, 3 * UK_PAGE_SIZE, UK_MS_SYNC), (long)-ENOMEM);
	UK_EXPECT_EQ(uk_sys_msync((long)p, 3 * UK_PAGE_SIZE, UK_MS_ASYNC), (long)-ENOMEM);
	UK_EXPECT_EQ(uk_sys_msync((long)p, UK_PAGE_SIZE, UK_MS_ASYNC), 0L);
	UK_EXPECT_EQ(uk_sys_munmap((long)p, 3 * UK_PAGE_SIZE), 0L);
}

/* As far as a stack of Linux would grow; not over what is there. */
UK_TEST(mmap, grows_down)
{
	const uintptr_t at = UK_VA_AREAS_WISH + (8UL << 30);
	const size_t limit = 8UL << 20;
	char *p = map(0, 2 * UK_PAGE_SIZE, RW, UK_MAP_GROWSDOWN), *q;

	UK_REQUIRE(!uk_is_err(p));
	p[0] = 1;
	for (size_t down = UK_PAGE_SIZE; down < limit - 4 * UK_PAGE_SIZE; down *= 2)
		p[-(long)down] = 2;
	UK_EXPECT(p[0] == 1 && p[UK_PAGE_SIZE] == 0);
	UK_EXPECT_EQ(uk_sys_munmap((long)p - (long)limit + 2 * UK_PAGE_SIZE, (long)limit), 0L);
	/* At an address: there is room for a part of it only. */
	p = map(at, UK_PAGE_SIZE, RW, UK_MAP_FIXED_NOREPLACE);
	UK_REQUIRE(!uk_is_err(p));
	p[0] = 3;
	q = map(at + (1UL << 20), UK_PAGE_SIZE, RW, UK_MAP_GROWSDOWN | UK_MAP_FIXED_NOREPLACE);
	UK_REQUIRE(!uk_is_err(q));
	UK_EXPECT_EQ((uintptr_t)q, at + (1UL << 20));
	q[0] = q[-0x40000] = 4;
	UK_EXPECT_EQ(p[0], 3);
	UK_EXPECT_EQ(uk_sys_munmap((long)p, 0x101000), 0L);
	UK_EXPECT_EQ(uk_sys_mmap(0, 4096, RW, UK_MAP_SHARED | UK_MAP_ANONYMOUS | UK_MAP_GROWSDOWN,
				 -1, 0),
		     (long)-EINVAL);
}

UK_TEST(mmap, huge_pages)
{
	const size_t large = 2UL << 20;
	char *p = map(0, 3 * UK_PAGE_SIZE, RW, UK_MAP_HUGETLB);

	UK_REQUIRE(!uk_is_err(p));
	UK_EXPECT_EQ((uintptr_t)p % large, 0UL);
	p[0] = 1;
	p[large - 1] = 2; /* the length is rounded up to one */
	UK_EXPECT_EQ(uk_sys_munmap((long)p, (long)large), 0L);
	p = map(0, large, RW, UK_MAP_HUGETLB | 21U << UK_MAP_HUGE_SHIFT);
	UK_REQUIRE(!uk_is_err(p));
	UK_EXPECT_EQ(uk_sys_munmap((long)p, (long)large), 0L);
	UK_EXPECT_EQ((long)map(0, large, RW, UK_MAP_HUGETLB | 30U << UK_MAP_HUGE_SHIFT),
		     (long)-EINVAL);
	UK_EXPECT_EQ((long)map(UK_VA_AREAS_WISH + (12UL << 30) + UK_PAGE_SIZE, large, RW,
			       UK_MAP_HUGETLB | UK_MAP_FIXED),
		     (long)-EINVAL);
}

#ifdef CONFIG_LIBPOSIX_FILE
/* A file with five letters at the start of its second page; < 0 without it or them. (To touch a
 * mapping behind the end of a shorter file is a fault.) */
static long make_file(void)
{
	long fd = uk_sys_memfd_create((long)"map", 0), n;

	if (fd < 0)
		return fd;
	n = uk_sys_pwrite64(fd, (long)"hello", 5, UK_PAGE_SIZE);
	if (n == 5)
		return fd;
	uk_sys_close(fd);
	return n < 0 ? n : -ENOSPC;
}

static char *map_file(long fd, size_t len, unsigned prot, unsigned flags, long off)
{
	return (char *)uk_sys_mmap(0, (long)len, prot, flags, fd, off);
}

UK_TEST(mmap, private_copy_of_a_file)
{
	char *p, c = 0;
	long fd = make_file();

	UK_REQUIRE(fd >= 0);
	p = map_file(fd, 2 * UK_PAGE_SIZE, UK_VMEM_READ, UK_MAP_PRIVATE, UK_PAGE_SIZE);
	UK_REQUIRE(!uk_is_err(p));
	UK_EXPECT_EQ(memcmp(p, "hello", 6), 0);
	UK_EXPECT_EQ(uk_sys_mprotect((long)p, UK_PAGE_SIZE, RW), 0L);
	p[0] = 'j';
	uk_sys_pread64(fd, (long)&c, 1, UK_PAGE_SIZE);
	UK_EXPECT_EQ(c, 'h');
	UK_EXPECT_EQ(uk_sys_mmap(0, 4096, UK_VMEM_READ, UK_MAP_PRIVATE, fd, 5), (long)-EINVAL);
	uk_sys_close(fd);
	UK_EXPECT_EQ(p[0], 'j');
	UK_EXPECT_EQ(p[1], 'e');
	UK_EXPECT_EQ(uk_sys_munmap((long)p, 2 * UK_PAGE_SIZE), 0L);
}

/* Two mappings and the file are one memory, in both directions, also after close. */
UK_TEST(mmap, shared_file)
{
	char *p, *q, buf[8] = "";
	long fd = make_file();

	UK_REQUIRE(fd >= 0);
	p = map_file(fd, 2 * UK_PAGE_SIZE, RW, UK_MAP_SHARED, 0);
	q = map_file(fd, UK_PAGE_SIZE, UK_VMEM_READ, UK_MAP_SHARED, UK_PAGE_SIZE);
	UK_REQUIRE(!uk_is_err(p) && !uk_is_err(q));
	UK_EXPECT_EQ(memcmp(q, "hello", 6), 0);
	p[UK_PAGE_SIZE] = 'j';
	p[3] = 'x'; /* in the hole before it */
	UK_EXPECT_EQ(q[0], 'j');
	UK_EXPECT_EQ(uk_sys_pread64(fd, (long)buf, 5, UK_PAGE_SIZE), 5L);
	UK_EXPECT_EQ(memcmp(buf, "jello", 5), 0);
	UK_EXPECT_EQ(uk_sys_pread64(fd, (long)buf, 1, 3), 1L);
	UK_EXPECT_EQ(buf[0], 'x');
	uk_sys_pwrite64(fd, (long)"w", 1, UK_PAGE_SIZE + 4);
	UK_EXPECT_EQ(q[4], 'w');
	/* From the mapping into the file itself: the kernel's reads fault as well. */
	UK_EXPECT_EQ(uk_sys_pwrite64(fd, (long)q, 5, 0), 5L);
	UK_EXPECT_EQ(memcmp(p, "jellw", 5), 0);
	UK_EXPECT_EQ(uk_sys_msync((long)p, 2 * UK_PAGE_SIZE, UK_MS_SYNC), 0L);
	uk_sys_close(fd);
	p[UK_PAGE_SIZE + 1] = 'a';
	UK_EXPECT_EQ(q[1], 'a');
	UK_EXPECT_EQ(uk_sys_munmap((long)p, 2 * UK_PAGE_SIZE), 0L);
	UK_EXPECT_EQ(q[1], 'a');
	UK_EXPECT_EQ(uk_sys_munmap((long)q, UK_PAGE_SIZE), 0L);
}

UK_TEST(mmap, file_shrinks_and_grows)
{
	struct uk_vmem_stats before, after;
	char *p, *q, c = 1;
	long fd = make_file();

	UK_REQUIRE(fd >= 0);
	p = map_file(fd, 2 * UK_PAGE_SIZE, RW, UK_MAP_SHARED, 0);
	q = map_file(fd, 2 * UK_PAGE_SIZE, RW, UK_MAP_PRIVATE, 0);
	UK_REQUIRE(!uk_is_err(p) && !uk_is_err(q));
	p[0] = p[UK_PAGE_SIZE] = q[0] = q[UK_PAGE_SIZE] = 'x';
	uk_vmem_stats(&before);
	UK_EXPECT_EQ(uk_sys_ftruncate(fd, 10), 0L);
	uk_vmem_stats(&after);
	UK_EXPECT_EQ(before.populated - after.populated, 2 * UK_PAGE_SIZE);
	UK_EXPECT(!uk_vmem_resident((uk_vaddr_t)p + UK_PAGE_SIZE) &&
		  !uk_vmem_resident((uk_vaddr_t)q + UK_PAGE_SIZE));
	UK_EXPECT_EQ(uk_sys_madvise((long)p, 2 * UK_PAGE_SIZE, UK_MADV_POPULATE_READ),
		     (long)-EFAULT);
	UK_EXPECT(p[0] == 'x' && q[0] == 'x');
	/* What a mapping leaves behind the end does not become part of the file. */
	p[11] = 'y';
	UK_EXPECT_EQ(uk_sys_ftruncate(fd, 2 * UK_PAGE_SIZE), 0L);
	UK_EXPECT_EQ(uk_sys_pread64(fd, (long)&c, 1, 11), 1L);
	UK_EXPECT_EQ(c, 0);
	UK_EXPECT(p[UK_PAGE_SIZE] == 0 && q[UK_PAGE_SIZE] == 0);
	/* A hole that is punched shows in what is shared, copies stay. */
	p[UK_PAGE_SIZE] = q[UK_PAGE_SIZE] = 'z';
	UK_EXPECT_EQ(uk_sys_fallocate(fd, 3, UK_PAGE_SIZE, UK_PAGE_SIZE), 0L);
	UK_EXPECT(p[UK_PAGE_SIZE] == 0 && q[UK_PAGE_SIZE] == 'z');
	UK_EXPECT_EQ(uk_sys_munmap((long)p, 2 * UK_PAGE_SIZE), 0L);
	UK_EXPECT_EQ(uk_sys_munmap((long)q, 2 * UK_PAGE_SIZE), 0L);
	uk_sys_close(fd);
}

UK_TEST(mmap, file_permissions)
{
	long fd = uk_sys_openat(-100, (long)"/mmap.test", UK_O_CREAT | UK_O_RDWR, 0600), ro, wo;
	char *p;

	UK_REQUIRE(fd >= 0);
	UK_REQUIRE(uk_sys_write(fd, (long)"abc", 3) == 3);
	ro = uk_sys_openat(-100, (long)"/mmap.test", UK_O_RDONLY, 0);
	wo = uk_sys_openat(-100, (long)"/mmap.test", UK_O_WRONLY, 0);
	UK_EXPECT_EQ((long)map_file(ro, 1, RW, UK_MAP_SHARED, 0), (long)-EACCES);
	UK_EXPECT_EQ((long)map_file(wo, 1, UK_VMEM_READ, UK_MAP_PRIVATE, 0), (long)-EACCES);
	p = map_file(ro, 1, UK_VMEM_READ, UK_MAP_SHARED, 0);
	UK_REQUIRE(!uk_is_err(p));
	UK_EXPECT_EQ(uk_sys_mprotect((long)p, 1, RW), (long)-EACCES);
	UK_EXPECT_EQ(p[2], 'c');
	UK_EXPECT_EQ(uk_sys_munmap((long)p, 1), 0L);
	p = map_file(ro, 1, RW, UK_MAP_PRIVATE | UK_MAP_POPULATE, 0);
	UK_REQUIRE(!uk_is_err(p));
	UK_EXPECT(uk_vmem_resident((uk_vaddr_t)p));
	p[2] = 'd';
	UK_EXPECT_EQ(uk_sys_munmap((long)p, 1), 0L);
#ifndef CONFIG_LIBUKVMEM_WX
	UK_EXPECT_EQ((long)map_file(fd, 1, RW | UK_VMEM_EXEC, UK_MAP_PRIVATE, 0), (long)-EACCES);
#endif
	uk_sys_close(fd);
	uk_sys_close(ro);
	uk_sys_close(wo);
	uk_sys_unlink((long)"/mmap.test");
}
#endif

UK_TEST(mmap, locked_and_populated)
{
	char *p = map(0, 8 * UK_PAGE_SIZE, RW, UK_MAP_POPULATE);
	unsigned char vec[8];

	UK_REQUIRE(!uk_is_err(p));
	UK_EXPECT_EQ(uk_sys_mincore((long)p, 8 * UK_PAGE_SIZE, (long)vec), 0L);
	UK_EXPECT(vec[0] && vec[7]);
	UK_EXPECT_EQ(uk_sys_madvise((long)p, 8 * UK_PAGE_SIZE, UK_MADV_DONTNEED), 0L);
	UK_EXPECT_EQ(uk_sys_mincore((long)p, 8 * UK_PAGE_SIZE, (long)vec), 0L);
	UK_EXPECT(!vec[0] && !vec[7]);
	p[3 * UK_PAGE_SIZE] = 1;
	UK_EXPECT_EQ(uk_sys_mlock((long)p + 5 * UK_PAGE_SIZE, 1), 0L);
	UK_EXPECT_EQ(uk_sys_mincore((long)p, 8 * UK_PAGE_SIZE, (long)vec), 0L);
	UK_EXPECT(vec[3] && vec[5] && !vec[6]);
	UK_EXPECT_EQ(uk_sys_madvise((long)p, 8 * UK_PAGE_SIZE, UK_MADV_POPULATE_WRITE), 0L);
	UK_EXPECT_EQ(uk_sys_mincore((long)p, 8 * UK_PAGE_SIZE, (long)vec), 0L);
	UK_EXPECT(vec[0] && vec[6] && p[3 * UK_PAGE_SIZE] == 1);
	UK_EXPECT_EQ(uk_sys_mprotect((long)p, UK_PAGE_SIZE, UK_VMEM_READ), 0L);
	UK_EXPECT_EQ(uk_sys_madvise((long)p, UK_PAGE_SIZE, UK_MADV_POPULATE_WRITE), (long)-EFAULT);
	UK_EXPECT_EQ(uk_sys_munmap((long)p, 8 * UK_PAGE_SIZE), 0L);
	UK_EXPECT_EQ(uk_sys_mlock((long)"text", 4), 0L); /* is there without being an area */
	UK_EXPECT_EQ(uk_sys_mlockall(2), 0L);
	p = map(0, UK_PAGE_SIZE, RW, UK_MAP_STACK | UK_MAP_NORESERVE);
	UK_EXPECT(!uk_is_err(p) && uk_vmem_resident((uk_vaddr_t)p));
	UK_EXPECT_EQ(uk_sys_munlockall(), 0L);
	UK_EXPECT_EQ(uk_sys_munmap((long)p, UK_PAGE_SIZE), 0L);
}

UK_TEST(mmap, remap_without_unmapping)
{
	char *p = map(0, 2 * UK_PAGE_SIZE, RW, 0), *q;

	UK_REQUIRE(!uk_is_err(p));
	p[0] = 1;
	q = (char *)uk_sys_mremap((long)p, 2 * UK_PAGE_SIZE, 2 * UK_PAGE_SIZE,
				  UK_MREMAP_MAYMOVE | UK_MREMAP_DONTUNMAP, 0);
	UK_REQUIRE(!uk_is_err(q));
	UK_EXPECT(q != p && q[0] == 1 && p[0] == 0);
	UK_EXPECT_EQ(uk_sys_munmap((long)p, 2 * UK_PAGE_SIZE), 0L);
	UK_EXPECT_EQ(uk_sys_munmap((long)q, 2 * UK_PAGE_SIZE), 0L);
	UK_EXPECT_EQ(uk_sys_mremap((long)p, 4096, 4096, UK_MREMAP_DONTUNMAP, 0), (long)-EINVAL);
}

UK_TEST(mmap, address_space_limit)
{
	struct {
		uint64_t cur, max;
	} old, want;
	struct uk_vmem_stats st;
	char *p;

	UK_REQUIRE(!uk_sys_prlimit64(0, 9, 0, (long)&old));
	uk_vmem_stats(&st);
	want.cur = st.mapped + 4 * UK_PAGE_SIZE;
	want.max = old.max;
	UK_REQUIRE(!uk_sys_prlimit64(0, 9, (long)&want, 0));
	UK_EXPECT_EQ((long)map(0, 5 * UK_PAGE_SIZE, RW, 0), (long)-ENOMEM);
	p = map(0, 4 * UK_PAGE_SIZE, RW, 0);
	UK_EXPECT(!uk_is_err(p));
	UK_EXPECT_EQ(uk_sys_mremap((long)p, 4 * UK_PAGE_SIZE, 5 * UK_PAGE_SIZE, 1, 0),
		     (long)-ENOMEM);
	uk_sys_munmap((long)p, 4 * UK_PAGE_SIZE);
	UK_EXPECT_EQ(uk_sys_prlimit64(0, 9, (long)&old, 0), 0L);
}
