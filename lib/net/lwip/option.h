/* SPDX-License-Identifier: BSD-3-Clause */
/* Shared by the files of options. */
#ifndef LWIP_OPTION_H
#define LWIP_OPTION_H

#include "internal.h"

/* What SO_RCVBUF, SO_SNDBUF make of a value. */
uint32_t option_buffer(int value);
/* An int as an option's value; its length. */
int option_put(void *val, uint32_t len, int value);
/* An option's value as an int; `byte`: one byte is allowed, too. False: it is too short. */
bool option_int(const void *val, uint32_t len, bool byte, int *value);
/* SO_BINDTODEVICE. */
int option_bind_device(struct ip_pcb *pcb, const void *val, uint32_t len);

#endif
