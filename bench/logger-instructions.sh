#!/usr/bin/env bash
# Instructions of each way of each of the loggers' workloads, as callgrind counts them, and their ratio
# to the first way. Needs valgrind.
#
#     bench/logger-instructions.sh
set -euo pipefail
cd "$(dirname "$0")"
command -v valgrind >/dev/null || { echo 'valgrind is not installed' >&2; exit 2; }
cargo build --release --quiet --features logger
bench="${CARGO_TARGET_DIR:-target}/release/quorate-bench"

printf '| variant | instructions | ratio |\n| --- | --- | --- |\n'
workload=
"$bench" --list | grep ^logger | while read -r variant; do
    count=$(valgrind --tool=callgrind --callgrind-out-file=/dev/null "$bench" --once "$variant" 2>&1 |
        awk '/Collected/ { print $NF }')
    if [ "${variant%/*}" != "$workload" ]; then
        workload=${variant%/*}
        base=$count
    fi
    awk -v variant="$variant" -v count="$count" -v base="$base" \
        'BEGIN { printf "| %s | %.2f million | %.4f |\n", variant, count / 1e6, count / base }'
done
