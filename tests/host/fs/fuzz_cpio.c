/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * libFuzzer on the archive reader: whatever the bytes, every entry it returns lies inside of them and
 * has a name that stays where it belongs.
 */
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <uk/cpio.h>
#include <uk/print.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static volatile unsigned char sink;

static void check(const struct uk_cpio *ar, const struct uk_cpio_entry *e)
{
	const unsigned char *name = (const unsigned char *)e->name;
	size_t i;

	if (e->data < ar->base || e->size > (size_t)(ar->base + ar->len - e->data))
		abort();
	for (i = 0; i < e->size; i++)
		sink = e->data[i];
	if (!*name || *name == '/' || !strcmp(e->name, "..") || !strncmp(e->name, "../", 3) ||
	    strstr(e->name, "/../"))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	unsigned char *copy = malloc(size); /* of that size exactly, so that ASan sees its end */
	struct uk_cpio_entry e;
	struct uk_cpio ar;
	int n;

	memcpy(copy, data, size);
	uk_cpio_open(&ar, "fuzz", copy, size);
	while ((n = uk_cpio_next(&ar, &e)) == 1)
		check(&ar, &e);
	if (n > 0)
		abort();
	free(copy);
	return 0;
}

void uk_log(enum uk_log_level level, const char *lib, const char *fmt, ...)
{
	char line[8192];
	va_list ap;

	va_start(ap, fmt);
	uk_vsnprintf(line, sizeof(line), fmt, ap); /* reads what it is to print */
	va_end(ap);
}
