# SPDX-License-Identifier: BSD-3-Clause
"""Child processes without the subprocess module (whose import takes as long as a boot)."""
import os
import _signal  # the signal module wraps this one in enums, at 5 ms

from . import RunError

# The root of the source tree.
ROOT = os.path.realpath(os.path.join(os.path.dirname(__file__), "../../.."))

SIGKILL = 9
SIGINT, SIGTERM, SIGHUP, SIGPIPE = 2, 15, 1, 13
# A second request to end within so many seconds is still the first: timeout(1) tells the process, and then its group.
SAME_REQUEST = 0.3


class Stop(BaseException):
    """We were told to end, by signal `signum`."""

    def __init__(self, signum):
        super().__init__(signum)
        self.signum = signum


def requests():
    """The signals that ask us to end, without those that are ignored: that stays so."""
    return [s for s in (SIGINT, SIGTERM, SIGHUP) if _signal.getsignal(s) != _signal.SIG_IGN]


def stop_on_signals(times=1):
    """Ctrl-C, kill and a lost terminal raise Stop, so often; further ones are ignored."""
    caught = requests()
    left, last = [times], [0.0]

    def stop(signum, _frame):
        import time
        now = time.monotonic()
        if now - last[0] < SAME_REQUEST:
            return
        last[0] = now
        left[0] -= 1
        if not left[0]:
            for s in caught:  # what follows is the clean-up
                _signal.signal(s, _signal.SIG_IGN)
        raise Stop(signum)
    for s in caught:
        _signal.signal(s, stop)


def hear_signals():
    """A descriptor from which to read the numbers of such signals, a byte each, as they come."""
    r, w = os.pipe()
    os.set_blocking(w, False)
    _signal.set_wakeup_fd(w, warn_on_full_buffer=False)
    for s in requests():
        _signal.signal(s, lambda _signum, _frame: None)
    return r


def ignore_interrupt():
    _signal.signal(SIGINT, _signal.SIG_IGN)


def end_by_signal(signum):
    """End as the signal would have ended us, so that a shell's loop stops as well."""
    _signal.signal(signum, _signal.SIG_DFL)
    os.kill(os.getpid(), signum)
    return 128 + signum


def find_program(name):
    """Full path of a program, or None."""
    if "/" in name:
        return name if os.access(name, os.X_OK) else None
    for d in os.environ.get("PATH", os.defpath).split(":"):
        path = os.path.join(d or ".", name)
        if os.access(path, os.X_OK) and os.path.isfile(path):
            return path
    return None


# What tools, and the system, call an architecture that has two names.
SYSTEM_NAMES = {"arm64": "aarch64"}


def is_foreign(arch):
    """Is an image for another CPU than this machine's?"""
    return SYSTEM_NAMES.get(arch, arch) != os.uname().machine


def gdb_names(arch):
    """Debuggers for images of that CPU: Debian's of this machine knows its own only."""
    if not is_foreign(arch):
        return ["gdb"]
    return ["gdb-multiarch", "%s-linux-gnu-gdb" % SYSTEM_NAMES.get(arch, arch)]


def find_gdb(arch):
    return next(filter(None, map(find_program, gdb_names(arch))), None)


def spawn(argv, own_group, stdin=0, stdout=1):
    """Start a program that dies with us; returns its process id.

    The kernel's parent-death signal does that even if we are killed; setpriv (util-linux, on every
    Linux system) sets it. The file descriptors that are inheritable pass to the program.
    """
    path = find_program(argv[0])
    setpriv = find_program("setpriv")
    if setpriv:
        argv = [setpriv, "--pdeathsig", "KILL", "--", path] + argv[1:]
        path = setpriv
    actions = [(os.POSIX_SPAWN_DUP2, fd, to) for fd, to in ((stdin, 0), (stdout, 1)) if fd != to]
    try:
        return os.posix_spawn(path, argv, os.environ, file_actions=actions,
                              setsigdef=[SIGPIPE, SIGINT, SIGTERM, SIGHUP],
                              **({"setpgroup": 0} if own_group else {}))
    except OSError as e:
        raise RunError("%s: cannot start it: %s" % (argv[0], e.strerror)) from None


def kill(pid, signum=SIGKILL):
    try:
        os.kill(pid, signum)
    except ProcessLookupError:
        pass


def quote(argv):
    """A command as one could type it."""
    def q(word):
        if word and all(c.isalnum() or c in "@%+=:,./-_" for c in word):
            return word
        return "'" + word.replace("'", "'\"'\"'") + "'"
    return " ".join(q(w) for w in argv)
