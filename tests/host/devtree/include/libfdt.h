/* SPDX-License-Identifier: BSD-3-Clause */
/* Of libfdt what devtree.c takes from it, but for the check of the header, which is in order here (Devicetree Specification 0.4 §5). */
#ifndef LIBFDT_H
#define LIBFDT_H

#include <stdint.h>

typedef uint32_t fdt32_t;

struct fdt_header {
	fdt32_t magic, totalsize, off_dt_struct, off_dt_strings, off_mem_rsvmap, version;
	fdt32_t last_comp_version, boot_cpuid_phys, size_dt_strings, size_dt_struct;
};

enum { FDT_BEGIN_NODE = 1, FDT_END_NODE, FDT_PROP, FDT_NOP, FDT_END = 9 };
#define FDT_TAGSIZE        4
#define FDT_ERR_BADVERSION 10

static inline uint32_t fdt_cell(const void *tree, unsigned i)
{
	return __builtin_bswap32(((const uint32_t *)tree)[i]);
}

#define fdt_totalsize(t)                  fdt_cell(t, 1)
#define fdt_off_mem_rsvmap(t)             fdt_cell(t, 4)
#define fdt_version(t)                    fdt_cell(t, 5)
#define fdt_check_header(t)               0
#define fdt_node_offset_by_phandle(t, ph) ((void)(ph), devtree_cpus())

#endif
