#!/usr/bin/env bash
# Measures everything that docs/performance.md tells, and puts it there: what stands between its two
# markers is replaced, and the drawings beside it are made anew. Takes a quarter of an hour, and
# 4 GB of memory; the machine should have nothing else to do. Needs valgrind.
#
#     bench/all.sh
set -euo pipefail
cd "$(dirname "$0")/.."
page=docs/performance.md drawings=docs/performance
command -v valgrind >/dev/null || { echo 'valgrind is not installed' >&2; exit 2; }
PROTOC=$(bench/protoc.sh)
export PROTOC
bench="${CARGO_TARGET_DIR:-bench/target}/release/quorate-bench"
out=$(mktemp)
trap 'rm -f "$out"' EXIT

step() { echo "$*" >&2; }
build() { cargo build --quiet --release --manifest-path bench/Cargo.toml --no-default-features --features "$1"; }
# The first line of a table, which says what it is, apart from it.
comparison() { "$bench" | tail -n +3; }

{
    printf 'Measured on %s, at commit %s, with %s, on %s cores of an x86-64 server (%s).\n' \
        "$(date -u +%F)" "$(git rev-parse --short HEAD)$(git diff --quiet HEAD -- src bench/src || echo ', changed')" \
        "$(rustc --version | cut -d ' ' -f 1-2)" "$(nproc)" \
        "$(lscpu | sed -n 's/^Model name: *//p')"

    step 'raft-rs with rust-protobuf'
    build protobuf
    printf '\n## Against raft-rs with rust-protobuf\n\n`%s`\n\n' 'cargo run --release --manifest-path bench/Cargo.toml'
    comparison

    step 'curves'
    printf '\n## How costs grow\n\n`%s`\n' 'cargo run --release --manifest-path bench/Cargo.toml -- --curves docs/performance'
    "$bench" --curves "$drawings" | awk -v drawings="${drawings##*/}" '
        /^[a-z-]+: / {
            name = $1
            sub(/:$/, "", name)
            sub(/^[a-z-]+: /, "")
            printf "\n### %s%s\n\n![%s](%s/%s.svg)\n", toupper(substr($0, 1, 1)), substr($0, 2), name, drawings, name
            blank = 0
            next
        }
        NF || !blank { print }
        { blank = !NF }'

    step 'raft-rs with prost'
    build prost
    printf '\n## Against raft-rs with prost\n\n`%s`\n\n' \
        'PROTOC=$(bench/protoc.sh) cargo run --release --manifest-path bench/Cargo.toml --no-default-features --features prost'
    comparison

    step 'instructions'
    printf '\n## Instructions a committed proposal, whole group\n\n`bench/instructions.sh`\n\n'
    bench/instructions.sh | tail -n +3
    printf '\n`bench/instructions.sh --features prost --engine raft-rs`\n\n'
    bench/instructions.sh --features prost --engine raft-rs | tail -n +3

    step 'clean builds'
    printf '\n## Clean builds\n\n`bench/build-cost.sh`\n\n'
    (unset CARGO_TARGET_DIR && bench/build-cost.sh)
} > "$out"

awk -v measured="$out" '
    /^<!-- measured: end -->$/ { skip = 0 }
    !skip
    /^<!-- measured: begin -->$/ {
        skip = 1
        print ""
        while ((getline line < measured) > 0) { if (line != "" || last != "") print line; last = line }
        if (last != "") print ""
    }' "$page" > "$out.page"
mv "$out.page" "$page"
