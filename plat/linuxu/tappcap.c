/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * `run --pcap`: copies of all packets to a file that the runner has opened, in the format of
 * libpcap (pcap-savefile(5)) with times in nanoseconds.
 */
#include <uk/netbuf.h>
#include <uk/param.h>
#include <uk/plat/clock.h>

#include "linuxu.h"

UK_PARAM_UINT(linuxu, pcap, 0, "descriptor of the host that packets are copied to; 0: none");

#define MAGIC    0xa1b23c4dU
#define ETHERNET 1U
#define LONGEST  0x40000U
#define PIECES   65U

static void write_all(struct host_iovec *iov, unsigned n)
{
	while (n) {
		ssize_t r = host_writev((int)uk_param_linuxu_pcap.u, iov, n);

		if (r == -EINTR)
			continue;
		if (r < 0) { /* the disk is full: what is there can be read */
			uk_param_linuxu_pcap.u = 0;
			return;
		}
		for (; n && (size_t)r >= iov->len; iov++, n--)
			r -= (ssize_t)iov->len;
		if (n) {
			iov->base = (char *)iov->base + r;
			iov->len -= (size_t)r;
		}
	}
}

bool linuxu_pcap_begin(void)
{
	uint32_t head[6] = { MAGIC, 4U << 16 | 2U, 0, 0, LONGEST, ETHERNET };
	struct host_iovec iov = { head, sizeof(head) };

	if (uk_param_linuxu_pcap.u)
		write_all(&iov, 1);
	return uk_param_linuxu_pcap.u;
}

void linuxu_pcap_packet(const struct uk_netbuf *pkt)
{
	uk_nsec now = uk_plat_clock_wall();
	uint32_t head[4] = { (uint32_t)(now / UK_NSEC_PER_SEC), (uint32_t)(now % UK_NSEC_PER_SEC),
			     pkt->total, pkt->total };
	struct host_iovec iov[PIECES] = { { head, sizeof(head) } };
	unsigned n = 1;

	for (; pkt && n < PIECES; pkt = pkt->next)
		iov[n++] = (struct host_iovec){ pkt->data, pkt->len };
	if (uk_param_linuxu_pcap.u)
		write_all(iov, n);
}
