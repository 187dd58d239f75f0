/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * ukcount: a QEMU plugin that counts executed guest instructions, exactly, between markers.
 *
 *   cc -O2 -shared -fPIC -o ukcount.so ukcount.c
 *   qemu-system-x86_64 -plugin ukcount.so[,out=FILE][,shm=FILE][,mmio=on][,stop=ID]
 *                      [,profile=FILE[,pair=N|each|boot]][,frames=FILE] ...
 *   qemu-x86_64 -plugin ... PROGRAM
 *
 * A guest marks a place with a NOP that real CPUs ignore, nopl 0x554bNNNN(%rax), NNNN being the
 * marker's number (uk/mark.h); on riscv64 lui zero, 0x55NNN, on arm64 movz xzr, 0x5NNN. Each time one is executed, a line with all counters and the host's
 * clock is appended to `out` (default stderr); so is one at the start and one at the end. With
 * `shm` the counters live in a file that another process may map and read at any time, as
 * NR_COUNTERS native 64-bit words in the order of `names`. `stop` ends QEMU at that marker.
 *
 * TCG executes one iteration of a rep string instruction as one instruction: they are part of
 * `insns` and also counted apart, as `rep`. `mmio` (slow) counts accesses to device memory, which
 * like `pio` would each leave the guest on real hardware. `profile` writes, at the end, a line
 * `ADDRESS INSTRUCTIONS` for each block of code that ran between the markers 16 and 17, summed over
 * all such pairs or only the one that `pair` numbers from 1 (iterations of rep left out); with pair=each each pair's
 * own goes to FILE.1, FILE.2 ... when it ends; with pair=boot it is between the markers 1 and 2, a kernel's first instruction and
 * main().
 *
 * `frames` counts apart what each page frame of the machine executes (its RAM being a memory-backend-memfd),
 * without iterations of rep, and how often it notifies event channels: where Xen runs domains, their frames tell them from each other.
 * The counts (struct frames) are in FILE while QEMU runs; at the k-th marker (1, 2, 16, 17) they are copied to FILE.k.
 *
 * Debian's QEMU comes without its plugin header, so the few declarations needed stand here (plugin
 * API version 1, docs/devel/tcg-plugins of QEMU).
 */
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

/* ---- QEMU's plugin interface ------------------------------------------------------------------ */

typedef uint64_t qemu_plugin_id_t;
typedef struct qemu_info_t qemu_info_t;
struct qemu_plugin_tb;
struct qemu_plugin_insn;
struct qemu_plugin_hwaddr;

enum { QEMU_PLUGIN_INLINE_ADD_U64 = 0 };
enum { QEMU_PLUGIN_CB_NO_REGS = 0 };
enum { QEMU_PLUGIN_MEM_RW = 3 };

typedef void (*vcpu_tb_trans_cb)(qemu_plugin_id_t id, struct qemu_plugin_tb *tb);
typedef void (*vcpu_udata_cb)(unsigned int cpu, void *data);
typedef void (*vcpu_mem_cb)(unsigned int cpu, uint32_t info, uint64_t vaddr, void *data);
typedef void (*udata_cb)(qemu_plugin_id_t id, void *data);

void qemu_plugin_register_vcpu_tb_trans_cb(qemu_plugin_id_t id, vcpu_tb_trans_cb cb);
void qemu_plugin_register_vcpu_tb_exec_inline(struct qemu_plugin_tb *tb, int op, void *p,
					      uint64_t imm);
void qemu_plugin_register_vcpu_insn_exec_inline(struct qemu_plugin_insn *insn, int op, void *p,
						uint64_t imm);
void qemu_plugin_register_vcpu_insn_exec_cb(struct qemu_plugin_insn *insn, vcpu_udata_cb cb,
					    int flags, void *data);
void qemu_plugin_register_vcpu_mem_cb(struct qemu_plugin_insn *insn, vcpu_mem_cb cb, int flags,
				      int rw, void *data);
void qemu_plugin_register_atexit_cb(qemu_plugin_id_t id, udata_cb cb, void *data);
size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *tb);
struct qemu_plugin_insn *qemu_plugin_tb_get_insn(const struct qemu_plugin_tb *tb, size_t i);
const void *qemu_plugin_insn_data(const struct qemu_plugin_insn *insn);
size_t qemu_plugin_insn_size(const struct qemu_plugin_insn *insn);
uint64_t qemu_plugin_insn_vaddr(const struct qemu_plugin_insn *insn);
void *qemu_plugin_insn_haddr(
	const struct qemu_plugin_insn *insn); /* where we have its page mapped */
struct qemu_plugin_hwaddr *qemu_plugin_get_hwaddr(uint32_t info, uint64_t vaddr);
bool qemu_plugin_hwaddr_is_io(const struct qemu_plugin_hwaddr *addr);

#define QEMU_PLUGIN_EXPORT __attribute__((visibility("default")))

QEMU_PLUGIN_EXPORT int qemu_plugin_version = 1;

/* ---- counters -------------------------------------------------------------------------------- */

enum counter {
	LOW,  /* instructions at user addresses (below 2^47): Linux programs, and unikernels */
	HIGH, /* instructions at kernel addresses */
	REP,  /* of both: iterations of movs, stos, cmps, scas, lods with a rep prefix */
	PIO,  /* in, out, ins, outs */
	MMIO, /* loads and stores of device memory, with mmio=on */
	HLT,
	MSR, /* rdmsr, wrmsr */
	CPUID,
	MOVCR,   /* mov from and to control registers */
	SYSCALL, /* syscall, sysenter, int 0x80 */
	IRET,
	MARKS,
	NR_COUNTERS,
};

static const char *const names[NR_COUNTERS] = {
	"low", "high",  "rep",   "pio",     "mmio", "hlt",
	"msr", "cpuid", "movcr", "syscall", "iret", "marks",
};

static uint64_t private_counters[NR_COUNTERS];
static uint64_t *count = private_counters;
static FILE *out;
static bool count_mmio;
static long stop_at = -1;

/* `address` is that of the marker's instruction. */
static void report(const char *event, long id, uint64_t address)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	fprintf(out, "ukcount %s %ld address %llu host_ns %lld insns %llu", event, id,
		(unsigned long long)address, t.tv_sec * 1000000000LL + t.tv_nsec,
		(unsigned long long)(count[LOW] + count[HIGH]));
	for (int i = 0; i < NR_COUNTERS; i++)
		fprintf(out, " %s %llu", names[i], (unsigned long long)count[i]);
	fputc('\n', out);
	fflush(out);
}

/* ---- profile --------------------------------------------------------------------------------- */

#define ENTRY         1
#define MAIN          2
#define PROFILE_BEGIN 16
#define PROFILE_END   17

/* A translated block; the same code may be translated again, and then has several. */
struct block {
	struct block *next;
	uint64_t address;
	uint64_t insns; /* executed since the start */
	uint64_t begin; /* of these, before the last PROFILE_BEGIN */
	uint64_t inside;
};

static struct block *blocks;
static const char *profile_path;
static int profile_pair, pairs_begun; /* of profile_pair EACH: each; BOOT: of other markers */

#define EACH (-1)
#define BOOT (-2)

static struct block *add_block(uint64_t address)
{
	struct block *b = calloc(1, sizeof(*b));

	if (!b)
		abort();
	b->address = address;
	b->next = blocks;
	blocks = b;
	return b;
}

static void write_profile(const char *path)
{
	FILE *f = fopen(path, "w");

	for (struct block *b = blocks; f && b; b = b->next)
		if (b->inside)
			fprintf(f, "%llx %llu\n", (unsigned long long)b->address,
				(unsigned long long)b->inside);
	if (!f || fclose(f))
		perror(path);
}

static void profile_mark(long id)
{
	bool begins = id == (profile_pair == BOOT ? ENTRY : PROFILE_BEGIN);
	bool ends = id == (profile_pair == BOOT ? MAIN : PROFILE_END);
	char path[4096];

	if (!begins && !ends)
		return;
	pairs_begun += begins;
	for (struct block *b = blocks; b; b = b->next) {
		if (begins)
			b->begin = b->insns;
		else if (profile_pair == EACH)
			b->inside = b->insns - b->begin;
		else if (!profile_pair || profile_pair == BOOT || profile_pair == pairs_begun)
			b->inside += b->insns - b->begin;
	}
	if (ends && profile_pair == EACH) {
		snprintf(path, sizeof(path), "%s.%d", profile_path, pairs_begun);
		write_profile(path);
	}
}

/* ---- recognising instructions ---------------------------------------------------------------- */

static bool is_mark(const uint8_t *p, size_t n)
{
	return n == 7 ? p[0] == 0x0f && p[1] == 0x1f && p[2] == 0x80 && p[5] == 0x4b && p[6] == 0x55
		      : n == 4 &&
				((p[0] == 0x37 && !(p[1] & 0x0f) && p[3] == 0x55) ||
				 ((p[0] & 0x1f) == 0x1f && (p[2] & 0xfe) == 0x8a && p[3] == 0xd2));
}

static unsigned mark_id(const uint8_t *p)
{
	return p[0] == 0x0f   ? p[3] | p[4] << 8
	       : p[0] == 0x37 ? p[1] >> 4 | p[2] << 4
			      : (p[0] >> 5 | p[1] << 3 | p[2] << 11) & 0xfff;
}

static bool is_prefix(uint8_t b)
{
	static const uint8_t legacy[] = { 0x66, 0x67, 0xf0, 0xf2, 0xf3, 0x26,
					  0x2e, 0x36, 0x3e, 0x64, 0x65 };

	return memchr(legacy, b, sizeof(legacy)) || (b & 0xf0) == 0x40; /* 0x40..0x4f: REX */
}

/* The counter, besides LOW or HIGH, that this instruction belongs to; NR_COUNTERS if to none. */
static enum counter kind_of(const uint8_t *p, size_t n)
{
	bool rep = false;

	for (; n > 1 && is_prefix(*p); p++, n--)
		rep = rep || *p == 0xf2 || *p == 0xf3;
	switch (p[0]) {
	case 0xe4 ... 0xe7:
	case 0xec ... 0xef:
	case 0x6c ... 0x6f:
		return PIO;
	case 0xa4 ... 0xa7:
	case 0xaa ... 0xaf:
		return rep ? REP : NR_COUNTERS;
	case 0xf4:
		return HLT;
	case 0xcf:
		return IRET;
	case 0xcd:
		return n > 1 && p[1] == 0x80 ? SYSCALL : NR_COUNTERS;
	case 0x0f:
		break;
	default:
		return NR_COUNTERS;
	}
	switch (n > 1 ? p[1] : 0) {
	case 0x05:
	case 0x34:
		return SYSCALL;
	case 0x20:
	case 0x22:
		return MOVCR;
	case 0x30:
	case 0x32:
		return MSR;
	case 0xa2:
		return CPUID;
	default:
		return NR_COUNTERS;
	}
}

/* ---- frames ---------------------------------------------------------------------------------- */

#define FRAMES (1 << 20) /* 4 GiB; a file with holes */

/* As xenlab.py reads it. */
static struct frames {
	uint64_t xen;             /* instructions at Xen's addresses */
	uint64_t other;           /* outside of RAM */
	uint64_t domains[FRAMES]; /* at other addresses, by frame */
	uint64_t sends[FRAMES];   /* event channels notified, by the frame of the code */
} * frames;
static const char *frames_path;

/* Xen's own part of all address spaces (xen/arch/x86/include/asm/config.h) */
#define XEN_BEGIN 0xffff800000000000
#define XEN_END   0xffff880000000000

/* The frame behind an address of ours; FRAMES if that is not RAM. */
static uint64_t frame_of(const void *host)
{
	static uintptr_t begin, end;
	char line[512];
	FILE *maps;

	if (!begin && (maps = fopen("/proc/self/maps", "r"))) {
		while (fgets(line, sizeof(line), maps)) {
			unsigned long long from, to;

			if (!strstr(line, "memory-backend-memfd") ||
			    sscanf(line, "%llx-%llx", &from, &to) != 2)
				continue;
			begin = begin ? begin : (uintptr_t)from;
			end = (uintptr_t)to;
		}
		fclose(maps);
	}
	if ((uintptr_t)host < begin || (uintptr_t)host >= end)
		return FRAMES;
	return ((uintptr_t)host - begin) / 4096 < FRAMES ? ((uintptr_t)host - begin) / 4096
							 : FRAMES;
}

/*
 * Does the block notify an event channel: `mov $4, %edi` (EVTCHNOP_send), `mov $32, %eax` (event_channel_op), and the call
 * of whatever calls Xen? So compilers have it in Linux and in our images; a hypercall page, which would be simpler to see,
 * neither uses.
 */
static bool notifies(const struct qemu_plugin_tb *tb)
{
	static const uint8_t send[] = { 0xbf, 4, 0, 0, 0 }, op[] = { 0xb8, 32, 0, 0, 0 };
	size_t n = qemu_plugin_tb_n_insns(tb);
	unsigned found = 0;

	for (size_t i = 0; i < n; i++) {
		struct qemu_plugin_insn *insn = qemu_plugin_tb_get_insn(tb, i);
		const uint8_t *p = qemu_plugin_insn_data(insn);

		if (qemu_plugin_insn_size(insn) != 5)
			continue;
		found |= !memcmp(p, send, 5) | !memcmp(p, op, 5) << 1 | (p[0] == 0xe8) << 2;
	}
	return found == 7;
}

static void count_frame(struct qemu_plugin_tb *tb)
{
	struct qemu_plugin_insn *insn = qemu_plugin_tb_get_insn(tb, 0);
	uint64_t address = qemu_plugin_insn_vaddr(insn), frame = FRAMES, *where = &frames->xen;
	size_t n = qemu_plugin_tb_n_insns(tb);

	if (address < XEN_BEGIN || address >= XEN_END) {
		frame = frame_of(qemu_plugin_insn_haddr(insn));
		where = frame < FRAMES ? &frames->domains[frame] : &frames->other;
	}
	qemu_plugin_register_vcpu_tb_exec_inline(tb, QEMU_PLUGIN_INLINE_ADD_U64, where, n);
	if (frame < FRAMES && notifies(tb))
		qemu_plugin_register_vcpu_tb_exec_inline(tb, QEMU_PLUGIN_INLINE_ADD_U64,
							 &frames->sends[frame], 1);
	for (size_t i = 0; i < n; i++) {
		insn = qemu_plugin_tb_get_insn(tb, i);
		if (kind_of(qemu_plugin_insn_data(insn), qemu_plugin_insn_size(insn)) == REP)
			qemu_plugin_register_vcpu_insn_exec_inline(insn, QEMU_PLUGIN_INLINE_ADD_U64,
								   where, (uint64_t)-1);
	}
}

/* Pages of zeroes become holes: most frames never run. */
static void copy_frames(void)
{
	static const char zero[4096];
	static int copies;
	char path[4096];
	int fd;
	bool ok;

	snprintf(path, sizeof(path), "%s.%d", frames_path, copies++);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0644);
	ok = fd >= 0 && !ftruncate(fd, sizeof(*frames));
	for (size_t at = 0; ok && at < sizeof(*frames); at += 4096) {
		size_t n = sizeof(*frames) - at < 4096 ? sizeof(*frames) - at : 4096;

		if (memcmp((char *)frames + at, zero, n))
			ok = pwrite(fd, (char *)frames + at, n, (off_t)at) == (ssize_t)n;
	}
	if (!ok)
		perror(path);
	if (fd >= 0)
		close(fd);
}

/* ---- callbacks ------------------------------------------------------------------------------- */

static void write_end(void)
{
	report("end", 0, 0);
	if (profile_path && profile_pair != EACH)
		write_profile(profile_path);
}

struct mark {
	long id;
	uint64_t address;
};

static struct mark *new_mark(const uint8_t *p, uint64_t address)
{
	struct mark *m = malloc(sizeof(*m));

	if (!m)
		abort();
	m->id = mark_id(p);
	m->address = address;
	return m;
}

static void on_mark(unsigned int cpu, void *data)
{
	const struct mark *m = data;
	long id = m->id;

	(void)cpu;
	count[MARKS]++;
	report("mark", id, m->address);
	if (profile_path)
		profile_mark(id);
	if (frames && (id == PROFILE_BEGIN || id == PROFILE_END || id == ENTRY || id == MAIN))
		copy_frames();
	if (id == stop_at) {
		write_end();
		_exit(0);
	}
}

static void on_memory(unsigned int cpu, uint32_t info, uint64_t vaddr, void *data)
{
	struct qemu_plugin_hwaddr *addr = qemu_plugin_get_hwaddr(info, vaddr);

	(void)cpu;
	(void)data;
	if (addr && qemu_plugin_hwaddr_is_io(addr))
		count[MMIO]++;
}

/*
 * Called once per block that QEMU translates: plants the counting. A block is left early only by a
 * fault or a device access, so adding its length on entry is exact enough for time but not for a
 * marker in its middle; blocks that hold one count instruction by instruction.
 */
static void on_translate(qemu_plugin_id_t id, struct qemu_plugin_tb *tb)
{
	size_t n = qemu_plugin_tb_n_insns(tb);
	bool marked = false;

	(void)id;
	for (size_t i = 0; i < n; i++) {
		struct qemu_plugin_insn *insn = qemu_plugin_tb_get_insn(tb, i);

		marked =
			marked || is_mark(qemu_plugin_insn_data(insn), qemu_plugin_insn_size(insn));
	}
	if (frames)
		count_frame(tb);
	for (size_t i = 0; i < n; i++) {
		struct qemu_plugin_insn *insn = qemu_plugin_tb_get_insn(tb, i);
		const uint8_t *p = qemu_plugin_insn_data(insn);
		size_t size = qemu_plugin_insn_size(insn);
		enum counter kind = kind_of(p, size);
		uint64_t *where = &count[qemu_plugin_insn_vaddr(insn) >> 47 ? HIGH : LOW];

		if (i == 0 && profile_path && kind != REP)
			qemu_plugin_register_vcpu_tb_exec_inline(
				tb, QEMU_PLUGIN_INLINE_ADD_U64,
				&add_block(qemu_plugin_insn_vaddr(insn))->insns, n);
		if (marked)
			qemu_plugin_register_vcpu_insn_exec_inline(insn, QEMU_PLUGIN_INLINE_ADD_U64,
								   where, 1);
		else if (i == 0)
			qemu_plugin_register_vcpu_tb_exec_inline(tb, QEMU_PLUGIN_INLINE_ADD_U64,
								 where, n);
		if (kind != NR_COUNTERS)
			qemu_plugin_register_vcpu_insn_exec_inline(insn, QEMU_PLUGIN_INLINE_ADD_U64,
								   &count[kind], 1);
		if (count_mmio)
			qemu_plugin_register_vcpu_mem_cb(insn, on_memory, QEMU_PLUGIN_CB_NO_REGS,
							 QEMU_PLUGIN_MEM_RW, NULL);
		if (is_mark(p, size))
			qemu_plugin_register_vcpu_insn_exec_cb(insn, on_mark,
							       QEMU_PLUGIN_CB_NO_REGS,
							       new_mark(p, qemu_plugin_insn_vaddr(
										   insn)));
	}
}

static void on_exit_of_qemu(qemu_plugin_id_t id, void *data)
{
	(void)id;
	(void)data;
	write_end();
}

/* A file of this size that others may map too; NULL if it cannot be. */
static void *shared(const char *path, size_t size)
{
	int fd = open(path, O_RDWR | O_CREAT | O_TRUNC, 0644);
	void *p;

	if (fd < 0 || ftruncate(fd, (off_t)size))
		return NULL;
	p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	close(fd);
	return p == MAP_FAILED ? NULL : p;
}

QEMU_PLUGIN_EXPORT int qemu_plugin_install(qemu_plugin_id_t id, const qemu_info_t *info, int argc,
					   char **argv)
{
	(void)info;
	out = stderr;
	for (int i = 0; i < argc; i++) {
		bool ok = true;

		if (!strncmp(argv[i], "out=", 4))
			ok = (out = fopen(argv[i] + 4, "a")) != NULL;
		else if (!strncmp(argv[i], "shm=", 4))
			ok = (count = shared(argv[i] + 4, sizeof(private_counters))) != NULL;
		else if (!strcmp(argv[i], "mmio=on"))
			count_mmio = true;
		else if (!strncmp(argv[i], "profile=", 8))
			ok = (profile_path = strdup(argv[i] + 8)) != NULL;
		else if (!strncmp(argv[i], "frames=", 7))
			ok = (frames_path = strdup(argv[i] + 7)) &&
			     (frames = shared(frames_path, sizeof(*frames)));
		else if (!strncmp(argv[i], "pair=", 5))
			profile_pair = !strcmp(argv[i] + 5, "each")   ? EACH
				       : !strcmp(argv[i] + 5, "boot") ? BOOT
								      : atoi(argv[i] + 5);
		else if (!strncmp(argv[i], "stop=", 5))
			stop_at = strtol(argv[i] + 5, NULL, 0);
		else
			ok = false;
		if (!ok) {
			fprintf(stderr, "ukcount: cannot use `%s`\n", argv[i]);
			return -1;
		}
	}
	report("start", 0, 0);
	qemu_plugin_register_vcpu_tb_trans_cb(id, on_translate);
	qemu_plugin_register_atexit_cb(id, on_exit_of_qemu, NULL);
	return 0;
}
