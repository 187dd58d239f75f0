/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Linker tables: entries that any file can add, gathered by the image link into one array.
 *
 * An entry is linked only if something refers to it, so that an unused parameter, system call or
 * driver leaves no trace in the image. A function keeps its own entry alive with UK_TABLE_KEEP():
 * a relocation of type NONE against the entry, which has no effect but is an edge of the
 * linker's reachability graph (ELF section groups would say the same, but C offers no
 * way to name a group that both gcc and clang accept). Root tables (init, driver) are kept whole.
 *
 * The library that owns a table names it in its Makefile.uk (`tables-y := NAME`; `roots-y` for one
 * that is kept whole, `tables-rw-y` for a writable one). The link then gathers `.uk_tab.NAME.*`, or
 * `.uk_root.NAME.*`, sorted by name, between uk_tab_NAME_start and uk_tab_NAME_end.
 */
#ifndef UK_TABLE_H
#define UK_TABLE_H

#include <uk/arch/asm.h>
#include <uk/essentials.h>

/* Defines an entry that is linked if something refers to it. */
#define UK_TABLE_ENTRY(type, table, name) \
	type UK_SECTION(".uk_tab." #table "." #name) UK_USED UK_ALIGNED(8) name

/* Defines an entry that is always linked; `key` orders entries of a table. */
#define UK_TABLE_ROOT(type, table, key, name) \
	type UK_SECTION(".uk_root." #table "." key "." #name) UK_USED UK_ALIGNED(8) name

/* In a function: while this function is in the image, so is the entry. No code. */
#define UK_TABLE_KEEP(entry) __asm__ volatile(".reloc ., BFD_RELOC_NONE, " UK_ASM_SYMBOL(0)::UK_ASM_SYMBOL_IN(&(entry)))

#define UK_TABLE_DECLARE(type, table) \
	extern type uk_tab_##table##_start[], uk_tab_##table##_end[]

#define uk_table_for_each(pos, table) \
	for (pos = uk_tab_##table##_start; pos != uk_tab_##table##_end; pos++)

#endif
