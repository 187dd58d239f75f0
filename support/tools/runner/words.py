# SPDX-License-Identifier: BSD-3-Clause
"""The kernel command line: splitting and quoting as lib/base/ukbase/param.c reads it."""

SPECIAL = set(" \t\n\"'\\[]")


def quote(word):
    """An application's argument as one word of the line."""
    if word and not SPECIAL & set(word):
        return word
    return '"' + word.replace("\\", "\\\\").replace('"', '\\"') + '"'


def split(line):
    """The words of --kernel-args: quotes hold a word together; a list in [ ] is one word."""
    words, word, quoted, depth, inside = [], "", None, 0, False
    chars = iter(line)
    for c in chars:
        if depth:
            word += c
            if quoted:
                quoted = None if c == quoted else quoted
            elif c in "\"'":
                quoted = c
            else:
                depth -= c == "]"
        elif quoted:
            if c == quoted:
                quoted = None
            elif c == "\\" and quoted == '"':
                word += next(chars, "")
            else:
                word += c
        elif c in "\"'":
            quoted, inside = c, True
        elif c == "\\":
            word += next(chars, "")
        elif c.isspace():
            if word or inside:
                words.append(word)
            word, inside = "", False
        else:
            depth += c == "[" and word.endswith("=")
            word += c
    if quoted or depth:
        from . import RunError
        raise RunError("--kernel-args: a quote or bracket is not closed in: %s" % line)
    if word or inside:
        words.append(word)
    return words
