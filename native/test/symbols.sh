#!/bin/sh
# symbols.sh LIBRARY - fails if LIBRARY needs a symbol of libssl or libcrypto that OpenSSL 3.0.0 has not: one binary is
# to run on every 3.x. The symbols' versions say since when they exist; the bundle's have a name of its own in them.
set -eu
newer=$(objdump -T "$1" | grep -E '\*UND\*.*OPENSSL_' | grep -vE 'OPENSSL(_[A-Z]+)?_3\.0\.0' || true)
if [ -n "$newer" ]; then
  printf 'newer than OpenSSL 3.0.0:\n%s\n' "$newer"
  exit 1
fi
count=$(objdump -T "$1" | grep -cE '\*UND\*.*OPENSSL(_[A-Z]+)?_3\.0\.0' || true)
printf '%s symbols, all of OpenSSL 3.0.0\n' "$count"
[ "$count" -gt 50 ]
