#!/bin/sh
# callgrind.sh [RULES [DEPTH [EVENTS]]]
# Instructions an event (both streams together, no AVX-512: valgrind has none, so this guards the AVX2 way) for so many
# of the public rules, default 1, 100 and all, as far as `conditions`. Prints `RULES DEPTH INSTRUCTIONS`. Only what
# happens inside `measured` is counted, and only there does valgrind count at all: the rules are compiled before.
#
# callgrind.sh --compare FILE
# Runs the lines of FILE (`RULES DEPTH EVENTS INSTRUCTIONS`) again and fails where one takes over 5 % more. Less is said
# too: then the file should be renewed.
set -eu
cd "$(dirname "$0")/.."
program=$(cargo bench --locked --bench instructions --no-run --message-format=json 2>/dev/null |
    sed -n 's/.*"name":"instructions".*"executable":"\([^"]*\)".*/\1/p' | tail -1)
out=$(mktemp)
trap 'rm -f "$out" "$out.log"' EXIT

# measure RULES DEPTH EVENTS
measure() {
    valgrind --tool=callgrind --instr-atstart=no \
        --callgrind-out-file="$out" "$program" "$1" "$2" "$3" > "$out.log" 2>&1
    total=$(sed -n 's/.*Collected : \([0-9]*\).*/\1/p' "$out.log")
    seen=$(sed -n 's/.*: \([0-9]*\) events; .*/\1/p' "$out.log" | awk '{ n += $1 } END { print n + 0 }')
    if [ "$seen" = 0 ] || [ "${total:-0}" = 0 ]; then
        cat "$out.log" >&2
        return 1
    fi
    echo $((total / seen))
}

if [ "${1:-}" = --compare ]; then
    worse=0
    while read -r rules depth events before; do
        case $rules in '' | '#'*) continue ;; esac
        now=$(measure "$rules" "$depth" "$events")
        echo "$rules $depth: $now instructions an event, $before before"
        [ $((now * 100)) -le $((before * 105)) ] || worse=1
    done < "$2"
    exit $worse
fi
for rules in ${1:-1 100 all}; do
    echo "$rules ${2:-conditions} $(measure "$rules" "${2:-conditions}" "${3:-1000}")"
done
