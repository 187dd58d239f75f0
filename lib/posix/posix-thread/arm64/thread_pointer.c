/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * There is no system call for the thread pointer: it is a register that programs set themselves, and that a switch of
 * threads keeps.
 */
