#!/bin/sh
# Makes the test data beside this file: certificates that no one trusts and keys that protect nothing. Needs openssl 3.
set -eu
cd "$(dirname "$0")"
certificate() {
    name=$1; subject=$2; shift 2
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout /dev/null -utf8 \
        -subj "$subject" -outform DER -out "$name.der" "$@" 2>/dev/null
}
long="-days 36500"
# shellcheck disable=SC2086
{
    certificate ann "/O=Example/CN=ann" $long \
        -addext "subjectAltName=email:ann@example.org,DNS:ann.example.org,URI:urn:user:ann,IP:192.0.2.1"
    certificate utf8 "/CN=jürg" $long
    certificate nobody "/O=Example" $long
    certificate twice "/CN=ann/CN=root" $long \
        -addext "subjectAltName=email:ann@example.org,email:root@example.org,DNS:a.example.org,DNS:b.example.org,URI:urn:a,URI:urn:b"
    certificate slash "/CN=ann\/..\/root" $long -addext "subjectAltName=URI:https://example.org/ann"
}
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout - $long -subj "/CN=localhost" \
    -addext "subjectAltName=DNS:localhost" -addext "basicConstraints=critical,CA:FALSE" \
    -outform DER -out server.der 2>/dev/null | openssl pkcs8 -topk8 -nocrypt -outform DER -out server.pkcs8.der
openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048 2>/dev/null |
    openssl pkcs8 -topk8 -nocrypt -outform DER -out rsa.pkcs8.der
