#!/bin/sh
# Makes the vectors of this folder with OpenSSL 3.0. Keys are thrown away; see README.md.
set -eu
cd "$(dirname "$0")"
keys=$(mktemp -d)
trap 'rm -rf "$keys"' EXIT
ec() { openssl ecparam -name "$1" -genkey -noout -out "$keys/$2"; }
ec prime256v1 root; ec prime256v1 issuing; ec prime256v1 leaf; ec secp384r1 p384; ec secp521r1 p521
openssl genrsa -out "$keys/rsa2048" 2048
openssl genrsa -out "$keys/rsa1024" 1024
openssl genpkey -algorithm ed25519 -out "$keys/ed25519"

openssl req -x509 -new -key "$keys/root" -sha256 -days 36500 -subj '/C=XX/O=Example/CN=Example Root' \
    -addext basicConstraints=critical,CA:TRUE,pathlen:1 -addext keyUsage=critical,keyCertSign,cRLSign \
    -set_serial 0x8123456789abcdef -out ok_root.pem
issue() { # request key, subject, extensions, issuer certificate, issuer key, output
    openssl req -new -key "$keys/$1" -subj "$2" -out "$keys/request"
    printf '%b' "$3" > "$keys/extensions"
    openssl x509 -req -in "$keys/request" -CA "$4" -CAkey "$keys/$5" -set_serial "$7" -days 36500 -sha256 \
        -extfile "$keys/extensions" -out "$6"
}
issue issuing '/CN=Example Issuing' \
    'basicConstraints=critical,CA:TRUE,pathlen:0\nkeyUsage=critical,keyCertSign,cRLSign\nsubjectKeyIdentifier=hash\nauthorityKeyIdentifier=keyid' \
    ok_root.pem root ok_issuing.pem 2
issue leaf '/CN=updates.example' \
    'keyUsage=critical,digitalSignature\nextendedKeyUsage=serverAuth,clientAuth,1.3.6.1.4.1.311.20.2.2\nsubjectAltName=DNS:updates.example,DNS:*.dl.example,IP:192.0.2.7,IP:2001:db8::7,URI:urn:dev:mac:0024befffe804ff1,email:x@example\n' \
    ok_issuing.pem issuing ok_leaf.pem 3
issue leaf '/CN=one/CN=two' 'basicConstraints=CA:FALSE\n' ok_issuing.pem issuing ok_two_names.pem 4
openssl req -x509 -new -key "$keys/rsa2048" -sha384 -days 36500 -subj '/OU=No common name' -out ok_rsa2048.pem
openssl req -x509 -new -key "$keys/p384" -sha256 -days 36500 -subj '/CN=p384' -out ok_p384_sha256.pem
openssl req -x509 -new -key "$keys/p521" -sha512 -days 36500 -subj '/CN=p521' -out ok_p521.pem
openssl req -x509 -new -key "$keys/ed25519" -days 36500 -subj '/CN=ed25519' -out ok_ed25519.pem
openssl req -x509 -new -key "$keys/rsa2048" -sha256 -sigopt rsa_padding_mode:pss -sigopt rsa_pss_saltlen:32 \
    -days 36500 -subj '/CN=pss' -out ok_rsa_pss.pem
openssl req -x509 -new -key "$keys/rsa2048" -sha1 -days 36500 -subj '/CN=sha1' -out err_signature_sha1.pem

request() { openssl req -new -key "$keys/$1" "-$2" -subj "$3" -out "$4"; }
request leaf sha256 /CN=7cdfa1000001 ok_request_p256.pem
request p384 sha256 /CN=p384 ok_request_p384_sha256.pem
request rsa2048 sha256 /CN=rsa ok_request_rsa2048.pem
openssl req -new -key "$keys/leaf" -sha256 -subj /CN=greedy -addext basicConstraints=critical,CA:TRUE \
    -addext keyUsage=critical,keyCertSign -addext extendedKeyUsage=serverAuth -addext subjectAltName=DNS:updates.example \
    -addext subjectKeyIdentifier=hash -addext nsCertType=server -out ok_request_wants_ca.pem
request p521 sha512 /CN=p521 err_request_p521.pem
request rsa1024 sha256 /CN=rsa1024 err_request_rsa1024.pem
request ed25519 sha256 /CN=ed25519 err_request_ed25519.pem
request leaf sha1 /CN=sha1 err_request_sha1.pem
