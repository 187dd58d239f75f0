/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The tests run as the last initialiser and end the image; getting here means that none ran.
 */
int main(void)
{
	return 125;
}
