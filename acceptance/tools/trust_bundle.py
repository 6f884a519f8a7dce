"""Reads an ESP-IDF certificate bundle by its layout, and a certificate with `cryptography`: both as JSON.

Usage: trust_bundle.py legacy|offsets BUNDLE CERTIFICATE.pem
"""

import json
import pathlib
import struct
import sys

from cryptography import x509
from cryptography.hazmat.primitives import serialization


def legacy(data):
    """Before v5.4: a count, then names and keys back to back, lengths in big-endian."""
    (count,) = struct.unpack_from(">H", data)
    at, entries = 2, []
    for _ in range(count):
        name, key = struct.unpack_from(">HH", data, at)
        at += 4
        entries.append((data[at : at + name], data[at + name : at + name + key]))
        at += name + key
    assert at == len(data), f"{len(data) - at} bytes behind the last entry"
    return entries


def offsets(data):
    """From v5.4 on: a table of offsets, as long as the first of them says, lengths in little-endian."""
    (first,) = struct.unpack_from("<I", data)
    assert first and first % 4 == 0
    entries, end = [], first
    for (at,) in struct.iter_unpack("<I", data[:first]):
        assert at == end, "a gap between entries"
        name, key = struct.unpack_from("<HH", data, at)
        at += 4
        entries.append((data[at : at + name], data[at + name : at + name + key]))
        end = at + name + key
    assert end == len(data), f"{len(data) - end} bytes behind the last entry"
    return entries


def main(layout, bundle, certificate):
    entries = {"legacy": legacy, "offsets": offsets}[layout](pathlib.Path(bundle).read_bytes())
    certificate = x509.load_pem_x509_certificate(pathlib.Path(certificate).read_bytes())
    key = certificate.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    wanted = {
        "subject": certificate.subject.public_bytes().hex(),
        "key": key.hex(),
        "name": certificate.subject.rfc4514_string(),
    }
    entries = [{"subject": subject.hex(), "key": key.hex()} for subject, key in entries]
    print(json.dumps({"entries": entries, "certificate": wanted}))


if __name__ == "__main__":
    main(*sys.argv[1:])
