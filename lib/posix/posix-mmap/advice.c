/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Advice and guarantees about memory. All memory that is accessible is resident and stays so, hence
 * locking it is true at once, and most advice has nothing to change.
 */
#include <uk/string.h>
#include <uk/syscall.h>
#include <uk/uaccess.h>
#include "internal.h"

/* -ENOMEM if some page of the range is not mapped, as Linux says. */
static long check_mapped(uk_vaddr_t va, size_t len)
{
	uk_vaddr_t end = va + UK_ALIGN_UP(len, UK_PAGE_SIZE);
	struct uk_vmem_area area;

	while (va < end) {
		if (uk_vmem_find(va, &area) || area.start > va)
			return -ENOMEM;
		va = area.end;
	}
	return 0;
}

UK_SYSCALL(long, madvise, uk_vaddr_t va, size_t len, int advice)
{
	if (!is_page_aligned(va) || len > (size_t)-UK_PAGE_SIZE)
		return -EINVAL;
	switch (advice) {
	case UK_MADV_DONTNEED:
	case UK_MADV_FREE: /* the contents may go at any time: why not now */
		return len ? uk_vmem_discard(va, len) : 0;
	case UK_MADV_NORMAL:
	case UK_MADV_RANDOM:
	case UK_MADV_SEQUENTIAL:
	case UK_MADV_WILLNEED:
	case UK_MADV_COLD:
	case UK_MADV_PAGEOUT:
	case UK_MADV_DONTDUMP:
	case UK_MADV_DODUMP:
	case UK_MADV_HUGEPAGE:
	case UK_MADV_NOHUGEPAGE:
	case UK_MADV_POPULATE_READ:
	case UK_MADV_POPULATE_WRITE:
		return check_mapped(va, len);
	}
	return -EINVAL;
}

/* Part of the image, the heap and stacks are mapped without being areas: those count as well. */
UK_SYSCALL_LEAF(long, mlock, uk_vaddr_t va, size_t len)
{
	return va + len < va ? -EINVAL : 0;
}

UK_SYSCALL_LEAF(long, munlock, uk_vaddr_t va, size_t len)
{
	return va + len < va ? -EINVAL : 0;
}

#define MLOCK_ONFAULT 1U

UK_SYSCALL_LEAF(long, mlock2, uk_vaddr_t va, size_t len, unsigned flags)
{
	return va + len < va || (flags & ~MLOCK_ONFAULT) ? -EINVAL : 0;
}

#define MCL_ALL 7 /* CURRENT, FUTURE, ONFAULT */

UK_SYSCALL_LEAF(long, mlockall, int flags)
{
	return !flags || (flags & ~MCL_ALL) ? -EINVAL : 0;
}

UK_SYSCALL_LEAF(long, munlockall)
{
	return 0;
}

/* Nothing is mapped shared, so there is nothing to write back. */
UK_SYSCALL(long, msync, uk_vaddr_t va, size_t len, int flags)
{
	if (!is_page_aligned(va) || (flags & ~(UK_MS_ASYNC | UK_MS_INVALIDATE | UK_MS_SYNC)) ||
	    (flags & (UK_MS_ASYNC | UK_MS_SYNC)) == (UK_MS_ASYNC | UK_MS_SYNC))
		return -EINVAL;
	return check_mapped(va, len);
}

UK_SYSCALL(long, mincore, uk_vaddr_t va, size_t len, unsigned char *vec)
{
	size_t pages = UK_DIV_ROUND_UP(len, UK_PAGE_SIZE);
	long rc;

	if (!is_page_aligned(va))
		return -EINVAL;
	if (!uk_access_ok(vec, pages))
		return -EFAULT;
	rc = check_mapped(va, len);
	if (!rc)
		memset(vec, 1, pages);
	return rc;
}
