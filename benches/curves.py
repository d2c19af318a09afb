#!/usr/bin/env python3
"""What 1, 10, 100, 1,000 and all public rules cost: at run time, and while they are built.

usage: benches/curves.py EVENTS... [--counts 1,10,100,1000,all] [--runs N] [--rebuild] [--out FILE.json] [--svg FOLDER]
       benches/curves.py --draw FILE.json [--svg FOLDER]

For each count every so many-th rule file of `../shared/corpus` is laid into a folder and the program is built with it,
in the release profile, dependencies built before. Then: seconds and peak memory of that build (`detect check` over the
same folder tells what front ends and code generation take of it), size of the program, time to the first event and
memory with one event, and the median time of a scan of each file of EVENTS with one thread. `--rebuild` measures too
what a change of one rule costs with `incremental = true`, for ten rules and for all.
Writes the figures as JSON and two pictures, `cost.svg` and `build.svg` (default folder: docs). `--draw` makes the
pictures again from figures that are there.
"""
import argparse, json, math, os, pathlib, shutil, statistics, subprocess, sys, tempfile, time

ROOT = pathlib.Path(__file__).resolve().parent.parent
CORPUS = ROOT / ".." / "shared" / "corpus"
PROGRAM = ROOT / "target" / "release" / "detect"
ONE = b'{"@timestamp":"2026-01-01T00:00:00Z","event":{"category":"process"}}\n'


def run(command, environment=None, stdin=None, fine=(0,)):
    """Seconds, peak resident MiB of the largest process, and what was printed; `fine` are codes that it may end with."""
    start = time.perf_counter()
    child = subprocess.Popen(["/usr/bin/env", "time", "-f", "peak %M", *map(str, command)], cwd=ROOT,
                             env={**os.environ, **(environment or {})}, stdin=subprocess.PIPE,
                             stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    out, errors = child.communicate(stdin or b"")
    taken = time.perf_counter() - start
    if child.returncode not in fine:
        sys.exit(f"{' '.join(map(str, command))} ended with {child.returncode}\n{errors.decode()[-2000:]}")
    peak = int(errors.decode().rsplit("peak ", 1)[1].split()[0]) / 1024
    return taken, peak, out


def sample(count, folder):
    """Lays so many rule files into a folder; their paths."""
    files = sorted(path for path in CORPUS.glob("**/*.toml") if b"[rule]" in path.read_bytes())
    if count != "all":
        step = max(len(files) / int(count), 1)
        files = [files[int(number * step)] for number in range(min(int(count), len(files)))]
    for path in files:
        place = folder / path.relative_to(CORPUS)
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, place)
    return [folder / path.relative_to(CORPUS) for path in files]


def build(folder, incremental=False):
    settings = {"DETECT_RULES": str(folder), "DETECT_ON_ERROR": "skip"}
    if incremental:
        settings["CARGO_PROFILE_RELEASE_INCREMENTAL"] = "true"
    seconds, peak, _ = run(["cargo", "build", "--release", "--quiet"], settings)
    return {"seconds": seconds, "peak_mib": peak}


def scans(events, runs):
    """Median seconds of a scan with one thread, by file."""
    command = [PROGRAM, "scan", "--quiet", "--format", "ndjson", "--allowed-lateness", "120s", "--threads", "1"]
    times = {path: [] for path in events}
    for _ in range(runs):
        for path in events:
            start = time.perf_counter()
            subprocess.run([*command, path], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=True)
            times[path].append(time.perf_counter() - start)
    return {os.path.basename(path): statistics.median(all_times) for path, all_times in times.items()}


def measured(count, folder, events, runs):
    rules = len(sample(count, folder))
    figures = {"rules": rules, "build": build(folder), "program_bytes": PROGRAM.stat().st_size}
    # Two files with one id, which a build may keep, are an error for `check`.
    figures["check_seconds"] = run([PROGRAM, "check", folder, "--no-warnings"], fine=(0, 1))[0]
    starts = [run([PROGRAM, "scan", "-", "--quiet"], stdin=ONE) for _ in range(7)]
    figures["start_seconds"] = statistics.median(seconds for seconds, _, _ in starts)
    figures["start_mib"] = statistics.median(peak for _, peak, _ in starts)
    figures["scan_seconds"] = scans(events, runs)
    return figures


def rebuilt(count, folder):
    """A change of one rule's words, behind a build that has all else."""
    changed = sample(count, folder)[0]
    build(folder, incremental=True)
    text = changed.read_text()
    changed.write_text(text.replace("\nname = \"", "\nname = \"Changed: ", 1))
    words = build(folder, incremental=True)
    return {"rules": count, "a rule's name": words}


def events_of(path):
    with open(path, "rb") as file:
        return sum(chunk.count(b"\n") for chunk in iter(lambda: file.read(1 << 20), b""))


# --- pictures -------------------------------------------------------------------------------------------------------

WIDTH, HEIGHT, LEFT, BOTTOM, TOP, RIGHT = 720, 400, 70, 50, 40, 170
COLOURS = ["#0b6e99", "#b3541e", "#4b7f2b", "#7a3e9d"]


def nice(most):
    """Upper end of an axis, in five steps."""
    unit = 10 ** math.floor(math.log10(most / 5 or 1))
    step = next(unit * factor for factor in (1, 2, 2.5, 5, 10) if unit * factor * 5 >= most)
    return step * 5


def picture(title, unit, lines):
    """An SVG of lines over the number of rules: [(name, [(rules, value)])]."""
    most = nice(max(value for _, points in lines for _, value in points))
    last = max(rules for _, points in lines for rules, _ in points)
    across = lambda rules: LEFT + (WIDTH - LEFT - RIGHT) * math.log10(max(rules, 1)) / math.log10(max(last, 10))
    up = lambda value: HEIGHT - BOTTOM - (HEIGHT - BOTTOM - TOP) * value / most
    out = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{title}" '
           'font-family="sans-serif" font-size="12">',
           f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#fff"/>',
           f'<text x="{LEFT}" y="22" font-size="15" font-weight="bold">{title}</text>']
    for step in range(6):
        value = most * step / 5
        out.append(f'<line x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{up(value):.1f}" y2="{up(value):.1f}" stroke="#ddd"/>'
                   f'<text x="{LEFT - 8}" y="{up(value) + 4:.1f}" text-anchor="end">{value:g}</text>')
    for rules in sorted({rules for _, points in lines for rules, _ in points}):
        out.append(f'<text x="{across(rules):.1f}" y="{HEIGHT - BOTTOM + 18}" text-anchor="middle">{rules:,}</text>')
    out.append(f'<text x="{(LEFT + WIDTH - RIGHT) / 2}" y="{HEIGHT - 12}" text-anchor="middle">rules (logarithmic)</text>'
               f'<text x="16" y="{TOP - 8}">{unit}</text>')
    for (name, points), colour in zip(lines, COLOURS):
        path = " ".join(f"{across(rules):.1f},{up(value):.1f}" for rules, value in points)
        out.append(f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"/>')
        out += [f'<circle cx="{across(rules):.1f}" cy="{up(value):.1f}" r="3" fill="{colour}"/>' for rules, value in points]
        rules, value = points[-1]
        out.append(f'<text x="{across(rules) + 8:.1f}" y="{up(value) + 4:.1f}" fill="{colour}">{name}</text>')
    return "\n".join(out + ["</svg>", ""])


def draw(figures, folder):
    rows, names = figures["counts"], list(figures["events"])
    cost = [(name, [(row["rules"], row["scan_seconds"][name] / figures["events"][name] * 1e6) for row in rows])
            for name in names]
    (folder / "cost.svg").write_text(picture("Time an event, whole program, one thread", "µs an event", cost))
    builds = [("release build", [(row["rules"], row["build"]["seconds"]) for row in rows]),
              ("of it: rules read", [(row["rules"], row["check_seconds"]) for row in rows])]
    (folder / "build.svg").write_text(picture("Build of the program, dependencies built", "seconds", builds))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("events", nargs="*")
    parser.add_argument("--counts", default="1,10,100,1000,all")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--rebuild", action="store_true")
    parser.add_argument("--out", default="target/curves.json")
    parser.add_argument("--svg", default=str(ROOT / "docs"))
    parser.add_argument("--draw")
    given = parser.parse_args()
    if given.draw:
        draw(json.loads(pathlib.Path(given.draw).read_text()), pathlib.Path(given.svg))
        return
    figures = {"events": {os.path.basename(path): events_of(path) for path in given.events}, "counts": [], "rebuild": []}
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        for count in given.counts.split(","):
            row = measured(count, folder / count, given.events, given.runs)
            figures["counts"].append(row)
            print(json.dumps(row), flush=True)
        for count in ["10", "all"] if given.rebuild else []:
            figures["rebuild"].append(rebuilt(count, folder / f"again-{count}"))
            print(json.dumps(figures["rebuild"][-1]), flush=True)
    (ROOT / given.out).write_text(json.dumps(figures, indent=1))
    draw(figures, pathlib.Path(given.svg))


if __name__ == "__main__":
    main()
