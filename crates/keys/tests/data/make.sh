#!/bin/sh
# Makes the vectors of this folder with OpenSSL 3.0; see README.md.
set -eu
cd "$(dirname "$0")"
openssl ecparam -name prime256v1 -genkey -out ok_sec1_with_parameters.pem
openssl pkcs8 -topk8 -nocrypt -in ok_sec1_with_parameters.pem -out ok_pkcs8.pem
openssl ec -in ok_pkcs8.pem -pubout -out ok_public.pem
openssl req -x509 -new -key ok_pkcs8.pem -subj /CN=author -days 36500 -out ok_public_certificate.pem
openssl pkcs8 -topk8 -passout pass:x -in ok_pkcs8.pem -out err_encrypted_pkcs8.pem
openssl ec -aes128 -passout pass:x -in ok_pkcs8.pem -out err_encrypted_sec1.pem
openssl ecparam -name secp384r1 -genkey -noout -out err_not_p256.pem
openssl genpkey -algorithm ed25519 -out err_not_ec.pem
openssl pkey -in err_not_p256.pem -pubout -out err_public_p384.pem
openssl pkey -in err_not_ec.pem -pubout -out err_public_ed25519.pem
openssl pkey -in ok_pkcs8.pem -pubout -ec_conv_form compressed -out err_public_compressed.pem
