# SPDX-License-Identifier: BSD-3-Clause
"""support/setup on machines that lack something, played with a PATH of our own."""
import os
import shutil
import subprocess
import time

import pytest

from whittle import ROOT

SETUP = os.path.join(ROOT, "support", "setup")


@pytest.fixture
def bare(tmp_path):
    """A machine with a shell's helpers only; apt-get, sudo and id are ours and tell what they were asked."""
    (tmp_path / "bin").mkdir()
    for tool in ("env", "cat"):
        os.symlink(shutil.which(tool), tmp_path / "bin" / tool)
    log = tmp_path / "log"

    def fake(name, script):
        path = tmp_path / "bin" / name
        path.write_text("#!/bin/sh\n" + script.replace("LOG", str(log)) + "\n")
        path.chmod(0o755)
    fake("id", "echo 1000")
    fake.path = str(tmp_path / "bin")
    fake.log = lambda: log.read_text() if log.exists() else ""
    return fake


def ask(path, *needs, **env):
    p = subprocess.run(["/bin/sh", SETUP, *needs], env=dict({"PATH": path}, **env), stdout=subprocess.PIPE,
                       stderr=subprocess.PIPE, text=True)
    return p.returncode, p.stdout, p.stderr


def test_nothing_missing_is_silent_and_quick():
    subprocess.run([SETUP, "python3"], check=True)
    start = time.monotonic()
    p = subprocess.run([SETUP, "python3", "/etc/passwd"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    assert p.returncode == 0 and p.stdout == b"" and time.monotonic() - start < 1


def test_no_apt_names_the_packages(bare):
    status, out, err = ask(bare.path, "gdb", "strace")
    assert status == 1 and out == ""
    assert "missing: gdb (package gdb)" in err and "install: gdb strace" in err


def test_no_sudo(bare):
    bare("apt-get", "echo $@ >>LOG")
    status, _, err = ask(bare.path, "gdb")
    assert status == 1 and "no sudo" in err and "install: gdb" in err and bare.log() == ""


def test_setup_no(bare):
    bare("apt-get", "echo $@ >>LOG")
    status, _, err = ask(bare.path, "gdb", SETUP="no")
    assert status == 1 and "install: gdb" in err and bare.log() == ""


def test_installs_through_sudo(bare):
    bare("sudo", 'echo sudo >>LOG; "$@"')
    bare("apt-get", 'echo "$@" >>LOG; echo "#!/bin/sh" >%s/gdb; /bin/chmod 755 %s/gdb' % (bare.path, bare.path))
    status, out, err = ask(bare.path, "gdb")
    assert status == 0 and out == "", err
    assert bare.log() == "sudo\ninstall -y --no-install-recommends gdb\n"


def test_old_lists_are_renewed_once(bare):
    bare("sudo", '"$@"')
    bare("apt-get", 'echo "$1" >>LOG; case $1 in update) : >%s/updated ;; install) [ -e %s/updated ] && '
         ': >%s/gdb && /bin/chmod 755 %s/gdb ;; esac' % ((bare.path,) * 4))
    status, _, err = ask(bare.path, "gdb")
    assert status == 0, err
    assert bare.log() == "install\nupdate\ninstall\n"


def test_apt_that_fails(bare):
    bare("sudo", '"$@"')
    bare("apt-get", "exit 100")
    status, _, err = ask(bare.path, "gdb")
    assert status == 1 and "apt-get failed" in err and "install: gdb" in err


def test_unknown_need(bare):
    status, _, err = ask(bare.path, "no-such-thing")
    assert status == 2 and "no-such-thing" in err and "build run check bench debug" in err


def test_every_group_is_known():
    for group in ("build", "run", "check", "bench", "debug", "riscv64", "arm64"):
        p = subprocess.run([SETUP, group], env=dict(os.environ, SETUP="no"), stdout=subprocess.PIPE,
                           stderr=subprocess.PIPE, text=True)
        assert p.returncode in (0, 1) and "no package is known" not in p.stderr, p.stderr
