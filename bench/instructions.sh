#!/usr/bin/env bash
# Instructions of each variant of each workload, as callgrind counts them, and their ratio to the
# workload's first variant. Unlike times, they repeat. Needs valgrind.
#
#     bench/instructions.sh [WORKLOAD]
set -euo pipefail
cd "$(dirname "$0")"
command -v valgrind >/dev/null || { echo 'valgrind is not installed' >&2; exit 2; }
cargo build --release --quiet
bench="${CARGO_TARGET_DIR:-target}/release/quorate-bench"

printf '| variant | instructions | ratio |\n| --- | --- | --- |\n'
workload=
"$bench" --list | grep "^${1:-}" | while read -r variant; do
    count=$(valgrind --tool=callgrind --callgrind-out-file=/dev/null "$bench" --once "$variant" 2>&1 |
        awk '/Collected/ { print $NF }')
    if [ "${variant%/*}" != "$workload" ]; then
        workload=${variant%/*}
        base=$count
    fi
    awk -v variant="$variant" -v count="$count" -v base="$base" \
        'BEGIN { printf "| %s | %.2f million | %.4f |\n", variant, count / 1e6, count / base }'
done
