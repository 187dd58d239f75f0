/* SPDX-License-Identifier: BSD-3-Clause */
/* The options that the files here are compiled with. */
#define CONFIG_LIBUKBASE_LOG_LEVEL 3
