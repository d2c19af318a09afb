//! Cost of one call: text functions, expressions, dates, taking text apart, wildcard
//! patterns. Texts are as long as command lines and paths are.

use bumpalo::Bump;
use core::hint::black_box;
use criterion::{Criterion, criterion_group, criterion_main};
use detect_runtime::functions::lookup;
use detect_runtime::test::Fold;
use detect_runtime::text::dissect::Dissect;
use detect_runtime::text::glob::{self, Pattern};
use detect_runtime::text::grok::Grok;
use detect_runtime::value::{Cx, Type, Value, Warnings};

const COMMAND: &str = "\"C:\\Windows\\System32\\WindowsPowerShell\\v1.0\\powershell.exe\" -NoProfile \
                       -ExecutionPolicy Bypass -EncodedCommand SQBFAFgAIAAoAE4AZQB3AC0ATwBiAGoA";
const LINE: &str =
    "Jul  4 10:11:12 web-1 sshd[4711]: Accepted publickey for bob from 10.1.2.3 port 22";

/// Calls by name, prepared where the function has something to prepare.
fn calls(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("function");
    let rows: &[(&str, &str, &[Value<'static>])] = &[
        ("to_lower", "to_lower", &[Value::Text(COMMAND)]),
        ("length", "length", &[Value::Text(COMMAND)]),
        ("concat", "concat", &[Value::Text(COMMAND), Value::Text("-"), Value::Text(LINE)]),
        ("substring", "substring", &[Value::Text(COMMAND), Value::Integer(10), Value::Integer(20)]),
        ("locate", "locate", &[Value::Text(COMMAND), Value::Text("-Encoded")]),
        ("split", "split", &[Value::Text(COMMAND), Value::Text("\\")]),
        (
            "replace/linear",
            "replace",
            &[Value::Text(COMMAND), Value::Text("[0-9a-zA-Z+/=]{20,}"), Value::Text("")],
        ),
        (
            "replace/anchored",
            "replace",
            &[Value::Text(COMMAND), Value::Text(r"^.*\\|\s.*$"), Value::Text("")],
        ),
        (
            "replace/lookahead",
            "replace",
            &[Value::Text(COMMAND), Value::Text(r"(?!-E)-\w+"), Value::Text("")],
        ),
        ("rlike", "rlike", &[Value::Text(COMMAND), Value::Text(".*-[Ee]nc[a-zA-Z]* [A-Za-z0-9]+")]),
        ("date_trunc", "date_trunc", &[Value::Duration(300_000), Value::Date(1_700_000_000_123)]),
        (
            "date_diff",
            "date_diff",
            &[
                Value::Text("minutes"),
                Value::Date(1_600_000_000_000),
                Value::Date(1_700_000_000_123),
            ],
        ),
        (
            "date_format",
            "date_format",
            &[Value::Text("yyyy-MM-dd HH:mm"), Value::Date(1_700_000_000_123)],
        ),
        (
            "cidr_match",
            "cidr_match",
            &[
                Value::Ip([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 8, 8, 8, 8]),
                Value::Text("10.0.0.0/8"),
                Value::Text("172.16.0.0/12"),
                Value::Text("192.168.0.0/16"),
            ],
        ),
        (
            "json_extract",
            "json_extract",
            &[Value::Text(r#"{"a":{"b":[1,2,{"c":"x"}]},"d":"e"}"#), Value::Text("a.b[2].c")],
        ),
    ];
    for (label, name, args) in rows {
        let Some(function) = lookup(name) else { continue };
        let constants: Vec<Option<Value<'_>>> = args.iter().copied().map(Some).collect();
        let ready = function.prepare.and_then(|prepare| prepare(&constants).ok());
        let (mut arena, warnings) = (Bump::new(), Warnings::default());
        group.bench_function(*label, |bencher| {
            bencher.iter(|| {
                arena.reset();
                let cx = Cx { arena: &arena, now: 0, warnings: &warnings };
                let value = match &ready {
                    Some(ready) => ready.apply(&cx, black_box(args)),
                    None => (function.eval)(&cx, black_box(args)),
                };
                black_box(matches!(value, Value::Null))
            });
        });
    }
    group.finish();
}

/// DISSECT and GROK of a line of a log.
fn extraction(criterion: &mut Criterion) {
    static DISSECT: Dissect = Dissect::new(
        "%{} %{->} %{} %{host} %{process}: %{message}",
        "",
        &["host", "process", "message"],
    );
    static WORDS: Grok = Grok::new(
        &["for (?<user>[a-z]+) from (?<address>[0-9.]+)"],
        &[("address", Type::Keyword), ("user", Type::Keyword)],
    );
    static SYSLOG: Grok = Grok::new(
        &[
            "%{SYSLOGBASE} Accepted %{WORD:method} for %{USER:user} from %{IP:address} port %{POSINT:port:int}",
        ],
        &[
            ("address", Type::Keyword),
            ("method", Type::Keyword),
            ("port", Type::Integer),
            ("user", Type::Keyword),
        ],
    );
    let mut group = criterion.benchmark_group("extract");
    let (mut arena, warnings) = (Bump::new(), Warnings::default());
    let mut bench = |name: &str, extract: &dyn for<'a> Fn(&Cx<'a>, &mut [Value<'a>])| {
        group.bench_function(name, |bencher| {
            bencher.iter(|| {
                arena.reset();
                let cx = Cx { arena: &arena, now: 0, warnings: &warnings };
                let mut out = [Value::Null; 4];
                extract(&cx, &mut out);
                black_box(matches!(out[0], Value::Null))
            });
        });
    };
    bench("dissect", &|cx, out| DISSECT.extract(cx, Value::Text(black_box(LINE)), &mut out[..3]));
    bench("grok/linear", &|cx, out| WORDS.extract(cx, Value::Text(black_box(LINE)), &mut out[..2]));
    bench("grok/bank", &|cx, out| SYSLOG.extract(cx, Value::Text(black_box(LINE)), out));
    group.finish();
}

/// One wildcard pattern on one value.
fn wildcards(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("glob");
    for (name, pattern, fold) in [
        ("exact", "*powershell*-Encoded*", Fold::None),
        ("ascii", "*POWERSHELL*-encoded*", Fold::Ascii),
        ("full", "*POWERSHELL*-encoded*", Fold::Full),
        ("miss", "*mimikatz*", Fold::Ascii),
    ] {
        let glob = glob::plain(pattern);
        let ready = Pattern::new(&glob, fold);
        group.bench_function(format!("{name}/ready"), |bencher| {
            bencher.iter(|| ready.matches(black_box(COMMAND)));
        });
        group.bench_function(format!("{name}/plain"), |bencher| {
            bencher.iter(|| glob::matches(&glob, black_box(COMMAND), fold));
        });
    }
    group.finish();
}

criterion_group!(benches, calls, extraction, wildcards);
criterion_main!(benches);
