/* SPDX-License-Identifier: BSD-3-Clause */
/* Shared by the files of options. */
#ifndef LWIP_OPTION_H
#define LWIP_OPTION_H

#include "internal.h"

/* What SO_RCVBUF, SO_SNDBUF make of a value: Linux doubles it, for the kernel's own share, and has a minimum. */
#define OPTION_RCVBUF_MIN 2304U
#define OPTION_SNDBUF_MIN 4608U
uint32_t option_buffer(int value, uint32_t min);
/* An int as an option's value; its length. */
int option_put(void *val, uint32_t len, int value);
/* An option's value as an int; `byte`: one byte is allowed, too. False: it is too short. */
bool option_int(const void *val, uint32_t len, bool byte, int *value);
/* SO_LINGER: when it is switched off the time stays. */
int option_linger(struct uk_abi_linger *l, const void *val, uint32_t len);
/* SO_BINDTODEVICE: the index of the interface, or NETIF_NO_INDEX. */
int option_bind_device(uint8_t *index, const void *val, uint32_t len);
int option_tell_device(uint8_t index, void *val, uint32_t len);

#endif
