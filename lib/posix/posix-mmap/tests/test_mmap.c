/* SPDX-License-Identifier: BSD-3-Clause */
/* mmap and its family, anonymous and of files. */
#include <uk/abi/file.h>
#include <uk/abi/mman.h>
#include <uk/errno.h>
#include <uk/plat/mem.h>
#include <uk/syscall.h>
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
	char *p = map(0xc000000000, 64UL << 20, UK_VMEM_NONE, UK_MAP_NORESERVE), *q;

	UK_REQUIRE(!uk_is_err(p));
	UK_EXPECT_EQ((uintptr_t)p, 0xc000000000UL);
	q = map((uintptr_t)p + (1 << 20), UK_PAGE_SIZE, RW, UK_MAP_FIXED);
	UK_REQUIRE(q == p + (1 << 20));
	*q = 1;
	UK_REQUIRE(uk_sys_mprotect((long)p, UK_PAGE_SIZE, RW) == 0);
	*p = 1;
	UK_EXPECT_EQ(uk_sys_munmap((long)p, 64UL << 20), 0L);
}

#ifdef CONFIG_LIBPOSIX_FILE
UK_TEST(mmap, private_copy_of_a_file)
{
	char *p, c = 0;
	long fd = uk_sys_memfd_create((long)"map", 0);

	UK_REQUIRE(fd >= 0);
	uk_sys_pwrite64(fd, (long)"hello", 5, UK_PAGE_SIZE);
	p = (char *)uk_sys_mmap(0, 2 * UK_PAGE_SIZE, UK_VMEM_READ, UK_MAP_PRIVATE, fd,
				UK_PAGE_SIZE);
	UK_REQUIRE(!uk_is_err(p));
	UK_EXPECT_EQ(memcmp(p, "hello", 6), 0);
	UK_EXPECT_EQ(uk_sys_mprotect((long)p, UK_PAGE_SIZE, RW), 0L);
	p[0] = 'j';
	uk_sys_pread64(fd, (long)&c, 1, UK_PAGE_SIZE);
	UK_EXPECT_EQ(c, 'h');
	UK_EXPECT_EQ(uk_sys_mmap(0, 4096, UK_VMEM_READ, UK_MAP_SHARED, fd, 0), (long)-ENODEV);
	UK_EXPECT_EQ(uk_sys_mmap(0, 4096, UK_VMEM_READ, UK_MAP_PRIVATE, fd, 5), (long)-EINVAL);
	uk_sys_close(fd);
	UK_EXPECT_EQ(p[0], 'j');
	UK_EXPECT_EQ(uk_sys_munmap((long)p, 2 * UK_PAGE_SIZE), 0L);
}
#endif
