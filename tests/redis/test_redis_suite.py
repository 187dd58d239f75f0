# SPDX-License-Identifier: BSD-3-Clause
"""Redis's own test suite (tests/ of its source), which can test a server that runs elsewhere: against our images, and in the same
run against Debian's build of the same version on this machine. What passes there passes here, but for what DIFFERENCES lists.

The servers keep an append-only file from the start, as turning it on later needs a second process here."""
import collections
import glob
import os
import re
import shutil
import subprocess
import sys
import threading
import time

import pytest

import whittle
from netns import GUEST, Namespace

sys.path.insert(0, os.path.join(whittle.ROOT, "tests/bench"))

import debian

PORT = 6379
WORDS = ["--protected-mode", "no", "--appendonly", "yes", "--auto-aof-rewrite-percentage", "0", "--save", "",
         "--enable-protected-configs", "yes", "--enable-debug-command", "yes", "--enable-module-command", "yes"]
# Redis's names for what the suite shall leave out: what takes long, and replicas, whose synchronisation needs a second process.
TAGS = "-slow -needs:repl"
# Takes a port of this machine, to find it in use on the server's, which then listens there and nowhere else.
SKIPPED = "CONFIG SET rollback on apply error"
# Among them what found a mistake of ours: `other` writes 5 MB of commands before it reads an answer.
SHORT = ["unit/protocol", "unit/keyspace", "unit/type/incr", "unit/type/string", "unit/multi", "unit/quit", "unit/pubsub",
         "unit/slowlog", "unit/bitfield", "unit/other"]

FORK = "needs a second process: BGSAVE, BGREWRITEAOF, or a replica that is synchronised"
JEMALLOC = "only if the server says that it has jemalloc"
CLOCK = "compares the server's clock with the client's; this machine's tells whole seconds, and starts up to one late"
# (platform or None, unit, test, why, always): a regular expression names the tests.
DIFFERENCES = [
    (None, "unit/type/string", "trim on SET with big value", JEMALLOC, True),
    (None, "unit/type/list", "SWAPDB wants to wake blocked client.*|MULTI . LPUSH . EXPIRE . DEBUG SLEEP.*", FORK, True),
    (None, "unit/type/stream", ".* rewrite into AOF correctly.*", FORK, True),
    (None, "unit/type/stream-cgroups", ".*(AOFRW|rewrite into AOF).*", FORK, True),
    (None, "unit/expire", ".*Lazy-expire should not be wrapped in MULTI/EXEC", FORK, True),
    (None, "unit/other", "BGSAVE|Same dataset digest if saving/reloading as AOF.|EXPIRES after a reload .*", FORK, True),
    ("kvm", "unit/dump", "RESTORE can set an absolute expire", CLOCK, False),
    ("kvm", "unit/type/string", ".*(EXAT|PXAT) option", CLOCK, False),
]


class Native:
    """Debian's server in a namespace of its own."""
    host = "127.0.0.1"

    def __init__(self, ns, folder):
        root = debian.root()
        env = dict(os.environ, LD_LIBRARY_PATH=":".join(os.path.join(root, f) for f in debian.LIBRARIES))
        with open(os.path.join(folder, "server.log"), "wb") as log:
            self.process = subprocess.Popen(ns.command(os.path.join(root, "usr/bin/redis-server"), *WORDS), cwd=folder, env=env,
                                            stdin=subprocess.DEVNULL, stdout=log, stderr=log)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait(10)


def suite(ns, host, folder, units, limit):
    """{(unit, test): passed} of these units. Each is a run of its own: a failure between two tests ends only that."""
    found = {}
    for unit in units:
        p = subprocess.run(ns.command("tclsh", "tests/test_helper.tcl", "--host", host, "--port", str(PORT), "--durable",
                                      "--tags", TAGS, "--skiptest", SKIPPED, "--single", unit), cwd=folder, stdin=subprocess.DEVNULL,
                           stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=limit)
        text = re.sub(r"\x1b\[[0-9;]*m", "", p.stdout.decode(errors="replace"))
        with open(os.path.join(folder, unit.replace("/", "-") + ".log"), "w") as f:
            f.write(text)
        for name in re.findall(r"^\[ok\]: (.*) \(\d+ ms\)$", text, re.M):
            found[unit, name] = True
        for name in re.findall(r"^\[err\]: (.*) in tests/\S+\.tcl$", text, re.M):
            found[unit, name] = False
        found[unit, "its end"] = "\\o/" in text or "The End" in text
    return found


def copy_of_suite(folder):
    """The suite as its own programs want to find it."""
    whittle.image("redis", "kvm")
    source = max(glob.glob(os.path.join(whittle.OUT, "packages/redis-7.0.15-*/src")), key=os.path.getmtime)
    for name in "tests", "utils":
        shutil.copytree(os.path.join(source, name), os.path.join(folder, name))
    os.mkdir(os.path.join(folder, "src"))
    for name in "redis-cli", "redis-benchmark":
        os.symlink(shutil.which(name), os.path.join(folder, "src", name))


def all_units(folder):
    """Not integration/, whose tests start their servers themselves."""
    out = subprocess.run(["tclsh", "tests/test_helper.tcl", "--list-tests"], cwd=folder, check=True, stdout=subprocess.PIPE,
                         timeout=60).stdout.decode()
    return [u for u in out.split() if u.startswith("unit/")]


@pytest.fixture(scope="module")
def prepared(tmp_path_factory):
    if not shutil.which("tclsh"):
        pytest.skip("no tclsh (package tcl)")
    folder = str(tmp_path_factory.mktemp("suite"))
    copy_of_suite(folder)
    return folder


_native = {}


def native(folder, units, limit):
    key = tuple(units)
    if key not in _native:
        with Namespace() as ns, Native(ns, folder) as server:
            time.sleep(1)
            assert server.process.poll() is None, open(os.path.join(folder, "server.log")).read()
            _native[key] = suite(ns, server.host, folder, units, limit)
    return _native[key]


def compare(plat, folder, units, limit):
    with Namespace() as ns, ns.start(whittle.image("redis", plat), *WORDS,
                                     options=["--param", "netdev.ip=%s/24" % GUEST, "--memory", "1G"]) as guest:
        ns.reachable(PORT, guest)
        log = collections.deque(maxlen=50)
        os.set_blocking(guest.process.stdout.fileno(), True)
        reader = threading.Thread(target=lambda: log.extend(guest.process.stdout), daemon=True)
        reader.start()  # a server waits for ever with what nobody reads
        ours = suite(ns, GUEST, folder, units, limit)
        assert guest.process.poll() is None, "the server is gone:\n%s" % b"".join(log).decode(errors="replace")
        guest.process.terminate()
        reader.join(20)
    theirs = native(folder, units, limit)
    worse = {key for key, passed in theirs.items() if passed and not ours.get(key)}
    assert sum(theirs.values()) > 10 * len(units) / 2, theirs
    for where, unit, test, _, always in DIFFERENCES:
        if where in (None, plat) and unit in units:
            known = {key for key in worse if key[0] == unit and re.fullmatch(test, key[1])}
            assert known or not always, "%s: %s passes now: take it out of DIFFERENCES" % (unit, test)
            worse -= known
    assert not worse, "not as on this machine:\n" + "\n".join(map(str, sorted(worse)))


@pytest.mark.parametrize("plat", whittle.PLATFORMS)
def test_units_of_redis(prepared, plat):
    compare(plat, prepared, SHORT, 100)


@pytest.mark.slow
@pytest.mark.parametrize("plat", whittle.PLATFORMS)
def test_all_units_of_redis(prepared, plat):
    compare(plat, prepared, all_units(prepared), 1200)
