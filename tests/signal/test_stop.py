# SPDX-License-Identifier: BSD-3-Clause
"""Requests to end, from outside to the application: it ends its own way, or as POSIX says."""
import json
import os
import signal
import socket
import subprocess
import time

import pytest

import whittle

RUN = os.path.join(whittle.ROOT, "support", "run")
MACHINES = [("kvm", m) for m in ("microvm", "q35", "pc")] + [("linuxu", None)]
# Its button is a key at a GPIO controller, with each interrupt controller; there is none on riscv64's.
ARM64 = [pytest.param(whittle.ARM64, m, marks=pytest.mark.slow) for m in ("virt", "virt,gic-version=3")]


def start(plat, role, *options, machine=None):
    """A running image that has said that it is ready."""
    options = list(options) + (["--machine", machine] if machine else [])
    p = subprocess.Popen([RUN, whittle.image("libctest", plat), "--timeout", "100", *options, "--", "--role", role],
                         stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert p.stdout.readline() == b"ready\n"
    time.sleep(0.2)
    return p


def end(p):
    out, err = p.communicate(timeout=100)
    return p.returncode, out, err


@pytest.mark.parametrize("role", ["stop-handler", "stop-spin"])
@pytest.mark.parametrize("plat,machine", MACHINES + ARM64)
def test_application_ends_its_own_way(plat, machine, role):
    p = start(plat, role, machine=machine)
    p.send_signal(signal.SIGTERM)
    assert end(p) == (7, b"asked by 15\n", b"")


@pytest.mark.parametrize("signum", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
@pytest.mark.parametrize("plat", whittle.PLATFORMS)
def test_without_a_handler(plat, signum):
    """The runner ends as its image did: by the signal."""
    p = start(plat, "stop-default")
    p.send_signal(signum)
    assert end(p) == (-signum, b"", b"")


@pytest.mark.parametrize("plat", whittle.PLATFORMS)
def test_time_to_end_is_limited(plat):
    p = start(plat, "stop-ignore", "--grace", "0.5")
    p.send_signal(signal.SIGTERM)
    status, out, err = end(p)
    assert (status, out) == (-signal.SIGTERM, b"") and b"still there 0.5 s after it was asked to end" in err


@pytest.mark.parametrize("plat", whittle.PLATFORMS)
def test_asked_twice_it_just_ends(plat):
    p = start(plat, "stop-ignore", "--grace", "1000")
    p.send_signal(signal.SIGTERM)
    time.sleep(0.5)
    assert p.poll() is None
    p.send_signal(signal.SIGTERM)
    assert end(p) == (-signal.SIGTERM, b"", b"")


@pytest.mark.parametrize("plat", whittle.PLATFORMS)
def test_told_by_two_ways_it_ends_its_own_way(plat):
    """As by timeout(1), which tells the process and then its group."""
    p = start(plat, "stop-handler")
    p.send_signal(signal.SIGTERM)
    p.send_signal(signal.SIGHUP)        # the same one again would not count
    status, out, err = end(p)
    assert (status, err) == (7, b"") and out in (b"asked by 15\n", b"asked by 1\n"), (status, out, err)


def test_signals_of_a_process_keep_their_number():
    image = whittle.image("libctest", "linuxu")
    for signum in (signal.SIGINT, signal.SIGHUP):
        p = subprocess.Popen([image, "--", "--role", "stop-handler"], stdin=subprocess.DEVNULL,
                             stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        assert p.stdout.readline() == b"ready\n"
        p.send_signal(signum)
        assert end(p) == (7, b"asked by %d\n" % signum, b"")


def test_what_is_ignored_stays_so():
    """nohup, and jobs that a shell starts in the background."""
    image = whittle.image("libctest", "linuxu")
    p = subprocess.Popen("trap '' HUP INT; exec %s -- --role stop-default" % image, shell=True,
                         stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
    assert p.stdout.readline() == b"ready\n"
    p.send_signal(signal.SIGHUP)
    p.send_signal(signal.SIGINT)
    time.sleep(0.3)
    assert p.poll() is None
    p.send_signal(signal.SIGTERM)
    assert p.wait(timeout=60) == -signal.SIGTERM


@pytest.mark.parametrize("plat,machine", MACHINES[:3] + ARM64)
def test_shutdown_request_of_qemu(plat, machine, tmp_path):
    """From anybody: here by a control socket that a user gave QEMU."""
    path = str(tmp_path / "qmp")
    p = start(plat, "stop-handler", "--qemu-args", "-qmp unix:%s,server=on,wait=off" % path, machine=machine)
    with socket.socket(socket.AF_UNIX) as s:
        s.connect(path)
        for command in ("qmp_capabilities", "system_powerdown"):
            s.sendall(json.dumps({"execute": command}).encode())
        assert end(p) == (7, b"asked by 15\n", b"")


@pytest.mark.parametrize("plat,machine", MACHINES + ARM64)
def test_image_without_signals_is_torn_down(plat, machine):
    image = whittle.image(os.path.join(whittle.ROOT, "tests/signal/kernel"), plat)
    p = subprocess.Popen([RUN, image, "--timeout", "100", *(["--machine", machine] if machine else [])],
                         stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert p.stdout.readline() == b"ready\n"
    time.sleep(0.2)
    p.send_signal(signal.SIGTERM)
    assert end(p) == (-signal.SIGTERM, b"torn down\n", b"")


@pytest.mark.parametrize("plat,machine", [("kvm", "microvm,acpi=off"),
                                          pytest.param(whittle.RISCV64, "virt", marks=pytest.mark.slow)])
def test_who_does_not_listen_ends_at_once(plat, machine):
    """It is not waited for."""
    p = subprocess.Popen([RUN, whittle.image("libctest", plat), "--machine", machine, "--timeout", "100",
                          "--", "--role", "stop-ignore"], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
    assert p.stdout.readline() == b"ready\n"
    begin = time.monotonic()
    p.send_signal(signal.SIGTERM)
    assert p.wait(timeout=60) == -signal.SIGTERM and time.monotonic() - begin < 5
