# SPDX-License-Identifier: BSD-3-Clause
"""Row 19: a machine is saved, and restored twice. Both go on from the same memory, the generator's key
included. QEMU's vmgenid device tells them that they are others now."""
import re
import time

import pytest

import security

NUMBER = rb"[0-9a-f]{32}"


def device(guid):
    return ["-device", "vmgenid,guid=" + guid] if guid else []


def draw(guest):
    """The next number: one comes for every line of input."""
    line = b"?"
    while line and not re.fullmatch(NUMBER, line.strip()):
        line = guest.p.stdout.readline()
    return line.strip()


def wait_for(guest, command, words):
    for _ in range(600):
        if words in guest.ask(command):
            return
        time.sleep(0.05)
    raise AssertionError((command, guest.ask(command)))


def save(image, state, guid, cpu):
    """A guest that has drawn one number is saved."""
    with security.Guest(image, "-- draw", cpu=cpu, until=NUMBER, more=device(guid)) as guest:
        guest.ask('migrate "exec:cat >%s"' % state)
        wait_for(guest, "info migrate", "completed")


def restore(image, state, guid, cpu):
    """The next number that the restored guest draws."""
    with security.Guest(image, "-- draw", cpu=cpu, until=b"",
                        more=device(guid) + ["-incoming", "exec:cat %s" % state]) as guest:
        wait_for(guest, "info status", "running")
        guest.p.stdin.write(b"\n")
        guest.p.stdin.flush()
        return draw(guest)


@pytest.mark.parametrize("cpu", ["max", "max,-rdrand,-rdseed"])
def test_snapshot_restored_twice(tmp_path, cpu):
    image, state = security.build("program", "kvm"), str(tmp_path / "state")
    save(image, state, "11111111-2222-3333-4444-555555555555", cpu)
    one = restore(image, state, "aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeee1", cpu)
    two = restore(image, state, "aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeee2", cpu)
    assert one and two and one != two, (one, two)
    # And without the device the copies agree: that is the attack.
    save(image, state, None, cpu)
    one, two = restore(image, state, None, cpu), restore(image, state, None, cpu)
    assert one and one == two, (one, two)
    security.record(19, "restore a snapshot twice, `-cpu %s`" % cpu, "kvm",
                    "with the machine's vmgenid: random numbers differ", "without it: they are the same")
