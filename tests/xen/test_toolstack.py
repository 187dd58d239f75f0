# SPDX-License-Identifier: BSD-3-Clause
"""What the tools of a Xen host ask of a guest: `xl shutdown`, `xl reboot`, `xl sysrq`, `xl mem-set`, and devices that come and go."""
import hashlib

import pytest

from domains import domains

KINDS = ["pv", "pvh"]


@pytest.fixture(scope="module")
def xl():
    with domains(64 << 20) as d:
        d.run("ip addr add 10.0.5.1/24 dev xenbr0")
        yield d


@pytest.mark.parametrize("kind", KINDS)
def test_shutdown(xl, kind):
    """SIGTERM, and what the application does of it; a guest tells beforehand that it hears."""
    g = xl.create(kind, xl.lasting(), "-- stop")
    xl.wait_said(g, "ready\n")
    xl.wait(lambda: "no features", lambda: all(xl.store(g, "control/feature-" + f) == "1" for f in ("poweroff", "reboot")))
    xl.run("xl shutdown -w " + g)
    assert xl.said(g).endswith("ready\nasked by 15\n")
    xl.wait_gone(g)


def test_without_a_handler(xl):
    g = xl.create("pvh", xl.lasting(), "-- default", poweroff="preserve")
    xl.wait_said(g, "ready\n")
    xl.run("xl shutdown -w " + g)
    assert xl.said(g).count("ready") == 1
    xl.run("xl destroy " + g)


@pytest.mark.parametrize("kind", KINDS)
def test_reboot(xl, kind):
    """The guest ends as one that wants to be started again, and is."""
    g = xl.create(kind, xl.lasting(), "-- stop", reboot="restart")
    xl.wait_said(g, "ready\n")
    before = xl.domid(g)
    xl.run("xl reboot " + g)
    xl.wait_said(g, "asked by 15\n")
    xl.wait_said(g, "ready\n", 2)
    assert xl.domid(g) != before
    xl.run("xl shutdown -w " + g)
    xl.wait_gone(g)


def test_sysrq(xl):
    g = xl.create("pv", xl.lasting(), "-- stop", crash="preserve")
    xl.wait_said(g, "ready\n")
    xl.run("xl sysrq %s m" % g)
    xl.wait_said(g, " KiB in all, ")
    assert xl.store(g, "control/sysrq") == ""
    xl.run("xl sysrq %s t" % g)
    xl.wait_said(g, "  xenstore: ready")
    xl.run("xl sysrq %s x" % g)
    xl.wait_said(g, 'sysrq: there is no key "x"')
    xl.wait_said(g, "sysrq h: this help")
    xl.run("xl sysrq %s c" % g)
    xl.wait_said(g, "a crash was asked for")
    xl.wait(xl.names, lambda: "---sc-" in xl.run("xl list " + g))
    xl.run("xl destroy " + g)


def test_unknown_word(xl):
    """It is not taken, so that whoever wrote it sees that nobody does; and the next one is heard."""
    g = xl.create("pvh", xl.lasting(), "-- stop")
    xl.wait_said(g, "ready\n")
    xl.run("xenstore-write /local/domain/%s/control/shutdown levitate" % xl.domid(g))
    xl.wait_said(g, 'control/shutdown: "levitate" is nothing that is known here')
    assert xl.store(g, "control/shutdown") == "levitate"
    xl.run("xl shutdown -w " + g)
    xl.wait_said(g, "asked by 15\n")


def total_kib(xl, g, nth):
    """Of all memory, as the guest itself counts it."""
    xl.run("xl sysrq %s m" % g)
    xl.wait_said(g, " KiB in all, ", nth)
    return int(xl.said(g).split(" KiB in all, ")[nth - 1].split()[-1])


@pytest.mark.parametrize("kind", KINDS)
def test_memory(xl, kind):
    """Less, more, less than what is in use, all of it again; and nothing of what the application holds has changed."""
    g = xl.create(kind, xl.lasting(), "-- stop 8", memory=32 << 20)
    xl.wait_said(g, "ready\n")
    before = total_kib(xl, g, 1)
    for n in 20, 26, 18:
        xl.run("xl mem-set %s %d" % (g, n))
        xl.wait_mebibytes(g, n)
    assert before - total_kib(xl, g, 2) == 14 << 10
    xl.run("xl mem-set %s 4" % g)
    xl.wait_said(g, "where the host wants 4096: the rest is in use, or kept for use")
    assert 8 < xl.mebibytes(g) < 18
    xl.run("xl mem-set %s 32" % g)
    xl.wait_mebibytes(g, 32)
    assert total_kib(xl, g, 3) == before
    xl.run("xl shutdown -w " + g)
    assert xl.said(g).endswith("asked by 15\n")


@pytest.mark.parametrize("kind", KINDS)
def test_less_at_the_start(xl, kind):
    """A guest that starts with less than it may have. PVH sees all of it from the start, and the balloon takes the difference at
    once; PV sees what there is, and cannot have more."""
    g = xl.create(kind, xl.lasting(), "-- stop 4", memory=24 << 20, extra="maxmem = 40\n")
    xl.wait_said(g, "ready\n")
    xl.wait_mebibytes(g, 24)
    xl.run("xl mem-set %s 40" % g)
    if kind == "pv":
        xl.wait_said(g, "it cannot be more than at the start")
    else:
        xl.wait_mebibytes(g, 40)
    xl.run("xl shutdown -w " + g)
    assert xl.said(g).endswith("asked by 15\n")


def test_too_little_memory(xl):
    """Under PV stacks have all their memory from the start: main()'s has none in 8 MiB, which is said, and with what remedy."""
    g = xl.create("pv", xl.lasting(), "-- stop", memory=8 << 20)
    xl.wait_gone(g)
    assert "error: memory too small: the stack of main() has 8192 KiB (LIBUKBOOT_STACK_SIZE): start it with more\n" in xl.said(g)


DISK = "phy:/dev/loop0,xvda,w,script=block-rig"


@pytest.mark.parametrize("kind", KINDS)
def test_disk_comes_and_goes(xl, kind):
    """Requests under way fail, none hangs; and the disk that is plugged in again is the same."""
    xl.run("dd if=/dev/zero of=/disk bs=1M count=2 2>/dev/null; losetup /dev/loop0 /disk")
    g = xl.create(kind, xl.image("blktest"), "-- xvda steady 1500", extra="disk = [ '%s' ]\n" % DISK)
    for n in 1, 2:
        xl.wait_said(g, "xvda: round %d00\n" % n)
        xl.run("xl block-detach %s xvda" % g)
        xl.wait_said(g, "xvda: unplugged\n", n)
        assert xl.said(g).count("vbd/51712: it was unplugged") == n
        xl.run("xl block-attach %s %s" % (g, DISK))
    xl.wait_gone(g)
    said = xl.said(g)
    assert said.endswith("xvda: all as it was written\n") and "protocol" not in said and "mapped" not in said, said
    xl.run("losetup -d /dev/loop0; rm -f /disk")


def answers(xl, address):
    return xl.run("ping -c 1 -W 1 %s >/dev/null; echo $?" % address).strip() == "0"


@pytest.mark.parametrize("kind", KINDS)
def test_network_comes_and_goes(xl, kind, tmp_path):
    """While a client is in the middle of a file: the rest comes by a new card, of another address, on the same connection."""
    data = b"".join(hashlib.sha256(b"%d" % i).digest() for i in range(60000))
    (tmp_path / "root").mkdir()
    (tmp_path / "root/file").write_bytes(data)
    archive = str(tmp_path / "initrd")
    from runner import cpio
    with open(archive, "wb", buffering=0) as f:
        cpio.pack(str(tmp_path / "root"), f)
    address = "10.0.5.%d" % (10 + KINDS.index(kind))
    g = xl.create(kind, xl.image("httpd"), "netdev.ip=%s/24 -- 80 /" % address, memory=32 << 20, initrd=archive, net=True)
    xl.wait_said(g, "serving")
    xl.run("rm -f /sum /go; (wget -q -O - http://%s/file | (until [ -e /go ]; do sleep 1; done; cat) | md5sum >/sum) &" % address)
    xl.wait(lambda: "no connection", lambda: xl.run("netstat -tn | awk '$1 == \"tcp\" && $2 > 10000'"))
    for n, mac in enumerate(("00:16:3e:00:01:01", "00:16:3e:00:01:02"), 1):
        xl.run("xl network-detach %s 0" % g)
        xl.wait_said(g, "vif/0: it was unplugged", n)
        assert not answers(xl, address)
        xl.run("xl network-attach %s mac=%s bridge=xenbr0 script=vif-rig" % (g, mac))
        xl.wait(lambda: "no answer: %r" % xl.said(g), lambda: answers(xl, address))
        assert mac in xl.run("grep '^%s ' /proc/net/arp" % address)
    xl.run("touch /go")
    xl.wait(lambda: "the client waits; %r" % xl.said(g), lambda: xl.run("cat /sum 2>/dev/null; true"))
    assert xl.run("cat /sum").split()[0] == hashlib.md5(data).hexdigest(), (xl.said(g), xl.rig.last_words())
    xl.run("xl shutdown -w " + g)
    assert "protocol" not in xl.said(g) and "mapped" not in xl.said(g), xl.said(g)
