#!/bin/sh
# Makes the test data beside this file: an authority that no one trusts, and keys that protect nothing. Needs openssl 3.
set -eu
cd "$(dirname "$0")"
curve="-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes"
authority() {
    # shellcheck disable=SC2086
    openssl req -x509 $curve -keyout "$1.key" -out "$1.pem" -days 36500 -subj "/O=Example/CN=$1" \
        -addext "basicConstraints=critical,CA:TRUE" -addext "keyUsage=critical,keyCertSign" 2>/dev/null
}
# issue NAME AUTHORITY SUBJECT DAYS USE [more extensions]
issue() {
    name=$1; authority=$2; subject=$3; days=$4; use=$5; more=${6:-}
    # shellcheck disable=SC2086
    openssl req $curve -keyout "$name.key" -subj "$subject" -out "$name.csr" 2>/dev/null
    printf 'basicConstraints=critical,CA:FALSE\nextendedKeyUsage=%s\n%s\n' "$use" "$more" > "$name.ext"
    openssl x509 -req -in "$name.csr" -CA "$authority.pem" -CAkey "$authority.key" -CAcreateserial \
        -days "$days" -extfile "$name.ext" -out "$name.pem" 2>/dev/null
    rm "$name.csr" "$name.ext"
}
authority ca
authority other-ca
issue server ca "/CN=dav.test" 36500 serverAuth "subjectAltName=DNS:dav.test,DNS:localhost,IP:127.0.0.1"
issue ann ca "/O=Example/CN=ann" 36500 clientAuth
issue bob ca "/O=Example/CN=bob" 36500 clientAuth
issue nobody ca "/O=Example" 36500 clientAuth
issue expired ca "/O=Example/CN=ann" -1 clientAuth
issue stranger other-ca "/O=Example/CN=ann" 36500 clientAuth
rm ./*.srl ca.key other-ca.key other-ca.pem
