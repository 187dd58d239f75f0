# SPDX-License-Identifier: BSD-3-Clause
"""A device tree as QEMU writes it (Devicetree Specification 0.4, chapter 5), with nodes of ours in /chosen."""
import struct

BEGIN_NODE, END_NODE, PROP, NOP, END = 1, 2, 3, 4, 9
MAGIC = 0xd00dfeed


class Node:
    """name; properties: [(name, bytes)]; nodes below it."""

    def __init__(self, name, properties, nodes=()):
        self.name, self.properties, self.nodes = name, properties, nodes


def cells(*numbers):
    return struct.pack(">%dI" % len(numbers), *numbers)


def strings(*words):
    """As a property has one or several."""
    return b"".join(w.encode() + b"\0" for w in words)


def padded(data):
    return data + bytes(-len(data) % 4)


class Tree:
    def __init__(self, data):
        head = struct.unpack_from(">10I", data)
        if head[0] != MAGIC:
            raise ValueError("no device tree")
        _, _, at_struct, at_strings, self.at_reserved, self.version, self.compatible, self.boot_cpu, len_strings, len_struct = head
        self.reserved = data[self.at_reserved:at_struct]
        self.struct = bytearray(data[at_struct:at_struct + len_struct])
        self.strings = bytearray(data[at_strings:at_strings + len_strings])

    def name_at(self, name):
        """Where the name of a property is in the block of those."""
        at = self.strings.find(b"\0" + name.encode() + b"\0")
        if at < 0:
            at = len(self.strings) - 1
            self.strings += name.encode() + b"\0"
        return at + 1

    def encode(self, node):
        out = cells(BEGIN_NODE) + padded(strings(node.name))
        out += self.encode_properties(node.properties)
        return out + b"".join(map(self.encode, node.nodes)) + cells(END_NODE)

    def encode_properties(self, properties):
        return b"".join(cells(PROP, len(value), self.name_at(name)) + padded(value) for name, value in properties)

    def add(self, name, properties, nodes):
        """To the node `name` below the root."""
        at, depth = 0, -1
        while True:
            token, = struct.unpack_from(">I", self.struct, at)
            at += 4
            if token == BEGIN_NODE:
                end = self.struct.index(0, at)
                depth += 1
                found = depth == 1 and self.struct[at:end] == name.encode()
                at = end + 4 & ~3
                if found:
                    break
            elif token == PROP:
                at += 8 + struct.unpack_from(">I", self.struct, at)[0] + 3 & ~3
            elif token == END_NODE:
                depth -= 1
            elif token == END:
                raise ValueError("no node %s" % name)
        self.struct[at:at] = self.encode_properties(properties)
        at += len(self.encode_properties(properties))
        while struct.unpack_from(">I", self.struct, at)[0] in (PROP, NOP):  # nodes follow all properties
            token, size = struct.unpack_from(">2I", self.struct, at)
            at += 12 + size + 3 & ~3 if token == PROP else 4
        self.struct[at:at] = b"".join(map(self.encode, nodes))

    def data(self):
        at_struct = 40 + len(self.reserved)
        at_strings = at_struct + len(self.struct)
        head = cells(MAGIC, at_strings + len(self.strings), at_struct, at_strings, 40, self.version, self.compatible, self.boot_cpu,
                     len(self.strings), len(self.struct))
        return head + self.reserved + bytes(self.struct) + bytes(self.strings)
