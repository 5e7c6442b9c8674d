#!/usr/bin/env bash
# Instructions a committed proposal of the whole group costs, as callgrind counts them: unlike times,
# they repeat. What a long run takes more than a short one, so that setting up costs nothing. The floor
# is what the loops cost without any protocol. Needs valgrind.
#
#     bench/instructions.sh                           # N=3, 256 B, batches of 1, 16, 256; merged; commits told later; long logs
#     bench/instructions.sh --only proposals-n3-16B-1 # workloads whose names begin so
#     bench/instructions.sh --engine quorate          # that one only
#     bench/instructions.sh --features prost          # raft-rs with its other codec
set -euo pipefail
cd "$(dirname "$0")"
command -v valgrind >/dev/null || { echo 'valgrind is not installed' >&2; exit 2; }

only='(proposals|batching|late-notice)-n3-256B-|log-length-' engines='raft-rs quorate floor' codec=protobuf
while [ $# -gt 0 ]; do
    case $1 in
        --only) only=$2 ;;
        --engine) engines=$2 ;;
        --features) codec=$2 ;;
        *) echo "unknown argument $1" >&2; exit 2 ;;
    esac
    shift 2 || { echo 'the last argument needs a value' >&2; exit 2; }
done

[ "$codec" != prost ] || export PROTOC="$(./protoc.sh)"
cargo build --release --quiet --no-default-features --features "$codec"
bench="${CARGO_TARGET_DIR:-target}/release/quorate-bench"
short=4096 long=12288

collected() {
    valgrind --tool=callgrind --callgrind-out-file=/dev/null "$bench" --once "$1" --length "$2" 2>&1 |
        awk '/Collected/ { print $NF }'
}

printf 'instructions a committed proposal; raft-rs with %s\n\n| workload |' "$codec"
printf ' %s |' $engines
printf '\n| --- |'
printf ' --- |%.0s' $engines
printf '\n'
all=$("$bench" --list)
grep -E "^$only" <<< "$all" | sed -n 's,/quorate$,,p' | while read -r workload; do
    printf '| %s |' "$workload"
    for engine in $engines; do
        if ! grep -qx "$workload/$engine" <<< "$all"; then
            printf ' - |'
            continue
        fi
        more=$(($(collected "$workload/$engine" $long) - $(collected "$workload/$engine" $short)))
        printf ' %d |' $((more / (long - short)))
    done
    printf '\n'
done
