/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Where the image and its code begin and end: names of the platforms' linker scripts.
 *
 * Hidden, in every file that has them: a compiler that sees the whole image (link-time optimisation) goes by one of the
 * declarations of a name, and would look up a visible one in a table of addresses, which is not relocated yet in early code.
 */
#ifndef UK_LINKED_H
#define UK_LINKED_H

#pragma GCC visibility push(hidden)
extern const char uk_image_start[], uk_image_end[], uk_text_start[], uk_text_end[];
#pragma GCC visibility pop

#endif
