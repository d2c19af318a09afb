#!/usr/bin/env python3
"""Makes the table of docs/ATTACK-DATA.md: which rules fire on which recording.

    python3 docs/attack-data.py PROGRAM ../shared/events/otrf-ecs.ndjson.zst > table.md

PROGRAM is a build of all public rules:

    DETECT_RULES=../shared/corpus DETECT_ON_ERROR=skip cargo build --release

The recordings follow each other in time, so the time of an alert's event says to which
it belongs. The manifest lies beside the events.
"""

import collections
import datetime
import json
import subprocess
import sys


# The rule of the first steps: it fires wherever there are events.
ONBOARDING = "My First Rule"


def instant(text):
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00"))


def main():
    program, events = sys.argv[1:3]
    manifest = json.load(open(events.replace(".ndjson.zst", ".manifest.json")))
    recordings = sorted(manifest["data_sets"], key=lambda one: instant(one["first"]))
    starts = [instant(one["first"]) for one in recordings]
    command = [program, "scan", events, "--allowed-lateness", "120s", "--format", "ndjson", "--quiet"]
    lines = subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()
    # An alert may be named by its event; here a rule has one name.
    listed = subprocess.run([program, "rules", "--format", "ndjson"], check=True, capture_output=True, text=True)
    names = {rule["id"]: rule["name"] for rule in map(json.loads, listed.stdout.splitlines())}
    fired = collections.defaultdict(collections.Counter)
    onboarding = 0
    for line in lines:
        alert = json.loads(line)
        # Members of a sequence stand behind its own alert.
        if "kibana.alert.group.index" in alert:
            continue
        name = names[alert["kibana.alert.rule.rule_id"]]
        if name == ONBOARDING:
            onboarding += 1
            continue
        times = alert.get("kibana.alert.original_time", alert["@timestamp"])
        time = instant(times[0] if isinstance(times, list) else times)
        at = max((n for n, start in enumerate(starts) if start <= time), default=0)
        fired[at][name] += 1
    print("| recording | techniques | events | rules that fire (alerts) |")
    print("| --- | --- | --- | --- |")
    for at, rules in sorted(fired.items()):
        one = recordings[at]
        shown = ", ".join(f"{name} ({count})" for name, count in sorted(rules.items()))
        techniques = ", ".join(one.get("techniques") or []) or "not given"
        print(f"| `{one['name']}` | {techniques} | {one['events']:,} | {shown} |")
    silent = len(recordings) - len(fired)
    alerts = sum(sum(rules.values()) for rules in fired.values())
    print(f"\n`{ONBOARDING}`, which counts any event, made {onboarding} more.")
    print(f"{alerts} alerts on {len(fired)} of {len(recordings)} recordings; {silent} have none.")


main()
