#!/usr/bin/env bash
# What a clean release build of each library costs, with all that it needs: CPU seconds, and crates.
# Built from nothing, as the only dependency of an empty crate; downloads are not counted.
#
#     bench/build-cost.sh [quorate|protobuf|prost]...
set -euo pipefail
cd "$(dirname "$0")/.."
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# A library's name for the table, and its line in Cargo.toml.
measure() {
    local name=$1 dependency=$2 crate=$work/crate
    rm -rf "$crate" && mkdir -p "$crate/src" && touch "$crate/src/lib.rs"
    printf '[package]\nname = "empty"\nversion = "0.0.0"\nedition = "2024"\n\n[dependencies]\n%s\n' \
        "$dependency" > "$crate/Cargo.toml"
    (cd "$crate" && cargo fetch --quiet)
    # Of all platforms, only this one's; procedural macros and what builds need included.
    local crates
    crates=$(cd "$crate" && cargo tree --edges normal,build --prefix none --format '{p}' |
        sed 's/ (.*//' | sort -u | grep -cv '^empty ')
    local TIMEFORMAT='%U %S' seconds
    seconds=$({ time (cd "$crate" && CARGO_TARGET_DIR=target cargo build --release --quiet --offline) >&2; } 2>&1 |
        tail -n 1 | awk '{ printf "%.0f", $1 + $2 }')
    echo "| $name | $seconds | $crates |"
}

PROTOC=$(bench/protoc.sh)
export PROTOC

printf '| clean build | CPU seconds | crates |\n| --- | --- | --- |\n'
for library in "${@:-protobuf prost quorate}"; do
    for library in $library; do
        case $library in
            quorate) measure quorate "quorate = { path = \"$PWD\" }" ;;
            protobuf | prost)
                measure "raft-rs, $library" \
                    "raft = { version = \"=0.7.0\", default-features = false, features = [\"$library-codec\"] }" ;;
            *) echo "unknown library $library" >&2; exit 2 ;;
        esac
    done
done
