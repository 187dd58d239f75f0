/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * An open file of our own for input, made at set-up: once seccomp is in force nothing can be opened,
 * by whatever path, and no signal be directed at another process (F_SETOWN). Only in images that
 * read input: the function that does keeps the entry below.
 */
#define HOST_SETUP
#include <uk/abi/stat.h>
#include <uk/plat/console.h>
#include <uk/table.h>

#include "linuxu.h"

int linuxu_input_own UK_RO_AFTER_INIT = -1;

/* Input that comes when it likes, and has no position that a second open file would not share. */
static bool is_stream(int fd)
{
	struct uk_abi_stat st;

	if (host_fstat(fd, &st))
		return false;
	return (st.st_mode & UK_S_IFMT) == UK_S_IFIFO || uk_plat_console_isatty(fd);
}

static void open_input(void)
{
	int fd;

	if (!is_stream(0))
		return;
	fd = host_open("/proc/self/fd/0",
		       HOST_O_RDONLY | HOST_O_NONBLOCK | HOST_O_NOCTTY | HOST_O_CLOEXEC);
	if (fd < 0)
		return;
	host_fcntl(fd, HOST_F_SETOWN, linuxu_pid);
	linuxu_input_own = fd;
}

UK_TABLE_ENTRY(const linuxu_setup, linuxu_setup, linuxu_input_setup) = open_input;
