# SPDX-License-Identifier: BSD-3-Clause
"""What a crash report and a core file need of an image's .dbg file: sections and symbols.

Which .dbg file belongs to an image or a core file says its build id: 7 bytes of the .dbg file's SHA-256
in the padding of the ELF header (e_ident), where they take no space and no loader looks.
"""
import hashlib
import struct

SHF_WRITE, SHF_ALLOC, SHF_EXEC = 1, 2, 4
SHT_SYMTAB = 2
STT_OBJECT, STT_FUNC = 1, 2


def build_id(head):
    """Of an image or a core file, by its first 16 bytes; None if it has none."""
    return head[9:16] if any(head[9:16]) else None


class Section:
    def __init__(self, name, kind, flags, start, offset, size, link):
        self.name, self.kind, self.flags, self.start = name, kind, flags, start
        self.offset, self.size, self.link = offset, size, link


class DebugFile:
    """Raises OSError, or struct.error for a file that is no ELF file of 64 bits."""

    def __init__(self, path):
        with open(path, "rb") as f:
            self.data = f.read()
        self.entry, = struct.unpack_from("<Q", self.data, 24)
        shoff, = struct.unpack_from("<Q", self.data, 40)
        size, count, names = struct.unpack_from("<HHH", self.data, 58)
        raw = [struct.unpack_from("<IIQQQQIIQQ", self.data, shoff + i * size) for i in range(count)]
        self.sections = [Section(self.string(raw[names][4] + r[0]), r[1], r[2], r[3], r[4], r[5],
                                 r[6]) for r in raw]
        self._symbols = None

    def string(self, at):
        return self.data[at:self.data.index(b"\0", at)].decode(errors="replace")

    def belongs_to(self, wanted):
        """Is this what an image or core file with that build id was made of? (None: nobody knows.)"""
        return wanted is None or hashlib.sha256(self.data).digest()[:7] == wanted

    @property
    def symbols(self):
        """[(start, size, type, name)] of functions, objects and labels, by address."""
        if self._symbols is None:
            self._symbols = []
            for s in self.sections:
                if s.kind != SHT_SYMTAB:
                    continue
                names = self.sections[s.link].offset
                table = self.data[s.offset:s.offset + s.size]
                for name, info, _, index, start, size in struct.iter_unpack("<IBBHQQ", table):
                    if index and name and info & 15 <= STT_FUNC:
                        self._symbols.append((start, size, info & 15, names + name))
            self._symbols.sort()
        return self._symbols

    def address_of(self, wanted):
        """The address of a symbol by name, or None."""
        for start, _, _, name in self.symbols:
            if self.string(name) == wanted:
                return start
        return None

    def section_at(self, address):
        for s in self.sections:
            if s.flags & SHF_ALLOC and s.start <= address < s.start + s.size:
                return s
        return None

    def symbol_at(self, address):
        """`name`+0x4 of the function or object that holds an address, or None."""
        for start, size, kind, name in self.symbols:
            if start > address:
                break
            if kind in (STT_OBJECT, STT_FUNC) and address < start + size:
                into = address - start
                return "`%s`%s" % (self.string(name), "+%#x" % into if into else "")
        return None

    def place(self, address):
        """In words: code `main`+0x4, read-only data `table`; None outside of the image."""
        s = self.section_at(address)
        if s is None:
            return None
        kind = ("code" if s.flags & SHF_EXEC else
                "the boot stack" if s.name == ".stack" else
                "data" if s.name in (".data", ".bss") else "read-only data")
        symbol = self.symbol_at(address)
        return kind + " " + symbol if symbol else kind
