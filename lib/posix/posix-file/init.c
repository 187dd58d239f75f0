/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The process gets the descriptors and the view of the file tree that boot has set up.
 */
#include <uk/init.h>
#include "internal.h"

static int files_init(void)
{
	struct uk_process *p = uk_process_current();

	p->files = uk_fdtab_boot;
	p->fs = &uk_fs_ctx_boot;
	uk_fdtab_set_limit(p->files, (unsigned)p->limits[UK_RLIMIT_NOFILE].cur);
	uk_fdtab_set_pid(p->files, p->pid);
	return 0;
}
UK_INIT(UK_INIT_POSIX, "1", files_init, NULL);
