# SPDX-License-Identifier: BSD-3-Clause
"""Redis as its users have it: data types, pipelines, scripts, subscriptions, many clients, large values; what needs a second
process, and its clear error; mistakes in the configuration."""
import re
import socket

import pytest

import whittle
from netns import GUEST, Namespace

PORT = 6379


class Error(Exception):
    """An error that Redis answered."""


class Client:
    """Redis's protocol, as much as a test wants of it."""

    def __init__(self, ns):
        with ns.inside():
            self.socket = socket.create_connection((GUEST, PORT), timeout=30)
        self.file = self.socket.makefile("rb")

    def send(self, *words):
        words = [w if isinstance(w, bytes) else str(w).encode() for w in words]
        self.socket.sendall(b"*%d\r\n" % len(words) + b"".join(b"$%d\r\n%s\r\n" % (len(w), w) for w in words))

    def receive(self):
        line = self.file.readline()
        kind, rest = line[:1], line[1:-2]
        if kind == b"+":
            return rest.decode()
        if kind == b"-":
            return Error(rest.decode())
        if kind == b":":
            return int(rest)
        if kind == b"$":
            return None if int(rest) < 0 else self.file.read(int(rest) + 2)[:-2]
        if kind == b"*":
            return [self.receive() for _ in range(int(rest))]
        raise EOFError(line)

    def __call__(self, *words):
        self.send(*words)
        answer = self.receive()
        if isinstance(answer, Error):
            raise answer
        return answer

    def close(self):
        self.file.close()
        self.socket.close()


def start(ns, img, *args):
    guest = ns.start(img, "--protected-mode", "no", "--save", "", "--enable-debug-command", "yes", *args, options=["--param", "netdev.ip=%s/24" % GUEST])
    return guest


@pytest.fixture(scope="module", params=[*whittle.PLATFORMS, *whittle.OTHER_CPUS])
def server(request):
    img = whittle.image("redis", request.param)
    with Namespace() as ns, start(ns, img) as guest:
        ns.reachable(PORT, guest)
        yield ns, guest


@pytest.fixture
def redis(server):
    client = Client(server[0])
    client("flushall")
    yield client
    client.close()


def test_data_types(redis):
    assert redis("set", "a", "1") == "OK" and redis("incr", "a") == 2 and redis("get", "a") == b"2"
    assert redis("rpush", "list", *"xyz") == 3 and redis("lrange", "list", 0, -1) == [b"x", b"y", b"z"]
    assert redis("sadd", "set", "m", "n", "m") == 2 and redis("sismember", "set", "n") == 1
    assert redis("hset", "hash", "f", "v", "g", "w") == 2 and redis("hget", "hash", "g") == b"w"
    assert redis("zadd", "z", 2, "two", 1, "one", 1.5, "half") == 3
    assert redis("zrange", "z", 0, -1, "withscores") == [b"one", b"1", b"half", b"1.5", b"two", b"2"]
    assert redis("pfadd", "hll", *range(100)) == 1 and redis("pfcount", "hll") in range(98, 103)
    assert redis("geoadd", "geo", "13.361389", "38.115556", "Palermo", "15.087269", "37.502669", "Catania") == 2
    assert redis("geodist", "geo", "Palermo", "Catania") == b"166274.1516"
    assert len(redis("xadd", "stream", "*", "k", "v").split(b"-")) == 2 and redis("xlen", "stream") == 1
    assert redis("setbit", "bits", 77, 1) == 0 and redis("bitcount", "bits") == 1


def test_transaction(redis):
    other = redis
    assert other("multi") == "OK" and other("incr", "n") == "QUEUED" and other("incr", "n") == "QUEUED"
    assert other("exec") == [1, 2]


def test_time_to_live(redis):
    redis("set", "long", "x", "px", 100000)
    assert 0 < redis("pttl", "long") <= 100000
    redis("set", "short", "x", "px", 50)
    redis("blpop", "nothing", "0.2")
    assert redis("get", "short") is None and redis("get", "long") == b"x"


def test_script(redis):
    assert redis("eval", "local s = 0; for i = 1, ARGV[1] do s = s + i end; redis.call('set', KEYS[1], s); return s",
                 1, "sum", 1000) == 500500
    assert redis("get", "sum") == b"500500"
    with pytest.raises(Error, match="Script attempted to access nonexistent global variable 'nowhere'"):
        redis("eval", "return nowhere", 0)


def test_large_value(redis):
    value = bytes(range(256)) * 40000
    redis("set", "large", value)
    assert redis("strlen", "large") == len(value) and redis("get", "large") == value


def test_pipeline(redis):
    for i in range(5000):
        redis.send("rpush", "q", i)
    assert [redis.receive() for _ in range(5000)] == list(range(1, 5001))


def test_pipeline_whose_answers_wait(server, redis):
    """Answers fill the client's window while it still writes: what it writes has to be acknowledged, with a closed window, too."""
    with server[0].inside():
        s = socket.socket()
    s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 16384)
    s.settimeout(30)
    s.connect((GUEST, PORT))
    commands = b"".join(b"SET key:%d 0000%d0000\r\nGET key:%d\r\n" % (i, i, i) for i in range(60000))
    s.sendall(commands)
    f = s.makefile("rb")
    for i in range(60000):
        assert f.readline() == b"+OK\r\n" and f.readline()[:1] == b"$" and f.readline() == b"0000%d0000\r\n" % i
    f.close()
    s.close()


def test_publish_and_subscribe(server, redis):
    listeners = [Client(server[0]) for _ in range(5)]
    for c in listeners:
        assert c("subscribe", "news") == [b"subscribe", b"news", 1]
    assert redis("publish", "news", "hello") == 5
    for c in listeners:
        assert c.receive() == [b"message", b"news", b"hello"]
        c.close()


def test_blocked_client_is_woken(server, redis):
    waiting = Client(server[0])
    waiting.send("brpop", "work", 10)
    redis("lpush", "work", "job")
    assert waiting.receive() == [b"work", b"job"]
    waiting.close()


def test_what_needs_a_second_process(server, redis):
    """fork() is not there: Redis says so itself, and goes on."""
    for command in (("bgsave",), ("bgrewriteaof",)):
        with pytest.raises(Error):
            redis(*command)
    server[1].wait_for(b"Can't save in background: fork: Function not implemented")
    assert redis("save") == "OK" and redis("ping") == "PONG"
    assert redis("lastsave") > 1577836800


def test_save_and_load(redis):
    redis("set", "kept", "here")
    redis("rpush", "list", *range(1000))
    assert redis("debug", "reload") == "OK"
    assert redis("get", "kept") == b"here" and redis("llen", "list") == 1000


def test_many_clients(server):
    out = server[0].do("redis-benchmark", "-h", GUEST, "-c", "50", "-n", "3000", "-q", "-t", "set,get,lpush,lrange_100",
                       timeout=110).decode()
    assert len(re.findall(r"requests per second", out)) >= 4 and "rror" not in out, out


def test_hundreds_of_connections(server):
    clients = [Client(server[0]) for _ in range(400)]
    for i, c in enumerate(clients):
        c.send("set", "k%d" % i, i)
    assert {c.receive() for c in clients} == {"OK"}
    for c in clients:
        c.close()
    one = Client(server[0])
    assert one("dbsize") >= 400
    one.close()


def test_client_of_the_distribution(server):
    out = server[0].do("redis-cli", "-h", GUEST, "info", "server").decode()
    assert "redis_version:7.0.15" in out and "multiplexing_api:epoll" in out and "mem_allocator:libc" not in out


@pytest.mark.parametrize("plat", whittle.PLATFORMS)
def test_memory_limit_and_shutdown(plat):
    with Namespace() as ns, start(ns, whittle.image("redis", plat), "--maxmemory", "3mb") as guest:
        ns.reachable(PORT, guest)
        c = Client(ns)
        with pytest.raises(Error, match="OOM command not allowed when used memory > 'maxmemory'"):
            for i in range(100):
                c("set", i, "x" * 100000)
        c("flushall")
        assert c("set", "again", "1") == "OK"
        c.send("shutdown", "nosave")
        r = guest.end()
    assert r.status == 0 and b"ready to exit, bye bye" in r.out, r


@pytest.mark.parametrize("words, message", [
    (["--maxmemory", "much"], b"argument must be a memory value"),
    (["--no-such-thing", "1"], b"Bad directive or wrong number of arguments"),
    (["/no/such.conf"], b"can't open config file '/no/such.conf': No such file or directory"),
])
def test_mistakes(words, message):
    r = whittle.run(whittle.image("redis", "linuxu"), *words)
    assert r.status == 1 and message in r.out + r.err, r


def test_no_commit_of_the_tree_around_it():
    r = whittle.run(whittle.image("redis", "linuxu"), "--version")
    assert re.fullmatch(rb"Redis server v=7\.0\.15 sha=00000000:0 malloc=libc bits=64 build=[0-9a-f]+\n", r.out), r
