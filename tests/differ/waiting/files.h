/* SPDX-License-Identifier: BSD-3-Clause */
/* Two files, of which one has something in it, and two pipes: what splice, sendfile and copy_file_range go between. */
#ifndef FILES_H
#define FILES_H

#include <fcntl.h>
#include "../say.h"

#define SIZE 200000

static char data[SIZE], back[SIZE];
static int in, out, p[2], q[2];

static void files_begin(int flags)
{
	in = open("/tmp/differ.in", O_CREAT | O_TRUNC | O_RDWR, 0600);
	out = open("/tmp/differ.out", O_CREAT | O_TRUNC | O_RDWR, 0600);
	for (int i = 0; i < SIZE; i++)
		data[i] = (char)(i * 31 + i / 253);
	if (write(in, data, SIZE) != SIZE || lseek(in, 0, SEEK_SET) || pipe2(p, flags) ||
	    pipe2(q, flags))
		perror("begin");
	memset(back, 0, SIZE);
}

static void files_end(void)
{
	int all[] = { in, out, p[0], p[1], q[0], q[1] };

	for (unsigned i = 0; i < sizeof(all) / sizeof(*all); i++)
		close(all[i]);
	unlink("/tmp/differ.in");
	unlink("/tmp/differ.out");
}

#define POS(fd) SAY(lseek(fd, 0, SEEK_CUR))

#endif
