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

#define HUGE_LOG2 21

/* How far Linux lets a mapping grow downwards: the usual RLIMIT_STACK. */
#define GROWTH_MAX (8UL << 20)

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

/*
 * MAP_GROWSDOWN: on Linux each touch below makes the mapping reach there, up to a limit. Addresses cost
 * nothing, so that what it could grow to is mapped from the start, as far as it is free.
 */
static UK_COLD long map_growing(uk_vaddr_t hint, size_t len, unsigned prot, unsigned vflags)
{
	const struct uk_vmem_backing stack = { .kind = UK_VMEM_STACK };
	size_t room = len < GROWTH_MAX ? UK_ALIGN_DOWN(GROWTH_MAX - len, UK_PAGE_SIZE) : 0;
	long va, err;

	if (!hint) {
		va = result(uk_vmem_map(0, room + len, prot, vflags, &stack));
		return va < 0 ? va : va + (long)room;
	}
	va = result(uk_vmem_map(hint, len, prot, vflags, &stack));
	if (va < 0)
		return va;
	vflags |= UK_VMEM_NOREPLACE;
	for (; room; room = UK_ALIGN_DOWN(room / 2, UK_PAGE_SIZE)) {
		if (va < (long)(UK_VMEM_FIXED_START + room))
			continue; /* there are no such addresses */
		err = result(uk_vmem_map((uk_vaddr_t)va - room, room, prot, vflags, &stack));
		if (err >= 0)
			break;
		if (err != -EEXIST) {
			uk_vmem_unmap((uk_vaddr_t)va, len);
			return err;
		}
	}
	return va;
}

/*
 * The flags for what is not a plain mapping. MAP_HUGETLB: there is no pool of large pages that could be
 * empty; the mapping has large ones as long as there are such, then small ones. 0, or -EINVAL.
 */
static UK_COLD int special(unsigned flags, uk_vaddr_t hint, size_t *len, unsigned *vflags)
{
	unsigned log2 = flags >> UK_MAP_HUGE_SHIFT & UK_MAP_HUGE_MASK;

	if (!(flags & UK_MAP_ANONYMOUS) || (flags & UK_MAP_TYPE) != UK_MAP_PRIVATE)
		return -EINVAL;
	if (flags & UK_MAP_GROWSDOWN) {
		*vflags |= UK_VMEM_NORESERVE;
		return flags & UK_MAP_HUGETLB ? -EINVAL : 0;
	}
	if ((log2 && log2 != HUGE_LOG2) || (flags & UK_MAP_FIXED && hint % (1UL << HUGE_LOG2)))
		return -EINVAL;
	*len = UK_ALIGN_UP(*len, 1UL << HUGE_LOG2);
	*vflags |= UK_VMEM_HUGE;
	return *len ? 0 : -EINVAL;
}

UK_SYSCALL(long, mmap, uk_vaddr_t hint, size_t len, unsigned prot, unsigned flags, int fd,
	   int64_t off)
{
	unsigned type = flags & UK_MAP_TYPE, vflags = 0;
	long va;

	if (!len || !is_page_aligned((uk_vaddr_t)off) || (prot & ~PROT_KNOWN))
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
	if (flags & (UK_MAP_LOCKED) || posix_mmap_locks_all())
		vflags |= UK_VMEM_LOCKED;
	if (UK_UNLIKELY(flags & (UK_MAP_GROWSDOWN | UK_MAP_HUGETLB)) &&
	    special(flags, hint, &len, &vflags))
		return -EINVAL;
	if (!within_limit(len))
		return -ENOMEM;
	if (UK_UNLIKELY(flags & UK_MAP_GROWSDOWN))
		return map_growing(hint, len, prot, vflags);
	va = map(hint, len, prot, type != UK_MAP_PRIVATE, vflags, flags, fd, off);
	if (va > 0 && prot != UK_VMEM_NONE && (flags & UK_MAP_POPULATE || vflags & UK_VMEM_LOCKED))
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
