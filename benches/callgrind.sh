#!/bin/sh
# callgrind.sh [RULES [DEPTH [EVENTS]]]
# Instructions an event (both streams together, no AVX-512: valgrind has none) for so many of the public rules, default
# 1, 100 and all, as far as `conditions`. Prints `RULES DEPTH INSTRUCTIONS`. The rules are compiled under valgrind too,
# which takes minutes for each line; only what happens inside `measured` is counted.
set -eu
cd "$(dirname "$0")/.."
depth=${2:-conditions} events=${3:-1000}
program=$(cargo build --release --bench instructions --message-format=json 2>/dev/null |
    sed -n 's/.*"name":"instructions".*"executable":"\([^"]*\)".*/\1/p' | tail -1)
out=$(mktemp)
trap 'rm -f "$out" "$out.log"' EXIT
for rules in ${1:-1 100 all}; do
    valgrind --tool=callgrind --toggle-collect='*measured*' --callgrind-out-file="$out" \
        "$program" "$rules" "$depth" "$events" > "$out.log" 2>&1
    total=$(sed -n 's/.*Collected : \([0-9]*\).*/\1/p' "$out.log")
    seen=$(sed -n 's/.*: \([0-9]*\) events; .*/\1/p' "$out.log" | awk '{ n += $1 } END { print n }')
    if [ -z "$seen" ]; then
        cat "$out.log"
        exit 1
    fi
    echo "$rules $depth $((total / seen))"
done
