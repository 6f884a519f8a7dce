"""Reads a flash file by ESP-IDF's layout, with none of Countersign's code: partition table and `otadata` as JSON.

Usage: flash_layout.py FLASH.bin OUT_FOLDER

Each partition's bytes are written to OUT_FOLDER/LABEL.bin. Exit 1 where the flash breaks the layout.
"""

import hashlib
import json
import pathlib
import struct
import sys
import zlib

TABLE, ROW, MOST = 0x8000, 32, 0xC00
STATES = {0: "NEW", 1: "PENDING_VERIFY", 2: "VALID", 3: "INVALID", 4: "ABORTED", 0xFFFFFFFF: "UNDEFINED"}


def partition_table(flash):
    rows, digest = [], None
    for at in range(TABLE, TABLE + MOST, ROW):
        row = flash[at : at + ROW]
        if row[:2] == b"\xAA\x50":
            assert digest is None, f"a row behind the digest, at {at:#x}"
            kind, subtype, offset, size, label, flags = struct.unpack("<BBII16sI", row[2:])
            assert offset + size <= len(flash), f"{label} ends beyond the flash"
            label = label.rstrip(b"\0").decode()
            rows.append({"label": label, "type": kind, "subtype": subtype, "offset": offset, "size": size, "flags": flags})
        elif row[:2] == b"\xEB\xEB":
            assert digest is None, "two digests"
            assert row[2:16] == b"\xFF" * 14
            digest = row[16:]
            assert digest == hashlib.md5(flash[TABLE:at]).digest(), "the table's MD5 is wrong"
        else:
            assert row == b"\xFF" * ROW, f"neither a row nor the end, at {at:#x}"
            assert digest is not None, "no MD5 row"
            break
    else:
        raise AssertionError("the table has no end")
    places = sorted((row["offset"], row["offset"] + row["size"]) for row in rows)
    assert places[0][0] >= TABLE + 0x1000, "a partition over the table"
    assert all(one[1] <= two[0] for one, two in zip(places, places[1:])), "partitions overlap"
    return rows


def otadata(partition):
    assert len(partition) == 0x2000
    entries = []
    for at in (0, 0x1000):
        sequence, label, state, crc = struct.unpack_from("<I20sII", partition, at)
        written = sequence != 0xFFFFFFFF
        good = crc == zlib.crc32(struct.pack("<I", sequence), 0xFFFFFFFF)
        assert good or not written, f"the entry at {at:#x} has a wrong CRC"
        assert partition[at + 32 : at + 0x1000] == b"\xFF" * (0x1000 - 32), "more than an entry in its sector"
        entries.append({"sequence": sequence if written else None, "state": STATES[state], "label": label.hex()})
    return entries


def active_slot(entries, slots):
    """What ESP-IDF's boot loader would start: the valid entry with the larger sequence number."""
    usable = [e["sequence"] for e in entries if e["sequence"] is not None and e["state"] not in ("INVALID", "ABORTED")]
    return (max(usable) - 1) % slots if usable else None


def main(flash, folder):
    flash = pathlib.Path(flash).read_bytes()
    rows = partition_table(flash)
    cut = {}
    for row in rows:
        cut[row["label"]] = flash[row["offset"] : row["offset"] + row["size"]]
        pathlib.Path(folder, row["label"] + ".bin").write_bytes(cut[row["label"]])
    entries = otadata(cut["otadata"])
    slots = sum(row["type"] == 0 and 0x10 <= row["subtype"] < 0x20 for row in rows)
    print(json.dumps({"partitions": rows, "otadata": entries, "active": active_slot(entries, slots)}))


if __name__ == "__main__":
    main(*sys.argv[1:])
