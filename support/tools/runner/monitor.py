# SPDX-License-Identifier: BSD-3-Clause
"""QEMU's control protocol, as far as a core file needs it (docs/interop/qmp-spec in QEMU's tree).

With --core the machine is not switched off: it stands when it has ended or reset itself, and
somebody has to tell QEMU to end.
"""
import json
import os
import select

from . import RunError

PATIENCE = 30000  # ms that QEMU may take for an answer


class Monitor:
    """A conversation; events that come in between are noted in `shutdown`."""

    def __init__(self, sock):
        self.sock, self.partial = sock, b""
        self.shutdown = False
        self.receive()  # the greeting
        self.execute("qmp_capabilities")

    def receive(self):
        """The next message, with waiting."""
        while b"\n" not in self.partial:
            poll = select.poll()
            poll.register(self.sock, select.POLLIN)
            if not poll.poll(PATIENCE):
                raise RunError("--core: QEMU does not answer")
            data = self.sock.recv(65536)
            if not data:
                raise RunError("--core: QEMU has ended by itself")
            self.partial += data
        line, _, self.partial = self.partial.partition(b"\n")
        message = json.loads(line)
        if message.get("event") == "SHUTDOWN":
            self.shutdown = True
        return message

    def pending(self):
        """Take in what has come without being asked for."""
        data = self.sock.recv(65536)
        self.partial += data
        while b"\n" in self.partial:
            self.receive()
        self.shutdown = self.shutdown or not data

    def execute(self, command, **arguments):
        """The answer of a command, or None for an error."""
        self.sock.sendall(json.dumps({"execute": command, "arguments": arguments}).encode() + b"\n")
        while True:
            message = self.receive()
            if "return" in message or "error" in message:
                return message.get("return")

    def human(self, line):
        return self.execute("human-monitor-command", **{"command-line": line}) or ""


class Ending:
    """Waits for the end of a session's machine, writes the core file if it was a crash, ends QEMU."""

    def __init__(self, session):
        self.session = session
        self.monitor = Monitor(session.monitor)
        self.watching = True

    def timeout(self):
        """It has not ended: where is it?"""
        if self.watching:
            self.finish(True)

    def look(self, readable):
        side = self.session.side
        if readable:
            try:
                self.monitor.pending()
            except (OSError, RunError):
                self.monitor.shutdown = True
        # Its last words come by another way than QEMU's event: wait for both, if there are any.
        if side.status is not None or self.monitor.shutdown:
            self.finish()

    def finish(self, hangs=False):
        from . import core
        session, side = self.session, self.session.side
        self.watching = False
        self.last_records()
        try:
            if side.crash or side.status is None or side.status in core.FATAL:
                self.monitor.execute("stop")
                session.core_message = core.write(
                    session.o.core, session.image, lambda image, elf: core.Machine(session.pid, self.monitor.human, image, elf),
                    core.SIGALRM if hangs else core.SIGABRT)
        except RunError as e:
            session.core_message = str(e)
        except OSError:
            session.core_message = "--core: QEMU has ended by itself"
        try:
            self.monitor.execute("quit")
        except (OSError, RunError):
            pass  # it has

    def last_records(self):
        """Those that are still on their way."""
        poll = select.poll()
        poll.register(self.session.side_pipe, select.POLLIN)
        while poll.poll(50):
            try:
                data = os.read(self.session.side_pipe, 65536)
            except OSError:  # a socket of a QEMU that has ended
                return
            if not data:
                return
            self.session.side.feed(data)
