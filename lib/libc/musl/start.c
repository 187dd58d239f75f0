/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * From boot to main(): what a kernel leaves on the stack of a new program, as musl expects it.
 *
 *	argv[0] … argv[argc-1] NULL   environment … NULL   (type, value) … (AT_NULL, 0)
 *
 * __libc_start_main() takes it from there: thread pointer and TLS, constructors, main(), exit(),
 * which runs atexit() functions and destructors, flushes stdio and ends in uk_sys_exit_group().
 *
 * There is no thread block before that, hence no canary: what runs here goes without.
 */
#include <elf.h>
#include <string.h>
#include <uk/alloc.h>
#include <uk/boot.h>
#include <uk/essentials.h>
#include <uk/mark.h>
#include <uk/param.h>
#include <uk/plat/mem.h>
#include <uk/plat/random.h>
#include <uk/print.h>
#include <uk/syscall_list.h>

UK_PARAM_LIST(env, vars, "HOME=/ PATH=/bin:/usr/bin",
	      "environment of the application: [ A=1 B=2 ]");

#define AUX_MAX 8 /* pairs */

int main(int argc, char **argv, char **envp);
int __libc_start_main(int (*main_fn)(int, char **, char **), int argc, char **argv,
		      void (*init)(void), void (*fini)(void), void (*ldso)(void));

void __uk_set_enomem(void); /* malloc.c */

/* The image's ELF header, where it is part of what was loaded. */
extern const char __ehdr_start[] UK_WEAK; /* as long as it is: not one struct */

static int run_main(int argc, char **argv, char **envp)
{
	UK_MARK(UK_MARK_MAIN);
	return main(argc, argv, envp);
}

/* The words of env.vars, unquoted, one after the other in buf; how many. */
static UK_NO_STACK_PROTECTOR int env_words(char *buf, size_t size)
{
	const char *list = uk_param_env_vars.s;
	int n = 0, rc;

	while ((rc = uk_param_next(&list, buf, size)) > 0) {
		size_t len = strlen(buf) + 1;

		buf += len;
		size -= len;
		n++;
	}
	if (rc < 0)
		uk_panic("env.vars: a quote is missing in: %s", list);
	return n;
}

/*
 * TLS, if the program has any: musl reads it from program headers. Ours give addresses relative
 * to the image's random base, which musl would look for in headers that we do not have; so it gets a
 * header of its own with the true address.
 */
static UK_NO_STACK_PROTECTOR bool find_tls(Elf64_Phdr *tls)
{
	const Elf64_Ehdr *elf = (const Elf64_Ehdr *)__ehdr_start;
	const Elf64_Phdr *ph;

	if (!elf)
		return false;
	ph = (const Elf64_Phdr *)((const char *)elf + elf->e_phoff);
	for (int i = 0; i < elf->e_phnum; i++) {
		if (ph[i].p_type == PT_TLS && ph[i].p_memsz) {
			*tls = ph[i];
			tls->p_vaddr += (uintptr_t)elf; /* images are linked at 0 */
			return true;
		}
	}
	return false;
}

UK_NO_STACK_PROTECTOR void musl_main(int argc, char **argv)
{
	size_t env_size = strlen(uk_param_env_vars.s) + 1;
	char words[env_size], *word = words;
	int envc = env_words(words, env_size);
	uintptr_t block[argc + 1 + envc + 1 + 2 * AUX_MAX], *p = block;
	static Elf64_Phdr tls;
	uint64_t random[2] = { 0 };

	for (int i = 0; i < argc; i++)
		*p++ = (uintptr_t)argv[i];
	*p++ = 0;
	for (int i = 0; i < envc; i++, word += strlen(word) + 1)
		*p++ = (uintptr_t)word;
	*p++ = 0;

	*p++ = AT_PAGESZ, *p++ = UK_PAGE_SIZE;
	*p++ = AT_CLKTCK, *p++ = 100;
	*p++ = AT_EXECFN, *p++ = block[0];
	if (uk_sys_getrandom((long)random, sizeof(random), 0) != sizeof(random))
		uk_plat_entropy(random, sizeof(random)); /* an image without generator */
	*p++ = AT_RANDOM, *p++ = (uintptr_t)random;
	if (find_tls(&tls)) {
		*p++ = AT_PHDR, *p++ = (uintptr_t)&tls;
		*p++ = AT_PHENT, *p++ = sizeof(tls);
		*p++ = AT_PHNUM, *p++ = 1;
	}
	*p++ = AT_NULL, *p++ = 0;

	uk_heap->nomem = __uk_set_enomem;
	__libc_start_main(run_main, argc, (char **)block, NULL, NULL, NULL);
}
