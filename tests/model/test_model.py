# SPDX-License-Identifier: BSD-3-Clause
"""The models of protocols between CPUs, for spin: they hold, and each mistake that can be put in is found."""
import os
import re
import subprocess

import pytest

import whittle

RUNQUEUE = "lib/sched/uksched/model/runqueue.pml"
FUTEX = "lib/sched/ukfutex/model/futex.pml"
SLEEP = "plat/linuxu/model/sleep.pml"
TIMER = "lib/sched/uktime/model/timer.pml"

HOLD = [(RUNQUEUE, []), (RUNQUEUE, ["UNBOUND"]), (FUTEX, []), (FUTEX, ["WAKER"]),
        (SLEEP, []), (TIMER, [])]
STOP, LOST = "assertion violated", "invalid end state"
MISTAKES = [
    (RUNQUEUE, ["BUG_WOKEN"], LOST), (RUNQUEUE, ["BUG_POLL"], LOST), (RUNQUEUE, ["BUG_LOCK"], STOP),
    (RUNQUEUE, ["BUG_LEAVING"], STOP), (RUNQUEUE, ["BUG_EXIT"], STOP),
    (RUNQUEUE, ["BUG_SEND"], STOP),
    (RUNQUEUE, ["UNBOUND", "BUG_AWAIT"], STOP), (RUNQUEUE, ["UNBOUND", "BUG_OFFER"], STOP),
    (FUTEX, ["WAKER", "BUG_READ"], LOST), (FUTEX, ["WAKER", "BUG_NOBODY"], LOST),
    (FUTEX, ["BUG_ORDER"], LOST), (FUTEX, ["BUG_BUCKET"], STOP), (FUTEX, ["BUG_RETURN"], STOP),
    (TIMER, ["BUG_NOTE"], STOP), (TIMER, ["BUG_COUNT"], STOP), (TIMER, ["BUG_WAIT"], STOP),
    (TIMER, ["BUG_RUNS"], STOP), (TIMER, ["BUG_EARLY"], STOP), (TIMER, ["BUG_LATE"], STOP),
    (SLEEP, ["BUG_LOOK"], LOST), (SLEEP, ["BUG_STAY"], LOST), (SLEEP, ["BUG_SIGNAL"], LOST),
]


def name(v):
    return "-".join([os.path.basename(v[0])[:-4], *v[1]])


def search(folder, model, options):
    """What spin's verifier says about all that can happen."""
    path = os.path.join(whittle.ROOT, model)
    for cmd in (["spin", "-a", *("-D" + o for o in options), path],
                ["gcc", "-w", "-O2", "-DSAFETY", "-DCOLLAPSE", "-o", "pan", "pan.c"]):
        subprocess.run(cmd, cwd=folder, check=True, stdout=subprocess.PIPE, timeout=120)
    r = subprocess.run(["./pan", "-n", "-m200000", "-w22"], cwd=folder, stdout=subprocess.PIPE,
                       stderr=subprocess.STDOUT, timeout=900)
    return r.stdout.decode()


@pytest.mark.parametrize("model,options", HOLD, ids=map(name, HOLD))
def test_holds(tmp_path, model, options):
    out = search(tmp_path, model, options)
    assert "errors: 0" in out and "max search depth too small" not in out, out
    assert int(re.search(r"(\d+) states, stored", out).group(1)) > 500, out


@pytest.mark.parametrize("model,options,how", MISTAKES, ids=map(name, MISTAKES))
def test_mistake_is_found(tmp_path, model, options, how):
    out = search(tmp_path, model, options)
    assert "errors: 1" in out and how in out, out


@pytest.mark.parametrize("model", [RUNQUEUE, FUTEX, SLEEP, TIMER])
def test_every_mistake_is_tried(model):
    text = open(os.path.join(whittle.ROOT, model)).read()
    tried = {o for m, options, _ in MISTAKES if m == model for o in options}
    assert set(re.findall(r"ifn?def (BUG_\w+)", text)) <= tried
