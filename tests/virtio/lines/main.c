/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Answers each line with it, turned round, until one says "end", or there are no more; "much" is answered with 1000 lines,
 * and "sleep" makes it sleep for a third of a second. And 16 random bytes at first.
 */
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

int main(void)
{
	char line[300] = "";
	unsigned char random[16];

	getrandom(random, sizeof(random), 0);
	for (unsigned i = 0; i < sizeof(random); i++)
		printf("%02x", random[i]);
	printf("\n");
	fflush(stdout);
	for (;;) {
		size_t n;

		if (!fgets(line, sizeof(line), stdin)) {
			fprintf(stderr, "end after %s\n", line);
			break;
		}
		n = strcspn(line, "\n");

		line[n] = 0;
		if (!strcmp(line, "end"))
			break;
		if (!strcmp(line, "much"))
			for (int i = 0; i < 1000; i++)
				printf("line %d of 1000, to fill more than a buffer\n", i);
		if (!strcmp(line, "sleep")) {
			printf("asleep\n");
			fflush(stdout);
			usleep(333333);
			continue;
		}
		while (n)
			putchar(line[--n]);
		putchar('\n');
		fflush(stdout);
	}
	fprintf(stderr, "goodbye\n");
	return 3;
}
