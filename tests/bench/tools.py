# SPDX-License-Identifier: BSD-3-Clause
"""Where the kit keeps things, and what it builds: its own helpers, images, and a stock musl.

Everything that depends on the tree goes below the build folder; what takes long and does not (Linux,
a stock musl) goes to the cache outside the tree.
"""
import contextlib
import fcntl
import hashlib
import json
import os
import shlex
import shutil
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
MARK_HEADERS = [os.path.join(ROOT, "lib/base/ukbase/include"),
                os.path.join(ROOT, "arch/x86_64/include")]


class BenchError(Exception):
    """Ends a measurement with its text, which names the thing and the remedy."""


def say(what, text):
    print("  %-7s %s" % (what, text), file=sys.stderr, flush=True)


def cache_dir():
    """The cache of the package fetcher (support/tools/fetch.py), which we share."""
    if os.environ.get("WHITTLE_CACHE"):
        return os.environ["WHITTLE_CACHE"]
    base = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    return os.path.join(base, "whittle")


def call(command, log=None, **options):
    """Runs `command`; if it fails, raises BenchError with the end of what it said."""
    done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, errors="replace", check=False,
                          **options)
    if log:
        with open(log, "a", encoding="utf-8") as f:
            f.write("$ %s\n%s" % (shlex.join(command), done.stdout))
    if done.returncode:
        raise BenchError("%s\n  failed with status %d:\n%s" % (
            shlex.join(command), done.returncode, done.stdout[-3000:]))
    return done.stdout


@contextlib.contextmanager
def locked(path):
    """Holds an exclusive lock file, so that two runs at once do not build the same thing twice."""
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", encoding="ascii") as f:
        fcntl.flock(f, fcntl.LOCK_EX)
        yield


def digest(*parts):
    """A short name for exactly these parts (texts, or bytes)."""
    h = hashlib.sha256()
    for p in parts:
        h.update(p if isinstance(p, bytes) else p.encode())
        h.update(b"\0")
    return h.hexdigest()[:16]


def read(path):
    with open(path, "rb") as f:
        return f.read()


# ---- helpers of the kit --------------------------------------------------------------------------

class Kit:
    """The kit's compiled helpers, in one folder, built when their sources are newer."""

    def __init__(self, folder):
        self.folder = os.path.abspath(folder)
        os.makedirs(self.folder, exist_ok=True)

    def _make(self, name, sources, command):
        out = os.path.join(self.folder, name)
        sources = [os.path.join(HERE, s) for s in sources]
        if not os.path.exists(out) or any(os.path.getmtime(s) > os.path.getmtime(out)
                                          for s in sources):
            tmp = out + ".%d" % os.getpid()
            call(["gcc"] + command + ["-o", tmp] + [s for s in sources if not s.endswith(".ld")])
            os.replace(tmp, out)
        return out

    @property
    def plugin(self):
        return self._make("ukcount.so", ["ukcount.c"],
                          ["-O2", "-Wall", "-Wextra", "-shared", "-fPIC"])

    @property
    def floor(self):
        script = os.path.join(HERE, "pvhfloor.ld")
        return self._make("pvhfloor", ["pvhfloor.S", "pvhfloor.ld"],
                          ["-m32", "-nostdlib", "-static", "-no-pie", "-s", "-Wl,-n",
                           "-Wl,--build-id=none", "-Wl,-z,noexecstack", "-Wl,-T," + script])

    @property
    def spawn(self):
        return self._make("spawn", ["spawn.c"], ["-O2", "-Wall", "-Wextra"])

    @property
    def lockstep(self):
        return self._make("lockstep", ["lockstep.c"], ["-O2", "-Wall", "-Wextra"] + ["-I" + d for d in MARK_HEADERS])

    def static(self, name):
        """A program NAME.c for a Linux without libraries."""
        return self._make(name + "-static", [name + ".c"], ["-O2", "-Wall", "-Wextra", "-static", "-s"] +
                          ["-I" + d for d in MARK_HEADERS])

    @property
    def linux_hello(self):
        return self._make("linux-hello", ["linux-hello.c"],
                          ["-O2", "-Wall", "-Wextra", "-static", "-nostdlib", "-no-pie", "-s",
                           "-fno-stack-protector"] + ["-I" + d for d in MARK_HEADERS])


# ---- images --------------------------------------------------------------------------------------

class Images:
    """Builds images by the front door, below a build root.

    With `defaults`, each starts from its application's defconfig again; else a configuration that is
    there counts, so that a choice made in menuconfig can be measured.
    """

    def __init__(self, root, defaults=True):
        self.root = os.path.abspath(root)
        self.defaults = defaults
        self.built = set()

    def folder(self, app, variant=""):
        return os.path.join(self.root, variant or "default", app)

    def build(self, app, plat="kvm", configs="", arch="x86_64"):
        """Path of the image of `app` for `plat`. `configs` are fragments as CONFIGS= takes them;
        each set of them has a build root of its own."""
        if arch != "x86_64":
            configs = " ".join([arch, *configs.split()])
        variant = configs.replace(" ", "+") or "default"
        folder = os.path.join(self.root, variant, app if arch == "x86_64" else "%s-%s" % (app, arch))
        if (app, variant) not in self.built:
            say("IMAGE", app + (" (%s)" % configs if configs else ""))
            make = ["make", "-C", ROOT, "-j2", "--no-print-directory", "APP=" + app,
                    "CONFIGS=" + configs, "O=" + os.path.join(self.root, variant), "B=" + folder]
            env = {k: v for k, v in os.environ.items() if not k.startswith(("MAKE", "MFLAGS"))}
            if self.defaults:
                call(make + ["defconfig"], env=env)
            call(make, env=env)
            self.built.add((app, variant))
        path = os.path.join(folder, "%s_%s-%s" % (app, plat, arch))
        if not os.path.exists(path):
            raise BenchError("%s: not built; is the platform %s selected in apps/%s/defconfig?"
                             % (path, plat, app))
        return path

    def compile_command(self, app, source):
        """How the image's build compiles its own file named `source`: (folder, compiler's words)."""
        self.build(app)
        path = os.path.join(self.folder(app), "compile_commands.json")
        for entry in json.loads(read(path)):
            if os.path.basename(entry["file"]) == source:
                words = entry.get("arguments") or shlex.split(entry["command"])
                return entry["directory"], words[1:]
        raise BenchError("%s: no command for %s" % (path, source))


def portable_flags(words):
    """Of a compiler's command line, what decides the code and holds for another libc as well."""
    keep = []
    for w in words:
        if w.startswith(("-O", "-D", "-std=")) and not w.startswith("-DUK_"):
            keep.append(w)
        elif w.startswith(("-f", "-m")) and not w.startswith(
                ("-ffile-prefix-map", "-fdebug-prefix-map", "-fmacro-prefix-map", "-frandom-seed",
                 "-flto", "-fvisibility")):
            keep.append(w)
    return keep


# ---- a stock musl --------------------------------------------------------------------------------

def manifest(lib):
    """The values of a package's Makefile.uk, as far as they are plain text."""
    values = {}
    with open(os.path.join(ROOT, lib, "Makefile.uk"), encoding="utf-8") as f:
        text = f.read().replace("\\\n", " ")
    for line in text.splitlines():
        name, sign, value = line.partition(":=") if ":=" in line else line.partition("+=")
        if sign and name.strip().replace("-", "").isalnum():
            values.setdefault(name.strip(), []).append(value.strip())
    return values


def fetch(lib, out):
    """Unpacks the pinned source of the package in folder `lib` to `out`."""
    values = manifest(lib)
    sources = [w for s in values["source"] for w in s.split()]
    call([sys.executable, os.path.join(ROOT, "support/tools/fetch.py"),
          "--name", values["package"][0], "--version", values["version"][0],
          "--source", *sources, "--out", out])


def stock_musl(flags):
    """musl-gcc of an unmodified static musl, from the same tarball as the images' musl.

    `flags` decide the code (-O2 and so on) as in the images.
    """
    key = digest(read(os.path.join(ROOT, "lib/libc/musl/Makefile.uk")), " ".join(flags))
    prefix = os.path.join(cache_dir(), "bench", "musl-" + key)
    with locked(prefix + ".lock"):
        if not os.path.exists(prefix):
            say("MUSL", "a stock static build, for the Linux guest")
            work = prefix + ".work"
            shutil.rmtree(work, ignore_errors=True)
            source = os.path.join(work, "source")
            fetch("lib/libc/musl", source)
            # The wrapper musl-gcc holds absolute paths: configure for the final place, and make
            # that appear at once, whole.
            call(["./configure", "--disable-shared", "--prefix=" + prefix, "--enable-wrapper=gcc",
                  "CFLAGS=" + " ".join(flags)], cwd=source)
            call(["make", "-j2"], cwd=source)
            call(["make", "install", "DESTDIR=" + os.path.join(work, "root")], cwd=source)
            os.rename(os.path.join(work, "root") + prefix, prefix)
            shutil.rmtree(work, ignore_errors=True)
    return os.path.join(prefix, "bin/musl-gcc")


def linux_program(images, out, app, sources):
    """Builds `sources` as a static Linux program `out`, with the flags that the image of `app` has for
    its main.c, and a stock build of its libc.

    A source is a file's name: in the application's folder, or in one of its include folders (that is
    where upstream's files are which a package makes).
    """
    folder, words = images.compile_command(app, "main.c")
    flags = portable_flags(words)
    # The libc's own code: as the image is optimised (an application may ask for more after that).
    compiler = stock_musl([f for f in flags if f.startswith("-O")][:1])
    includes = [os.path.join(folder, w[2:]) for w in words if w.startswith("-I")]
    places = [os.path.join(ROOT, "apps", app)] + includes
    os.makedirs(os.path.dirname(out), exist_ok=True)
    paths = []
    for name in sources:
        found = [p for p in (os.path.join(d, name) for d in places) if os.path.exists(p)]
        if not found:
            raise BenchError("%s: not in apps/%s nor in its include path" % (name, app))
        paths.append(found[0])
    headers = MARK_HEADERS + sorted({os.path.dirname(p) for p in paths})
    objects = []
    for path in paths:
        objects.append("%s.%s.o" % (out, os.path.basename(path)))
        _when_stale(objects[-1], [path], [compiler] + flags + ["-I" + d for d in headers] +
                    ["-w", "-c", path, "-o", objects[-1]])
    _when_stale(out, objects, [compiler, "-static", "-Wl,--gc-sections", "-s", "-o", out] + objects)
    return out


def _when_stale(out, inputs, command):
    """Runs `command` unless `out` is newer than its inputs and was made by the same command."""
    said = out + ".cmd"
    text = shlex.join(command)
    fresh = (os.path.exists(out) and os.path.exists(said) and read(said).decode() == text and
             all(os.path.getmtime(i) <= os.path.getmtime(out) for i in inputs))
    if not fresh:
        call(command)
        with open(said, "w", encoding="utf-8") as f:
            f.write(text)
