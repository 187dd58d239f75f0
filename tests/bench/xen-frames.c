/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Which of the machine's page frames belong to dom0: lines of `FIRST COUNT`. Runs in dom0, a PV one, and asks Xen for the
 * type of each frame as one of dom0's, which others are not (xen/include/public/domctl.h of Xen 4.17, getpageframeinfo3).
 *
 *	xen-frames FRAMES
 */
#include <err.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>

#define HYPERVISOR_DOMCTL 36
#define INTERFACE_VERSION 0x15
#define GETPAGEFRAMEINFO3 61
#define NOT_ITS           (0xfULL << 28)
#define AT_ONCE           1024

/* xen/include/uapi/xen/privcmd.h of Linux */
struct privcmd_hypercall {
	uint64_t op, arg[5];
};
#define PRIVCMD_HYPERCALL _IOC(_IOC_NONE, 'P', 0, sizeof(struct privcmd_hypercall))

static struct {
	uint32_t cmd, interface_version;
	uint16_t domain, pad[3];
	uint64_t num;
	uint64_t *array;
	uint8_t rest[112];
} op;
static uint64_t types[AT_ONCE];

int main(int argc, char **argv)
{
	unsigned long frames = argc == 2 ? strtoul(argv[1], NULL, 0) : 0, begin = 0;
	struct privcmd_hypercall call = { HYPERVISOR_DOMCTL, { (uintptr_t)&op } };
	int fd = open("/dev/xen/privcmd", O_RDWR), inside = 0;

	if (!frames)
		errx(2, "usage: xen-frames FRAMES");
	if (fd < 0 || mlockall(MCL_CURRENT))
		err(1, "/dev/xen/privcmd");
	for (unsigned long at = 0; at < frames; at += AT_ONCE) {
		op.cmd = GETPAGEFRAMEINFO3;
		op.interface_version = INTERFACE_VERSION;
		op.num = AT_ONCE;
		op.array = types;
		for (unsigned i = 0; i < AT_ONCE; i++)
			types[i] = at + i;
		if (ioctl(fd, PRIVCMD_HYPERCALL, &call))
			err(1, "Xen does not tell the types of frames (is it 4.17?)");
		for (unsigned i = 0; i < AT_ONCE; i++) {
			int its = types[i] != NOT_ITS;

			if (its && !inside)
				begin = at + i;
			if (!its && inside)
				printf("%lu %lu\n", begin, at + i - begin);
			inside = its;
		}
	}
	if (inside)
		printf("%lu %lu\n", begin, frames - begin);
	return 0;
}
