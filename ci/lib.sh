# Shared by the scripts of ci/; sourced, not run. Sets root, the checkout, and goes there.
# shellcheck shell=bash
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$root" || exit 1

say() { printf '%s: %s\n' "${0##*/}" "$*" >&2; }

# The java to use, and the major version of one.
# shellcheck disable=SC2034  # for the scripts that source this
java=${JAVA_HOME:+$JAVA_HOME/bin/}java
java_major() { # java executable
  local home
  home=$(dirname "$(dirname "$(readlink -f "$(command -v "$1")")")")
  sed -nE 's/^JAVA_VERSION="([0-9]+).*/\1/p' "$home/release"
}

# JVM flags that Securepair wants, one a line: native access, where it has to be given by name.
jvm_flags() { # java executable
  [ "$(java_major "$1")" -lt 22 ] || printf '%s\n' --enable-native-access=ALL-UNNAMED
}

# Changes when a source of the build does: names, sizes and times of all of them.
source_stamp() {
  find pom.xml CMakeLists.txt native java benchmarks examples ci/openssl* .mvn -name target -prune -o -type f \
    -printf '%p %s %T@\n' 2>/dev/null | sort | sha256sum | cut -c1-16
}
