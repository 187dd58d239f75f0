# SPDX-License-Identifier: BSD-3-Clause
"""Platform xen on arm64: guests that `xl` starts, beside an arm64 Linux as dom0. What is asked of them is what is asked of PVH guests of x86_64."""

import pytest

import test_servers
import test_toolstack
import whittle
from domains import domains
from test_image_boots import serves_a_file
from test_servers import site  # noqa: F401
from test_xen_arm64 import parse_ktap

pytestmark = pytest.mark.slow
PLAT = "xen-arm64"
LIMIT = 600


@pytest.fixture(scope="module", autouse=True)
def packages_of_arm64(packages):
    """As conftest.py has the others fetched, which more tests need."""
    from xenrig import packages as fetched
    fetched.files("arm64")


@pytest.fixture(scope="module")
def xl():
    with domains(192 << 20, arch="arm64") as d:
        d.run("ip addr add %s/24 dev xenbr0" % (test_servers.ADDRESS % 1))
        yield d


def image(app):
    return whittle.image(app, PLAT, configs="xen")


def test_sqlite(tmp_path):
    """As its user runs it: input to its end, a file system packed as an initrd, memory, and the application's own status."""
    (tmp_path / "numbers.csv").write_text("".join("%d\n" % i for i in range(1000)))
    r = whittle.run(image("sqlite"), ":memory:", options=["--root", str(tmp_path), "--memory", "64M"],
                    stdin=b"create table t(n int);\n.import /numbers.csv t\nselect sum(n) from t;\n.exit 7\n", timeout=LIMIT)
    assert (r.status, r.out, r.err) == (7, b"499500\n", b""), r


def test_unit():
    """All of them, but those that pretend to be xenstore, which here is really there."""
    r = whittle.run(image("unittest"), options=["--memory", "96M", "--net", "none"], timeout=LIMIT)
    results = parse_ktap(r.out.decode(errors="replace"))
    failed = ["%s.%s: %s" % (*case, notes) for case, (ok, _, notes) in results.items() if not ok]
    assert not failed and r.status == 0 and len(results) > 300, (failed, len(results), r.status, r.err[-2000:])


def test_cpus(tmp_path):
    """Two of them; events and grants are theirs as well, and devices."""
    unit = whittle.image("unittest", PLAT, configs="xen smp")
    r = whittle.run(unit, options=["--memory", "96M", "--net", "none", "--smp", "2", "--param",
                                   "test.only=[ xen_event xen_grant timer thread ukvmem_cpus ]"], timeout=LIMIT)
    assert r.status == 0 and b"not ok" not in r.out and b"on_each_cpu" in r.out and b"ukvmem_cpus" in r.out, r
    disk = tmp_path / "disk"
    disk.write_bytes(bytes(20 << 20))
    r = whittle.run(whittle.image("blktest", PLAT, configs="xen smp"), "xvda", "verify", "5", options=["--disk", str(disk), "--smp", "2"], timeout=LIMIT)
    assert (r.status, r.out, r.err) == (0, b"xvda: verified\n", b""), r
    serves_a_file(whittle.image("httpd", PLAT, configs="xen smp"), tmp_path, "--smp", "2")


def test_published_port(tmp_path):
    serves_a_file(image("httpd"), tmp_path)


def test_disk(tmp_path):
    disk = tmp_path / "disk"
    disk.write_bytes(bytes(20 << 20))
    r = whittle.run(image("blktest"), "xvda", "verify", "5", options=["--disk", str(disk)], timeout=LIMIT)
    assert (r.status, r.out, r.err) == (0, b"xvda: verified\n", b""), r
    assert disk.read_bytes().strip(b"\0"), "nothing of it has come to the disk"


def test_nginx(xl, site):  # noqa: F811
    test_servers.test_nginx(xl, site, "pvh")


def test_redis(xl):
    test_servers.test_redis(xl, "pvh")


def test_shutdown(xl):
    test_toolstack.test_shutdown(xl, "pvh")
    test_toolstack.test_without_a_handler(xl)


def test_reboot(xl):
    test_toolstack.test_reboot(xl, "pvh")


def test_unknown_word(xl):
    test_toolstack.test_unknown_word(xl)


def test_memory(xl):
    """Less, and all of it again, as xenstore tells it: `xl mem-set` of Xen 4.17 fails an assertion of its own on this CPU."""
    g = xl.create("pvh", xl.lasting(), "-- stop 8", memory=32 << 20)
    xl.wait_said(g, "ready\n")
    for n in 20, 26, 32:
        xl.run("xenstore-write /local/domain/%s/memory/target %d" % (xl.domid(g), n << 10))
        xl.wait_mebibytes(g, n)
    xl.run("xl shutdown -w " + g)
    assert xl.said(g).endswith("asked by 15\n")


def test_clock(xl):
    """A guest's clock of the day is dom0's, to the second that Xen tells, however late it was started."""
    xl.wait(lambda: "dom0's time stands still", lambda: float(xl.run("cat /proc/uptime").split()[0]) > 10)
    before = int(xl.run("date +%s"))
    g = xl.create("pvh", image("sqlite"), """-- :memory: "select strftime('at=%s', 'now');\"""", memory=32 << 20)
    xl.wait_said(g, "at=")
    assert before - 2 <= int(xl.said(g).split("at=")[1].split()[0]) <= int(xl.run("date +%s")) + 2
