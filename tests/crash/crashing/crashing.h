/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef CRASHING_H
#define CRASHING_H

extern unsigned char crash_data[64];

/* In the file of the CPU: its own ways to crash; returns if it has none of that name. */
void crash_cpu(const char *what);

#endif
