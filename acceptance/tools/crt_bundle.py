"""Makes an ESP-IDF certificate bundle as its documentation describes it, with `cryptography`: another maker of the same bytes.

Usage: crt_bundle.py legacy|offsets OUT FILE.pem...
"""

import pathlib
import struct
import sys

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat


def main(layout, out, *files):
    """Sorts by the subject's DER, which equal subjects do not change, and writes names and keys behind an index."""
    certificates = []
    for file in files:
        certificates += x509.load_pem_x509_certificates(pathlib.Path(file).read_bytes())
    certificates.sort(key=lambda certificate: certificate.subject.public_bytes())
    order = {"legacy": ">", "offsets": "<"}[layout]
    entries = []
    for certificate in certificates:
        name = certificate.subject.public_bytes()
        key = certificate.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        entries.append(struct.pack(order + "HH", len(name), len(key)) + name + key)
    if layout == "legacy":
        index = struct.pack(">H", len(entries))
    else:
        at, index = 4 * len(entries), b""
        for entry in entries:
            index += struct.pack("<I", at)
            at += len(entry)
    pathlib.Path(out).write_bytes(index + b"".join(entries))


if __name__ == "__main__":
    main(*sys.argv[1:])
