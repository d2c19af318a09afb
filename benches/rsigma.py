#!/usr/bin/env python3
"""The program beside rsigma: the same rules, the same events, the same matches, in turn, in one run, one thread each.

usage: benches/rsigma.py RSIGMA EVENTS [--runs N] [--out FILE.json]

Takes the rules of `../shared/corpus/detection-rules` for Linux and Windows that `../shared/bench/rules_to_sigma.py` can
convert, builds the program with just these (release profile), and runs both over EVENTS: rsigma plain and with routing
by operating system, the program as it is. What each needs with one event alone is taken off (loading of rules). The
matches of both must be equal, rule by rule. Prints medians and writes all figures as JSON.
"""
import argparse, collections, json, os, pathlib, re, shutil, statistics, subprocess, sys, tempfile, time, tomllib

ROOT = pathlib.Path(__file__).resolve().parent.parent
SHARED = ROOT / ".." / "shared"
RULES = SHARED / "corpus" / "detection-rules"
PROGRAM = ROOT / "target" / "release" / "detect"


def folders():
    """Where the rules for the two systems lie."""
    found = [RULES / system for system in ("linux", "windows") if (RULES / system).is_dir()]
    return found or [path for system in ("linux", "windows") for path in RULES.glob(f"**/{system}") if path.is_dir()]


def convert(sigma):
    """Writes the Sigma rules; the TOML files of those that were converted, by rule id."""
    subprocess.run([sys.executable, SHARED / "bench" / "rules_to_sigma.py", sigma, *folders()], check=True,
                   stdout=subprocess.DEVNULL)
    wanted, files = {path.stem for path in sigma.iterdir()}, {}
    for folder in folders():
        for path in folder.glob("**/*.toml"):
            identity = tomllib.loads(path.read_text())["rule"]["rule_id"]
            if identity in wanted:
                files[identity] = path
    missing = wanted - files.keys()
    if missing:
        sys.exit(f"no rule file for {sorted(missing)[:3]}")
    return files


def timed(command):
    start = time.perf_counter()
    done = subprocess.run(list(map(str, command)), capture_output=True)
    taken = time.perf_counter() - start
    if done.returncode:
        sys.exit(f"{' '.join(map(str, command))} ended with {done.returncode}: {done.stderr.decode()[-800:]}")
    return taken, done.stdout


def rsigma(program, sigma, events, routed):
    more = ["--logsource-routing", "--logsource-field-map", "product=host.os.type"] if routed else []
    return timed([program, "engine", "eval", "-r", sigma, "-e", f"@{events}", "--input-format", "json", *more])


def detect(events):
    return timed([PROGRAM, "scan", events, "--quiet", "--format", "ndjson", "--threads", "1", "--allowed-lateness", "0s"])


def matches(out):
    """Matches by rule id, wherever a line names one that has the form of a UUID."""
    counts = collections.Counter()
    for line in out.decode().splitlines():
        if line.startswith("{"):
            told = json.loads(line)
            identity = told.get("kibana.alert.rule.rule_id") or told.get("rule_id") or told.get("id")
            if identity is None:
                found = re.search(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", line)
                identity = found.group() if found else "?"
            counts[identity] += 1
    return counts


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("rsigma")
    parser.add_argument("events")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--out", default=str(ROOT / "target" / "rsigma.json"))
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        files = convert(folder / "sigma")
        (folder / "rules").mkdir()
        for path in files.values():
            shutil.copyfile(path, folder / "rules" / f"{path.parent.name}_{path.name}")
        subprocess.run(["cargo", "build", "--release", "--quiet"], cwd=ROOT, check=True,
                       env={**os.environ, "DETECT_RULES": str(folder / "rules"), "DETECT_ON_ERROR": "skip"})
        one, events = folder / "one.ndjson", sum(1 for _ in open(given.events, "rb"))
        with open(given.events, "rb") as file:
            one.write_bytes(file.readline())
        ways = {
            "rsigma": lambda path: rsigma(given.rsigma, folder / "sigma", path, False),
            "rsigma, routing": lambda path: rsigma(given.rsigma, folder / "sigma", path, True),
            "detect": detect,
        }
        seconds, found = collections.defaultdict(list), {}
        for _ in range(given.runs):
            for name, run in ways.items():
                whole, out = run(given.events)
                alone, _ = run(one)
                seconds[name].append((whole, alone))
                found[name] = matches(out)
    net = {name: statistics.median(whole - alone for whole, alone in times) for name, times in seconds.items()}
    print(f"{len(files)} rules, {events} events")
    for name, taken in net.items():
        print(f"{name:16} {taken:8.3f} s net  {events / taken:12,.0f} events/s  detect is {taken / net['detect']:6.1f} times as fast"
              f"  {sum(found[name].values())} matches by {len(found[name])} rules")
    different = {name: counts for name, counts in found.items() if counts != found["detect"]}
    for name, counts in different.items():
        print(f"other matches than {name}: {(counts - found['detect']) or '-'} and {(found['detect'] - counts) or '-'}")
    pathlib.Path(given.out).write_text(json.dumps(
        {"rules": len(files), "events": events, "seconds": seconds, "net": net, "matches": {k: sum(v.values()) for k, v in found.items()},
         "equal": not different}, indent=1))


if __name__ == "__main__":
    main()
