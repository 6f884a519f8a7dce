#!/bin/sh
# Makes the CRLs of this folder, and their issuer's certificate, with OpenSSL 3.0. The key is thrown away; see README.md.
set -eu
cd "$(dirname "$0")"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
openssl ecparam -name prime256v1 -genkey -noout -out "$work/key"
openssl req -x509 -new -key "$work/key" -sha256 -days 36500 -subj '/C=XX/CN=Example CRL Issuer' \
    -addext basicConstraints=critical,CA:TRUE -addext keyUsage=critical,cRLSign,keyCertSign -out ok_crl_issuer.pem
# A CA's, whose key may sign certificates and no CRLs.
openssl req -x509 -new -key "$work/key" -sha256 -days 36500 -subj '/CN=No CRLs' \
    -addext basicConstraints=critical,CA:TRUE -addext keyUsage=critical,keyCertSign -out ok_ca_without_crls.pem

cat > "$work/config" <<END
[ca]
default_ca = it
[it]
database = $work/index
crlnumber = $work/number
default_md = sha256
default_crl_days = 36500
[extensions]
authorityKeyIdentifier = keyid
[delta]
authorityKeyIdentifier = keyid
deltaCRL = critical,DER:02:01:05
[partial]
authorityKeyIdentifier = keyid
issuingDistributionPoint = critical,@point
[point]
fullname = URI:http://crl.example/users.crl
onlyuser = TRUE
END
crl() { # file, number, section of extensions
    echo "$2" > "$work/number"
    openssl ca -gencrl -config "$work/config" -cert ok_crl_issuer.pem -keyfile "$work/key" -crlexts "$3" \
        -crl_lastupdate 20260102030405Z -crl_nextupdate "${4:-20260109030405Z}" -out "$1"
}
: > "$work/index"
crl ok_crl_empty.pem 0100 extensions
{
    printf 'R\t991231235959Z\t260101000000Z\t0A\tunknown\t/CN=a\n'
    printf 'R\t991231235959Z\t260101000001Z,keyCompromise\t80FFEEDDCCBBAA99887766554433221100FFEEDD\tunknown\t/CN=b\n'
    printf 'R\t991231235959Z\t260101000002Z,superseded\t8000\tunknown\t/CN=c\n'
    printf 'R\t991231235959Z\t260101000003Z,cessationOfOperation\t01\tunknown\t/CN=d\n'
} > "$work/index"
crl ok_crl.pem 0102030405060708090A extensions
crl ok_crl_until_2050.pem 7F extensions 20500101000000Z
crl err_crl_delta.pem 06 delta
crl err_crl_partial.pem 07 partial
# Without a number, and without any extension, which makes it a CRL of version 1.
sed -i '/^crlnumber/d' "$work/config"
plain() {
    openssl ca -gencrl -config "$work/config" -cert ok_crl_issuer.pem -keyfile "$work/key" -crldays 7 -out "$1"
}
plain err_crl_no_number.pem
sed -i 's/Z,[a-zA-Z]*/Z/' "$work/index"
plain err_crl_v1.pem
