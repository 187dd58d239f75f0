/* SPDX-License-Identifier: BSD-3-Clause */
/* The options that the files here are compiled with. */
#define CONFIG_LIBUKBASE_LOG_LEVEL 3
#define CONFIG_LIBUKBASE_ASSERT    1
#define CONFIG_LIBLWIP             1
#define CONFIG_LIBLWIP_IPV6        1
#define CONFIG_LIBLWIP_DHCP        1
