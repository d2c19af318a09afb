#!/usr/bin/env python3
"""What the benches measured, as a table and as benches/results.md.

usage: benches/report.py [--criterion DIR] [--peers FILE.json] [--callgrind FILE] [--out FILE.md] [--json FILE.json]

    cargo bench                                                   # all, or --bench scan, --bench project ...
    benches/peers.py PROGRAM EVENTS --out target/peers.json       # the program beside DuckDB and ClickHouse
    benches/callgrind.sh > target/callgrind.txt                   # instructions an event
    benches/report.py --peers target/peers.json --callgrind target/callgrind.txt

Reads what criterion wrote (benchmark.json and estimates.json of each bench's last run), what `peers.py --out` wrote, and
the lines that `callgrind.sh` printed. What is not there is left out. Times are medians, with the bounds of criterion's 95 %
confidence interval; in a group that has the baseline `serde_json`, each row says how many times it is as fast.
"""
import argparse, json, os, pathlib, platform, subprocess

ROOT = pathlib.Path(__file__).resolve().parent.parent
BASELINES = ("serde_json", "serde_json::Value")
INSTRUCTIONS = ("avx2", "bmi2", "pclmulqdq", "gfni", "avx512f", "avx512bw", "avx512vbmi", "avx512_vbmi2", "asimd", "sve")


def machine():
    info = {}
    try:
        for line in open("/proc/cpuinfo"):
            name, _, value = line.partition(":")
            info.setdefault(name.strip(), value.strip())
    except OSError:
        pass
    model = info.get("model name") or platform.processor() or "unknown"
    numbers = [f"{name} {info[name]}" for name in ("cpu family", "model", "stepping") if name in info]
    flags = set((info.get("flags") or info.get("Features") or "").split())
    try:
        memory = f"{os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES') / 2**30:.1f} GiB"
    except (ValueError, OSError):
        memory = "unknown"
    rustc = subprocess.run(["rustc", "--version"], capture_output=True, text=True).stdout.strip()
    return {
        "processor": ", ".join([model] + numbers),
        "logical cores": str(os.cpu_count()),
        "SIMD features": " ".join(name for name in INSTRUCTIONS if name in flags) or "unknown",
        "memory": memory,
        "system": f"{platform.system()} {platform.release()} {platform.machine()}",
        "compiler": rustc or "unknown",
        "load when reported": " ".join(f"{load:.1f}" for load in os.getloadavg()),
    }


def measured(folder):
    """Rows of criterion's last runs, by group."""
    groups = {}
    for path in sorted(folder.glob("**/new/benchmark.json")):
        bench = json.loads(path.read_text())
        estimates = json.loads(path.with_name("estimates.json").read_text())
        median = estimates["median"]
        row = {"bench": "/".join(filter(None, (bench["function_id"], bench["value_str"]))) or bench["group_id"],
               "seconds": median["point_estimate"] / 1e9,
               "low": median["confidence_interval"]["lower_bound"] / 1e9,
               "high": median["confidence_interval"]["upper_bound"] / 1e9}
        for kind, amount in (bench["throughput"] or {}).items():
            amounts = amount if isinstance(amount, dict) else {kind.lower(): amount}
            row.update({name: amounts[name] for name in ("bytes", "elements") if name in amounts})
        groups.setdefault(bench["group_id"], []).append(row)
    for rows in groups.values():
        slow = next((row["seconds"] for row in rows if row["bench"] in BASELINES), None)
        for row in rows:
            for name in ("bytes", "elements"):
                if name in row:
                    row[f"{name}_per_second"] = row[name] / row["seconds"]
            if slow:
                row["times_baseline"] = slow / row["seconds"]
    return groups


def duration(seconds):
    for unit, name in ((1, "s"), (1e-3, "ms"), (1e-6, "µs")):
        if seconds >= unit:
            return f"{seconds / unit:.3g} {name}"
    return f"{seconds / 1e-9:.3g} ns"


def amount(rate):
    for unit, name in ((1e9, " G"), (1e6, " M"), (1e3, " k")):
        if rate >= unit:
            return f"{rate / unit:.3g}{name}"
    return f"{rate:.3g} "


def table(header, rows):
    """Markdown with aligned columns: first left, others right."""
    rows = [header] + rows
    widths = [max(len(row[column]) for row in rows) for column in range(len(header))]
    line = lambda row: "| " + " | ".join(
        cell.ljust(width) if column == 0 else cell.rjust(width)
        for column, (cell, width) in enumerate(zip(row, widths))) + " |"
    rule = "| " + " | ".join("-" * width if column == 0 else "-" * (width - 1) + ":"
                             for column, width in enumerate(widths)) + " |"
    return [line(header), rule] + [line(row) for row in rows[1:]]


def bench_lines(groups):
    for name, rows in groups.items():
        yield f"### {name}"
        yield ""
        header = ["bench", "time", "low", "high"]
        columns = [(key, title, show) for key, title, show in (
            ("bytes_per_second", "bytes/s", lambda rate: amount(rate) + "B/s"),
            ("elements_per_second", "elements/s", lambda rate: amount(rate) + "/s"),
            ("times_baseline", "times serde_json", lambda times: f"{times:.1f}"),
        ) if any(key in row for row in rows)]
        lines = [[row["bench"]] + [duration(row[key]) for key in ("seconds", "low", "high")] +
                 [show(row[key]) if key in row else "" for key, _, show in columns] for row in rows]
        yield from table(header + [title for _, title, _ in columns], lines)
        yield ""


def peer_lines(peers):
    yield "### The program beside its peers"
    yield ""
    yield f"One file of {peers['bytes'] / 1e9:.2f} GB in the page cache, all in turn, medians of {len(peers['rows'][0]['seconds'])} rounds."
    yield ""
    lines = [[f"{row['who']}, {row['threads']} thread{'s' * (row['threads'] > 1)}", duration(row["median"]),
              duration(min(row["seconds"])), duration(max(row["seconds"])), f"{row['bytes_per_second'] / 1e9:.2f} GB/s",
              f"{row['detect_is_faster']:.1f}", str(row.get("alerts", "")),
              f"{row['rss_mib']:.0f} MiB" if "rss_mib" in row else ""] for row in peers["rows"]]
    yield from table(["who", "median", "fastest", "slowest", "bytes/s", "detect is faster", "alerts", "resident"], lines)
    own = {row["threads"]: row["median"] for row in peers["rows"] if row["who"] == "detect"}
    if 1 in own and 2 in own:
        yield ""
        yield f"Two threads of the program are {own[1] / own[2]:.2f} times one."
    yield ""


def callgrind_lines(text):
    rows = [line.split() for line in text.splitlines() if len(line.split()) == 3 and line.split()[2].isdigit()]
    yield "### Instructions an event (callgrind, without AVX-512)"
    yield ""
    yield from table(["rules", "as far as", "instructions"], [[rules, depth, f"{int(count):,}"] for rules, depth, count in rows])
    yield ""


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--criterion", type=pathlib.Path, default=ROOT / "target" / "criterion")
    parser.add_argument("--peers", type=pathlib.Path)
    parser.add_argument("--callgrind", type=pathlib.Path)
    parser.add_argument("--out", type=pathlib.Path, default=ROOT / "benches" / "results.md")
    parser.add_argument("--json", type=pathlib.Path)
    given = parser.parse_args()
    facts, groups = machine(), measured(given.criterion)
    peers = json.loads(given.peers.read_text()) if given.peers else None
    lines = ["## Machine", ""] + table(["what", "is"], [[what, is_] for what, is_ in facts.items()]) + [""]
    lines += ["## Benches", ""] + list(bench_lines(groups))
    if peers:
        lines += list(peer_lines(peers))
    if given.callgrind:
        lines += list(callgrind_lines(given.callgrind.read_text()))
    print("\n".join(lines))
    head = ["# Results", "", "Written by `benches/report.py`; do not edit. What each bench does says its source in `benches/`.", ""]
    given.out.write_text("\n".join(head + lines).rstrip() + "\n")
    if given.json:
        given.json.write_text(json.dumps({"machine": facts, "groups": groups, "peers": peers}, indent=1) + "\n")


if __name__ == "__main__":
    main()
