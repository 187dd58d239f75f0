/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The process starts: from the host's stack (argc, argv, environment, auxiliary vector) to
 * uk_boot(). The host has mapped the image at a random address; everything else is ours to do:
 * relocate, close what is read-only after that, take the traps, make memory.
 *
 * Start-up time is this platform's promise. So nothing is asked of the host that the application
 * may not need: clocks, timer, input and terminal are set up at their first use.
 */
#define HOST_SETUP
#include <uk/canary.h>
#include <uk/param.h>
#include <uk/percpu.h>
#include <uk/plat/bootinfo.h>
#include <uk/plat/mem.h>
#include <uk/plat/random.h>
#include <uk/print.h>
#include <uk/string.h>

#include "linuxu.h"
#include "relr.h"

struct linuxu_auxv linuxu_auxv UK_RO_AFTER_INIT;
uintptr_t linuxu_stack_top UK_RO_AFTER_INIT;
uint64_t linuxu_stack_limit UK_RO_AFTER_INIT;
int linuxu_pid UK_RO_AFTER_INIT;

enum { AT_NULL = 0, AT_RANDOM = 25, AT_HWCAP2 = 26, AT_SYSINFO_EHDR = 33, AT_MINSIGSTKSZ = 51 };

/* From the linker script. The image is linked at 0: an address there is an offset here. */
extern char uk_image_start[] __attribute__((visibility("hidden")));
extern char uk_image_end[] __attribute__((visibility("hidden")));
extern char uk_text_start[] __attribute__((visibility("hidden")));
extern char linuxu_relro[] __attribute__((visibility("hidden")));
extern char linuxu_relro_end[] __attribute__((visibility("hidden")));
extern const uint64_t linuxu_relr[] __attribute__((visibility("hidden")));
extern const uint64_t linuxu_relr_end[] __attribute__((visibility("hidden")));
struct elf_rela {
	uint64_t offset, info, addend;
};
extern const struct elf_rela linuxu_rela[] __attribute__((visibility("hidden")));
extern const struct elf_rela linuxu_rela_end[] __attribute__((visibility("hidden")));

/* Adds the image's address to every pointer in its data. All relocations are relative. */
static void relocate(void)
{
	uintptr_t base = (uintptr_t)uk_image_start;
	size_t constants = UK_ALIGN_DOWN((uintptr_t)uk_text_start, UK_PAGE_SIZE) - base;
	const uint64_t *lowest = linuxu_relr;
	bool in_constants = lowest < linuxu_relr_end && *lowest < constants;

	/* Code for arm64 is compiled for a place that is known (its flags.mk): with addresses among the constants. */
	for (const struct elf_rela *r = linuxu_rela; r < linuxu_rela_end && !in_constants; r++)
		in_constants = r->info == HOST_RELATIVE && r->offset < constants;
	if (in_constants)
		host_mprotect(uk_image_start, constants, HOST_PROT_READ | HOST_PROT_WRITE);
	relr_relocate(linuxu_relr, linuxu_relr_end, base, base);
	for (const struct elf_rela *r = linuxu_rela; r < linuxu_rela_end; r++)
		if (r->info == HOST_RELATIVE) /* others are what the linker had room for */
			*(uint64_t *)(base + r->offset) = base + r->addend;
	if (in_constants)
		host_mprotect(uk_image_start, constants, HOST_PROT_READ);
}

static void read_auxv(const uint64_t *aux)
{
	for (; aux[0] != AT_NULL; aux += 2) {
		if (aux[0] == AT_RANDOM)
			linuxu_auxv.random = (uint8_t *)aux[1];
		else if (aux[0] == AT_HWCAP2)
			linuxu_auxv.hwcap2 = aux[1];
		else if (aux[0] == AT_SYSINFO_EHDR)
			linuxu_auxv.vdso = (const void *)aux[1];
		else if (aux[0] == AT_MINSIGSTKSZ)
			linuxu_auxv.sigframe = aux[1];
	}
}

const char *linuxu_early_param(const struct uk_bootinfo *bi, const char *name)
{
	size_t n = uk_strlen(name);
	const char *value = NULL;

	for (int i = 1; i < bi->argc && uk_strcmp(bi->argv[i], "--"); i++)
		if (!uk_strncmp(bi->argv[i], name, n) && bi->argv[i][n] == '=')
			value = bi->argv[i] + n + 1;
	return value;
}

UK_NORETURN void linuxu_fail(const char *what, int err)
{
	uk_fatal("linuxu: %s (host error %d)", what, -err);
}

#ifndef CONFIG_HARDEN_NX
/* What the host has mapped, writable and executable: the image, and the stack. */
static void open_all(uintptr_t sp)
{
	uintptr_t end = UK_ALIGN_UP((uintptr_t)uk_image_end, UK_PAGE_SIZE);
	const int all = HOST_PROT_READ | HOST_PROT_WRITE | HOST_PROT_EXEC;

	host_mprotect(uk_image_start, end - (uintptr_t)uk_image_start, all);
	host_mprotect((void *)(sp & ~UK_PAGE_MASK), UK_PAGE_SIZE, all | HOST_PROT_DOWN);
}
#endif

static UK_NO_STACK_PROTECTOR void choose_canary(void)
{
#ifdef CONFIG_HARDEN_STACK_PROTECTOR
	uint64_t random;

	uk_plat_entropy(&random, sizeof(random));
	uk_canary_set(random);
#if defined(CONFIG_SMP) && defined(UK_PERCPU_CANARY)
	uk_percpu()->canary = __stack_chk_guard;
#endif
#endif
}

/* Once, before the filter of system calls is there if there is one: it forbids this call. */
void uk_plat_seal(void)
{
	uintptr_t relro = UK_ALIGN_DOWN((uintptr_t)linuxu_relro, UK_PAGE_SIZE);
	static bool done;

	if (done)
		return;
	done = true;
	host_mprotect((void *)relro, (uintptr_t)linuxu_relro_end - relro, HOST_PROT_READ);
}

/* An unlimited one grows until it meets something; this much the host keeps free below it. */
#define STACK_MAX (128UL << 20)

bool uk_plat_stack(uk_vaddr_t *low, uk_vaddr_t *high)
{
	*high = UK_ALIGN_UP(linuxu_stack_top + 1, UK_PAGE_SIZE);
	*low = *high - UK_ALIGN_DOWN(UK_MIN(linuxu_stack_limit, STACK_MAX), UK_PAGE_SIZE);
	return true;
}

/* What the host has mapped for us, as the linker script says it. */
bool uk_plat_mapping(unsigned i, struct uk_plat_mapping *m)
{
	const uintptr_t at[] = {
		(uintptr_t)uk_image_start,
		UK_ALIGN_DOWN((uintptr_t)uk_text_start, UK_PAGE_SIZE),
		UK_ALIGN_DOWN((uintptr_t)linuxu_relro, UK_PAGE_SIZE),
		(uintptr_t)linuxu_relro_end,
		UK_ALIGN_UP((uintptr_t)uk_image_end, UK_PAGE_SIZE),
	};
	static const uint8_t prots[] = { UK_PROT_READ, UK_PROT_READ | UK_PROT_EXEC, UK_PROT_READ,
					 UK_PROT_READ | UK_PROT_WRITE };

	if (i < UK_ARRAY_SIZE(prots)) {
		*m = (struct uk_plat_mapping){ at[i], at[i + 1], prots[i], false, "image" };
		return true;
	}
	*m = (struct uk_plat_mapping){ .prot = UK_PROT_READ | UK_PROT_WRITE,
				       .stack = true,
				       .name = "boot stack" };
	uk_plat_stack(&m->start, &m->end);
	return i == UK_ARRAY_SIZE(prots);
}

/* Called by _start with the stack that the host made; `sp` points at argc. */
UK_NORETURN UK_USED void linuxu_start(long *sp);
UK_NORETURN void linuxu_start(long *sp)
{
	static struct uk_bootinfo bi;
	char **envp;

	relocate();
	linuxu_stack_top = (uintptr_t)sp;
#ifdef CONFIG_SMP
	uk_percpu_init(0);
	linuxu_arch_cpu(0);
#endif
#ifndef CONFIG_HARDEN_NX
	open_all((uintptr_t)sp);
#endif
	linuxu_stack_limit = host_stack_limit();
	linuxu_pid = host_getpid();
	bi.protocol = "linuxu";
	bi.cmdline = (char *)"";
	bi.argc = (int)sp[0];
	bi.argv = (char **)(sp + 1);
	for (envp = bi.argv + bi.argc + 1; *envp; envp++)
		; /* the host's environment is not the application's */
	read_auxv((const uint64_t *)(envp + 1));
	choose_canary();

#ifdef CONFIG_LIBUKKASAN
	linuxu_shadow_init();
#endif
	linuxu_arch_init();
	linuxu_mem_init(&bi);
#ifdef CONFIG_SMP
	linuxu_trap_stack[0] = (char *)uk_plat_phys_to_virt(LINUXU_PHYS_START) - LINUXU_TRAP_STACK;
#endif
	host_sigaltstack(linuxu_trap_stack_here(), LINUXU_TRAP_STACK);
	linuxu_trap_init();
	linuxu_console_init();
	uk_boot(&bi);
}
