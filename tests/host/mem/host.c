/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The platform of host.h, and the few functions of ukbase that the memory libraries use.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <uk/boot.h>
#include <uk/init.h>
#include <uk/percpu.h>
#include <uk/plat/clock.h>
#include <uk/param.h>
#include <uk/plat/mem.h>
#include <uk/plat/power.h>
#include <uk/plat/random.h>
#include <uk/plat/trap.h>
#include <uk/errno.h>
#include <uk/print.h>
#include "host.h"

#define SPACE (1UL << 40) /* physical addresses */

struct uk_percpu uk_percpu_boot;
uintptr_t uk_plat_direct_base;
uint64_t host_direct_pages, host_mapped_pages, host_seed = 1;
unsigned host_fail_tables;

/* Memory that runs out ends the image: here, the touch. */
static jmp_buf *touching;

static struct uk_bootinfo bootinfo;
struct uk_bootinfo *uk_bootinfo = &bootinfo;

static const struct uk_plat_frames *frames;
static uint8_t *entered; /* a byte per frame: in the direct map */

void host_fail(const char *file, int line, const char *what)
{
	fprintf(stderr, "%s:%d: not so: %s (seed %lu)\n", file, line, what, host_seed);
	abort();
}

uint64_t host_random(void)
{
	static uint64_t x;

	if (!x)
		x = host_seed * 0x9e3779b97f4a7c15;
	x ^= x << 13;
	x ^= x >> 7;
	x ^= x << 17;
	return x * 0x2545f4914f6cdd1d;
}

void uk_panic(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	fputc('\n', stderr);
	_exit(77);
}

void uk_log(enum uk_log_level level, const char *lib, const char *fmt, ...)
{
	va_list ap;

	if (touching) /* out of memory: that is expected */
		return;
	va_start(ap, fmt);
	fprintf(stderr, "%d %s: ", level, lib);
	vfprintf(stderr, fmt, ap);
	fputc('\n', stderr);
}

void host_expect_panic(void (*fn)(void), const char *text)
{
	char buf[1024] = "";
	int fd[2], status;
	ssize_t n = 0, got;
	pid_t pid;

	if (pipe(fd))
		abort();
	pid = fork();
	if (!pid) {
		dup2(fd[1], 2);
		fn();
		_exit(0);
	}
	close(fd[1]);
	while ((got = read(fd[0], buf + n, sizeof(buf) - 1 - n)) > 0)
		n += got;
	close(fd[0]);
	waitpid(pid, &status, 0);
	if (!WIFEXITED(status) || WEXITSTATUS(status) != 77 || !strstr(buf, text)) {
		fprintf(stderr, "expected a panic with \"%s\", got status %x and: %s\n", text,
			status, buf);
		abort();
	}
}

/* ---- physical memory ---- */

void host_memory(uint64_t start, uint64_t bytes)
{
	if (!uk_plat_direct_base) {
		uk_plat_direct_base =
			(uintptr_t)mmap(NULL, SPACE, PROT_NONE,
					MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
		entered = mmap(NULL, SPACE / UK_PAGE_SIZE, PROT_READ | PROT_WRITE,
			       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	}
	EXPECT(start + bytes <= SPACE);
	for (uint64_t i = start / UK_PAGE_SIZE; i < (start + bytes) / UK_PAGE_SIZE; i++)
		entered[i] = 2;
	bootinfo.regions[bootinfo.nregions++] =
		(struct uk_boot_region){ .start = start, .len = bytes, .type = UK_MEM_FREE };
}

/* The link sorts them by section name; see Makefile. */
UK_TABLE_DECLARE(const struct uk_init, init);

void host_init(void)
{
	const struct uk_init *i;

	uk_table_for_each(i, init)
		EXPECT(!i->start());
}

void uk_plat_set_frames(const struct uk_plat_frames *source)
{
	frames = source;
}

/* Takes page tables out of the range as a real platform does, and fills the rest with rubbish. */
int uk_plat_direct_map(uk_paddr_t pa, size_t len)
{
	size_t tables = len >= 2 << 20 ? 0 : host_random() % 4, i;

	if (len <= tables * UK_PAGE_SIZE)
		return -ENOMEM;
	EXPECT(!(pa & UK_PAGE_MASK) && !(len & UK_PAGE_MASK));
	for (i = 0; i < len / UK_PAGE_SIZE; i++) {
		EXPECT(entered[pa / UK_PAGE_SIZE + i] == 2); /* there, and not brought in before */
		entered[pa / UK_PAGE_SIZE + i] = 1;
	}
	if (mprotect((void *)(uk_plat_direct_base + pa), len, PROT_READ | PROT_WRITE))
		abort();
	memset((void *)(uk_plat_direct_base + pa), 0xa5, len < 16 << 20 ? len : 16 << 20);
	host_direct_pages += len / UK_PAGE_SIZE;
	return tables;
}

/* ---- page tables: open hashing by page number, one frame of tables per 512 pages ---- */

#define SLOTS (1U << 20)

static struct slot {
	uint64_t page;
	uk_paddr_t pa;
	unsigned prot;
} * slots;

static struct slot *slot_of(uk_vaddr_t va, bool make)
{
	uint64_t page = va >> UK_PAGE_SHIFT;
	size_t i = page * 0x9e3779b97f4a7c15 >> 44;
	struct slot *reuse = NULL;

	if (!slots)
		slots = calloc(SLOTS, sizeof(*slots));
	for (; slots[i].page; i = (i + 1) % SLOTS) {
		if (slots[i].page == page)
			return &slots[i];
		if (slots[i].page == 1 && !reuse)
			reuse = &slots[i];
	}
	if (!make)
		return NULL;
	if (reuse)
		return reuse;
	return &slots[i];
}

static bool bad_range(uk_vaddr_t va, size_t len)
{
	return (va | len) & UK_PAGE_MASK || !len || va < UK_VA_AREAS || va + len < va;
}

int uk_plat_map(uk_vaddr_t va, uk_paddr_t pa, size_t len, unsigned prot)
{
	size_t i;
	struct slot *s;

	EXPECT(!bad_range(va, len));
	if ((prot & (UK_PROT_WRITE | UK_PROT_EXEC | UK_PROT_WX)) == (UK_PROT_WRITE | UK_PROT_EXEC))
		return -EACCES;
	for (i = 0; i < len; i += UK_PAGE_SIZE) {
		if (host_fail_tables && !--host_fail_tables)
			return -ENOMEM;
		EXPECT(entered[(pa + i) / UK_PAGE_SIZE] == 1);
		s = slot_of(va + i, true);
		host_mapped_pages += s->page != (va + i) >> UK_PAGE_SHIFT;
		*s = (struct slot){ (va + i) >> UK_PAGE_SHIFT, pa + i, prot };
	}
	return 0;
}

int uk_plat_map_page(uk_vaddr_t va, uk_paddr_t pa, unsigned prot)
{
	return uk_plat_map(va, pa, UK_PAGE_SIZE, prot);
}

int uk_plat_unmap(uk_vaddr_t va, size_t len)
{
	struct slot *s;
	size_t i;

	EXPECT(!bad_range(va, len));
	for (i = 0; i < len; i += UK_PAGE_SIZE) {
		s = slot_of(va + i, false);
		if (s) {
			s->page = 1;
			host_mapped_pages--;
		}
	}
	return 0;
}

int uk_plat_protect(uk_vaddr_t va, size_t len, unsigned prot)
{
	struct slot *s;
	size_t i;

	EXPECT(!bad_range(va, len));
	for (i = 0; i < len; i += UK_PAGE_SIZE) {
		s = slot_of(va + i, false);
		if (s)
			s->prot = prot;
	}
	return 0;
}

int uk_plat_lookup(uk_vaddr_t va, uk_paddr_t *pa, unsigned *prot)
{
	struct slot *s = slot_of(va, false);

	if (!s)
		return -EFAULT;
	*pa = s->pa + (va & UK_PAGE_MASK);
	if (prot)
		*prot = s->prot;
	return 0;
}

size_t uk_plat_lookup_run(uk_vaddr_t va, size_t max, uk_paddr_t *pa)
{
	struct slot *s = slot_of(va, false);
	size_t len;

	EXPECT(max && !(max & UK_PAGE_MASK));
	*pa = s ? s->pa : 0;
	for (len = UK_PAGE_SIZE; len < max && host_random() % 64; len += UK_PAGE_SIZE) {
		struct slot *next = slot_of(va + len, false);

		if (!next != !s || (s && next->pa != s->pa + len))
			break;
	}
	return len;
}

/* As the CPU of kvm: no host below. */
const bool uk_plat_demand = false;

int uk_plat_map_demand(uk_vaddr_t va, size_t len, unsigned prot)
{
	return -ENOSYS;
}

int uk_plat_discard(uk_vaddr_t va, size_t len)
{
	return -ENOSYS;
}

int uk_plat_populate(uk_vaddr_t va, size_t len, bool write)
{
	return -ENOSYS;
}

bool uk_plat_resident(uk_vaddr_t va)
{
	return slot_of(va, false);
}

int uk_plat_move(uk_vaddr_t from, uk_vaddr_t to, size_t len)
{
	struct slot *s;
	size_t i;
	int err;

	for (i = 0; i < len; i += UK_PAGE_SIZE) {
		s = slot_of(from + i, false);
		err = s ? uk_plat_map(to + i, s->pa, UK_PAGE_SIZE, s->prot) : 0;
		if (err) {
			uk_plat_unmap(to, len);
			return err;
		}
	}
	return uk_plat_unmap(from, len);
}

bool uk_plat_mapping(unsigned i, struct uk_plat_mapping *m)
{
	return false;
}

void uk_plat_page_faults_start(void *stack)
{
}

void uk_plat_irq_replay(void)
{
}

void uk_plat_exit(int status)
{
	EXPECT(touching && status == 137);
	longjmp(*touching, 1);
}

__attribute__((__weak__)) int uk_page_fault_hook(uk_vaddr_t va, unsigned access, unsigned how)
{
	return -EFAULT; /* without ukvmem */
}

bool host_touch(uint64_t va, bool write)
{
	struct slot *s = slot_of(va, false);
	jmp_buf here;

	if (s && (write ? s->prot & UK_PROT_WRITE : s->prot))
		return true;
	touching = &here;
	if (setjmp(here))
		return false;
	EXPECT(!uk_page_fault_hook(va, write ? UK_TRAP_WRITE : UK_TRAP_READ, UK_PAGE_FAULT_FREE));
	touching = NULL;
	return true;
}

size_t uk_plat_entropy(void *buf, size_t n)
{
	uint8_t *p = buf;
	size_t i;

	for (i = 0; i < n; i++)
		p[i] = host_random();
	return n;
}

uk_nsec uk_plat_clock_monotonic(void)
{
	return 0;
}
