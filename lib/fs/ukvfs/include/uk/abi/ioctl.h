/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * ioctl(2) numbers that are not one driver's private matter (Linux asm-generic/ioctls.h).
 */
#ifndef UK_ABI_IOCTL_H
#define UK_ABI_IOCTL_H

#include <stdint.h>

#define UK_TCGETS     0x5401
#define UK_TCSETS     0x5402 /* at once */
#define UK_TCSETSW    0x5403 /* after the output has drained */
#define UK_TCSETSF    0x5404 /* and input that nobody read is dropped */
#define UK_TCSBRK     0x5409
#define UK_TCXONC     0x540a
#define UK_TCFLSH     0x540b
#define UK_TIOCEXCL   0x540c
#define UK_TIOCNXCL   0x540d
#define UK_TIOCSCTTY  0x540e
#define UK_TIOCGPGRP  0x540f
#define UK_TIOCSPGRP  0x5410
#define UK_TIOCOUTQ   0x5411
#define UK_TIOCSTI    0x5412
#define UK_TIOCGWINSZ 0x5413
#define UK_TIOCSWINSZ 0x5414
#define UK_FIONREAD   0x541b
#define UK_FIONBIO    0x5421
#define UK_TIOCNOTTY  0x5422
#define UK_TIOCGSID   0x5429
#define UK_FIONCLEX   0x5450
#define UK_FIOCLEX    0x5451
#define UK_FIOASYNC   0x5452

struct uk_abi_winsize {
	uint16_t ws_row;
	uint16_t ws_col;
	uint16_t ws_xpixel;
	uint16_t ws_ypixel;
};

#endif
