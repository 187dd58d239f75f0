/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef CONTROL_H
#define CONTROL_H

/* A key of `xl sysrq`. Thread context. */
void xencontrol_sysrq(char key);

#endif
