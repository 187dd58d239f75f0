# SPDX-License-Identifier: BSD-3-Clause
"""Programs on a pseudo-terminal, as a user has them."""
import os
import pty
import select
import signal
import termios
import time

DEADLINE = 30  # seconds


class Terminal:
    """A program on a terminal of its own, which it must give back as it was."""

    def __init__(self, *argv):
        may_start, start = os.pipe()
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            signal.signal(signal.SIGPIPE, signal.SIG_DFL)
            os.read(may_start, 1)  # or it may change the terminal before the next line has looked
            os.execv(argv[0], argv)
        self.before = termios.tcgetattr(self.fd)
        os.write(start, b"\n")
        os.close(start)
        os.close(may_start)
        self.seen = b""

    def write(self, keys):
        os.write(self.fd, keys)

    def wait_for(self, text):
        deadline = time.monotonic() + DEADLINE
        while text not in self.seen and time.monotonic() < deadline:
            if select.select([self.fd], [], [], 0.1)[0]:
                try:
                    self.seen += os.read(self.fd, 4096)
                except OSError:
                    break
        assert text in self.seen, self.seen

    def flags(self):
        return termios.tcgetattr(self.fd)[3]

    def wait_raw(self, off=termios.ICANON | termios.ECHO):
        """Until the program has taken the line editing away, with all of `off`."""
        deadline = time.monotonic() + DEADLINE
        while self.flags() & termios.ICANON and time.monotonic() < deadline:
            time.sleep(0.02)
        assert not self.flags() & off

    def end(self):
        """Its status, as of waitpid()."""
        status = os.waitpid(self.pid, 0)[1]
        assert termios.tcgetattr(self.fd) == self.before, "the terminal was not given back"
        return status
