/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Registers of a 16550 UART (PC16550D data sheet).
 */
#ifndef KVM_NS16550_H
#define KVM_NS16550_H

/* RBR is read, THR written. */
#define RBR 0
#define THR 0
#define IER 1
#define FCR 2
#define LCR 3
#define MCR 4
#define LSR 5

#define IER_RX    0x05 /* received data, and line status for a break */
#define IER_THRE  0x02 /* nothing to send: raised as soon as it is enabled */
/*
 * FIFOs on and empty; interrupt from 14 bytes on, or when a few have waited for 4 characters' time.
 * (QEMU delivers no more at a time than this trigger level.)
 */
#define FCR_ON    0xc7
#define LCR_DLAB  0x80 /* the first two registers are the divisor */
#define LCR_8N1   0x03
#define MCR_ON    0x0b /* DTR, RTS, and OUT2, which lets the interrupt through */
#define LSR_DR    0x01
#define LSR_BI    0x10
#define LSR_THRE  0x20
#define LSR_TEMT  0x40 /* the last bit is out */
#define FIFO_SIZE 16

#endif
