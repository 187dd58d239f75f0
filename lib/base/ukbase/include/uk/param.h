/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Parameters: `library.name=value` on the kernel command line, before ` -- `.
 *
 * The value lives in the table entry itself, so that a parameter is in the image exactly if some
 * code reads it. An unknown parameter is an error that names the nearest known one; so is a value
 * of the wrong form. Values are set before the first initialiser runs.
 *
 *	UK_PARAM_UINT(ramfs, limit, 0, "largest size of the file system in bytes, 0: no limit");
 *	... uk_param_ramfs_limit.u ...
 */
#ifndef UK_PARAM_H
#define UK_PARAM_H

#include <uk/api.h>
#include <uk/table.h>

enum uk_param_type {
	UK_PARAM_T_UINT, /* decimal, 0x, suffixes k m g */
	UK_PARAM_T_BOOL, /* 0 1 y n yes no on off true false; the bare name means true */
	UK_PARAM_T_STR,  /* kept as a pointer into the command line, which lives for ever */
	UK_PARAM_T_LIST, /* [ a "b c" ]: as STR, brackets taken off; see uk_param_next() */
	UK_PARAM_T_FN,   /* handed to a function */
};

struct uk_param {
	const char *lib;
	const char *name;
	const char *help;
	enum uk_param_type type;
	bool given; /* was on the command line */
	union {
		uint64_t u;
		bool b;
		const char *s;
		int (*fn)(const char *value); /* 0 or a negative errno */
	};
};

#define UK_PARAM_DEFINE(lib_, name_, type_, init, help_)                                   \
	static UK_TABLE_ENTRY(struct uk_param, param, uk_param_##lib_##_##name_) = {       \
		.lib = #lib_, .name = #name_, .help = (help_), .type = (type_), init       \
	}

#define UK_PARAM_UINT(lib, name, def, help) \
	UK_PARAM_DEFINE(lib, name, UK_PARAM_T_UINT, .u = (def), help)
#define UK_PARAM_BOOL(lib, name, def, help) \
	UK_PARAM_DEFINE(lib, name, UK_PARAM_T_BOOL, .b = (def), help)
#define UK_PARAM_STR(lib, name, def, help) \
	UK_PARAM_DEFINE(lib, name, UK_PARAM_T_STR, .s = (def), help)
#define UK_PARAM_LIST(lib, name, def, help) \
	UK_PARAM_DEFINE(lib, name, UK_PARAM_T_LIST, .s = (def), help)
/* The function runs when the parameter is met; UK_TABLE_KEEP(uk_param_lib_name) in its user. */
#define UK_PARAM_FN(lib, name, function, help) \
	UK_PARAM_DEFINE(lib, name, UK_PARAM_T_FN, .fn = (function), help)

UK_API_BEGIN

/*
 * The next word of a list value: copies it, unquoted, to `word` and moves *list behind it.
 * 1 if there was a word, 0 at the end, -E2BIG if it does not fit, -EINVAL for a missing quote.
 */
int uk_param_next(const char **list, char *word, size_t size);

/*
 * Take the kernel's parameters out of a command line (which is written to, and must live for
 * ever). What follows ` -- ` is the application's. Boot calls it; an error ends the boot.
 */
void uk_param_parse(char *cmdline);

/* The same for a platform that gets separate words (linuxu); returns the index behind `--`. */
int uk_param_parse_argv(int argc, char **argv);

/* The application's arguments: argv[0] is the image's name; a NULL follows the last one. */
extern int uk_app_argc;
extern char **uk_app_argv;

UK_API_END

#endif
