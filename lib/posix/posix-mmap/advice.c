/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Advice and guarantees about memory. Nothing is ever paged out, so memory that has been touched
 * stays: locking a range is touching it.
 */
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

static bool any_locked(uk_vaddr_t va, size_t len)
{
	uk_vaddr_t end = va + len;
	struct uk_vmem_area area;

	for (; va < end && !uk_vmem_find(va, &area) && area.start < end; va = area.end)
		if (area.locked)
			return true;
	return false;
}

/* MADV_POPULATE_*: -EFAULT where a touch would be a signal. */
static long populate(uk_vaddr_t va, size_t len, bool write)
{
	uk_vaddr_t end = va + UK_ALIGN_UP(len, UK_PAGE_SIZE);
	struct uk_vmem_area area;
	long rc = check_mapped(va, len);

	for (uk_vaddr_t at = va; !rc && at < end; at = area.end)
		if (!uk_vmem_find(at, &area) &&
		    !(area.prot & (write ? UK_VMEM_WRITE : UK_VMEM_READ)))
			rc = -EFAULT;
	if (!rc)
		rc = uk_vmem_populate(va, len, write);
	return rc == -EIO ? -EFAULT : rc;
}

UK_SYSCALL(long, madvise, uk_vaddr_t va, size_t len, int advice)
{
	if (!is_page_aligned(va) || len > (size_t)-UK_PAGE_SIZE)
		return -EINVAL;
	switch (advice) {
	case UK_MADV_FREE: /* the contents may go at any time, so now: lib/mem/README.md */
	case UK_MADV_DONTNEED:
		return any_locked(va, len) ? -EINVAL : uk_vmem_discard(va, len);
	case UK_MADV_HUGEPAGE:
	case UK_MADV_NOHUGEPAGE:
		return uk_vmem_advise_huge(va, len, advice == UK_MADV_HUGEPAGE);
	case UK_MADV_POPULATE_READ:
	case UK_MADV_POPULATE_WRITE:
		return populate(va, len, advice == UK_MADV_POPULATE_WRITE);
	case UK_MADV_NORMAL:
	case UK_MADV_RANDOM:
	case UK_MADV_SEQUENTIAL:
	case UK_MADV_WILLNEED: /* there is nothing to read ahead from */
	case UK_MADV_COLD:
	case UK_MADV_PAGEOUT:
	case UK_MADV_DONTDUMP:
	case UK_MADV_DODUMP:
		return check_mapped(va, len);
	}
	return -EINVAL;
}

/*
 * Marks [va, va + len) as locked; `touch`: what is accessible of it gets its memory. The image, the heap
 * and stacks have theirs, and keep it.
 */
static long lock_range(uk_vaddr_t va, size_t len, bool lock, bool touch)
{
	uk_vaddr_t end = UK_ALIGN_UP(va + len, UK_PAGE_SIZE), from, to;
	struct uk_vmem_area area;
	long rc = 0;

	if (va + len < va)
		return -EINVAL;
	for (va = UK_ALIGN_DOWN(va, UK_PAGE_SIZE); va < end && !rc; va = area.end) {
		if (uk_vmem_find(va, &area) || area.start >= end)
			break;
		from = UK_MAX(area.start, va);
		to = UK_MIN(area.end, end);
		if (area.given || to > UK_VA_AREAS_END)
			continue;
		rc = uk_vmem_lock(from, to - from, lock);
		if (!rc && touch && area.prot != UK_VMEM_NONE)
			rc = uk_vmem_populate(from, to - from, true);
	}
	return rc == -EIO ? -ENOMEM : rc;
}

UK_SYSCALL(long, mlock, uk_vaddr_t va, size_t len)
{
	return lock_range(va, len, true, true);
}

UK_SYSCALL(long, munlock, uk_vaddr_t va, size_t len)
{
	return lock_range(va, len, false, false);
}

#define MLOCK_ONFAULT 1U

UK_SYSCALL(long, mlock2, uk_vaddr_t va, size_t len, unsigned flags)
{
	if (flags & ~MLOCK_ONFAULT)
		return -EINVAL;
	return lock_range(va, len, true, !(flags & MLOCK_ONFAULT));
}

#define MCL_CURRENT 1
#define MCL_FUTURE  2
#define MCL_ONFAULT 4

static bool locks_all; /* the address space's: there is one */

bool posix_mmap_locks_all(void)
{
	return locks_all;
}

UK_SYSCALL(long, mlockall, int flags)
{
	if (!(flags & (MCL_CURRENT | MCL_FUTURE)) ||
	    (flags & ~(MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT)))
		return -EINVAL;
	if (!(flags & MCL_ONFAULT))
		locks_all = flags & MCL_FUTURE;
	if (flags & MCL_CURRENT)
		return lock_range(0, UK_VA_AREAS_END, true, !(flags & MCL_ONFAULT));
	return 0;
}

UK_SYSCALL(long, munlockall)
{
	locks_all = false;
	return lock_range(0, UK_VA_AREAS_END, false, false);
}

/* MS_ASYNC promises nothing that would not happen anyway, as on Linux. */
UK_SYSCALL(long, msync, uk_vaddr_t va, size_t len, int flags)
{
	if (!is_page_aligned(va) || (flags & ~(UK_MS_ASYNC | UK_MS_INVALIDATE | UK_MS_SYNC)) ||
	    (flags & (UK_MS_ASYNC | UK_MS_SYNC)) == (UK_MS_ASYNC | UK_MS_SYNC))
		return -EINVAL;
	if (len > (size_t)-UK_PAGE_SIZE - va)
		return -ENOMEM;
	if (flags & UK_MS_INVALIDATE && any_locked(va, len))
		return -EBUSY;
	return flags & UK_MS_SYNC ? uk_vmem_sync(va, len) : check_mapped(va, len);
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
	for (size_t i = 0; !rc && i < pages; i++)
		vec[i] = uk_vmem_resident(va + i * UK_PAGE_SIZE);
	return rc;
}
