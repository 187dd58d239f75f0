# SPDX-License-Identifier: BSD-3-Clause
"""`xl save` and `xl restore`: the guest goes on where it stood, in another domain, with its devices connected again."""
import hashlib
import time

import pytest

import whittle
from domains import domains, grant_version, lasting

KINDS = ["pv", "pvh"]
ADDRESS = "10.0.5.%d"


@pytest.fixture(scope="module")
def xl():
    with domains(128 << 20) as d:
        d.run("mkdir /save; mount -t tmpfs -o size=80% save /save")
        d.run("ip addr add %s/24 dev xenbr0" % (ADDRESS % 1))
        yield d


def ticks(xl, g):
    """What it has said of itself: [number, ms since it started, ms since 1970, random, turns ...]."""
    return [line.split()[1:] for line in xl.said(g).split("\n")[:-1] if line.startswith("tick ")]


def wait_ticks(xl, g, n):
    return xl.wait(lambda: "no ticks: %r%s" % (xl.said(g)[-2000:], xl.rig.last_words()), lambda: ticks(xl, g)[n:])


def save(xl, g, *options):
    xl.run("rm -f /save/guest; xl save %s %s /save/guest" % (" ".join(options), g), seconds=180)


def restore(xl):
    xl.run("xl restore /save/guest", seconds=180)


@pytest.mark.parametrize("kind,vcpus", [("pvh", 1)] + [pytest.param(*p, marks=pytest.mark.slow)
                                                       for p in (("pv", 1), ("pv", 2), ("pvh", 2))])
def test_restored_twice(xl, kind, vcpus):
    """Memory is as it was, time goes on from where it stood, the clock of the day is right, threads run on all CPUs; and what is
    restored twice is no twin: its random numbers are others."""
    g = xl.create(kind, lasting("xen smp" if vcpus > 1 else "xen"), "-- tick 4 2", memory=32 << 20, vcpus=vcpus)
    wait_ticks(xl, g, 3)
    save(xl, g)
    xl.wait_gone(g)
    before = ticks(xl, g)
    time.sleep(3)
    sequels = []
    for _ in range(2):
        had = len(ticks(xl, g))
        restore(xl)
        wait_ticks(xl, g, had + 4)
        new = ticks(xl, g)[had:]
        now = float(xl.run("date +%s"))
        assert int(new[0][0]) == int(before[-1][0]) + 1
        assert 0 < int(new[0][1]) - int(before[-1][1]) < 2500, "the time in the file counts"
        assert abs(int(ticks(xl, g)[-1][2]) / 1000 - now) < 5, (ticks(xl, g)[-1], now)
        assert all(int(a) < int(b) for a, b in zip(before[-1][4:], new[-1][4:])), (before[-1], new[-1])
        sequels.append({t[3] for t in new})
        if len(sequels) == 1:
            xl.run("xl destroy " + g)
    assert not sequels[0] & sequels[1] and len(sequels[1]) >= 4
    xl.run("rm -f /save/guest; xl shutdown -w " + g)
    assert xl.said(g).endswith("asked by 15\n")


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_copy(xl, kind):
    """`xl save -c` leaves the guest where it is: nothing has happened for it."""
    g = xl.create(kind, lasting(), "-- tick 4 2", memory=32 << 20)
    wait_ticks(xl, g, 3)
    domid = xl.domid(g)
    save(xl, g, "-c")
    wait_ticks(xl, g, len(ticks(xl, g)) + 3)
    assert xl.domid(g) == domid
    xl.run("rm -f /save/guest; xl shutdown -w " + g)
    assert xl.said(g).endswith("asked by 15\n")


DISK = "disk = [ 'phy:/dev/loop0,xvda,w,script=block-rig' ]\n"


@pytest.mark.parametrize("kind,configs,offered,versions", [
    ("pvh", "xen", (2, 2), (1, 1)), ("pv", "xen grants2", (2, 1), (2, 1)),
    *(pytest.param(*p, marks=pytest.mark.slow) for p in (
        ("pv", "xen", (2, 2), (1, 1)), ("pv", "xen grants2", (2, 2), (2, 2)), ("pvh", "xen grants2", (2, 2), (2, 2)),
        ("pvh", "xen grants2", (2, 1), (2, 1)), ("pvh", "xen grants2", (1, 2), (1, 1)), ("pv", "xen grants2", (1, 2), (1, 1))))])
def test_with_a_disk(xl, kind, configs, offered, versions):
    """Requests are under way when the guest is saved; the disk's connection is made anew, and all that was written is there. Before and
    after Xen offers the grant table in versions up to these, and the guest's is of those."""
    xl.run("dd if=/dev/zero of=/disk bs=1M count=2 2>/dev/null; losetup /dev/loop0 /disk")
    image = whittle.image("blktest", "xen", configs=configs)
    g = xl.create(kind, image, "-- xvda steady 3000", memory=16 << 20, extra=DISK + "max_grant_version = %d\n" % offered[0])
    xl.wait_said(g, "xvda: round 300\n")
    assert grant_version(xl.rig, xl.domid(g)) == versions[0]
    save(xl, g)
    xl.wait_gone(g)
    assert "round 3000" not in xl.said(g)
    xl.run("sed -i 's/^max_grant_version.*/max_grant_version = %d/' /%s.cfg; xl restore /%s.cfg /save/guest" % (offered[1], g, g), seconds=180)
    assert grant_version(xl.rig, xl.domid(g)) == versions[1]
    xl.wait_gone(g)
    said = xl.said(g)
    assert said.endswith("xvda: all as it was written\n") and "protocol" not in said and "mapped" not in said, said
    xl.run("losetup -d /dev/loop0; rm -f /disk /save/guest")


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    """An initrd with a file, and what md5sum says of that."""
    folder = tmp_path_factory.mktemp("root")
    data = b"".join(hashlib.sha256(b"%d" % i).digest() for i in range(60000))
    (folder / "file").write_bytes(data)
    from runner import cpio
    archive = tmp_path_factory.mktemp("initrd") / "initrd"
    with open(archive, "wb", buffering=0) as f:
        cpio.pack(str(folder), f)
    return str(archive), hashlib.md5(data).hexdigest()


@pytest.mark.parametrize("kind", ["pv", pytest.param("pvh", marks=pytest.mark.slow)])
def test_while_a_server_serves(xl, root, kind):
    """A client in dom0 is in the middle of a file when its server is saved; the rest comes from the restored one, on the same
    connection; and new clients are served."""
    initrd, md5 = root
    address = ADDRESS % (10 + KINDS.index(kind))
    image = whittle.image("httpd", "xen", configs="xen")
    g = xl.create(kind, image, "netdev.ip=%s/24 -- 80 /" % address, memory=32 << 20, initrd=initrd, net=True)
    xl.wait_said(g, "serving")
    url = "http://%s/file" % address
    assert xl.run("wget -q -O - %s | md5sum" % url).split()[0] == md5
    xl.run("rm -f /sum; ((wget -O - %s 2>/err; echo status $? >>/err) | (until [ -e /go ]; do sleep 1; done; cat) | md5sum >/sum) &" % url)
    xl.wait(lambda: "no connection", lambda: xl.run("netstat -tn | awk '$1 == \"tcp\" && $2 > 10000'"))
    save(xl, g)
    restore(xl)
    xl.run("touch /go")
    xl.wait(lambda: "the client waits; %r" % xl.said(g), lambda: xl.run("cat /sum 2>/dev/null; true"))
    assert xl.run("cat /sum").split()[0] == md5, (xl.run("cat /err")[-500:], xl.said(g), xl.rig.last_words())
    assert xl.run("wget -q -O - %s | md5sum" % url).split()[0] == md5
    xl.run("rm -f /go /save/guest; xl shutdown -w " + g)
