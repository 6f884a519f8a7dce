"""Makes the byte literals of tests/wire/v1.rs without any code of ours: see README.md."""

import hashlib

import cbor2
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, utils

MANIFEST_MEDIA_TYPE = "application/vnd.countersign.manifest+cbor"
AUTHORS_MEDIA_TYPE = "application/vnd.countersign.authors+cbor"


def encode(value):
    return cbor2.dumps(value, canonical=True)


def show(name, data):
    print(f"{name} = {data.hex()}")


def author_of(number):
    """The key of that number with its public half and its id: anyone may have it."""
    key = ec.derive_private_key(number, ec.SECP256R1())
    spki = key.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return key, spki, hashlib.sha256(spki).digest()[:8]


def sign(key, structure):
    der = key.sign(encode(structure), ec.ECDSA(hashes.SHA256(), deterministic_signing=True))
    r, s = utils.decode_dss_signature(der)
    return r.to_bytes(32, "big") + s.to_bytes(32, "big")


key, spki, author = author_of(0x436F756E7465727369676E)
second, second_spki, second_author = author_of(0x7365636F6E64)
third, third_spki, third_author = author_of(0x7468697264)

manifest = {
    0: 1, 1: "thermostat", 2: 5, 3: "thermostat-fw", 4: "1.4.0", 5: bytes(range(32)), 6: 1_048_576,
    7: 42, 8: 3, 9: 1_790_000_000,
}
manifest_with_end = manifest | {10: 1_800_000_000}

payload = encode(manifest_with_end)
protected = encode({1: -7, 3: MANIFEST_MEDIA_TYPE, 4: author})
to_be_signed = encode(["Signature1", protected, b"", payload])
signature = sign(key, ["Signature1", protected, b"", payload])
signed = encode(cbor2.CBORTag(18, [protected, {}, payload, signature]))

check_in = {
    0: 1, 1: "thermostat", 2: 5, 3: "1.3.9", 4: bytes([0xAB] * 32), 5: 41, 6: 3, 7: 1, 8: 0,
}
first_check_in = {0: 1, 1: "thermostat", 2: 0, 3: "", 5: 0, 6: 0, 7: 0, 8: 1}
reply = {0: 1, 1: 1_790_000_100, 2: 3600}
offer = {0: bytes(range(16)), 1: signed, 2: "https://ota.example.com/i/abc?s=1"}
reply_with_offer = reply | {3: offer}
report = {0: 1, 1: bytes(range(16)), 2: 1, 3: "1.4.0"}
report_refused = {0: 1, 1: bytes(range(16)), 2: 3, 3: "1.3.9", 4: 10}
report_untrusted_image = report_refused | {4: 19}

# Author sets, and manifests of several authors.
def co_signature(key, author):
    header = encode({1: -7, 3: MANIFEST_MEDIA_TYPE, 4: author})
    return [author, sign(key, ["Signature1", header, b"", payload])]


def signed_set(said, signers):
    body, payload = encode({3: AUTHORS_MEDIA_TYPE}), encode(said)
    signatures = []
    for key, author in signers:
        header = encode({1: -7, 4: author})
        signatures.append([header, {}, sign(key, ["Signature", body, header, b"", payload])])
    return encode(cbor2.CBORTag(98, [body, {}, payload, signatures]))


co_signatures = [co_signature(second, second_author), co_signature(third, third_author)]
points = [spki[26:], second_spki[26:], third_spki[26:]]
author_set = {0: 1, 1: "thermostat", 2: 1, 3: 2, 4: points, 5: 1_790_000_000}
successor = {
    0: 1, 1: "thermostat", 2: 2, 3: 1, 4: [second_spki[26:]], 5: 1_791_000_000, 6: 1_900_000_000,
}
signed_author_set = signed_set(author_set, [(key, author), (second, second_author)])
signed_successor = signed_set(successor, [(second, second_author), (third, third_author)])

for name, data in {
    "SPKI": spki,
    "CHECK_IN": encode(check_in),
    "FIRST_CHECK_IN": encode(first_check_in),
    "REPLY": encode(reply),
    "REPLY_WITH_OFFER": encode(reply_with_offer),
    "REPORT": encode(report),
    "REPORT_REFUSED": encode(report_refused),
    "REPORT_UNTRUSTED_IMAGE": encode(report_untrusted_image),
    "MANIFEST": encode(manifest),
    "MANIFEST_WITH_END": payload,
    "TO_BE_SIGNED": to_be_signed,
    "SIGNED": signed,
    "SECOND_SPKI": second_spki,
    "THIRD_SPKI": third_spki,
    "CHECK_IN_OF_SET_1": encode(check_in | {9: 1}),
    "REPLY_WITH_SUCCESSOR": encode(reply | {4: signed_successor}),
    "REPLY_WITH_CO_SIGNATURES": encode(reply | {3: offer | {3: co_signatures}}),
    "CO_SIGNATURES": encode(co_signatures),
    "REPORT_TOO_FEW_AUTHORS": encode(report_refused | {4: 20}),
    "REPORT_AUTHORS_ENDED": encode(report_refused | {4: 21}),
    "AUTHOR_SET": encode(author_set),
    "SUCCESSOR": encode(successor),
    "SIGNED_AUTHOR_SET": signed_author_set,
    "SIGNED_SUCCESSOR": signed_successor,
    # What a later version may send, and this one shall pass over.
    "REPLY_LATER": encode(reply | {9: {"x": [1, None]}, -1: b"", "later": True}),
    "CHECK_IN_VERSION_2": encode(check_in | {0: 2}),
}.items():
    show(name, data)
