/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Opening a TAP interface of the host, before seccomp forbids to open anything (Linux
 * Documentation/networking/tuntap.rst, include/uapi/linux/if_tun.h). The interface is there
 * already: to make one takes rights that an image shall not have. Parameter linuxu.tap names it.
 */
#define HOST_SETUP
#include <uk/netdev_vnet.h>
#include <uk/param.h>
#include <uk/print.h>
#include <uk/string.h>

#include "linuxu.h"

UK_PARAM_STR(linuxu, tap, NULL, "TAP interface of the host that is our network device");

#define AF_INET         2
#define SOCK_DGRAM      2
#define SIOCGIFMTU      0x8921UL
#define SIOCGIFHWADDR   0x8927UL
#define TUNSETIFF       0x400454caUL
#define TUNSETVNETHDRSZ 0x400454d8UL
#define IFF_TAP         0x0002
#define IFF_MULTI_QUEUE 0x0100
#define IFF_NO_PI       0x1000
#define IFF_VNET_HDR    0x4000
#define ARPHRD_ETHER    1
#define IFNAMSIZ        16

struct ifreq {
	char name[IFNAMSIZ];
	union {
		uint16_t flags;
		int32_t mtu;
		struct {
			uint16_t family;
			uint8_t addr[14];
		} hw;
		uint64_t room[3];
	};
};

static int failed(const char *name, int err)
{
	switch (err) {
	case -ENOENT:
	case -ENODEV:
	case -ENXIO:
		uk_pr_err("linuxu.tap=%s: the host has no /dev/net/tun (`modprobe tun`)", name);
		break;
	case -EPERM:
	case -EACCES:
		uk_pr_err("linuxu.tap=%s: the interface is not yours: make it with "
			  "`ip tuntap add dev %s mode tap user YOU`",
			  name, name);
		break;
	case -EBUSY:
		uk_pr_err("linuxu.tap=%s: another program uses this interface", name);
		break;
	case -EINVAL:
		uk_pr_err("linuxu.tap=%s: not a TAP interface", name);
		break;
	default:
		uk_pr_err("linuxu.tap=%s: the host's error %d", name, -err);
	}
	return err;
}

/* There, and how long are its packets? (The host would make one of that name.) */
static int look(struct ifreq *ifr)
{
	int fd = (int)host_syscall3(HOST_NR_socket, AF_INET, SOCK_DGRAM, 0), err;

	if (fd < 0)
		return fd;
	err = host_ioctl(fd, SIOCGIFMTU, ifr);
	host_close(fd);
	return err;
}

bool linuxu_tap_given(void)
{
	return uk_param_linuxu_tap.s;
}

int linuxu_tap_open(struct linuxu_tap *tap)
{
	const char *name = uk_param_linuxu_tap.s;
	struct ifreq ifr = { 0 };
	int32_t header = UK_VNET_OFFLOAD_SIZE;
	int err;

	tap->fd = -1;
	if (!name)
		return 0;
	if (uk_strlen(name) >= IFNAMSIZ || look((memcpy(ifr.name, name, uk_strlen(name)), &ifr))) {
		uk_pr_err("linuxu.tap=%s: no such interface: make it with "
			  "`ip tuntap add dev %s mode tap user YOU`",
			  name, name);
		return -ENODEV;
	}
	tap->mtu = (uint16_t)UK_MIN(ifr.mtu, 0xffff);
	tap->fd = host_open("/dev/net/tun", HOST_O_RDWR | HOST_O_NONBLOCK | HOST_O_CLOEXEC);
	if (tap->fd < 0)
		return failed(name, tap->fd);
	ifr.flags = IFF_TAP | IFF_NO_PI | IFF_VNET_HDR;
	err = host_ioctl(tap->fd, TUNSETIFF, &ifr);
	if (err == -EINVAL) { /* one that was made for several; we are the first */
		ifr.flags |= IFF_MULTI_QUEUE;
		err = host_ioctl(tap->fd, TUNSETIFF, &ifr);
	}
	/* Who used the interface before us may have left another size: QEMU does. */
	if (!err)
		err = host_ioctl(tap->fd, TUNSETVNETHDRSZ, &header);
	if (!err)
		err = host_ioctl(tap->fd, SIOCGIFHWADDR, &ifr);
	if (!err)
		err = host_fcntl(tap->fd, HOST_F_SETOWN, linuxu_pid);
	if (err) {
		host_close(tap->fd);
		tap->fd = -1;
		return failed(name, err);
	}
	memcpy(tap->mac, ifr.hw.addr, sizeof(tap->mac));
	return 0;
}
