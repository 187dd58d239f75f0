/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * mmap, munmap, mprotect, mremap, brk: from Linux's flags to ukvmem's.
 *
 * Anonymous memory is one process's, so shared and private are the same until there is fork.
 * Mapping reserves addresses; memory comes when it is touched.
 */
#include <uk/process.h>
#include <uk/syscall.h>
#include "internal.h"

/* Promises that we do not keep: GROWSDOWN, HUGETLB. DENYWRITE and the like are hints. */
#define MAP_REFUSED (0x100U | 0x40000U)

/* RLIMIT_AS: may there be `more` bytes of address space? */
static bool within_limit(size_t more)
{
	uint64_t limit = uk_process_current()->limits[UK_RLIMIT_AS].cur;
	struct uk_vmem_stats st;

	if (UK_LIKELY(limit == UK_RLIM_INFINITY))
		return true;
	uk_vmem_stats(&st);
	return st.mapped <= limit && more <= limit - st.mapped;
}

static long result(void *p)
{
	return uk_is_err(p) ? uk_ptr_err(p) : (long)p;
}

static long map(uk_vaddr_t hint, size_t len, unsigned prot, bool shared, unsigned vflags,
		unsigned flags, int fd, int64_t off)
{
	const struct uk_vmem_backing stack = { .kind = UK_VMEM_STACK };

	if (flags & UK_MAP_ANONYMOUS)
		return result(
			uk_vmem_map(hint, len, prot, vflags, flags & UK_MAP_STACK ? &stack : NULL));
#ifdef CONFIG_LIBPOSIX_FILE
	return posix_mmap_file(hint, len, prot, shared, vflags, fd, off);
#else
	(void)shared, (void)fd, (void)off;
	return -ENODEV;
#endif
}

UK_SYSCALL(long, mmap, uk_vaddr_t hint, size_t len, unsigned prot, unsigned flags, int fd,
	   int64_t off)
{
	unsigned type = flags & UK_MAP_TYPE, vflags = 0;
	long va;

	if (!len || !is_page_aligned((uk_vaddr_t)off) || (flags & MAP_REFUSED) ||
	    (prot & ~PROT_KNOWN))
		return -EINVAL;
	if (type != UK_MAP_PRIVATE && type != UK_MAP_SHARED && type != UK_MAP_SHARED_VALIDATE)
		return -EINVAL;
	if (flags & UK_MAP_FIXED_NOREPLACE)
		vflags = UK_VMEM_NOREPLACE;
	else if (flags & UK_MAP_FIXED)
		vflags = UK_VMEM_FIXED;
	if (vflags && !is_page_aligned(hint))
		return -EINVAL;
	if (!vflags)
		hint = UK_ALIGN_DOWN(hint, UK_PAGE_SIZE);
	if (flags & UK_MAP_NORESERVE)
		vflags |= UK_VMEM_NORESERVE;
	if (!within_limit(len))
		return -ENOMEM;
	va = map(hint, len, prot, type != UK_MAP_PRIVATE, vflags, flags, fd, off);
	if (va > 0 && prot != UK_VMEM_NONE &&
	    (flags & (UK_MAP_POPULATE | UK_MAP_LOCKED) || posix_mmap_locks_all()))
		uk_vmem_populate((uk_vaddr_t)va, len, true); /* as far as it goes: mmap(2) */
	return va;
}

UK_SYSCALL(long, munmap, uk_vaddr_t va, size_t len)
{
	if (!len || !is_page_aligned(va))
		return -EINVAL;
	return uk_vmem_unmap(va, len);
}

UK_SYSCALL(long, mprotect, uk_vaddr_t va, size_t len, unsigned prot)
{
	if (!is_page_aligned(va) || (prot & ~PROT_KNOWN))
		return -EINVAL;
	return len ? uk_vmem_protect(va, len, prot) : 0;
}

UK_SYSCALL(long, mremap, uk_vaddr_t va, size_t old_len, size_t new_len, unsigned flags,
	   uk_vaddr_t new_va)
{
	unsigned vflags = 0;

	if ((flags & ~(UK_MREMAP_MAYMOVE | UK_MREMAP_FIXED | UK_MREMAP_DONTUNMAP)) ||
	    !is_page_aligned(va) || !new_len || !old_len)
		return -EINVAL;
	if (flags & UK_MREMAP_DONTUNMAP) {
		if (!(flags & UK_MREMAP_MAYMOVE) || old_len != new_len)
			return -EINVAL;
		vflags |= UK_VMEM_DONTUNMAP;
	}
	if (new_len > old_len && !within_limit(new_len - old_len))
		return -ENOMEM;
	if (flags & UK_MREMAP_MAYMOVE)
		vflags |= UK_VMEM_MAYMOVE;
	if (flags & UK_MREMAP_FIXED) {
		if (!(flags & UK_MREMAP_MAYMOVE) || !is_page_aligned(new_va))
			return -EINVAL;
		vflags |= UK_VMEM_FIXED;
	}
	return result(uk_vmem_remap(va, old_len, new_len, vflags, new_va));
}

/*
 * There is no heap of this kind. The result is where it would end, and never what was asked for:
 * that is how brk(2) says "no memory", and what makes libcs use mmap.
 */
UK_SYSCALL_LEAF(long, brk, uk_vaddr_t end)
{
	return 0;
}
