/* SPDX-License-Identifier: BSD-3-Clause */
/* host.c, for the programs of this folder. */
#ifndef LWIP_HOST_H
#define LWIP_HOST_H

#include <lwip/ip_addr.h>
#include <stdint.h>

extern uint64_t host_ms; /* the clock, which stands still */

#endif
