"""Seals and opens images as the description of `esp_encrypted_img` 2.7.1 has it, with `cryptography`.

Usage: sealed.py seal PLAIN PUBLIC.pem SEALED
       sealed.py open SEALED KEY PLAIN           KEY is a private key in PEM, or the 32 bytes of an HMAC key
       sealed.py pkcs8 HMAC-KEY PRIVATE.pem      the private key that a device makes of its HMAC key
"""

import hashlib
import os
import pathlib
import struct
import sys

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

MAGIC = 0x0788B6CF
# magic, key material, IV, length, tag, zeros
HEADER = struct.Struct("<I384s16sI16s88s")
SALT = bytes.fromhex("0e2160642dae76d33448e43d7720123d9f3b1eceb88e573a4e8f7fb94ff0c869")
POINT = serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint


def of_secret(secret, salt):
    return HKDF(hashes.SHA256(), 32, salt, b"_esp_enc_img_ecc").derive(secret)


def of_hmac_key(hmac_key):
    assert len(hmac_key) == 32
    scalar = hashlib.pbkdf2_hmac("sha256", hmac_key, SALT, 2048)
    return ec.derive_private_key(int.from_bytes(scalar, "big"), ec.SECP256R1())


def seal(plain, key):
    iv = os.urandom(16)
    if isinstance(key, rsa.RSAPublicKey):
        assert key.key_size == 3072
        aes_key = os.urandom(32)
        material = key.encrypt(aes_key, padding.PKCS1v15())
    else:
        ephemeral, salt = ec.generate_private_key(ec.SECP256R1()), os.urandom(32)
        aes_key = of_secret(ephemeral.exchange(ec.ECDH(), key), salt)
        material = ephemeral.public_key().public_bytes(*POINT)[1:] + salt + bytes(288)
    cipher = Cipher(algorithms.AES(aes_key), modes.GCM(iv)).encryptor()
    text = cipher.update(plain) + cipher.finalize()
    return HEADER.pack(MAGIC, material, iv, len(plain), cipher.tag, bytes(88)) + text


def opened(sealed, key):
    magic, material, iv, length, tag, zeros = HEADER.unpack(sealed[: HEADER.size])
    text = sealed[HEADER.size :]
    assert magic == MAGIC and length == len(text) and not any(zeros)
    if isinstance(key, rsa.RSAPrivateKey):
        aes_key = key.decrypt(material, padding.PKCS1v15())
    else:
        assert not any(material[96:])
        point = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), b"\x04" + material[:64])
        aes_key = of_secret(key.exchange(ec.ECDH(), point), material[64:96])
    cipher = Cipher(algorithms.AES(aes_key), modes.GCM(iv, tag)).decryptor()
    return cipher.update(text) + cipher.finalize()


def private(data):
    if data.startswith(b"-----BEGIN"):
        return serialization.load_pem_private_key(data, None)
    return of_hmac_key(data)


def main(what, *names):
    paths = [pathlib.Path(name) for name in names]
    if what == "seal":
        plain, key, sealed = paths
        key = serialization.load_pem_public_key(key.read_bytes())
        sealed.write_bytes(seal(plain.read_bytes(), key))
    elif what == "open":
        sealed, key, plain = paths
        plain.write_bytes(opened(sealed.read_bytes(), private(key.read_bytes())))
    elif what == "pkcs8":
        hmac_key, pem = paths
        form = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        key = of_hmac_key(hmac_key.read_bytes())
        pem.write_bytes(key.private_bytes(serialization.Encoding.PEM, *form))
    else:
        sys.exit(__doc__)


main(*sys.argv[1:])
