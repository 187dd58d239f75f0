# SPDX-License-Identifier: BSD-3-Clause
"""A build that is stopped in the middle: the next one ends it, and makes what was half made again."""
import glob
import os
import shutil
import signal

import pytest

import whittle

# Stands before the real tool in PATH. When it is to make FILE for the first time, it leaves a piece of what it was to
# write, says so and hangs. (An empty object is worse than a broken one: ld takes it for an empty script.)
TOOL = """\
#!/bin/sh
for word; do
	case $last in
	-o) out=$word ;;
	-MF) depends=$word ;;
	esac
	last=$word
done
out=${{out-$last}}
case ${{out%.tmp}} in
*/{file})
	if mkdir {at} 2>/dev/null; then
		: > "$out"
		[ -z "$depends" ] || printf '%s: lib/there/is/no/such' "$out" > "$depends"
		: > {at}/reached
		exec sleep 600
	fi
esac
exec {real} "$@"
"""


@pytest.mark.parametrize("tool, file", [
    ("gcc", "obj/app-demo/main.c.o"), ("gcc", "obj/ukalloctlsf/pool.c.o"), ("ld", "lib/ukalloctlsf.o"),
    ("objcopy", "lib/ukalloctlsf.o"), ("gcc", "demo_linuxu-x86_64.dbg")])
def test_what_was_being_made_is_made_again(scratch, tool, file):
    at = os.path.join(scratch.path, "at")
    os.chmod(scratch.write("bin/" + tool, TOOL.format(file=file, at=at, real=shutil.which(tool))), 0o755)
    env = dict(os.environ, PATH=os.path.join(scratch.path, "bin") + ":" + os.environ["PATH"])
    make = scratch.start(env)
    scratch.wait_for(make, lambda: os.path.exists(at + "/reached"), 300)
    scratch.stop(make, signal.SIGKILL)
    scratch.make(env=env)
    r = whittle.run(scratch.image())
    assert r.status == 0, r
    assert "Nothing to be done" in scratch.make(env=env)


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL])
def test_stopped_build_goes_on(scratch, how):
    make = scratch.start()
    scratch.wait_for(make, lambda: len(glob.glob(os.path.join(scratch.out, "demo/obj/*/*.o"))) >= 5, 300)
    scratch.stop(make, how)
    assert make.returncode != 0
    scratch.make()
    assert whittle.run(scratch.image()).status == 0
