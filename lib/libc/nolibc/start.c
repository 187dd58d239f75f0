/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The C library's side of boot: call main() and end with what it returns.
 */
#include <uk/boot.h>
#include <uk/mark.h>

int main(); /* with two parameters, or none, as the application likes */

void nolibc_main(int argc, char **argv)
{
	UK_MARK(UK_MARK_MAIN);
	uk_exit(main(argc, argv));
}
