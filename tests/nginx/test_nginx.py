# SPDX-License-Identifier: BSD-3-Clause
"""nginx as its users have it: pages, keep-alive, gzip, ranges, big files, a reverse proxy, logs, many clients, mistakes."""
import gzip
import hashlib
import http.client
import http.server
import os
import random
import re
import shutil
import socket
import subprocess
import threading

import pytest

import whittle
from netns import GUEST, HOST, Namespace

CONF = """
master_process off;
daemon off;
user root root;
pid /run/nginx.pid;
error_log stderr warn;
events { worker_connections 512; }
http {
	types { text/html html; text/plain txt; }
	default_type application/octet-stream;
	log_format short '$remote_addr "$request" $status $body_bytes_sent';
	access_log off;
	sendfile on;
	tcp_nopush on;
	keepalive_requests 100000;
	gzip on;
	gzip_types text/plain;
	server {
		listen 80;
		root /www;
		location ~ ^/item/([0-9]+)$ { return 200 "item $1\\n"; }
		location /old/ { rewrite ^/old/(.*)$ /$1 redirect; }
		location /api/ { proxy_pass http://%s:8000/; client_max_body_size 16m; }
		location /dead/ { proxy_pass http://%s:9/; }
		location /logged/ { alias /www/; access_log /dev/stdout short; }
		location /list/ { autoindex on; }
	}
}
""" % (HOST, HOST)
BIG = random.Random(5).randbytes(8 << 20)
TEXT = b"".join(b"line %d of a text that gzip makes smaller\n" % i for i in range(3000))


def site(folder, conf=CONF):
    """A root file system for nginx; its path."""
    shutil.copytree(os.path.join(whittle.ROOT, "apps/nginx/root"), folder)
    (folder / "etc/nginx/nginx.conf").write_text(conf)
    (folder / "www/big.bin").write_bytes(BIG)
    (folder / "www/text.txt").write_bytes(TEXT)
    (folder / "www/empty.txt").write_bytes(b"")
    (folder / "www/list").mkdir()
    (folder / "www/list/one.txt").write_text("1")
    return folder


class Web:
    def __init__(self, ns, guest):
        self.ns, self.guest = ns, guest

    def connection(self):
        c = http.client.HTTPConnection(GUEST, 80, timeout=30)
        with self.ns.inside():
            c.connect()
        return c

    def get(self, path, method="GET", body=None, **headers):
        """Status, headers and body of one request on a connection of its own."""
        c = self.connection()
        try:
            c.request(method, path, body, {k.replace("_", "-"): v for k, v in headers.items()})
            r = c.getresponse()
            return r.status, r.headers, r.read()
        finally:
            c.close()


@pytest.fixture(scope="module", params=[*whittle.PLATFORMS, *whittle.OTHER_CPUS])
def web(request, tmp_path_factory):
    img = whittle.image("nginx", request.param)
    root = site(tmp_path_factory.mktemp("site") / "root")
    with Namespace() as ns, ns.start(img, options=["--root", str(root), "--param", "netdev.ip=%s/24" % GUEST]) as guest:
        ns.reachable(80, guest)
        yield Web(ns, guest)


def test_page(web):
    status, headers, body = web.get("/")
    assert status == 200 and headers["Content-Type"] == "text/html" and headers["Server"] == "nginx/1.22.1"
    assert body == open(os.path.join(whittle.ROOT, "apps/nginx/root/www/index.html"), "rb").read()


def test_what_is_not_there(web):
    status, _, body = web.get("/nothing")
    assert status == 404 and b"404 Not Found" in body


def test_head_and_empty_file(web):
    status, headers, body = web.get("/big.bin", method="HEAD")
    assert (status, headers["Content-Length"], body) == (200, str(len(BIG)), b"")
    assert web.get("/empty.txt")[::2] == (200, b"")


def test_not_modified(web):
    _, headers, _ = web.get("/text.txt")
    assert web.get("/text.txt", If_None_Match=headers["ETag"])[0] == 304


def test_big_file(web):
    status, _, body = web.get("/big.bin")
    assert status == 200 and hashlib.sha256(body).digest() == hashlib.sha256(BIG).digest()


def test_range(web):
    status, headers, body = web.get("/big.bin", Range="bytes=1000000-1999999")
    assert (status, headers["Content-Range"]) == (206, "bytes 1000000-1999999/%d" % len(BIG))
    assert body == BIG[1000000:2000000]


def test_keep_alive(web):
    c = web.connection()
    for path in ["/", "/text.txt", "/nothing", "/empty.txt"] * 20:
        c.request("GET", path)
        r = c.getresponse()
        r.read()
        assert r.status == (404 if path == "/nothing" else 200) and r.headers["Connection"] == "keep-alive"
    c.close()


def test_gzip(web):
    _, headers, body = web.get("/text.txt", Accept_Encoding="gzip")
    assert headers["Content-Encoding"] == "gzip" and len(body) < len(TEXT) / 4 and gzip.decompress(body) == TEXT
    _, headers, body = web.get("/text.txt")
    assert "Content-Encoding" not in headers and body == TEXT


def test_regular_expressions(web):
    assert web.get("/item/42")[::2] == (200, b"item 42\n")
    status, headers, _ = web.get("/old/text.txt")
    assert status == 302 and headers["Location"].endswith("/text.txt")


def test_list_of_a_folder(web):
    assert b'<a href="one.txt">' in web.get("/list/")[2]


def test_bad_request(web):
    with web.ns.inside():
        s = socket.create_connection((GUEST, 80), timeout=10)
    s.sendall(b"\x16\x03\x01\x02\x00 no HTTP\r\n\r\n")
    assert b"400 Bad Request" in s.recv(4096)
    s.close()
    assert web.get("/")[0] == 200


class Backend(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        self.answer(b"got " + self.path.encode())

    def do_POST(self):
        self.answer(hashlib.sha256(self.rfile.read(int(self.headers["Content-Length"]))).hexdigest().encode())

    def answer(self, body):
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


def test_reverse_proxy(web):
    with web.ns.inside():
        server = http.server.ThreadingHTTPServer((HOST, 8000), Backend)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        assert web.get("/api/some/thing?x=1")[::2] == (200, b"got /some/thing?x=1")
        # Larger than nginx keeps in memory: it goes to a file in between.
        status, _, body = web.get("/api/", "POST", BIG[:3 << 20])
        assert (status, body) == (200, hashlib.sha256(BIG[:3 << 20]).hexdigest().encode())
    finally:
        server.shutdown()
        server.server_close()


def test_proxy_without_a_server_behind(web):
    status, _, body = web.get("/dead/")
    assert status == 502 and b"502 Bad Gateway" in body


def test_many_clients(web):
    """ab: so many requests, on connections that are kept and on such that are not; none fails."""
    for more, n in [(["-k"], 3000), ([], 600)]:
        out = web.ns.do("ab", "-q", *more, "-n", str(n), "-c", "50", "http://%s/" % GUEST, timeout=100).decode()
        assert re.search(r"Complete requests: +%d\n" % n, out) and re.search(r"Failed requests: +0\n", out), out
        assert "Non-2xx" not in out, out


def test_access_log(web):
    web.get("/logged/empty.txt?x=1")
    web.guest.wait_for(b'%s "GET /logged/empty.txt?x=1 HTTP/1.1" 200 0\n' % HOST.encode())


@pytest.mark.parametrize("plat", whittle.PLATFORMS)
def test_ends_when_asked(plat, tmp_path):
    """SIGTERM to support/run, as ^C: nginx ends by itself, with status 0."""
    root = site(tmp_path / "root")
    with Namespace() as ns, ns.start(whittle.image("nginx", plat),
                                     options=["--root", str(root), "--param", "netdev.ip=%s/24" % GUEST]) as guest:
        ns.reachable(80, guest)
        guest.process.terminate()
        r = guest.end()
    assert r.status == 0 and b"alert" not in r.err, r


def test_configuration(tmp_path):
    """nginx -t, with the configuration of the tree and with mistakes in it: nginx's own words."""
    img = whittle.image("nginx", "linuxu")
    root = os.path.join(whittle.ROOT, "apps/nginx/root")
    r = whittle.run(img, "-t", options=["--net", "none", "--root", root])
    assert r.status == 0 and b"test is successful" in r.err, r
    for n, (old, new, message) in enumerate([
            ("listen 80;", "listen 80", b'invalid parameter "root"'),
            ("sendfile on;", "sendfil on;", b'unknown directive "sendfil"'),
            ("listen 80;", "listen 80x;", b'host not found in "80x" of the "listen" directive'),
            ("/www;", "/www; proxy_pass http://nowhere.invalid;", b"directive is not allowed here"),
            ("listen 80;", "listen 192.0.2.1:80;", b"bind() to 192.0.2.1:80 failed (99: Address not available)"),
            ("pid /run/", "pid /nowhere/", b'open() "/nowhere/nginx.pid" failed (2: No such file or directory)')]):
        assert old in CONF
        bad = site(tmp_path / str(n), CONF.replace(old, new))
        r = whittle.run(img, "-t", options=["--net", "none", "--root", str(bad)])
        assert r.status == 1 and message in r.err, (new, r)


def test_version_names_the_sources():
    r = whittle.run(whittle.image("nginx", "linuxu"), "-V")
    assert r.status == 0 and b"nginx version: nginx/1.22.1\n" in r.err


def test_configure_took_nothing_of_this_machine():
    """The image's libraries are the packages', not those that this machine may have installed."""
    names = subprocess.run(["nm", whittle.image("nginx", "kvm") + ".dbg"], stdout=subprocess.PIPE, text=True, check=True).stdout
    assert " deflate\n" in names and " pcre2_compile_8\n" in names and "GLIBC" not in names
