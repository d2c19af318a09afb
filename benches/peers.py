#!/usr/bin/env python3
"""The program beside DuckDB and ClickHouse on one file of events, in turn, in one run.

usage: benches/peers.py PROGRAM EVENTS [--python VENV/bin/python] [--runs N] [--out FILE.json]

PROGRAM is built with the first rule alone, so that all sides do the same work:

    DETECT_RULES=../shared/seed cargo build --release

The peers' scripts are those of `../shared/bench/peers`; the interpreter must have
the packages duckdb and chdb. A peer's time is that of its query, without start-up;
the program's is that of the whole process. The file is read once before, and its
reading alone is timed in each round, because on a shared machine it moves more than
anything else. Prints a table of medians and writes all figures as JSON.
"""
import argparse, json, os, statistics, subprocess, sys, time

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
PEERS = os.path.join(ROOT, "..", "shared", "bench", "peers")
VARIANTS = [("duckdb", "columns"), ("duckdb", "extract"), ("duckdb", "lines"), ("chdb", "nested"), ("chdb", "lines")]


def read_alone(path):
    buffer = bytearray(1 << 18)
    start = time.perf_counter()
    with open(path, "rb", buffering=0) as file:
        while file.readinto(buffer):
            pass
    return time.perf_counter() - start, None


def program(path, events, threads):
    arguments = [path, "scan", events, "--quiet", "--format", "ndjson", "--window", "all", "--threads", str(threads)]
    start = time.perf_counter()
    child = subprocess.Popen(arguments, stdout=subprocess.PIPE)
    alerts = child.stdout.read().count(b"\n")
    _, status, used = os.wait4(child.pid, 0)
    if status:
        sys.exit(f"{' '.join(arguments)} ended with {status}")
    return time.perf_counter() - start, {"alerts": alerts, "rss_mib": used.ru_maxrss / 1024}


def peer(python, name, variant, events, threads):
    script = os.path.join(PEERS, f"peer_{name}.py")
    done = subprocess.run([python, script, variant, events, str(threads)], capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"{name} {variant}: {done.stderr[-500:]}")
    told = json.loads(done.stdout.strip().splitlines()[-1])
    return told["seconds"], {"alerts": told["groups"]}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program")
    parser.add_argument("events")
    parser.add_argument("--python", default=sys.executable)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--out")
    given = parser.parse_args()
    size = os.path.getsize(given.events)
    ways = [("read alone", 1, lambda: read_alone(given.events))]
    for threads in (1, 2):
        ways.append(("detect", threads, lambda t=threads: program(given.program, given.events, t)))
        for name, variant in VARIANTS:
            ways.append((f"{name} {variant}", threads,
                         lambda n=name, v=variant, t=threads: peer(given.python, n, v, given.events, t)))
    read_alone(given.events)
    seconds, told = {}, {}
    for _ in range(given.runs):
        for name, threads, run in ways:
            taken, said = run()
            seconds.setdefault((name, threads), []).append(taken)
            told[(name, threads)] = said or {}
    own = {threads: statistics.median(seconds[("detect", threads)]) for threads in (1, 2)}
    rows = []
    print(f"{'who':16} {'threads':>7} {'median s':>9} {'GB/s':>6} {'detect is':>10} {'alerts':>7}")
    for (name, threads), times in seconds.items():
        middle = statistics.median(times)
        row = {"who": name, "threads": threads, "seconds": times, "median": middle,
               "bytes_per_second": size / middle, "detect_is_faster": middle / own[threads], **told[(name, threads)]}
        rows.append(row)
        print(f"{name:16} {threads:7} {middle:9.3f} {size / middle / 1e9:6.2f} {middle / own[threads]:9.1f}x"
              f" {row.get('alerts', ''):>7}")
    print(f"two threads of detect: {own[1] / own[2]:.2f} times one")
    if given.out:
        with open(given.out, "w") as file:
            json.dump({"events": given.events, "bytes": size, "rows": rows}, file, indent=1)


if __name__ == "__main__":
    main()
