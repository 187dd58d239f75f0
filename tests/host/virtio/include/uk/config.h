/* SPDX-License-Identifier: BSD-3-Clause */
/* The options that the files here are compiled with. */
#define CONFIG_LIBUKBASE_LOG_LEVEL 3
#define CONFIG_LIBVIRTIO           1
#define CONFIG_LIBVIRTIO_PACKED    1
#define CONFIG_LIBUKNETDEV         1
#define CONFIG_LIBVIRTIO_NET       1
