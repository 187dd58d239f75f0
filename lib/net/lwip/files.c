/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * /etc/resolv.conf, /etc/hosts and /etc/hostname, where C libraries look for the network: made at boot, if
 * the application's root does not have them. The first one follows what DHCP says.
 */
#include <uk/print.h>
#include <uk/vfs.h>
#include "internal.h"

static bool resolv_is_ours, changed;

/* `create`: only if there is none yet. True: it is ours. */
static bool write_file(const char *path, const char *text, bool create)
{
	struct uk_iter it = uk_iter_buf(text, uk_strlen(text));
	struct uk_file *f;

	if (uk_vfs_open(&uk_fs_ctx_boot, NULL, path,
			UK_O_WRONLY | (create ? UK_O_CREAT | UK_O_EXCL : UK_O_TRUNC), 0644, &f))
		return false;
	if (it.left)
		uk_file_write(f, &it);
	uk_file_put(f);
	return true;
}

static size_t print_address(char *to, size_t size, const ip_addr_t *ip)
{
	char text[IPADDR_STRLEN_MAX];

	if (!ipaddr_ntoa_r(ip, text, sizeof(text)))
		return 0;
	return (size_t)uk_snprintf(to, size, "nameserver %s\n", text);
}

static void write_resolv(bool create)
{
	char text[256];
	size_t n = 0;
	unsigned i;

	text[0] = 0;
	lwip_lock();
	if (lwip_domain[0])
		n += (size_t)uk_snprintf(text, sizeof(text), "search %s\n", lwip_domain);
	for (i = 0; i < DNS_MAX_SERVERS; i++)
		if (!ip_addr_isany_val(lwip_name_servers[i]))
			n += print_address(text + n, sizeof(text) - n, &lwip_name_servers[i]);
	lwip_unlock();
	if (write_file("/etc/resolv.conf", text, create))
		resolv_is_ours = true;
}

void lwip_files_changed(void)
{
	changed = true;
	lwip_wake();
}

void lwip_files_update(void)
{
	if (!changed || !resolv_is_ours)
		return;
	changed = false;
	write_resolv(false);
}

int lwip_files(void)
{
	char text[256];

	uk_vfs_mkdir(&uk_fs_ctx_boot, NULL, "/etc", 0755); /* or it is there */
	uk_snprintf(text, sizeof(text), "127.0.0.1\tlocalhost\n%s127.0.1.1\t%s\n",
		    LWIP_IPV6 ? "::1\tlocalhost\n" : "", lwip_hostname);
	write_file("/etc/hosts", text, true);
	uk_snprintf(text, sizeof(text), "%s\n", lwip_hostname);
	write_file("/etc/hostname", text, true);
	changed = false;
	write_resolv(true);
	return 0;
}
