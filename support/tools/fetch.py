#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""Fetches the pinned source of a package, unpacks it and applies our patches.

    fetch.py --name musl --version 1.2.3 --source URL SHA256 [--source debian:NAME SHA256 ...]
             [--patch FILE ...] [--out DIR]

A source is an http, https, ftp or file URL, or `debian:NAME`: the upstream archive inside the
distribution's source package NAME. `debian:NAME/FILE` is a file of that package that the mirrors have,
in whichever release: for packages of which this machine's has no version that can be had. Each place has its own sha256, because a distribution may repack.
They are tried in the given order, after the download cache (WHITTLE_CACHE, or
XDG_CACHE_HOME/whittle, or ~/.cache/whittle). Without --out the archive's path is printed.

What makes it safe to interrupt and to run twice at once: every file and folder is made under a
temporary name and renamed when it is complete, so what has its final name is whole; and whoever
makes it holds a lock that ends with the process. A file whose checksum is wrong never gets a name.
"""

import argparse
import contextlib
import fcntl
import hashlib
import os
import posixpath
import queue
import re
import shutil
import signal
import stat
import subprocess
import sys
import tarfile
import tempfile
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
import zipfile
from pathlib import Path

CONNECT_SECONDS = 4         # how long a server may take to answer at all
STALL_SECONDS = 30          # how long a running download may stand still
UNREACHABLE_SECONDS = 600   # how long a server that did not answer is not asked again
APT_HELPER = "/usr/lib/apt/apt-helper"
STALE_SECONDS = 24 * 3600   # leftovers of killed runs older than this are removed


class FetchError(Exception):
    """Ends the run with its text: it must name the thing and the remedy."""


class Unavailable(Exception):
    """This place does not have the file now; the next one may."""


def cache_dir():
    """The download cache: outside every build folder, so that it survives `rm -rf build`."""
    if os.environ.get("WHITTLE_CACHE"):
        return Path(os.environ["WHITTLE_CACHE"])
    base = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    return Path(base) / "whittle"


def say(what, text):
    print(f"  {what:<7} {text}", flush=True)


def sha256_of(path):
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


@contextlib.contextmanager
def locked(path):
    """Holds an exclusive lock. The file stays: removing it would let two holders in."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path, "w", encoding="ascii") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def check(path, label, expected):
    """Compares a file with its pin; a wrong one is removed before the error is raised."""
    found = sha256_of(path)
    if found != expected:
        os.unlink(path)
        raise FetchError(f"{label}: wrong sha256\n  expected {expected}\n  found    {found}\n"
                         "  The file was not kept. If upstream changed it, find out why before "
                         "changing the pin.")


# --- URLs ------------------------------------------------------------------------------------

def open_url(url):
    """Opens url, or raises Unavailable. A thread does the work, since a resolver that gets no
    answer cannot be told to give up."""
    result = queue.Queue()

    def worker():
        try:
            request = urllib.request.Request(url, headers={"User-Agent": "whittle-fetch"})
            result.put(urllib.request.urlopen(request, timeout=CONNECT_SECONDS))
        except (OSError, ValueError) as error:
            result.put(error)

    threading.Thread(target=worker, daemon=True).start()
    try:
        answer = result.get(timeout=CONNECT_SECONDS + 2)
    except queue.Empty:
        raise Unavailable("no answer") from None
    if isinstance(answer, urllib.error.HTTPError):
        raise Unavailable(f"HTTP {answer.code} {answer.reason}") from answer
    if isinstance(answer, Exception):
        raise Unavailable(str(getattr(answer, "reason", answer))) from answer
    return answer


def set_stall_timeout(response):
    """From the first byte on, patience is for a slow line, not for an absent one."""
    with contextlib.suppress(AttributeError):
        response.fp.raw._sock.settimeout(STALL_SECONDS)


def download(url, target, cache, insist):
    """Writes url's bytes to target. A host that did not answer is remembered for a while, so a
    machine without the internet waits once and not once per package."""
    host = urllib.parse.urlsplit(url).netloc
    memory = cache / "unreachable" / re.sub(r"[^A-Za-z0-9.-]", "_", host)
    if host and not insist:
        with contextlib.suppress(FileNotFoundError):
            if time.time() - memory.stat().st_mtime < UNREACHABLE_SECONDS:
                raise Unavailable("did not answer a moment ago")
    try:
        with open_url(url) as response, open(target, "wb") as file:
            set_stall_timeout(response)
            length = response.headers.get("Content-Length")
            shutil.copyfileobj(response, file, 1 << 16)
        if length is not None and os.path.getsize(target) != int(length):
            raise Unavailable(f"ended after {os.path.getsize(target)} of {length} bytes")
    except (Unavailable, OSError) as error:
        cause = error.__cause__ or error
        if host and not isinstance(cause, urllib.error.HTTPError):
            memory.parent.mkdir(parents=True, exist_ok=True)
            memory.touch()
        raise Unavailable(str(error)) from error


# --- The distribution's packages ---------------------------------------------------------------

def one_line_sources(text, suites, kind="deb-src"):
    """Lines of the wanted kind (deb-src, deb) for the deb and deb-src lines of a sources.list."""
    lines = []
    for line in text.splitlines():
        match = re.match(r"\s*deb(?:-src)?\s+(\[[^\]]*\]\s+)?(\S+)\s+(\S+)\s*([^#]*)", line)
        if not match or not suites(match[3]):
            continue
        options = re.sub(r"\barch=\S*?(?=[\s\]])", "", match[1] or "").strip()
        options = "" if re.fullmatch(r"\[\s*\]", options) else options
        entry = " ".join([kind, options, match[2], match[3], match[4].strip()]).split()
        if (entry := " ".join(entry)) not in lines:
            lines.append(entry)
    return "".join(line + "\n" for line in lines)


def deb822_sources(text, suites, kind="deb-src"):
    """The same for the newer form, whose paragraphs have one field per line."""
    result = []
    for paragraph in re.split(r"\n\s*\n", re.sub(r"(?m)^#.*\n?", "", text)):
        fields = {}
        for line in paragraph.splitlines():
            if line[:1] in " \t" and fields:
                fields[name] += "\n" + line
            elif ":" in line:
                name, _, value = line.partition(":")
                fields[name := name.strip().lower()] = value.strip()
        wanted = [suite for suite in fields.get("suites", "").split() if suites(suite)]
        if not wanted or fields.get("enabled", "yes").lower() in ("no", "false", "0"):
            continue
        fields.update({"types": kind, "suites": " ".join(wanted)})
        fields.pop("architectures", None)
        result.append("".join(f"{name.title()}: {value}\n" for name, value in fields.items()))
    return "\n".join(result)


class Apt:
    """apt with lists, caches and configuration of its own: works as an ordinary user and changes
    nothing of the system's."""

    kind = None     # of source entries: deb-src or deb

    def __init__(self, cache, arch=None):
        """arch: of packages, if it is not this machine's."""
        if not shutil.which("apt-get"):
            raise Unavailable("no apt-get on this machine")
        self.config = {}
        dump = self.run(["apt-config", "shell", "list", "Dir::Etc::sourcelist/f",
                         "parts", "Dir::Etc::sourceparts/d"])
        for name, value in re.findall(r"^(\w+)='(.*)'$", dump, re.M):
            self.config[name] = Path(value)
        sources = self.derive()
        key = hashlib.sha256((repr(sources) + (arch or "")).encode()).hexdigest()[:12]
        self.dir = cache / "apt" / key
        self.conf = self.dir / "apt.conf"
        with locked(cache / "apt" / f"{key}.lock"):
            self.set_up(sources, arch)

    @staticmethod
    def run(command, **more):
        environment = dict(os.environ, LC_ALL="C")
        done = subprocess.run(command, env=environment, stdin=subprocess.DEVNULL, text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False, **more)
        if done.returncode:
            lines = done.stdout.splitlines()
            lines = [line for line in lines if line.startswith("E: ")] or lines[-4:]
            raise Unavailable(f"{posixpath.basename(command[0])}: " + " ".join(lines).strip())
        return done.stdout

    def apt(self, tool, *arguments, **more):
        return self.run([tool, "-qq", "-c", str(self.conf), *arguments], **more)

    def derive(self):
        """Source entries for the system's own: those of this release, or all when none says so."""
        codename = ""
        with contextlib.suppress(FileNotFoundError):
            release = Path("/etc/os-release").read_text(encoding="utf-8")
            codename = "".join(re.findall(r"^VERSION_CODENAME=(\S+)", release, re.M))
        files = [self.config["list"]] if self.config["list"].is_file() else []
        if self.config["parts"].is_dir():
            files += sorted(self.config["parts"].iterdir())
        for mine in ([lambda suite: suite.split("-")[0] == codename] if codename else []) + \
                    [lambda suite: True]:
            sources = {}
            for number, file in enumerate(files):
                derive = {".list": one_line_sources, ".sources": deb822_sources}.get(file.suffix)
                if not derive or not os.access(file, os.R_OK):
                    continue
                if text := derive(file.read_text(encoding="utf-8", errors="replace"), mine, self.kind):
                    sources[f"{number}{file.suffix}"] = text
            if sources:
                return sources
        raise Unavailable("apt has no sources configured")

    def set_up(self, sources, arch):
        for folder in ("parts", "lists/partial", "archives/partial"):
            (self.dir / folder).mkdir(parents=True, exist_ok=True)
        for name, text in sources.items():
            (self.dir / "parts" / name).write_text(text, encoding="utf-8")
        hooks = ["Update::Pre-Invoke", "Update::Post-Invoke", "Update::Post-Invoke-Success"]
        self.conf.write_text(
            "".join(f"#clear APT::{hook};\n" for hook in hooks) +
            'Dir::Etc::sourcelist "/dev/null";\n'
            f'Dir::Etc::sourceparts "{self.dir}/parts";\n'
            f'Dir::State::lists "{self.dir}/lists";\n'
            f'Dir::Cache "{self.dir}";\nDir::Cache::archives "archives";\n'
            'Acquire::http::Timeout "10";\nAcquire::https::Timeout "10";\n'
            'Acquire::Retries "1";\nAcquire::Languages "none";\n'
            f'APT::Sandbox::User "{"root" if os.geteuid() == 0 else ""}";\n' +
            (f'APT::Architecture "{arch}";\nAPT::Architectures {{ "{arch}"; }};\n' if arch else ""), encoding="utf-8")

    def update(self):
        """Makes or renews the lists; returns what went wrong, as one repository of several may be out of
        order without harm."""
        try:
            self.apt("apt-get", "update")
        except Unavailable as error:
            return f"\n  ({error})"
        return ""


class SourcePackages(Apt):
    """Upstream's archives, by their checksums."""

    kind = "deb-src"

    def find(self, name, sha256):
        """The version of the source package that holds the file with this checksum, and the
        file's name; else the upstream archives it does have."""
        others = []
        shown = self.apt("apt-cache", "showsrc", "--only-source", name)
        for paragraph in shown.split("\n\n"):
            version = re.search(r"^Version: (\S+)", paragraph, re.M)
            block = re.search(r"^Checksums-Sha256:\s*\n((?: .*\n?)*)", paragraph, re.M)
            for digest, _, file in map(str.split, block[1].splitlines() if block else []):
                if digest == sha256 and version:
                    return version[1], file
                if ".orig.tar" in file and not file.endswith(".asc"):
                    others.append((file, digest))
        shown = "".join(f"\n  found    {digest} ({file})" for file, digest in sorted(set(others)))
        raise Unavailable(f"no file with the pinned sha256\n  expected {sha256}{shown}"
                          if shown else f"no source package {name}")

    def from_pool(self, name, file, sha256, target):
        """Downloads a file of a source package, which need not be in the lists, from a mirror that
        the lists are from (Debian Policy does not say where files lie; all mirrors have it so)."""
        text = "".join(path.read_text(encoding="utf-8") for path in (self.dir / "parts").iterdir())
        mirrors = list(dict.fromkeys(re.findall(r"\b(?:https?|ftp|file)://[^\s\]]+", text)))
        folder = name[:4] if name.startswith("lib") else name[:1]
        reasons = []
        for mirror in mirrors:
            url = f"{mirror.rstrip('/')}/pool/main/{folder}/{name}/{file}"
            try:
                self.apt(APT_HELPER, "download-file", url, str(target), f"SHA256:{sha256}")
                return file
            except Unavailable as error:
                reasons.append(f"\n  ({error})")
        raise Unavailable("no mirror has it" + "".join(reasons))

    def get(self, name, sha256, target):
        """Downloads the file with the given checksum; the lists are made or renewed when the
        ones there do not lead to it."""
        trouble = ""
        with locked(self.dir / "lock"):
            for renew in (False, True):
                try:
                    if renew:
                        say("APT", "lists of source packages (private copy)")
                        trouble = self.update()
                    version, file = self.find(name, sha256)
                    with tempfile.TemporaryDirectory(dir=self.dir) as folder:
                        self.apt("apt-get", "source", "--download-only", "--tar-only",
                                 f"{name}={version}", cwd=folder)
                        shutil.copyfile(Path(folder) / file, target)
                    return file
                except (Unavailable, FileNotFoundError) as error:
                    if renew:
                        raise Unavailable(f"{error}{trouble}") from error
        raise AssertionError("not reached")


class BinaryPackages(Apt):
    """Packages as they are installed, in whichever version the release has now. (Debian's mirrors drop a
    version when a newer one comes, so it cannot be pinned; apt checks Debian's signature.)"""

    kind = "deb"

    def get(self, names, folder):
        """Downloads them into a folder; returns [path]. A name may be `META -> REGEX`: the first dependency of
        package META that the expression matches in full, for names that contain a version."""
        with locked(self.dir / "lock"):
            trouble = ""
            for renew in (False, True):
                try:
                    if renew:
                        print("  APT     lists of packages (private copy)", file=sys.stderr, flush=True)
                        trouble = self.update()
                    names = [self.resolve(name) for name in names]
                    with tempfile.TemporaryDirectory(dir=self.dir) as work:
                        self.apt("apt-get", "download", *names, cwd=work)
                        return [shutil.move(path, folder) for path in sorted(Path(work).iterdir())]
                except Unavailable as error:
                    if renew:
                        raise Unavailable(f"{error}{trouble}") from error
        raise AssertionError("not reached")

    def resolve(self, name):
        meta, arrow, wanted = name.partition(" -> ")
        if not arrow:
            return name
        for line in self.apt("apt-cache", "depends", meta).splitlines():
            found = re.match(r"[\s|]*Depends: (\S+)", line)
            if found and re.fullmatch(wanted, found[1]):
                return found[1]
        raise Unavailable(f"{meta}: no such package, or it depends on nothing like {wanted}")


# --- The archive -------------------------------------------------------------------------------

def fetch(name, version, sources, cache):
    """Path of the verified archive in the cache, downloaded if it is not there yet."""
    label = f"{name} {version}"
    for place, sha256 in sources:
        if not re.fullmatch(r"[0-9a-f]{64}", sha256):
            raise FetchError(f"{label}: {place}: {sha256!r} is not a sha256 (64 hex digits)")
    # One lock per set of pins: two makes that want the same bytes download them once.
    key = hashlib.sha256("".join(sha256 for _, sha256 in sources).encode()).hexdigest()[:16]
    with locked(cache / "locks" / key):
        for _, sha256 in sources:
            for path in sorted(cache.glob(f"archives/{sha256}/*")):
                if sha256_of(path) == sha256:
                    return path
                say("DROP", f"{path}: damaged since it was downloaded")
                path.unlink()
        return fetch_first(label, sources, cache)


def fetch_first(label, sources, cache):
    tried = {}
    (cache / "tmp").mkdir(parents=True, exist_ok=True)
    remove_stale(cache / "tmp")
    # The second round asks the hosts that were left out because they had not answered before.
    for insist in (False, True):
        for place, sha256 in sources:
            if insist and "a moment ago" not in tried[place]:
                continue
            with tempfile.TemporaryDirectory(dir=cache / "tmp") as folder:
                target = Path(folder) / "download"
                try:
                    if place.startswith("debian:"):
                        package, _, file = place[7:].partition("/")
                        mirrors = SourcePackages(cache)
                        file = (mirrors.from_pool(package, file, sha256, target) if file
                                else mirrors.get(package, sha256, target))
                    else:
                        file = posixpath.basename(urllib.parse.urlsplit(place).path)
                        download(place, target, cache, insist)
                except Unavailable as error:
                    tried[place] = str(error)
                    continue
                check(target, f"{label}: {file} from {place}", sha256)
                say("FETCH", f"{label} ({place})")
                final = cache / "archives" / sha256 / file
                final.parent.mkdir(parents=True, exist_ok=True)
                os.replace(target, final)
                return final
    reasons = "".join(f"\n  {place}: {tried[place]}" for place, _ in sources)
    raise FetchError(f"{label}: cannot get the source{reasons}\n"
                     f"  Or put the file by hand into {cache}/archives/{sources[0][1]}/")


def remove_stale(folder):
    """What killed runs left behind. Young things are left alone: they may be in use."""
    for path in folder.iterdir():
        with contextlib.suppress(FileNotFoundError):
            if time.time() - path.lstat().st_mtime > STALE_SECONDS:
                shutil.rmtree(path, ignore_errors=True)


# --- Unpacking ---------------------------------------------------------------------------------

class Member:
    """One entry of an archive, in the terms that tar and zip share."""

    def __init__(self, name, kind, mode, link, mtime, handle):
        self.name, self.kind, self.mode = name, kind, mode
        self.link, self.mtime, self.handle = link, mtime, handle


def tar_members(archive):
    for info in archive:
        kind = ("dir" if info.isdir() else "file" if info.isreg() else "symlink" if info.issym()
                else "hardlink" if info.islnk() else "special")
        yield Member(info.name, kind, info.mode, info.linkname, info.mtime, info)


def zip_members(archive):
    for info in archive.infolist():
        mode = info.external_attr >> 16
        kind = ("dir" if info.is_dir() else "symlink" if stat.S_ISLNK(mode) else "file")
        link = archive.read(info).decode() if kind == "symlink" else ""
        mtime = time.mktime((*info.date_time, 0, 0, -1))
        yield Member(info.filename, kind, mode & 0o777 or 0o644, link, mtime, info)


def inside(name):
    """The normal form of a path in an archive; None if it would lead out of it."""
    if name.startswith("/") or "\0" in name:
        return None
    path = posixpath.normpath(name)
    return None if path == ".." or path.startswith("../") else path


def unpack_archive(path, folder):
    """Unpacks into folder. A member cannot reach outside: absolute names, `..`, links that lead
    out and paths through a link are refused, and so is what is neither file, folder nor link."""
    if zipfile.is_zipfile(path):
        archive = zipfile.ZipFile(path)
        members, reader = zip_members(archive), archive.open
    else:
        archive = tarfile.open(path)
        members, reader = tar_members(archive), archive.extractfile
    links = set()
    with archive:
        for member in members:
            name = inside(member.name)
            if member.name in (".", "./"):
                continue
            parents = [] if name is None else [str(parent) for parent in Path(name).parents]
            if name is None or links.intersection(parents):
                raise FetchError(f"{path}: refusing to unpack: {member.name!r} leads out of it")
            target = folder / name
            target.parent.mkdir(parents=True, exist_ok=True)
            if member.kind in ("symlink", "hardlink"):
                base = posixpath.dirname(name) if member.kind == "symlink" else ""
                source = inside(posixpath.join(base, member.link))
                if source is None or member.link.startswith("/"):
                    raise FetchError(f"{path}: refusing to unpack: {member.name!r} is a link "
                                     f"to {member.link!r}, which leads out of it")
            if member.kind != "dir" and (target.is_symlink() or target.is_file()):
                target.unlink()
                links.discard(name)
            if member.kind == "dir":
                target.mkdir(exist_ok=True)
            elif member.kind == "symlink":
                target.symlink_to(member.link)
                links.add(name)
            elif member.kind == "hardlink":
                if links.intersection([source, *map(str, Path(source).parents)]):
                    raise FetchError(f"{path}: refusing to unpack: {member.name!r} leads out of it")
                shutil.copy2(folder / source, target)
            elif member.kind == "file":
                with reader(member.handle) as data, open(target, "wb") as file:
                    shutil.copyfileobj(data, file, 1 << 20)
                # Executable or not is all that a source file may say about itself.
                os.chmod(target, 0o755 if member.mode & 0o100 else 0o644)
                os.utime(target, (member.mtime, member.mtime))
            elif posixpath.basename(name) != "pax_global_header":
                raise FetchError(f"{path}: refusing to unpack: {member.name!r} is a special file")


def unpack(archive, out, patches):
    """Makes out from the archive: its single top folder left away, patches applied."""
    out = Path(os.path.abspath(out))
    with locked(out.parent / f".{out.name}.lock"):
        if out.is_dir():
            return
        for leftover in out.parent.glob(f".{out.name}.*.tmp"):
            shutil.rmtree(leftover, ignore_errors=True)     # we hold the lock: nobody uses it
        with tempfile.TemporaryDirectory(dir=out.parent, prefix=f".{out.name}.",
                                         suffix=".tmp") as work:
            tree = Path(work) / "tree"
            tree.mkdir()
            try:
                unpack_archive(archive, tree)
            except (tarfile.TarError, zipfile.BadZipFile, EOFError, OSError) as error:
                raise FetchError(f"{archive}: cannot unpack: {error}") from error
            tops = list(tree.iterdir())
            if len(tops) == 1 and tops[0].is_dir() and not tops[0].is_symlink():
                tree = tops[0]
            for patch in patches:
                apply_patch(os.path.abspath(patch), tree)
            os.rename(tree, out)


def apply_patch(patch, tree):
    if not shutil.which("patch"):
        raise FetchError(f"{patch}: needs the program `patch` (apt-get install patch)")
    done = subprocess.run(["patch", "-p1", "-N", "--no-backup-if-mismatch", "-i", patch], cwd=tree,
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, check=False)
    if done.returncode:
        raise FetchError(f"{patch}: does not apply\n{done.stdout.rstrip()}")


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--name", required=True)
    parser.add_argument("--version", required=True)
    parser.add_argument("--source", nargs="+", action="extend", required=True, metavar="PLACE SHA256")
    parser.add_argument("--patch", nargs="*", action="extend", default=[])
    parser.add_argument("--out", help="folder to make; nothing is done when it exists")
    options = parser.parse_args(arguments)
    words = options.source
    if len(words) % 2:
        parser.error(f"--source: {words[-1]}: pairs of a place and its sha256 are wanted")
    # A terminated run cleans up like an interrupted one.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        if options.out and os.path.isdir(options.out):
            return 0
        archive = fetch(options.name, options.version, list(zip(words[::2], words[1::2])), cache_dir())
        if options.out:
            unpack(archive, options.out, options.patch)
        else:
            print(archive)
    except (FetchError, PermissionError) as error:
        print(f"fetch: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
