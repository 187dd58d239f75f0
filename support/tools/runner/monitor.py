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
        self.partial += self.sock.recv(65536)
        while b"\n" in self.partial:
            self.receive()

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
        if not self.watching:
            return
        self.watching = False
        try:
            self.finish(True)
        except RunError as e:
            self.session.core_message = str(e)
        except OSError:
            pass

    def look(self, readable):
        side = self.session.side
        try:
            if readable:
                self.monitor.pending()
            # Its last words come by another way than QEMU's event: wait for both, if there are any.
            if side.status is None and not self.monitor.shutdown:
                return
            self.watching = False
            self.finish()
        except RunError as e:
            self.watching = False
            self.session.core_message = str(e)
        except OSError:
            self.watching = False

    def finish(self, hangs=False):
        from . import core
        session = self.session
        # The records that are still on their way.
        poll = select.poll()
        poll.register(session.side_pipe, select.POLLIN)
        while poll.poll(50):
            data = os.read(session.side_pipe, 65536)
            if not data:
                break
            session.side.feed(data)
        side = session.side
        try:
            if side.crash or side.status is None or side.status in core.FATAL:
                self.monitor.execute("stop")
                machine = core.Machine(session.pid, self.monitor.human)
                session.core_message = core.write(session.o.core, machine, session.image,
                                                  core.SIGALRM if hangs else core.SIGABRT)
        finally:
            self.monitor.execute("quit")
