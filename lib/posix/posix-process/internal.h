/* SPDX-License-Identifier: BSD-3-Clause */
/* Shared by the files of posix-process. */
#ifndef POSIX_PROCESS_INTERNAL_H
#define POSIX_PROCESS_INTERNAL_H

#include <uk/process.h>

void process_init_limits(struct uk_process *p);

#endif
