#!/bin/sh
# Makes the certificates whose signatures the tests cannot make themselves. OpenSSL 3.0.19 (Debian 12).
set -eu
cd "$(dirname "$0")"
ca='-addext basicConstraints=critical,CA:TRUE -addext keyUsage=critical,keyCertSign'

openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -out root.key.pem 2>/dev/null
openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out ca.key.pem 2>/dev/null

# A root that signed itself with SHA-1, as the oldest ones did.
openssl req -x509 -new -key root.key.pem -sha1 -subj '/O=Odd/CN=Odd Root' -days 10000 $ca -outform DER -out root_sha1.der

# One CA below it, with one key, certified in every way.
openssl req -new -key ca.key.pem -subj '/O=Odd/CN=Odd CA' -out ca.csr
printf 'basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign\n' > ca.ext
sign() {
    out=$1
    shift
    openssl x509 -req -in ca.csr -CA root_sha1.der -CAform DER -CAkey root.key.pem -set_serial 7 -days 10000 \
        -extfile ca.ext "$@" -outform DER -out "$out" 2>/dev/null
}
sign ca_md5.der -md5
sign ca_sha1.der -sha1
sign ca_sha224.der -sha224
sign ca_sha256.der -sha256
sign ca_pss_sha256.der -sha256 -sigopt rsa_padding_mode:pss -sigopt rsa_pss_saltlen:32
sign ca_pss_sha1.der -sha1 -sigopt rsa_padding_mode:pss -sigopt rsa_pss_saltlen:20
rm ca.csr ca.ext

# A root whose key is longer than most chips compute with, and a server below it.
openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:8192 -out long.key.pem 2>/dev/null
openssl req -x509 -new -key long.key.pem -sha256 -subj '/CN=Long Root' -days 10000 $ca -outform DER -out root_rsa8192.der
openssl req -new -key ca.key.pem -subj '/CN=s3.example' -out leaf.csr
printf 'subjectAltName=DNS:s3.example\n' > leaf.ext
openssl x509 -req -in leaf.csr -CA root_rsa8192.der -CAform DER -CAkey long.key.pem -set_serial 7 -days 10000 \
    -extfile leaf.ext -sha256 -outform DER -out leaf_rsa8192.der 2>/dev/null
rm leaf.csr leaf.ext long.key.pem
