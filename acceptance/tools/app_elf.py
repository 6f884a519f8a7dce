"""Writes the smallest ELF file that `esptool elf2image` makes an ESP-IDF app image of: what a build would link.

Usage: app_elf.py CHIP VERSION PROJECT IDF_VERSION OUT.elf
"""

import random
import struct
import sys

XTENSA, RISCV = 94, 243
# Machine, where constants and where code are mapped from flash, where code is in RAM. Constants begin after the
# image's and the segment's header, 0x20 bytes into a page of 64 KiB.
CHIPS = {
    "esp32": (XTENSA, 0x3F400020, 0x400D0020, 0x40080000),
    "esp32s3": (XTENSA, 0x3C020020, 0x42000020, 0x40378000),
    "esp32c6": (RISCV, 0x42020020, 0x42000020, 0x40800000),
}


def field(text, size):
    data = text.encode()
    assert len(data) <= size
    return data.ljust(size, b"\0")


def app_descriptor(version, project, idf):
    """`esp_app_desc_t`, 256 bytes. The digest of the ELF file is for elf2image to fill in."""
    data = struct.pack("<4I", 0xABCD5432, 0, 0, 0)
    data += field(version, 32) + field(project, 32)
    data += field("12:34:56", 16) + field("Nov 23 2026", 16) + field(idf, 32)
    data += bytes(32)
    data += struct.pack("<HHB3x", 0, 0xFFFF, 16)
    return data.ljust(256, b"\0")


def elf(machine, sections, entry):
    """An ELF32 executable: a header, the sections' bytes, their names, their table, and a program header each."""
    names = b"\0"
    bodies = b""
    at = 52 + 32 * len(sections)
    table = [bytes(40)]
    programs = b""
    for name, kind, flags, address, data in [*sections, (".shstrtab", 3, 0, 0, None)]:
        here = len(names)
        names += name.encode() + b"\0"
        data = names if data is None else data
        data += bytes(-len(data) % 4)
        align = 16 if address else 1
        offset = at + len(bodies)
        table.append(struct.pack("<10I", here, kind, flags, address, offset, len(data), 0, 0, align, 0))
        bodies += data
        if address:
            programs += struct.pack("<8I", 1, offset, address, address, len(data), len(data), 5, align)
    header = b"\x7fELF" + bytes([1, 1, 1]) + bytes(9)
    header += struct.pack(
        "<HHIIIIIHHHHHH", 2, machine, 1, entry, 52, at + len(bodies), 0, 52, 32, len(sections), 40, len(table), len(table) - 1
    )
    return header + programs + bodies + b"".join(table)


def main(chip, version, project, idf, out):
    machine, constants, code, ram = CHIPS[chip]
    noise = random.Random(chip).randbytes
    descriptor = app_descriptor(version, project, idf)
    progbits, alloc, executable = 1, 2, 4
    sections = [
        (".iram0.text", progbits, alloc | executable, ram, noise(9_000)),
        (".flash.appdesc", progbits, alloc, constants, descriptor),
        (".flash.rodata", progbits, alloc, constants + len(descriptor), noise(41_236)),
        (".flash.text", progbits, alloc | executable, code, noise(100_004)),
    ]
    with open(out, "wb") as file:
        file.write(elf(machine, sections, ram))


if __name__ == "__main__":
    main(*sys.argv[1:])
