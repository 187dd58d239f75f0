# SPDX-License-Identifier: BSD-3-Clause
"""Rows 10, 17 and 18: what differs from boot to boot, how much of it, and where it comes from when the CPU
has nothing to offer.

The number of places of each thing is derived from the code that chooses it. Over n boots two of them at the
same place are expected n(n-1)/2 times in that number; MORE than that happens by chance once in a thousand
million runs, and so it is with a bit that never changes in 50 boots (once in 2^49)."""
import functools
import math
import os
import re
import subprocess

import pytest

import security
import whittle

NEGLIGIBLE = 1e-9
# On Xen a boot takes seconds, of which all but the first moment are Xen's: a bit that never changes in 32 of them is chance once
# in 2^31, and there are some 200.
BOOTS = [("kvm", 50), ("linuxu", 200), *((plat, 32) for plat in security.XEN + security.CPUS)]


@functools.lru_cache(maxsize=None)
def addresses(name, plat, boots, options=()):
    """What `where` says, of each boot: {name: [values]}. Tests share the boots."""
    image = security.build(name, plat)
    seen = {}
    for _ in range(boots):
        if plat == "linuxu":  # itself: a thousand starts of the runner would take a minute
            out = subprocess.run([image, "--", "where"], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                 timeout=whittle.RUN_TIMEOUT, check=True).stdout
        else:
            out = security.run(name, plat, "where", options=options).out
        for thing, value in re.findall(r"(\S+) (0x[0-9a-f]+|0)\n", out.decode()):
            seen.setdefault(thing, []).append(int(value, 16))
    assert all(len(v) == boots for v in seen.values()), seen
    return seen


def constant(path, name, **others):
    """A `#define` of a number, as the code has it, of two the last; with the values of `others` that it is said by."""
    text = open(os.path.join(whittle.ROOT, path)).read()
    value = re.findall(r"#define\s+%s\s+(.+)" % name, text)[-1]
    value = re.sub(r"/\*.*", "", value)
    # Our own source: numbers, +, <<, * and /.
    return eval(re.sub(r"(\d)(UL|U)\b", r"\1", value).replace("/", "//"), others)


def most_collisions(boots, places):
    """The smallest k such that k or more collisions are negligible, if all places are equally likely."""
    expected = boots * (boots - 1) / 2 / places
    k, term = 0, math.exp(-expected)
    below = term
    while 1 - below > NEGLIGIBLE:
        k += 1
        term *= expected / k
        below += term
    return k + 1


def changing_bits(values):
    ones, zeros = 0, ~0
    for v in values:
        ones |= v
        zeros &= v
    return bin(ones & ~zeros).count("1")


def check(seen, thing, places, least=19):
    values = seen[thing]
    bits = int(math.log2(places))
    assert bits >= least, (thing, places)
    assert changing_bits(values) >= bits, (thing, bits, [hex(v) for v in values[:20]])
    collisions = len(values) - len(set(values))
    assert collisions < most_collisions(len(values), places), (thing, places, collisions)
    return bits


# ---- how many places there are ----

X86_EARLY = "plat/common/x86_64/early.c"
MAP48 = "arch/common/include/uk/arch/vamap48.h"
# Page tables of three levels have room for less: the direct map is at one of so many bits.
MAP, LEAST = {whittle.RISCV64: "arch/riscv64/include/uk/arch/vamap.h"}, {whittle.RISCV64: 14}
LIMIT = {whittle.RISCV64: MAP[whittle.RISCV64], **dict.fromkeys([whittle.ARM64, security.XEN_ARM64], "arch/arm64/include/uk/arch/vamap.h")}
PAGE, HUGE = 4096, 2 << 20


def place(plat, name, **others):
    return constant(MAP.get(plat, MAP48), name, **others)


def areas(plat):
    """lib/mem/ukvmem/vmem.c: pages in the middle of the window."""
    start = place(plat, "UK_VA_AREAS")
    first, end = (place(plat, name, UK_VA_AREAS=start) for name in ("UK_VA_AREAS_RANDOM", "UK_VA_AREAS_RANDOM_END"))
    return (end - first) // PAGE


def stacks(plat):
    """lib/mem/ukvmem/stack.c: pages in the lower half of the window."""
    return (place(plat, "UK_VA_STACKS_END") - place(plat, "UK_VA_STACKS")) // 2 // PAGE


def image_places(plat, image):
    """plat/common/early.c, and x86_64's: slots of 2 MiB, and a page in what the image leaves free of its slots."""
    out = subprocess.run(["readelf", "-lW", image + ".dbg"], stdout=subprocess.PIPE, text=True, check=True).stdout
    loads = re.findall(r"LOAD\s+\w+ (0x\w+) \w+ \w+ (0x\w+)", out)
    span = max(int(va, 16) + int(size, 16) for va, size in loads) + 16 * PAGE
    slots = -(-span // HUGE)
    length = place(plat, "UK_VA_IMAGE_LEN")
    places = constant("plat/common/early.c" if plat in security.CPUS else X86_EARLY, "SLOTS", UK_VA_IMAGE_LEN=length,
                      BOOT_VA_IMAGE_LEN=length, SLOT=HUGE)
    return (places - slots) * ((slots * HUGE - span) // PAGE + 1)


def direct(plat):
    if plat not in security.CPUS:
        return constant(X86_EARLY, "DIRECT_SPANS") * constant(X86_EARLY, "DIRECT_SLOTS")
    limit = constant(LIMIT[plat], "UK_ARCH_PADDR_LIMIT")
    return constant("plat/common/firststeps.h", "DIRECT_SLOTS", UK_VA_IMAGE=place(plat, "UK_VA_IMAGE"),
                    UK_VA_DIRECT=place(plat, "UK_VA_DIRECT"), UK_ARCH_PADDR_LIMIT=limit, DIRECT_SLOT=HUGE)


def linuxu_window():
    """plat/linuxu/window.c: multiples of 2 MiB in the slot, less the window's own size (some MiB more or less)."""
    at = {name: place("linuxu", name) for name in ("UK_VA_IMAGE", "UK_VA_DIRECT")}
    return (constant("plat/linuxu/window.c", "SLOT", **at) - (1 << 30)) // HUGE


def places(plat, name):
    """Of each thing that `where` names: how many addresses it may have at least."""
    image = security.build(name, plat)
    if plat != "linuxu":
        base, window, stack = image_places(plat, image), direct(plat), image_places(plat, image)
    else:
        # Linux: so many random bits of page number for the image, 22 for the stack
        # (arch/x86/include/asm/elf.h). Memory is ours to place.
        base, stack, window = 1 << int(open("/proc/sys/vm/mmap_rnd_bits").read()), 1 << 22, linuxu_window()
    found = {"code": base, "data": base, "stack": stack, "heap": window, "heap-large": window, "direct": window}
    if name == "program":
        found.update({"tls": base, "mmap": areas(plat), "thread-stack": stacks(plat), "thread-tls": stacks(plat)})
    return found


WHAT = {"code": "code", "data": "data", "stack": "main's stack", "heap": "heap", "heap-large": "heap, large blocks",
        "direct": "direct map", "tls": "main's TLS", "mmap": "mmap()", "thread-stack": "threads' stacks",
        "thread-tls": "threads' TLS"}


def check_all(plat, boots):
    """Programs have everything that kernels have, and more. Returns the bits of each."""
    seen = addresses("program", plat, boots)
    return {thing: check(seen, thing, n, LEAST.get(plat, 19)) for thing, n in places(plat, "program").items()}


@pytest.mark.parametrize("plat,boots", BOOTS)
def test_addresses_over_boots(plat, boots):
    if plat == "linuxu" and open("/proc/sys/kernel/randomize_va_space").read().strip() != "2":
        pytest.skip("this host does not randomise")
    bits = check_all(plat, boots)
    without = "-"
    if plat != "linuxu":
        fixed = addresses("kernel-off" if plat in security.XEN + security.CPUS else "kernel-ASLR", plat, 3)
        assert all(len(set(fixed[thing])) == 1 for thing in places(plat, "kernel")), fixed
        without = "the same at every boot"
    else:
        # The image and its first stack are the host's to place.
        fixed = addresses("program-off", plat, 3)
        ours = set(WHAT) - {"code", "data", "stack", "tls"}
        assert all(len(set(fixed[thing])) == 1 for thing in ours), fixed
    for thing, n in bits.items():
        off = without if plat != "linuxu" else "the same at every start" if thing in ours else "the host's doing"
        says = "at least 19 bits" if "host" in off else "%d bits" % n  # hosts differ
        security.record(17, "guess the address of: " + WHAT[thing], plat, says, off)


@pytest.mark.parametrize("plat,boots", BOOTS)
def test_canary_over_boots(plat, boots):
    """56 random bits each for kernel and program; the byte that comes first ends a string."""
    kinds = {"kernel": ["canary"], "program": ["canary", "thread-canary"]}
    if plat in security.XEN:  # the kernel's is made where the addresses come from
        del kinds["kernel"]
    for name, things in kinds.items():
        seen = addresses(name, plat, boots)
        for thing in things:
            assert check(seen, thing, 1 << 56) == 56 and not any(v & 0xff for v in seen[thing]), (thing, seen)
        security.record(10, "guess the canary of a " + name, plat, "56 bits", "-")


@pytest.mark.slow
@pytest.mark.parametrize("plat", whittle.PLATFORMS)
def test_addresses_over_a_thousand_boots(plat):
    check_all(plat, 1000)


def test_bound_on_collisions_is_one():
    """The statistics themselves: a generator with 2^12 places instead of 2^19 does not pass."""
    assert most_collisions(1000, 1 << 19) <= 12 and most_collisions(50, 1 << 19) <= 4
    few = [(i * 2654435761) % 4096 << 12 for i in range(1000)]
    few = few[:800] + few[:200]  # 200 of them twice
    with pytest.raises(AssertionError):
        check({"x": few}, "x", 1 << 19)


# ---- row 18 ----

def test_boot_without_a_source_of_randomness():
    """Neither rdrand nor rdseed nor a device: said so, and addresses still differ from boot to boot."""
    options = ("--cpu", "max,-rdrand,-rdseed")
    result = whittle.run(security.build("program", "kvm"), "where", options=options)
    assert result.status == 0 and b"no source of randomness" in result.err, result
    with_it = whittle.run(security.build("program", "kvm"), "where", options=["--cpu", "max"])
    assert b"no source of randomness" not in with_it.err, with_it
    seen = addresses("program", "kvm", 10, options)
    for thing in places("kvm", "program"):
        assert len(set(seen[thing])) == 10, (thing, seen)
        assert changing_bits(seen[thing]) >= 10, (thing, seen)
    security.record(18, "boot with `-cpu max,-rdrand,-rdseed`", "kvm",
                    "says that keys can be guessed, goes on; no address is the same twice in 10 boots", "-")


def test_process_of_a_host_without_getrandom():
    image, getrandom = security.build("program", "linuxu"), 318
    seen = {}
    for _ in range(10):
        p = subprocess.run([image, "--", "where"], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                           stderr=subprocess.PIPE, timeout=whittle.RUN_TIMEOUT,
                           preexec_fn=whittle.host_without(getrandom))
        assert p.returncode == 0 and b"no source of randomness" in p.stderr, p
        for thing, value in re.findall(r"(\S+) (0x[0-9a-f]+|0)\n", p.stdout.decode()):
            seen.setdefault(thing, []).append(int(value, 16))
    for thing in places("linuxu", "program"):
        assert len(set(seen[thing])) == 10, (thing, seen)
    security.record(18, "start on a host without getrandom", "linuxu",
                    "says that keys can be guessed, goes on; no address is the same twice in 10 starts", "-")


def test_randomness_that_is_required():
    """random.require: the image ends at boot where there is no source, and runs where there is one."""
    image = whittle.image("helloworld-musl", "kvm")
    refused = whittle.run(image, options=["--cpu", "qemu64,-rdrand,-rdseed", "--param", "random.require=y"])
    assert refused.status == 1 and b"random.require" in refused.err and not refused.out, refused
    assert whittle.run(image, options=["--cpu", "max", "--param", "random.require=y"]).status == 0
