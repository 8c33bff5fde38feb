#!/bin/sh
# tools/deps.sh [build|test|lint|bench|node]... - installs the Debian packages that are missing,
# saying what and why; without a word, those of every set. Elsewhere it prints the list and stops.
set -eu

# set  package                  why
packages='
build  gcc                      the compiler
build  libc6-dev                the C library
build  pkg-config               finds the libraries below
build  libevent-dev             event loop, timers, names of hosts
build  libserialport-dev        serial lines
build  libsqlite3-dev           the store
build  libargon2-dev            passwords
build  libmbedtls-dev           TLS, and hashes of passwords that mosquitto made
build  libwslay-dev             frames of WebSocket
build  libcjson-dev             answers of the control socket, and commands that read them
build  libpcap-dev              captured packets, for sn-dump
test   libcmocka-dev            unit tests
test   clang                    the second compiler, sanitizers, fuzzers
test   libclang-rt-dev          their run time
test   python3                  system tests and bench
test   mosquitto                tests start their own; its service may be disabled, it takes 1883
test   mosquitto-clients        real MQTT programs
test   openssl                  certificates for tests of TLS
test   libmosquitto-dev         a client library people use
test   libpaho-mqtt-dev         another, with two APIs
test   python3-paho-mqtt        one in Python
test   nodejs                   runs MQTT.js and aedes; any that brings the command node will do
test   npm                      installs them under build/; any that brings the command will do
test   rabbitmq-server          a far broker; its service may be disabled, it takes 5672
test   tinyproxy                an HTTP proxy; tests start their own, its service may be disabled
test   microsocks               a SOCKS 5 proxy
test   iproute2                 networks that some stories have of their own
test   tshark                   reads what sn-dump writes
lint   clang-format             the form of every file
lint   clang-tidy               what a compiler does not see
node   gcc-arm-none-eabi        images of nodes, and the size of the node library
node   libnewlib-arm-none-eabi  their memory functions
node   qemu-system-arm          the boards that run them in tests
bench  valgrind                 instructions of one decode
bench  strace                   system calls per message
'
sets=${*:-build test lint node bench}

wanted=$(for set in $sets; do echo "$packages" | grep "^$set " || :; done)
list() {
    echo "$wanted" | while read -r set package why; do
        case " $1 " in *" $package "*) printf '  %-24s %s: %s\n' "$package" "$set" "$why" ;; esac
    done
}
names=$(echo "$wanted" | awk '{printf "%s ", $2}')

if ! command -v apt-get >/dev/null || ! command -v dpkg-query >/dev/null; then
    echo "This is not a Debian system. Please install what these packages hold:"
    list "$names"
    echo "Then go on by make and tools/run.sh, or make check."
    exit 1
fi

missing=$(for package in $names; do
    case $package in nodejs | npm) ! command -v "${package%js}" >/dev/null || continue ;; esac
    dpkg-query -W -f '${db:Status-Status}\n' "$package" 2>/dev/null | grep -qx installed ||
        printf '%s ' "$package"
done)
[ -n "$missing" ] || exit 0

echo "Missing, to be installed by apt-get:"
list "$missing"
sudo=
if [ "$(id -u)" -ne 0 ]; then
    command -v sudo >/dev/null || { echo "Neither root nor sudo: please install them."; exit 1; }
    sudo=sudo
fi
$sudo apt-get update -q
# shellcheck disable=SC2086
$sudo env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends $missing
