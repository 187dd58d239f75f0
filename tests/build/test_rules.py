# SPDX-License-Identifier: BSD-3-Clause
"""The rules that the build enforces (docs/build.md), each shown to refuse what it should."""
import os
import re
import subprocess

import whittle

ANSWER_H = """\
    #include <uk/api.h>
    UK_API_BEGIN
    int answer(void);
    UK_API_END
    """


def answer_lib(scratch, name="answer", **kw):
    scratch.lib(name, {
        "include/uk/answer.h": ANSWER_H,
        "answer.c": """\
            #include <uk/answer.h>
            int helper(void);
            int helper(void) { return 42; }
            int answer(void) { return helper(); }
            """}, **kw)


def symbols(image):
    out = subprocess.run(["nm", image + ".dbg"], stdout=subprocess.PIPE, text=True, check=True).stdout
    return {line.split()[-1] for line in out.splitlines()}


def disassembly(image, function):
    out = subprocess.run(["objdump", "-d", "--disassemble=" + function, image + ".dbg"],
                         stdout=subprocess.PIPE, text=True, check=True).stdout
    assert "<%s>:" % function in out, "%s is not in the image" % function
    return out


def test_declared_dependency_works(scratch):
    answer_lib(scratch)
    scratch.select("LIBANSWER")
    scratch.write("demo/main.c", "#include <uk/answer.h>\nint main(void) { return answer(); }\n")
    scratch.make()
    assert whittle.run(scratch.image()).status == 42


def test_undeclared_include_is_refused(scratch):
    answer_lib(scratch)
    scratch.lib("other", {"other.c": "#include <uk/answer.h>\nint other(void);\n"
                                     "int other(void) { return answer(); }\n"})
    scratch.select("LIBANSWER", "LIBOTHER")
    assert "uk/answer.h: No such file" in scratch.fails()


def test_undeclared_symbol_is_refused(scratch):
    """A hand-written extern does not get around the declaration."""
    answer_lib(scratch)
    scratch.lib("other", {
        "include/uk/other.h": "#include <uk/api.h>\nUK_API_BEGIN\nint other(void);\nUK_API_END\n",
        "other.c": "#include <uk/other.h>\n__attribute__((visibility(\"default\"))) int answer(void);\n"
                   "int other(void) { return answer(); }\n"})
    scratch.select("LIBANSWER", "LIBOTHER")
    scratch.write("demo/main.c", "#include <uk/other.h>\nint main(void) { return other(); }\n")
    out = scratch.fails()
    assert "other refers to answer of answer" in out and "LIBANSWER" in out


def test_exported_dependency_is_visible_to_users(scratch):
    answer_lib(scratch)
    scratch.lib("other", {
        "include/uk/other.h": "#include <uk/answer.h>\n",
        "other.c": "#include <uk/other.h>\nextern int other_data;\nint other_data;\n"},
        selects=["LIBANSWER"], makefile="srcs-y := other.c\nexports-y := answer\n")
    scratch.select("LIBOTHER")
    scratch.write("demo/main.c", "#include <uk/other.h>\nint main(void) { return answer(); }\n")
    scratch.make()
    assert whittle.run(scratch.image()).status == 42


def test_hidden_symbols_are_local_to_their_library(scratch):
    """Two libraries may use one name for a private function; nobody else reaches it."""
    answer_lib(scratch)
    scratch.lib("other", {
        "include/uk/other.h": "#include <uk/api.h>\nUK_API_BEGIN\nint other(void);\nUK_API_END\n",
        "other.c": "#include <uk/other.h>\nint helper(void);\nint helper(void) { return 1; }\n"
                   "int other(void) { return helper(); }\n"})
    scratch.select("LIBANSWER", "LIBOTHER")
    scratch.write("demo/main.c", "#include <uk/answer.h>\n#include <uk/other.h>\n"
                                 "int main(void) { return answer() + other(); }\n")
    scratch.make()
    assert whittle.run(scratch.image()).status == 43
    scratch.write("demo/main.c", "int helper(void);\nint main(void) { return helper(); }\n")
    assert "undefined reference to `helper'" in scratch.fails()


def test_unused_table_entries_are_dropped(scratch):
    """A parameter is in the image exactly if some code reads it; the same with a function's entry."""
    scratch.lib("tab", {
        "include/uk/tab.h": "#include <uk/api.h>\nUK_API_BEGIN\nlong used(void);\nlong unused(void);\n"
                            "UK_API_END\n",
        "tab.c": """\
            #include <uk/param.h>
            #include <uk/tab.h>
            UK_PARAM_UINT(tab, used, 7, "read by used()");
            UK_PARAM_UINT(tab, unused, 8, "read by unused()");
            static int set(const char *v) { return 0; }
            UK_PARAM_FN(tab, kept, set, "kept by used()");
            UK_PARAM_FN(tab, dropped, set, "kept by unused()");
            long used(void)
            {
            	UK_TABLE_KEEP(uk_param_tab_kept);
            	return (long)uk_param_tab_used.u;
            }
            long unused(void)
            {
            	UK_TABLE_KEEP(uk_param_tab_dropped);
            	return (long)uk_param_tab_unused.u;
            }
            """})
    scratch.select("LIBTAB")
    scratch.write("demo/main.c", "#include <uk/tab.h>\nint main(void) { return (int)used(); }\n")
    scratch.make()
    found = {s for s in symbols(scratch.image()) if s.startswith("uk_param_tab_")}
    assert found == {"uk_param_tab_used", "uk_param_tab_kept"}
    assert whittle.run(scratch.image(), options=["--param", "tab.used=9"]).status == 9
    r = whittle.run(scratch.image(), options=["--param", "tab.unused=9"])
    assert r.status == 1 and b"unknown kernel parameter `tab.unused`" in r.err
    assert b"nearest known one is `tab.used`" in r.err


def api_libs(scratch, providers):
    scratch.lib("shape", {
        "include/uk/shape.h": """\
            #include <uk/api.h>
            struct shape { const struct shape_ops *ops; long size; };
            struct shape_ops { long (*area)(struct shape *s); };
            UK_API_BEGIN
            long uk_shape_area(struct shape *s);
            struct shape *uk_shape_new(long size);
            UK_API_END
            """,
        "new.c": """\
            #include <uk/provider.h>
            #include <uk/shape.h>
            struct shape *UK_DEFAULT(create)(long size);
            struct shape *uk_shape_new(long size) { return UK_DEFAULT(create)(size); }
            """,
        "dispatch.c": """\
            #include <uk/shape.h>
            long uk_shape_area(struct shape *s) { return s->ops->area(s); }
            """},
        makefile="api-prefix := uk_shape_\napi-ops := area\nsrcs-y := new.c\nsrcs-dispatch := dispatch.c\n")
    with open(os.path.join(scratch.libs, "shape/Config.uk"), "a") as f:
        f.write("choice LIBSHAPE_DEFAULT\n\tprompt \"shape\"\nendchoice\n")
    for name, formula in providers:
        scratch.lib(name, {
            "include/uk/%s.h" % name: """\
                #include <uk/shape.h>
                UK_API_BEGIN
                long %(n)s_area(struct shape *s);
                struct shape *%(n)s_create(long size);
                UK_API_END
                """ % {"n": name},
            "p.c": """\
                #include <uk/provider.h>
                #include <uk/%(n)s.h>
                static const struct shape_ops ops UK_UNUSED = { .area = %(n)s_area };
                static struct shape one;
                long %(n)s_area(struct shape *s) { return %(f)s; }
                struct shape *%(n)s_create(long size)
                {
                	one = (struct shape){ .ops = UK_OPS(&ops), .size = size };
                	return &one;
                }
                """ % {"n": name, "f": formula}},
            selects=["LIBSHAPE"], makefile="provides := shape\nexports-y := shape\nsrcs-y := p.c\n")
        with open(os.path.join(scratch.libs, name, "Config.uk"), "a") as f:
            f.write("choice LIBSHAPE_DEFAULT\nconfig LIBSHAPE_DEFAULT_%s\n\tbool \"%s\"\n"
                    "\tdepends on LIB%s\nendchoice\n" % (name.upper(), name, name.upper()))
        scratch.select("LIB" + name.upper())
    scratch.select("LIBSHAPE")
    scratch.write("demo/main.c", """\
        #include <uk/shape.h>
        int main(void) { return (int)uk_shape_area(uk_shape_new(5)); }
        """)


def test_sole_provider_is_called_directly(scratch):
    api_libs(scratch, [("square", "s->size * s->size")])
    scratch.make()
    img = scratch.image()
    assert whittle.run(img).status == 25
    code = disassembly(img, "main")
    assert re.search(r"<uk_shape_area(\+0x4)?>", code), code  # behind its landing pad, maybe
    assert not re.search(r"(call|jmp)\s+\*", code + disassembly(img, "uk_shape_area"))


def test_several_providers_go_through_the_operations(scratch):
    api_libs(scratch, [("square", "s->size * s->size"), ("line", "0")])
    scratch.make()
    img = scratch.image()
    assert whittle.run(img).status in (0, 25)
    assert re.search(r"(call|jmp)\s+\*", disassembly(img, "uk_shape_area"))
    # Swapping is a matter of the menu: the default provider's constructor makes the object.
    config = os.path.join(scratch.out, "demo/.config")
    for name, status in (("SQUARE", 25), ("LINE", 0)):
        text = re.sub(r"(# )?CONFIG_LIBSHAPE_DEFAULT_(\w+)( is not set|=y)\n", "", open(config).read())
        with open(config, "w") as f:
            f.write(text + "CONFIG_LIBSHAPE_DEFAULT_%s=y\n" % name)
        scratch.make()
        assert whittle.run(img).status == status


def test_lto_inlines_across_libraries(scratch):
    """main() ends up inside the C library's code that calls it."""
    scratch.write("demo/main.c", "int main(void) { return 42; }\n")
    scratch.make()
    assert "main" in symbols(scratch.image())
    scratch.write("demo/defconfig", "# CONFIG_PLAT_KVM is not set\nCONFIG_LTO=y\n")
    scratch.make("defconfig")
    scratch.make()
    assert "main" not in symbols(scratch.image())
    assert whittle.run(scratch.image()).status == 42


def test_no_platform_or_architecture_conditionals():
    """Libraries are compiled once for all platforms: they must not know which one it is."""
    cpus = r"|__(x86_64|i386|aarch64|arm|riscv|amd64)(_|\b)"
    found = subprocess.run(["grep", "-rnE", r"CONFIG_(PLAT|ARCH)_" + cpus, "lib", "apps", "--include=*.[chS]"],
                           cwd=whittle.ROOT, stdout=subprocess.PIPE, text=True).stdout
    assert not found, found


def test_engine_stays_small():
    """The make engine can be read in one sitting."""
    lines = 0
    for d, _, files in os.walk(os.path.join(whittle.ROOT, "support/build")):
        for f in files:
            if f.endswith(".mk"):
                lines += sum(1 for _ in open(os.path.join(d, f)))
    assert lines <= 800, lines
