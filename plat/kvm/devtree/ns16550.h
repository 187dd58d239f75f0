/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Registers of a 16550 UART (PC16550D data sheet).
 */
#ifndef KVM_NS16550_H
#define KVM_NS16550_H

enum { RBR = 0, THR = 0, IER = 1, FCR = 2, LCR = 3, MCR = 4, LSR = 5 };

#define IER_RX   0x05 /* received data, and line status for a break */
#define IER_THRE 0x02 /* nothing to send: raised as soon as it is enabled */
#define FCR_ON                                                                                     \
	0xc7 /* FIFOs on and empty; interrupt from 14 bytes on, or when a few have waited a while */
#define LCR_DLAB  0x80 /* the first two registers are the divisor */
#define LCR_8N1   0x03
#define MCR_ON    0x0b /* DTR, RTS, and OUT2, which lets the interrupt through */
#define LSR_DR    0x01
#define LSR_BI    0x10
#define LSR_THRE  0x20
#define LSR_TEMT  0x40 /* the last bit is out */
#define FIFO_SIZE 16

#endif
