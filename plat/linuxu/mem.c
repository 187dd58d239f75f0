/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Memory: "physical" memory is one window of the address space, as large as the machine is to be,
 * with nothing in it: the host gives pages when they are first touched, so that size costs nothing.
 * The window is the direct map.
 *
 * uk_plat_map() wants frames at a second address. Two addresses can show the same bytes only if
 * those belong to a file. So there is one without a name (memfd), of the same size as the
 * window; frames move into it the first time they are mapped a second time, and stay there. Frames
 * that never are (nearly all of a heap) remain ordinary private memory, which the host
 * provides at less than half the cost. A program that maps nothing never makes the file.
 *
 * Memory on demand (uk_plat_map_demand()) is none of this: private memory of the host at an address
 * that we choose, which takes nothing of the window.
 *
 * The host's page tables cannot be read back cheaply, so what lies where is kept here, in a sorted
 * array of extents: runs of pages that are contiguous at both ends and have one protection. Those
 * are also the host's own units (VMAs), of which a process may have 65,530.
 */
#include <uk/assert.h>
#include <uk/plat/mem.h>
#include <uk/string.h>

#ifdef CONFIG_SMP
#include <uk/arch/relax.h>
#include <uk/plat/cpu.h>
#include <uk/smp.h>
#endif

#include "linuxu.h"

#define PHYS_START LINUXU_PHYS_START
#define HUGE_PAGE  LINUXU_HUGE_PAGE

uintptr_t uk_plat_direct_base UK_RO_AFTER_INIT;
uint64_t linuxu_phys_size UK_RO_AFTER_INIT;

/* ---- what is mapped outside the direct map ---- */

struct extent {
	uk_vaddr_t va;
	uint64_t len;
	uk_paddr_t pa; /* 0: the host's own, on demand */
	uint32_t prot; /* or RESERVED */
};

/*
 * On demand, and not accessible so far: the host need not know. (Programs reserve terabytes; qemu-user notes something of every
 * page that is mapped.)
 */
#define RESERVED 0x80000000U

static struct extent first_extents[16];
static struct extent *extents = first_extents;
static size_t nextents, max_extents = UK_ARRAY_SIZE(first_extents);

/* The first extent that ends behind va; nextents if there is none. */
static size_t extent_at(uk_vaddr_t va)
{
	size_t low = 0, high = nextents;

	while (low < high) {
		size_t mid = (low + high) / 2;

		if (extents[mid].va + extents[mid].len <= va)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

/* Room for two more: the most that one operation adds. */
static int extents_reserve(void)
{
	size_t more = max_extents * 4;
	long p;

	if (nextents + 2 <= max_extents)
		return 0;
	p = host_mmap(NULL, UK_ALIGN_UP(more * sizeof(*extents), UK_PAGE_SIZE),
		      HOST_PROT_READ | HOST_PROT_WRITE, HOST_MAP_PRIVATE | HOST_MAP_ANONYMOUS, -1,
		      0);
	if (p < 0)
		return -ENOMEM;
	memcpy((void *)p, extents, nextents * sizeof(*extents));
	if (extents != first_extents)
		host_munmap(extents, UK_ALIGN_UP(max_extents * sizeof(*extents), UK_PAGE_SIZE));
	extents = (struct extent *)p;
	max_extents = more;
	return 0;
}

static void extent_insert(size_t i, uk_vaddr_t va, uint64_t len, uk_paddr_t pa, uint32_t prot)
{
	memmove(&extents[i + 1], &extents[i], (nextents - i) * sizeof(*extents));
	extents[i] = (struct extent){ va, len, pa, prot };
	nextents++;
}

/* The frame `offset` bytes into an extent that begins with frame pa. */
static inline uk_paddr_t frame_in(uk_paddr_t pa, uint64_t offset)
{
	return pa ? pa + offset : 0;
}

/* Makes va a boundary: an extent that spans it becomes two. The index of the first from va on. */
static size_t extent_split(uk_vaddr_t va)
{
	size_t i = extent_at(va);

	if (i < nextents && extents[i].va < va) {
		struct extent *e = &extents[i];
		uint64_t head = va - e->va;

		extent_insert(i + 1, va, e->len - head, frame_in(e->pa, head), e->prot);
		extents[i++].len = head;
	}
	return i;
}

static void extents_remove(size_t from, size_t to)
{
	memmove(&extents[from], &extents[to], (nextents - to) * sizeof(*extents));
	nextents -= to - from;
}

/* Joins extent i with its left neighbour if they are one run. */
static void extent_merge(size_t i)
{
	struct extent *e = &extents[i];

	if (i == 0 || i >= nextents || e[-1].va + e[-1].len != e->va ||
	    frame_in(e[-1].pa, e[-1].len) != e->pa || e[-1].prot != e->prot)
		return;
	e[-1].len += e->len;
	extents_remove(i, i + 1);
}

/* ---- frames in the file ---- */

static int file = -1;
static uint8_t *in_file; /* a bit per frame */

static int file_create(void)
{
	size_t bits = UK_ALIGN_UP(linuxu_phys_size / UK_PAGE_SIZE / 8 + 1, UK_PAGE_SIZE);
	int low, fd = host_memfd_create("memory", HOST_MFD_CLOEXEC);
	long p;

	/* One of the standard descriptors was closed: this must not take its place. */
	if (fd >= 0 && fd <= 2) {
		low = fd;
		fd = host_fcntl(low, HOST_F_DUPFD_CLOEXEC, 3);
		host_close(low);
	}
	if (fd < 0)
		return fd;
	p = host_ftruncate(fd, linuxu_phys_size);
	if (!p)
		p = host_mmap(NULL, bits, HOST_PROT_READ | HOST_PROT_WRITE,
			      HOST_MAP_PRIVATE | HOST_MAP_ANONYMOUS | HOST_MAP_NORESERVE, -1, 0);
	if (p < 0) {
		host_close(fd);
		return (int)p;
	}
	in_file = (uint8_t *)p;
	file = fd;
	return 0;
}

/* Shows part of the file at va, in place of what is there. */
static int show(uk_vaddr_t va, uint64_t offset, size_t len, unsigned prot)
{
	long p = host_mmap((void *)va, len, (int)prot,
			   HOST_MAP_SHARED | HOST_MAP_FIXED | HOST_MAP_NORESERVE, file, offset);

	return p < 0 ? (int)p : 0;
}

/* Moves what is not there yet of [offset, offset + len) of physical memory into the file. */
static int move_alone(uint64_t offset, size_t len)
{
	char *window = (char *)uk_plat_direct_base + PHYS_START;
	uint64_t frame = offset >> UK_PAGE_SHIFT;
	uint64_t end = (offset + len) >> UK_PAGE_SHIFT;
	int rc = file < 0 ? file_create() : 0;

	while (!rc && frame < end) {
		uint64_t first = frame;

		while (frame < end && !(in_file[frame / 8] & 1U << frame % 8))
			frame++;
		offset = first << UK_PAGE_SHIFT;
		len = (frame - first) << UK_PAGE_SHIFT;
		for (size_t done = 0; !rc && done < len;) {
			long n = host_pwrite(file, window + offset + done, len - done,
					     offset + done);

			if (n > 0)
				done += (size_t)n;
			else if (n != -EINTR)
				rc = n ? (int)n : -EIO;
		}
		if (!rc && len)
			rc = show((uk_vaddr_t)window + offset, offset, len,
				  HOST_PROT_READ | HOST_PROT_WRITE);
		for (uint64_t f = first; !rc && f < frame; f++)
			in_file[f / 8] |= 1U << f % 8;
		frame++; /* that one is there already, or behind the end */
	}
	return rc;
}

#ifdef CONFIG_SMP
/*
 * What another CPU writes to a frame while it is copied would be lost. So all others wait, and the
 * last that comes to wait copies: the one that asks is itself waiting for them to come.
 */
struct move {
	uint64_t offset;
	size_t len;
	uint32_t others; /* that have not come */
	int rc;
	bool done;
};

static void move_or_wait(void *arg)
{
	struct move *m = arg;

	if (!__atomic_sub_fetch(&m->others, 1, __ATOMIC_ACQ_REL)) {
		m->rc = move_alone(m->offset, m->len);
		__atomic_store_n(&m->done, true, __ATOMIC_RELEASE);
	}
	for (unsigned turns = 1; !__atomic_load_n(&m->done, __ATOMIC_ACQUIRE); turns++) {
		uk_arch_relax();
		if (!(turns % 1024))
			uk_plat_cpu_yield();
	}
}

static bool is_in_file(uint64_t offset, size_t len)
{
	uint64_t frame = offset >> UK_PAGE_SHIFT, end = (offset + len) >> UK_PAGE_SHIFT;

	if (file < 0)
		return false;
	while (frame < end && in_file[frame / 8] & 1U << frame % 8)
		frame++;
	return frame == end;
}

static int move_to_file(uint64_t offset, size_t len)
{
	struct move m = { .offset = offset, .len = len, .others = uk_smp_cpus() - 1 };

	if (is_in_file(offset, len))
		return 0;
	if (!m.others)
		return move_alone(offset, len);
	uk_smp_call(NULL, move_or_wait, &m);
	return m.rc;
}
#else
static int move_to_file(uint64_t offset, size_t len)
{
	return move_alone(offset, len);
}
#endif

/* ---- mapping ---- */

static int check(uk_vaddr_t va, size_t len, unsigned prot)
{
	if ((va | len) & UK_PAGE_MASK || va + len < va)
		return -EINVAL;
	if ((prot & UK_PROT_WRITE) && (prot & UK_PROT_EXEC) && !(prot & UK_PROT_WX))
		return -EACCES;
	return extents_reserve();
}

extern char uk_image_start[] __attribute__((visibility("hidden")));
extern char uk_image_end[] __attribute__((visibility("hidden")));

/*
 * Is the image there, or the first stack? The host chooses their places, and may take one that an application could ask for:
 * qemu-user does, for arm64.
 */
static bool is_taken(uk_vaddr_t va, size_t len)
{
	uk_vaddr_t low, high;

	uk_plat_stack(&low, &high);
	return (va < (uintptr_t)uk_image_end && va + len > (uintptr_t)uk_image_start) ||
	       (va < high && va + len > low);
}

/* Notes what [va, va + len) shows from now on. */
static void extent_set(uk_vaddr_t va, size_t len, uk_paddr_t pa, unsigned prot)
{
	size_t i = extent_split(va);

	extents_remove(i, extent_split(va + len));
	extent_insert(i, va, len, pa, prot);
	extent_merge(i + 1);
	extent_merge(i);
}

int uk_plat_map(uk_vaddr_t va, uk_paddr_t pa, size_t len, unsigned prot)
{
	int rc = check(va, len, prot);

	if (rc || !len)
		return rc;
	if (pa < PHYS_START || pa - PHYS_START + len > linuxu_phys_size)
		return -EINVAL;
	if (is_taken(va, len))
		return -ENOMEM;
	prot &= UK_PROT_READ | UK_PROT_WRITE | UK_PROT_EXEC;
	rc = move_to_file(pa - PHYS_START, len);
	if (!rc)
		rc = show(va, pa - PHYS_START, len, prot);
	if (!rc)
		extent_set(va, len, pa, prot);
	return rc;
}

int uk_plat_map_page(uk_vaddr_t va, uk_paddr_t pa, unsigned prot)
{
	return uk_plat_map(va, pa, UK_PAGE_SIZE, prot);
}

/* Of [va, va + len) the host unmaps what it has. */
static int unmap_host(uk_vaddr_t va, size_t len)
{
	uk_vaddr_t end = va + len;
	int rc = 0;

	for (size_t i = extent_at(va); !rc && i < nextents && extents[i].va < end; i++) {
		const struct extent *e = &extents[i];
		uk_vaddr_t from = UK_MAX(e->va, va);

		if (e->prot != RESERVED)
			rc = host_munmap((void *)from, UK_MIN(e->va + e->len, end) - from);
	}
	return rc;
}

int uk_plat_unmap(uk_vaddr_t va, size_t len)
{
	int rc = check(va, len, 0);
	size_t i;

	if (rc || !len)
		return rc;
	rc = unmap_host(va, len);
	if (rc)
		return rc;
	i = extent_split(va);
	extents_remove(i, extent_split(va + len));
	return 0;
}

static int map_private(uk_vaddr_t va, size_t len, unsigned prot)
{
	long p = host_mmap((void *)va, len, (int)prot,
			   HOST_MAP_PRIVATE | HOST_MAP_ANONYMOUS | HOST_MAP_NORESERVE |
				   HOST_MAP_FIXED,
			   -1, 0);

	return p < 0 ? (int)p : 0;
}

int uk_plat_protect(uk_vaddr_t va, size_t len, unsigned prot)
{
	int rc = check(va, len, prot);
	size_t i, end;

	if (rc || !len)
		return rc;
	prot &= UK_PROT_READ | UK_PROT_WRITE | UK_PROT_EXEC;
	i = extent_split(va);
	end = extent_split(va + len);
	for (size_t k = i; k < end; k++) {
		if (extents[k].prot == prot || (extents[k].prot == RESERVED && !prot))
			continue;
		rc = extents[k].prot == RESERVED
			     ? map_private(extents[k].va, extents[k].len, prot)
			     : host_mprotect((void *)extents[k].va, extents[k].len, (int)prot);
		if (rc)
			return rc;
		extents[k].prot = prot;
	}
	/* From behind, so that an index stays valid while those after it go. */
	for (size_t k = end + 1; k-- > i;)
		extent_merge(k);
	return 0;
}

int uk_plat_lookup(uk_vaddr_t va, uk_paddr_t *pa, unsigned *prot)
{
	size_t i = extent_at(va);

	if (i < nextents && extents[i].va <= va) {
		*pa = frame_in(extents[i].pa, va - extents[i].va);
		if (prot)
			*prot = extents[i].prot & ~RESERVED;
		return 0;
	}
	if (va - uk_plat_direct_base - PHYS_START < linuxu_phys_size) {
		*pa = uk_plat_virt_to_phys((void *)va);
		if (prot)
			*prot = UK_PROT_READ | UK_PROT_WRITE;
		return 0;
	}
	if (host_is_mapped(va)) { /* the image, the first stack: there, but no frame of ours */
		*pa = 0;
		if (prot)
			*prot = UK_PROT_READ;
		return 0;
	}
	return -EFAULT;
}

size_t uk_plat_lookup_run(uk_vaddr_t va, size_t max, uk_paddr_t *pa)
{
	size_t i = extent_at(va);

	*pa = 0;
	if (i == nextents)
		return max;
	if (extents[i].va > va)
		return UK_MIN(extents[i].va - va, max);
	*pa = frame_in(extents[i].pa, va - extents[i].va);
	return UK_MIN(extents[i].va + extents[i].len - va, max);
}

/* ---- memory on demand ---- */

const bool uk_plat_demand = true;

int uk_plat_map_demand(uk_vaddr_t va, size_t len, unsigned prot)
{
	int rc = check(va, len, prot);

	if (rc || !len)
		return rc;
	if (is_taken(va, len))
		return -ENOMEM;
	prot &= UK_PROT_READ | UK_PROT_WRITE | UK_PROT_EXEC;
	rc = prot ? map_private(va, len, prot) : unmap_host(va, len);
	if (!rc)
		extent_set(va, len, 0, prot ? prot : RESERVED);
	return rc;
}

int uk_plat_discard(uk_vaddr_t va, size_t len)
{
	int rc = host_madvise((void *)va, len, HOST_MADV_DONTNEED);

	return rc == -ENOMEM ? 0 : rc; /* a part is reserved */
}

/* What the caller may access so. */
static void touch(uk_vaddr_t va, size_t len, bool write)
{
	for (uk_vaddr_t end = va + len; va < end; va += UK_PAGE_SIZE)
		if (write)
			__atomic_fetch_or((char *)va, 0, __ATOMIC_RELAXED);
		else
			(void)*(const volatile char *)va;
}

int uk_plat_populate(uk_vaddr_t va, size_t len, bool write)
{
	int rc = host_madvise((void *)va, len,
			      write ? HOST_MADV_POPULATE_WRITE : HOST_MADV_POPULATE_READ);

	/* Before Linux 5.14 it is unknown; qemu-user agrees to any advice, and follows few. */
	if (rc == -EINVAL || (!rc && len && !host_is_resident(va + len - 1))) {
		touch(va, len, write);
		rc = 0;
	}
	return rc;
}

bool uk_plat_resident(uk_vaddr_t va)
{
	return host_is_resident(va);
}

/* The host moves one of its own areas at a time, which are smaller than our extents at times. */
static int move_host(uk_vaddr_t from, uk_vaddr_t to, size_t len)
{
	size_t half = UK_ALIGN_UP(len / 2, UK_PAGE_SIZE);
	long p = host_mremap((void *)from, len, (void *)to);
	int rc;

	if (p >= 0)
		return 0;
	if (p != -EFAULT || len == UK_PAGE_SIZE)
		return (int)p;
	rc = move_host(from, to, half);
	if (!rc) {
		rc = move_host(from + half, to + half, len - half);
		if (rc)
			move_host(to, from, half);
	}
	return rc;
}

/* Moves the part of one extent, or skips a hole: how many bytes, or a negative errno. */
static long move_part(uk_vaddr_t from, uk_vaddr_t to, size_t max)
{
	size_t i = extent_at(from), n;
	struct extent e;
	int rc;

	if (i == nextents || extents[i].va >= from + max)
		return (long)max;
	e = extents[i];
	if (e.va > from)
		return (long)(e.va - from);
	n = UK_MIN(max, e.va + e.len - from);
	if (e.pa) {
		rc = uk_plat_map(to, frame_in(e.pa, from - e.va), n, e.prot | UK_PROT_WX);
		if (!rc)
			rc = uk_plat_unmap(from, n);
		return rc ? rc : (long)n;
	}
	rc = check(to, n, 0);
	if (!rc)
		rc = e.prot == RESERVED ? unmap_host(to, n) : move_host(from, to, n);
	if (rc)
		return rc;
	extent_set(to, n, 0, e.prot);
	rc = extents_reserve();
	if (rc) /* its end is noted wrongly then: what is there now is nothing */
		linuxu_fail("cannot note what is mapped", rc);
	i = extent_split(from);
	extents_remove(i, extent_split(from + n));
	return (long)n;
}

int uk_plat_move(uk_vaddr_t from, uk_vaddr_t to, size_t len)
{
	size_t done;
	long n;

	for (done = 0; done < len; done += (size_t)n) {
		n = move_part(from + done, to + done, len - done);
		if (n >= 0)
			continue;
		while (done && (n = move_part(to, from, done)) > 0) { /* the way back is free */
			to += (size_t)n;
			from += (size_t)n;
			done -= (size_t)n;
		}
		return -ENOMEM;
	}
	return 0;
}

/* The host has page tables of its own and takes no frames of ours for them. */
void uk_plat_set_frames(const struct uk_plat_frames *source)
{
}

int uk_plat_direct_map(uk_paddr_t pa, size_t len)
{
	/* It is all there. But what is wanted in large pieces may come so from the host. */
	if (len >= HUGE_PAGE)
		host_madvise(uk_plat_phys_to_virt(pa), len, HOST_MADV_HUGEPAGE);
	return 0;
}

#ifdef CONFIG_PLAT_SPACES
/* A process of the host has one address space. */
int uk_plat_space_create(struct uk_plat_space *s UK_UNUSED)
{
	return -ENOTSUP;
}

void uk_plat_space_destroy(struct uk_plat_space *s UK_UNUSED)
{
	UK_BUG("there is no space to destroy");
}

void uk_plat_space_switch(const struct uk_plat_space *s)
{
	if (s)
		UK_BUG("there is no space to switch to");
}
#endif

/* ---- the initrd ---- */

/* It lies at the end of memory: the file itself, until it is unpacked and its frames are free. */
void *uk_plat_map_boot(uk_paddr_t pa, size_t len)
{
	return len ? uk_plat_phys_to_virt(pa) : NULL;
}

void uk_plat_unmap_boot(const void *va, size_t len)
{
	uk_vaddr_t start = UK_ALIGN_DOWN((uk_vaddr_t)va, UK_PAGE_SIZE);
	uk_vaddr_t end = UK_ALIGN_UP((uk_vaddr_t)va + len, UK_PAGE_SIZE);
	long p = host_mmap((void *)start, end - start, HOST_PROT_READ | HOST_PROT_WRITE,
			   LINUXU_MAP_FRESH | HOST_MAP_FIXED, -1, 0);

	if (p < 0)
		linuxu_fail("cannot take back the memory of the initrd", (int)p);
}
