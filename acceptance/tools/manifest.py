"""Decodes a signed manifest with `cbor2` and verifies it with `cryptography`: what it says, as JSON.

Usage: manifest.py MANIFEST.cose AUTHOR.pub.pem            exit 1 where the signature is not the author's
       manifest.py --sweep MANIFEST.cose AUTHOR.pub.pem    flips each bit of payload and signature; prints how many, and
                                                           which of them still verify
"""

import hashlib
import io
import json
import pathlib
import sys

import cbor2
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, utils

MEDIA_TYPE = "application/vnd.countersign.manifest+cbor"


def decode(data):
    """The one CBOR item in `data`, which nothing follows."""
    stream = io.BytesIO(data)
    value = cbor2.load(stream)
    assert not stream.read(), "bytes behind the item"
    return value


def parts(data):
    tagged = decode(data)
    assert isinstance(tagged, cbor2.CBORTag) and tagged.tag == 18, "no tagged COSE_Sign1"
    protected, unprotected, payload, signature = tagged.value
    assert dict(unprotected) == {}
    return protected, payload, signature


def verifies(key, protected, payload, signature):
    """ES256 over the Sig_structure (RFC 9052 section 4.4)."""
    signed = cbor2.dumps(["Signature1", protected, b"", payload])
    r, s = (int.from_bytes(half, "big") for half in (signature[:32], signature[32:]))
    try:
        key.verify(utils.encode_dss_signature(r, s), signed, ec.ECDSA(hashes.SHA256()))
    except InvalidSignature:
        return False
    return len(signature) == 64


def flipped(data, bit):
    data = bytearray(data)
    data[bit // 8] ^= 1 << bit % 8
    return bytes(data)


def main(args):
    sweep = args[0] == "--sweep"
    data, pem = (pathlib.Path(name).read_bytes() for name in args[-2:])
    key = serialization.load_pem_public_key(pem)
    protected, payload, signature = parts(data)
    assert verifies(key, protected, payload, signature), "not the author's signature"
    if sweep:
        still = [("payload", b) for b in range(8 * len(payload)) if verifies(key, protected, flipped(payload, b), signature)]
        still += [("signature", b) for b in range(512) if verifies(key, protected, payload, flipped(signature, b))]
        print(json.dumps({"flipped": 8 * len(payload) + 512, "still": still}))
        return
    header, said = decode(protected), decode(payload)
    spki = key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    print(
        json.dumps(
            {
                "algorithm": header[1],
                "media_type_is_ours": header[3] == MEDIA_TYPE,
                "header_keys": sorted(header),
                "author": header[4].hex(),
                "author_of_key": hashlib.sha256(spki).digest()[:8].hex(),
                "manifest": {str(k): v.hex() if isinstance(v, bytes) else v for k, v in said.items()},
                "deterministic": {
                    "envelope": cbor2.dumps(cbor2.CBORTag(18, [protected, {}, payload, signature]), canonical=True) == data,
                    "protected": cbor2.dumps(header, canonical=True) == protected,
                    "payload": cbor2.dumps(said, canonical=True) == payload,
                },
                # Where they lie in the file, so that a test can flip bits there.
                "payload_at": data.index(payload),
                "payload_size": len(payload),
                "signature_at": data.index(signature),
            }
        )
    )


if __name__ == "__main__":
    main(sys.argv[1:])
