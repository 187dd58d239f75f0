# SPDX-License-Identifier: BSD-3-Clause
"""support/tools/fetch.py: pins, order of places, distribution sources, safe unpacking, locks.

Only file:// URLs and servers on 127.0.0.1: the tests need no network.
"""

import fcntl
import hashlib
import http.server
import io
import os
import signal
import socket
import subprocess
import sys
import tarfile
import threading
import time
import zipfile
from pathlib import Path

import pytest

FETCH = Path(__file__).parents[2] / "support/tools/fetch.py"
sys.path.insert(0, str(FETCH.parent))
import fetch  # noqa: E402  (the tool is a module as well)

WRONG = "0" * 64


def sha256(path):
    return hashlib.sha256(Path(path).read_bytes()).hexdigest()


def make_tar(path, members, top="pkg-1/"):
    with tarfile.open(path, "w:gz") as tar:
        for name, content in members.items():
            info = tarfile.TarInfo(top + name)
            if isinstance(content, tarfile.TarInfo):
                tar.addfile(content)
            else:
                info.size = len(content)
                tar.addfile(info, io.BytesIO(content))
    return path


@pytest.fixture
def box(tmp_path, monkeypatch):
    """A folder with a cache of its own, a package archive, and a way to run the tool."""
    class Box:
        root = tmp_path
        cache = tmp_path / "cache"
        tar = make_tar(tmp_path / "pkg_1.orig.tar.gz", {"hello.c": b"int x;\n", "sub/a": b"a\n"})
        url = tar.as_uri()
        pin = sha256(tar)
        out = tmp_path / "out"

        def run(self, *source, out=True, more=(), **keywords):
            command = [sys.executable, str(FETCH), "--name", "pkg", "--version", "1",
                       "--source", *map(str, source), *map(str, more)]
            command += ["--out", str(self.out)] if out else []
            return subprocess.run(command, capture_output=True, text=True, check=False,
                                  timeout=60, **keywords)
    monkeypatch.setenv("WHITTLE_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    return Box()


@pytest.fixture
def server():
    """A local web server: routes[path] = bytes, or a function of the request handler."""
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.server.hits.append(self.path)
            answer = self.server.routes.get(self.path.replace("/./", "/"))
            if callable(answer):
                answer(self)
            elif answer is None:
                self.send_error(404)
            else:
                self.send_response(200)
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

        def log_message(self, *_):
            pass

    httpd = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    httpd.daemon_threads = True
    httpd.routes, httpd.hits = {}, []
    httpd.url = f"http://127.0.0.1:{httpd.server_port}"
    threading.Thread(target=httpd.serve_forever, daemon=True).start()
    yield httpd
    httpd.shutdown()
    httpd.server_close()


def nothing_left(box):
    """No half-made file or folder anywhere."""
    return not list(box.root.glob(".*.tmp")) and not list((box.cache / "tmp").glob("*"))


def test_unpacks_without_the_top_folder(box):
    done = box.run(box.url, box.pin)
    assert done.returncode == 0, done.stderr
    assert (box.out / "hello.c").read_text() == "int x;\n"
    assert (box.out / "sub/a").read_text() == "a\n"
    assert nothing_left(box)


def test_second_run_needs_no_source(box):
    assert box.run(box.url, box.pin, out=False).returncode == 0
    box.tar.unlink()
    again = box.run(box.url, box.pin, out=False)
    assert again.returncode == 0 and sha256(again.stdout.strip()) == box.pin


def test_wrong_sha256_names_file_expected_and_found(box):
    done = box.run(box.url, WRONG)
    assert done.returncode == 1
    for word in ("pkg_1.orig.tar.gz", f"expected {WRONG}", f"found    {box.pin}"):
        assert word in done.stderr
    assert not box.out.exists() and nothing_left(box)
    assert not list(box.cache.glob("archives/*/*"))


def test_wrong_sha256_is_final(box, server):
    """Bytes that differ from the pin are an alarm, not a reason to try the next place."""
    server.routes["/pkg.tar.gz"] = b"something else"
    done = box.run(f"{server.url}/pkg.tar.gz", box.pin, box.url, box.pin)
    assert done.returncode == 1 and "wrong sha256" in done.stderr


def test_malformed_pin(box):
    done = box.run(box.url, "1234")
    assert done.returncode == 1 and "'1234' is not a sha256" in done.stderr


def test_odd_words(box):
    done = box.run(box.url, box.pin, "debian:pkg")
    assert done.returncode == 2 and "debian:pkg: pairs" in done.stderr


def test_damaged_cache_is_replaced(box):
    path = Path(box.run(box.url, box.pin, out=False).stdout.split()[-1])
    path.write_bytes(b"rot")
    done = box.run(box.url, box.pin)
    assert done.returncode == 0 and "damaged" in done.stdout
    assert (box.out / "hello.c").exists()


def test_next_place_when_one_is_missing(box, server):
    done = box.run(f"{server.url}/none.tar.gz", box.pin, box.url, box.pin)
    assert done.returncode == 0, done.stderr


def test_each_place_has_its_own_pin(box, server):
    repack = make_tar(box.root / "repack.tar.gz", {"hello.c": b"int y;\n"})
    done = box.run(f"{server.url}/none.tar.gz", box.pin, repack.as_uri(), sha256(repack))
    assert done.returncode == 0 and (box.out / "hello.c").read_text() == "int y;\n"


def test_all_places_fail(box, server):
    done = box.run(f"{server.url}/a.tgz", box.pin, "file:///nonexistent/b.tgz", box.pin)
    assert done.returncode == 1
    for word in ("/a.tgz", "404", "/nonexistent/b.tgz", "by hand"):
        assert word in done.stderr


def test_silent_host_is_given_up_and_remembered(box):
    """A machine whose packets vanish must not wait long, and not again for the next package."""
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        place = f"http://127.0.0.1:{silent.getsockname()[1]}/pkg.tar.gz"
        start = time.monotonic()
        assert box.run(place, box.pin, box.url, box.pin, out=False).returncode == 0
        assert time.monotonic() - start < 20
        other = make_tar(box.root / "other.tar.gz", {"x": b""})
        start = time.monotonic()
        assert box.run(place, sha256(other), other.as_uri(), sha256(other)).returncode == 0
        assert time.monotonic() - start < fetch.CONNECT_SECONDS


def test_remembered_host_is_asked_when_nothing_else_helps(box, server):
    server.routes["/pkg.tar.gz"] = box.tar.read_bytes()
    memory = box.cache / "unreachable" / server.url[7:].replace(":", "_")
    memory.parent.mkdir(parents=True)
    memory.touch()
    done = box.run(f"{server.url}/pkg.tar.gz", box.pin, "file:///nonexistent", box.pin)
    assert done.returncode == 0, done.stderr


def test_short_download_is_no_file(box, server):
    def cut(handler):
        handler.send_response(200)
        handler.send_header("Content-Length", "1000")
        handler.end_headers()
        handler.wfile.write(b"x" * 10)
    server.routes["/pkg.tar.gz"] = cut
    done = box.run(f"{server.url}/pkg.tar.gz", box.pin)
    assert done.returncode == 1 and "10 of 1000 bytes" in done.stderr
    assert nothing_left(box)


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT, signal.SIGKILL])
def test_interrupted_download(box, server, how):
    started = threading.Event()
    wait = threading.Event()

    def slow(handler):
        handler.send_response(200)
        handler.end_headers()
        handler.wfile.write(b"x" * 100000)
        started.set()
        wait.wait(20)
    server.routes["/pkg.tar.gz"] = slow
    source = [f"{server.url}/pkg.tar.gz", box.pin]
    process = subprocess.Popen([sys.executable, str(FETCH), "--name", "pkg", "--version", "1",
                                "--source", *source, "--out", str(box.out)])
    assert started.wait(20)
    process.send_signal(how)
    assert process.wait(20) != 0
    wait.set()
    if how != signal.SIGKILL:
        assert nothing_left(box)
    assert not box.out.exists()
    server.routes["/pkg.tar.gz"] = box.tar.read_bytes()
    assert box.run(*source).returncode == 0
    assert (box.out / "hello.c").exists()


def test_leftover_of_a_killed_unpacking(box):
    leftover = box.root / ".out.killed.tmp"
    (leftover / "tree").mkdir(parents=True)
    assert box.run(box.url, box.pin).returncode == 0
    assert not leftover.exists() and (box.out / "hello.c").exists()


def test_parallel_runs_download_once(box, server):
    def slow(handler):
        time.sleep(0.5)
        data = box.tar.read_bytes()
        handler.send_response(200)
        handler.send_header("Content-Length", str(len(data)))
        handler.end_headers()
        handler.wfile.write(data)
    server.routes["/pkg.tar.gz"] = slow
    results = []
    threads = [threading.Thread(target=lambda: results.append(
        box.run(f"{server.url}/pkg.tar.gz", box.pin).returncode)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == [0] * 4 and server.hits == ["/pkg.tar.gz"]
    assert (box.out / "hello.c").exists()


def test_waits_for_the_lock(box):
    lock = box.root / ".out.lock"
    with open(lock, "w", encoding="ascii") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        process = subprocess.Popen([sys.executable, str(FETCH), "--name", "pkg", "--version", "1",
                                    "--source", box.url, box.pin, "--out", str(box.out)])
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(1)
    assert process.wait(20) == 0


def test_patches(box):
    good = box.root / "good.patch"
    good.write_text("--- a/hello.c\n+++ b/hello.c\n@@ -1 +1 @@\n-int x;\n+int z;\n")
    assert box.run(box.url, box.pin, more=["--patch", good]).returncode == 0
    assert (box.out / "hello.c").read_text() == "int z;\n"


def test_patch_that_does_not_apply(box):
    bad = box.root / "bad.patch"
    bad.write_text("--- a/hello.c\n+++ b/hello.c\n@@ -1 +1 @@\n-int q;\n+int z;\n")
    done = box.run(box.url, box.pin, more=["--patch", bad])
    assert done.returncode == 1 and "bad.patch: does not apply" in done.stderr
    assert not box.out.exists() and nothing_left(box)


# --- archives that mean harm -----------------------------------------------------------------

def link(name, target, kind=tarfile.SYMTYPE):
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, target
    return info


def device(name):
    info = tarfile.TarInfo(name)
    info.type = tarfile.CHRTYPE
    return info


@pytest.mark.parametrize("members", [
    {"../../evil": b"x"},
    {"/evil": b"x"},
    {"l": link("pkg-1/l", "/etc"), "l/evil": b"x"},
    {"l": link("pkg-1/l", "../../")},
    {"l": link("pkg-1/l", "sub"), "l/evil": b"x"},
    {"h": link("pkg-1/h", "../evil", tarfile.LNKTYPE)},
    {"h": link("pkg-1/h", "/etc/passwd", tarfile.LNKTYPE)},
    {"d": device("pkg-1/d")},
], ids=["dotdot", "absolute", "through-link", "link-out", "through-inner-link", "hardlink",
        "hardlink-absolute", "device"])
def test_refuses_to_leave_the_folder(box, members):
    top = "" if "/evil" in members else "pkg-1/"
    tar = make_tar(box.root / "evil.tar.gz", {"ok": b"x", **members}, top)
    done = box.run(tar.as_uri(), sha256(tar))
    assert done.returncode == 1 and "refusing to unpack" in done.stderr
    assert not box.out.exists() and not (box.root / "evil").exists() and nothing_left(box)


def test_links_that_stay_inside(box):
    tar = make_tar(box.root / "l.tar.gz", {
        "a/file": b"x", "a/up": link("pkg-1/a/up", "../b"), "h": link("pkg-1/h", "pkg-1/a/file",
                                                                       tarfile.LNKTYPE)})
    assert box.run(tar.as_uri(), sha256(tar)).returncode == 0
    assert os.readlink(box.out / "a/up") == "../b" and (box.out / "h").read_text() == "x"


def test_truncated_archive(box):
    tar = box.root / "cut.tar.gz"
    tar.write_bytes(box.tar.read_bytes()[:60])
    done = box.run(tar.as_uri(), sha256(tar))
    assert done.returncode == 1 and "cannot unpack" in done.stderr
    assert not box.out.exists() and nothing_left(box)


def test_zip(box):
    path = box.root / "pkg.zip"
    with zipfile.ZipFile(path, "w") as archive:
        info = zipfile.ZipInfo("pkg-1/configure")
        info.external_attr = 0o100755 << 16
        archive.writestr(info, "#!/bin/sh\n")
        archive.writestr("pkg-1/hello.c", "int x;\n")
    assert box.run(path.as_uri(), sha256(path)).returncode == 0
    assert os.access(box.out / "configure", os.X_OK) and (box.out / "hello.c").exists()


# --- the distribution ------------------------------------------------------------------------

def test_one_line_sources():
    text = ("# comment\n"
            "deb [arch=amd64 signed-by=/k.gpg] http://d.example/debian bookworm main contrib # x\n"
            "deb-src http://d.example/debian bookworm main\n"
            "deb [arch=amd64] http://other.example/apt stable main\n"
            "deb http://d.example/debian bookworm main\n")
    assert fetch.one_line_sources(text, lambda suite: suite == "bookworm") == (
        "deb-src [ signed-by=/k.gpg] http://d.example/debian bookworm main contrib\n"
        "deb-src http://d.example/debian bookworm main\n")


def test_deb822_sources():
    text = ("Types: deb\n# comment\nURIs: http://d.example/debian\nSuites: bookworm sid\n"
            "Components: main\nArchitectures: amd64\nSigned-By:\n -----BEGIN\n .\n -----END\n\n"
            "Types: deb\nEnabled: no\nURIs: http://x.example\nSuites: bookworm\nComponents: main\n")
    result = fetch.deb822_sources(text, lambda suite: suite == "bookworm")
    assert "Types: deb-src\n" in result and "Suites: bookworm\n" in result
    assert "Signed-By: \n -----BEGIN\n .\n -----END\n" in result
    assert "amd64" not in result and "x.example" not in result


@pytest.fixture
def repository(box, server, monkeypatch):
    """A small Debian archive on the local server, and an apt configuration that points there."""
    data = box.tar.read_bytes()
    server.routes["/deb/pkg_1.orig.tar.gz"] = data
    server.routes["/deb/pkg_1-1.dsc"] = b"dsc\n"
    dsc = hashlib.sha256(b"dsc\n").hexdigest()
    server.routes["/deb/Sources"] = (
        "Package: pkg\nBinary: pkg\nVersion: 1-1\nArchitecture: any\nFormat: 3.0 (quilt)\n"
        "Directory: .\nChecksums-Sha256:\n"
        f" {dsc} 4 pkg_1-1.dsc\n {box.pin} {len(data)} pkg_1.orig.tar.gz\n\n").encode()
    etc = box.root / "etc"
    (etc / "parts").mkdir(parents=True)
    conf = etc / "apt.conf"
    conf.write_text(f'Dir::Etc::sourcelist "{etc}/sources.list";\n'
                    f'Dir::Etc::sourceparts "{etc}/parts";\nAcquire::http::Proxy "false";\n')
    monkeypatch.setenv("APT_CONFIG", str(conf))
    return etc


needs_apt = pytest.mark.skipif(not fetch.shutil.which("apt-get"), reason="no apt-get")


@needs_apt
@pytest.mark.parametrize("form", ["list", "sources"])
def test_distribution_source(box, server, repository, form):
    if form == "list":
        (repository / "sources.list").write_text(f"deb [trusted=yes] {server.url}/deb ./\n")
    else:
        (repository / "parts/x.sources").write_text(
            f"Types: deb\nURIs: {server.url}/deb\nSuites: ./\nTrusted: yes\n")
    done = box.run(f"{server.url}/none.tar.gz", box.pin, "debian:pkg", box.pin)
    assert done.returncode == 0, done.stderr
    assert (box.out / "hello.c").exists()


@needs_apt
def test_distribution_has_it_in_another_release(box, server, repository):
    """Nothing of it is in the lists; the pool has the file, and a second mirror is asked when the first one has not."""
    server.routes["/two/pool/main/p/pkg/pkg_1.orig.tar.gz"] = box.tar.read_bytes()
    (repository / "sources.list").write_text(f"deb [trusted=yes] {server.url}/deb ./\ndeb [trusted=yes] {server.url}/two ./\n")
    done = box.run("debian:pkg/pkg_1.orig.tar.gz", box.pin)
    assert done.returncode == 0, done.stderr
    assert (box.out / "hello.c").exists()


@needs_apt
def test_distribution_has_it_in_no_release(box, server, repository):
    (repository / "sources.list").write_text(f"deb [trusted=yes] {server.url}/deb ./\n")
    done = box.run("debian:pkg/pkg_2.orig.tar.gz", box.pin)
    assert done.returncode == 1 and "no mirror has it" in done.stderr and "404" in done.stderr


@needs_apt
def test_pool_has_other_bytes(box, server, repository):
    server.routes["/deb/pool/main/p/pkg/pkg_1.orig.tar.gz"] = box.tar.read_bytes()
    (repository / "sources.list").write_text(f"deb [trusted=yes] {server.url}/deb ./\n")
    done = box.run("debian:pkg/pkg_1.orig.tar.gz", WRONG)
    assert done.returncode == 1 and "Hash Sum mismatch" in done.stderr
    nothing_left(box)


@needs_apt
def test_distribution_has_other_bytes(box, server, repository):
    (repository / "sources.list").write_text(f"deb [trusted=yes] {server.url}/deb ./\n")
    done = box.run("debian:pkg", WRONG)
    assert done.returncode == 1
    for word in (f"expected {WRONG}", f"found    {box.pin}", "pkg_1.orig.tar.gz"):
        assert word in done.stderr


@needs_apt
def test_distribution_renews_old_lists(box, server, repository):
    """A list from last month does not know today's package: it is renewed once."""
    (repository / "sources.list").write_text(f"deb [trusted=yes] {server.url}/deb ./\n")
    good = server.routes["/deb/Sources"]
    server.routes["/deb/Sources"] = good.replace(b"Package: pkg", b"Package: old")
    assert box.run("debian:pkg", box.pin).returncode == 1
    server.routes["/deb/Sources"] = good
    assert box.run("debian:pkg", box.pin).returncode == 0
