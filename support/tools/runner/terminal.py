# SPDX-License-Identifier: BSD-3-Clause
"""The user's terminal, while a guest has it.

Raw: every key goes to the guest, whose own line discipline echoes, edits, makes a signal of Ctrl-C
and ends its lines for a terminal.
"""
import os

ESCAPE = b"\x1d"  # Ctrl-]


class Terminal:
    def __init__(self, fd):
        self.fd = fd
        self.found = None

    def raw(self):
        import termios
        if self.found is not None:
            return
        self.found = termios.tcgetattr(self.fd)
        t = termios.tcgetattr(self.fd)
        t[0] &= ~(termios.BRKINT | termios.IGNBRK | termios.PARMRK | termios.ISTRIP |
                  termios.INLCR | termios.IGNCR | termios.ICRNL | termios.IXON)
        t[1] &= ~termios.OPOST
        t[3] &= ~(termios.ISIG | termios.ICANON | termios.ECHO | termios.ECHONL | termios.IEXTEN)
        t[6][termios.VMIN] = 1
        t[6][termios.VTIME] = 0
        termios.tcsetattr(self.fd, termios.TCSANOW, t)

    def restore(self):
        import termios
        if self.found is not None:
            termios.tcsetattr(self.fd, termios.TCSANOW, self.found)
            self.found = None


def size():
    """(rows, columns) of the terminal behind one of our descriptors, or None."""
    for fd in (1, 0, 2):
        try:
            columns, rows = os.get_terminal_size(fd)
        except OSError:
            continue
        if rows and columns:
            return rows, columns
    return None


def mask():
    """Which of descriptors 0, 1, 2 are terminals: bits 1, 2, 4."""
    return sum(1 << fd for fd in range(3) if is_terminal(fd))


def is_terminal(fd):
    try:
        return os.isatty(fd)
    except OSError:
        return False


def is_foreground():
    """Are we in the process group that the terminal sends its signals to?"""
    for fd in range(3):
        try:
            if os.tcgetpgrp(fd) == os.getpgrp():
                return True
        except OSError:
            continue
    return False
