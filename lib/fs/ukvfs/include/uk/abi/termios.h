/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Terminal settings as TCGETS and TCSETS carry them (Linux asm-generic/termbits.h). This is the
 * kernel's structure: the libc's struct termios begins with it and is longer.
 */
#ifndef UK_ABI_TERMIOS_H
#define UK_ABI_TERMIOS_H

#include <stdint.h>

#define UK_NCCS 19

struct uk_abi_termios {
	uint32_t c_iflag;
	uint32_t c_oflag;
	uint32_t c_cflag;
	uint32_t c_lflag;
	uint8_t c_line;
	uint8_t c_cc[UK_NCCS];
};

/* c_cc */
#define UK_VINTR    0
#define UK_VQUIT    1
#define UK_VERASE   2
#define UK_VKILL    3
#define UK_VEOF     4
#define UK_VTIME    5 /* tenths of a second */
#define UK_VMIN     6
#define UK_VSTART   8
#define UK_VSTOP    9
#define UK_VSUSP    10
#define UK_VEOL     11
#define UK_VREPRINT 12
#define UK_VWERASE  14
#define UK_VLNEXT   15
#define UK_VEOL2    16

/* c_iflag */
#define UK_ISTRIP 0000040
#define UK_INLCR  0000100
#define UK_IGNCR  0000200
#define UK_ICRNL  0000400
#define UK_IXON   0002000
#define UK_IXANY  0004000
#define UK_IUTF8  0040000

/* c_oflag */
#define UK_OPOST  0000001
#define UK_ONLCR  0000004
#define UK_OCRNL  0000010
#define UK_ONOCR  0000020
#define UK_ONLRET 0000040

/* c_cflag */
#define UK_B38400 0000017
#define UK_CS8    0000060
#define UK_CREAD  0000200
#define UK_CLOCAL 0004000

/* c_lflag */
#define UK_ISIG    0000001
#define UK_ICANON  0000002
#define UK_ECHO    0000010
#define UK_ECHOE   0000020
#define UK_ECHOK   0000040
#define UK_ECHONL  0000100
#define UK_NOFLSH  0000200
#define UK_TOSTOP  0000400
#define UK_ECHOCTL 0001000
#define UK_ECHOKE  0004000
#define UK_IEXTEN  0100000

/* tcflush(3) */
#define UK_TCIFLUSH  0
#define UK_TCOFLUSH  1
#define UK_TCIOFLUSH 2

#endif
