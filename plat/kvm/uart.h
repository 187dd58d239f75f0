/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What reading of a UART says when there is no byte.
 */
#ifndef KVM_UART_H
#define KVM_UART_H

#define UART_EMPTY (-1)
#define UART_END   (-2) /* none will come any more */

#endif
