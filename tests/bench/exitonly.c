/* SPDX-License-Identifier: BSD-3-Clause */
/* The floor of a process's life: statically linked, it only exits. */
int main(void)
{
	return 0;
}
