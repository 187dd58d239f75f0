/* SPDX-License-Identifier: BSD-3-Clause */
/* The options that the files here are compiled with. */
#define CONFIG_LIBUKBASE_LOG_LEVEL 3
#define CONFIG_LIBUKNETDEV         1
#define CONFIG_LIBUKNETDEV_PAGES   1
#define CONFIG_LIBUKNETDEV_MULTICAST 1
#define CONFIG_LIBUKBLKDEV         1
#define CONFIG_LIBNETFRONT         1
#define CONFIG_LIBBLKFRONT         1
