#!/usr/bin/env bash
# Where a protoc is that raft-rs's prost codec can be built with: $PROTOC, the one that is installed, or
# the one that protobuf-build carries, on which raft-rs depends with either codec.
set -euo pipefail
cd "$(dirname "$0")"
if [ -n "${PROTOC:-}" ] || PROTOC=$(command -v protoc); then
    echo "$PROTOC"
    exit
fi
crate=$(cargo metadata --format-version 1 --locked --no-default-features --features prost |
    grep -o '"manifest_path":"[^"]*/protobuf-build-[^"]*"' | cut -d '"' -f 4)
carried=$(dirname "$crate")/bin/protoc-linux-$(uname -m)
[ -x "$carried" ] || { echo 'no protoc: install protobuf-compiler, or set PROTOC' >&2; exit 2; }
echo "$carried"
