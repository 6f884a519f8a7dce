#!/bin/sh
# Makes the vectors of this folder with OpenSSL 3.0; see README.md.
set -eu
cd "$(dirname "$0")"
openssl ecparam -name prime256v1 -genkey -out ok_sec1_with_parameters.pem
openssl pkcs8 -topk8 -nocrypt -in ok_sec1_with_parameters.pem -out ok_pkcs8.pem
openssl ec -in ok_pkcs8.pem -pubout -out ok_public.pem
openssl req -x509 -new -key ok_pkcs8.pem -subj /CN=author -days 36500 -out ok_public_certificate.pem
encrypt() { openssl pkcs8 -topk8 -passout "pass:correct horse" -in ok_pkcs8.pem "$@"; }
encrypt -out ok_encrypted_default.pem
encrypt -v2 aes-128-cbc -v2prf hmacWithSHA1 -out ok_encrypted_aes128_sha1.pem
encrypt -v2 aes-192-cbc -v2prf hmacWithSHA512 -iter 10000 -out ok_encrypted_aes192_sha512.pem
encrypt -v2 aes-256-cbc -v2prf hmacWithSHA256 -iter 600000 -out ok_encrypted_aes256_sha256.pem
encrypt -scrypt -out ok_encrypted_scrypt.pem
encrypt -scrypt -scrypt_N 1024 -scrypt_r 8 -scrypt_p 16 -v2 aes-128-cbc -out ok_encrypted_scrypt_aes128.pem
encrypt -iter 100 -out ok_encrypted_few_rounds.pem
encrypt -scrypt -scrypt_N 16 -scrypt_r 8 -scrypt_p 1 -out ok_encrypted_small_scrypt.pem
encrypt -v2 des3 -out err_encrypted_des3.pem
encrypt -v1 PBE-SHA1-3DES -out err_encrypted_pbes1.pem
openssl genrsa 2048 | openssl pkcs8 -topk8 -passout "pass:correct horse" -out err_encrypted_rsa.pem
openssl ec -aes128 -passout pass:x -in ok_pkcs8.pem -out err_encrypted_sec1.pem
openssl ecparam -name secp384r1 -genkey -noout -out err_not_p256.pem
openssl pkcs8 -topk8 -passout "pass:correct horse" -in err_not_p256.pem -out err_encrypted_p384.pem
openssl genpkey -algorithm ed25519 -out err_not_ec.pem
openssl pkey -in err_not_p256.pem -pubout -out err_public_p384.pem
openssl pkey -in err_not_ec.pem -pubout -out err_public_ed25519.pem
openssl pkey -in ok_pkcs8.pem -pubout -ec_conv_form compressed -out err_public_compressed.pem

# Keys for images.
openssl genrsa -traditional -out image_rsa3072_pkcs1.pem 3072
openssl pkcs8 -topk8 -nocrypt -in image_rsa3072_pkcs1.pem -out image_rsa3072.pem
openssl pkcs8 -topk8 -in image_rsa3072_pkcs1.pem -v2 aes-256-cbc -iter 2048 -passout "pass:correct horse" -out image_rsa3072_encrypted.pem
openssl rsa -in image_rsa3072_pkcs1.pem -pubout -out image_rsa3072_public.pem
openssl req -x509 -key image_rsa3072.pem -subj "/CN=Image signer" -days 36500 -out image_rsa3072_certificate.pem
openssl genrsa -out image_rsa2048.pem 2048
openssl ecparam -name secp384r1 -genkey -noout -out image_p384.pem
openssl ecparam -name prime192v1 -genkey -noout -out image_p192.pem
openssl pkcs8 -topk8 -nocrypt -in image_p192.pem -out image_p192_pkcs8.pem
openssl ec -in image_p192.pem -pubout -out image_p192_public.pem
