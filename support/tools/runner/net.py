# SPDX-License-Identifier: BSD-3-Clause
"""--net, --publish and --pcap: what they mean, and whether it can be had.

    user         kvm: QEMU's own network, 10.0.2.0/24 behind the host's addresses, with DHCP and DNS; needs no rights
    tap:NAME     a TAP interface of the host, which is there already
    bridge:NAME  with Xen's own `xl`: a bridge of this machine
    none         no device

Xen in the rig is behind the same networks as kvm. A linuxu image with hostnet has the host's sockets with `user`, and ports are published by what its bind() gets.
"""
import os
import sys

from . import RunError

KINDS = "user, tap:INTERFACE or none; with Xen's own xl: bridge:INTERFACE"
MAC = "52:54:00:%02x:%02x:%02x"  # QEMU's own prefix
SEARCHED = 100  # ports, for 8080+:80
IFF_UP = 1
IFF_TAP, IFF_MULTI_QUEUE = 0x2, 0x100
MOST_QUEUES = 16


class Publish:
    """A port of the host that leads to a port of the image: [[ADDRESS:]HOST[+]:]PORT[/tcp|/udp].

    With the plus HOST is the first that will do, and what was found is said.
    """

    def __init__(self, text):
        self.text = text
        ports, slash, self.proto = text.partition("/")
        self.proto = self.proto if slash else "tcp"
        parts = ports.rsplit(":", 2) if ":" in ports else [ports, ports]
        self.address = parts.pop(0) if len(parts) == 3 else "127.0.0.1"
        self.search = len(parts) == 2 and parts[0].endswith("+")
        if self.search:
            parts[0] = parts[0][:-1]
        if len(parts) != 2 or self.proto not in ("tcp", "udp") or not self.address or not all(
                p.isdecimal() and 0 < int(p) < 65536 for p in parts):
            raise RunError("--publish %s: not HOST:PORT; examples: 8080:80, 8080, 0.0.0.0:8080:80, 5300:53/udp" % text)
        self.host, self.port = map(int, parts)

    def for_qemu(self):
        return "%s:%s:%d-:%d" % (self.proto, self.address, self.host, self.port)

    def for_hostnet(self):
        return "%s:%s:%d:%d" % (self.proto, self.address, self.host, self.port)

    def find(self):
        """Makes self.host the first free port from there on, if that is wanted, and says where to go."""
        first = self.host
        while True:
            try:
                self.check()
                break
            except RunError:
                if self.host in (first + SEARCHED - 1, 65535):
                    raise
                self.host += 1
        name = "127.0.0.1" if self.address == "0.0.0.0" else self.address
        sys.stderr.write("support/run: %s%s\n" % (
            "http://%s:%d/" % (name, self.host) if self.proto == "tcp" and self.port == 80 else
            "port %d of %s leads to port %d of the image" % (self.host, name, self.port),
            "" if self.host == first else " (port %d is taken or not ours)" % first))
        sys.stderr.flush()

    def check(self):
        """Can we have it? QEMU's own message does not say what is wrong."""
        import _socket
        kind = _socket.SOCK_STREAM if self.proto == "tcp" else _socket.SOCK_DGRAM
        s = _socket.socket(_socket.AF_INET, kind)
        try:
            s.setsockopt(_socket.SOL_SOCKET, _socket.SO_REUSEADDR, 1)
            s.bind((self.address, self.host))
        except OSError as e:
            import errno
            raise RunError("--publish %s: %s" % (self.text, {
                errno.EADDRINUSE: "port %d of this machine is taken by another program; choose another: --publish %d:%d"
                                  % (self.host, self.host + 1, self.port),
                errno.EACCES: "ports below 1024 are root's; choose another: --publish %d:%d"
                              % (self.host + 8000, self.port),
                errno.EADDRNOTAVAIL: "%s is no address of this machine" % self.address,
            }.get(e.errno, e.strerror if e.errno and e.errno > 0 else
                  "%s is no IPv4 address of this machine; it is ADDRESS:HOST:PORT" % self.address))) from None
        finally:
            s.close()


def check_syntax(o):
    """What is wrong whatever the image is; o.publish becomes a list of Publish."""
    kind, colon, interface = (o.net or "").partition(":")
    named = kind in ("tap", "bridge")
    if o.net is not None and (kind not in ("user", "tap", "bridge", "none") or bool(interface) != named or
                              (colon and not named)):
        raise RunError("--net %s: %s" % (o.net, KINDS))
    o.publish = [Publish(p) for words in o.publish for p in words.split(",") if p]
    taken = set()
    for p in o.publish:
        if (p.proto, p.host) in taken:
            raise RunError("--publish %s: port %d is given twice" % (p.text, p.host))
        taken.add((p.proto, p.host))
    if o.publish and o.net not in (None, "user"):
        raise RunError("--publish: forwards ports into --net user; with --net %s %s" % (
            o.net, "there is no network" if o.net == "none" else "the image has an address of its own"))
    if o.pcap is not None and o.net == "none":
        raise RunError("--pcap: there are no packets with --net none")


def resolve(image, o):
    """Decides o.net by what the image contains, and looks whether the host has it."""
    driver, hostnet = image.has_network(), image.has_hostnet()
    asked = [name for name, value in (("--net", o.net not in (None, "none")), ("--publish", o.publish),
                                      ("--pcap", o.pcap)) if value]
    if hostnet:
        o.net = o.net or "user"
        if o.pcap is not None and o.net == "user":
            raise RunError("--pcap: the host's sockets are no packets of ours; use --net tap:INTERFACE")
    if asked and not driver and not (hostnet and o.net == "user"):
        raise RunError("%s: %s has no driver of a network device: %s" % (asked[0], image.path, {
            "kvm": "choose virtio-net in menuconfig", "xen": "choose netfront in menuconfig", "linuxu": "choose `TAP interface` in menuconfig"}[image.platform]))
    if image.platform == "linuxu" and not hostnet and (o.net == "user" or o.publish):
        raise RunError("%s: %s is a process of this machine and has no network behind it; use --net tap:INTERFACE, "
                       "or choose hostnet in menuconfig" % (asked[0], image.path))
    if image.platform == "xen":
        resolve_xen(o)
    elif o.net and o.net.startswith("bridge:"):
        raise RunError("--net %s: a bridge is for Xen's own xl; a TAP interface on it is --net tap:INTERFACE" % o.net)
    if o.net is None:
        o.net = "user" if driver and image.platform != "linuxu" else "none"
    if o.pcap is not None and o.net == "none":
        raise RunError("--pcap: there are no packets without --net tap:INTERFACE")
    if not o.dry_run:
        if o.net.startswith("tap:"):
            check_tap(o.net[4:])
        if o.pcap is not None:
            try:
                open(o.pcap, "wb").close()
            except OSError as e:
                raise RunError("--pcap %s: %s" % (o.pcap, e.strerror)) from None
        for p in o.publish:
            p.find() if p.search else p.check()


def resolve_xen(o):
    """With xl, a guest is on a bridge of this machine; in the rig, behind QEMU's back ends."""
    if o.xen == "xl":
        o.net = o.net or "bridge:xenbr0"
        if o.publish or o.pcap is not None or not (o.net == "none" or o.net.startswith("bridge:")):
            raise RunError("--%s: with xl a guest is on a bridge of this machine (--net bridge:xenbr0), with an address "
                           "of its own; `--xen rig` has a network of its own" % (
                               "publish" if o.publish else "pcap" if o.pcap is not None else "net " + o.net))
    elif o.net and o.net.startswith("bridge:"):
        raise RunError("--net %s: the rig is no part of this machine's bridges; use --net tap:INTERFACE, with a TAP "
                       "interface on that bridge" % o.net)


def check_tap(name):
    there = "/sys/class/net/" + name

    def number(what):
        with open(os.path.join(there, what), "rb", buffering=0) as f:
            return int(f.read(64), 0)
    if "/" in name or name.startswith(".") or not os.path.isdir(there):
        raise RunError("--net tap:%s: no such interface; make it: sudo ip tuntap add dev %s mode tap user $USER && "
                       "sudo ip addr add 10.0.0.1/24 dev %s && sudo ip link set %s up" % ((name,) * 4))
    if not tun_flags(name) & IFF_TAP:
        raise RunError("--net tap:%s: not a TAP interface (`ip tuntap list` shows those there are)" % name)
    try:
        owner, up = number("owner"), number("flags") & IFF_UP
    except (OSError, ValueError):
        return
    if os.getuid() not in (0, owner):
        raise RunError("--net tap:%s: the interface is not yours; it is made for you with: "
                       "sudo ip tuntap add dev %s mode tap user $USER" % (name, name))
    if not up:
        os.write(2, b"support/run: --net tap:%s: the interface is down: ip link set %s up\n" % ((os.fsencode(name),) * 2))


def tun_flags(name):
    try:
        with open("/sys/class/net/%s/tun_flags" % name, "rb", buffering=0) as f:
            return int(f.read(64), 0)
    except (OSError, ValueError):
        return 0


def qemu_arguments(o):
    """The device, and what is behind it."""
    if o.net == "none":
        return []
    queues = 1
    back, *pcap = back_end(o)
    device = ""
    if o.net != "user":
        name = o.net[4:]
        device = ",mac=" + mac_for(name)
        if tun_flags(name) & IFF_MULTI_QUEUE:  # a pair for each CPU; QEMU opens such an interface for no less than two
            queues = min(max(int(o.smp or 1), 2), MOST_QUEUES)
            back += ",queues=%d" % queues
            device += ",mq=on"
    machine, _, more = (o.machine or "microvm").partition(",")
    argv = ["-netdev", back]
    if machine == "virt" or machine == "microvm" and "pcie=on" not in more.split(","):
        # Version 2 of the interface, which QEMU offers since 2019 but not by itself.
        argv += ["-global", "virtio-mmio.force-legacy=false", "-device", "virtio-net-device,netdev=net0" + device]
    else:
        argv += ["-device", "virtio-net-pci,netdev=net0,romfile=" + device +
                 (",vectors=%d" % (2 * queues + 2) if queues > 1 else "")]
    return argv + pcap


def back_end(o):
    """What is behind the device: the value of QEMU's -netdev, and more arguments."""
    if o.net == "user":
        back = "user,id=net0" + "".join(",hostfwd=" + p.for_qemu() for p in o.publish)
    else:
        # QEMU (7.2) would write the headers that ask for offloads into the capture as well.
        back = "tap,id=net0,ifname=%s,script=no,downscript=no,vnet_hdr=%s" % (o.net[4:], "off" if o.pcap else "on")
    pcap = o.pcap and ["-object", "filter-dump,id=pcap,netdev=net0,file=%s" % o.pcap.replace(",", ",,")]
    return [back] + (pcap or [])


def mac_for(name, form=MAC):
    """Guests on different interfaces that are one network (a bridge) need different addresses."""
    h = 0
    for b in os.fsencode(name):
        h = (h * 31 + b) & 0xffffff
    return form % (h >> 16, h >> 8 & 255, h & 255)


def linuxu_parameters(o, hostnet, pcap):
    if o.net == "none":
        return ["hostnet.enable=n"] if hostnet else []
    if o.net == "user":
        return ["hostnet.publish=[ %s ]" % " ".join(p.for_hostnet() for p in o.publish)] if o.publish else []
    return ["linuxu.tap=" + o.net[4:]] + (["linuxu.pcap=%d" % pcap] if pcap is not None else [])
