//! In the steady state an event that matches nothing costs no heap allocation: with
//! a rule of each language and type, with the program's rules, and with search
//! before parse. (All public rules: `tests/corpus.rs`.)

mod allocations;

use detect::runtime::engine::{Alert, Engine, Options, Ruleset, Sink};
use std::collections::BTreeSet;

/// A rule of each language and type.
#[detect::ruleset(path = "tests/data/quiet")]
struct EachKind;

/// The program's own rules.
#[detect::ruleset(path = "rules")]
struct Bundled;

struct Nowhere;

impl Sink for Nowhere {
    fn alert(&mut self, _alert: &Alert<'_>) {}
}

/// Lines of the example, and documents that no rule was written for.
fn lines() -> Vec<Vec<u8>> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/events.ndjson");
    let example = std::fs::read(path).expect("the bundled example");
    let mut lines: Vec<Vec<u8>> =
        example.split_inclusive(|byte| *byte == b'\n').map(<[u8]>::to_vec).collect();
    let odd = [
        "{}",
        r#"{"event":{"category":["process","file"]},"process":{"args":["a","b"],"name":["x","y"]}}"#,
        r#"{"event.category":"process","process":{"command_line":"caf\u00e9 \ud83d\ude00 \\ \"quoted\""}}"#,
        r#"{"host":[{"os":{"type":"linux"}},{"os":{"type":"windows"}}],"destination":{"ip":"::1","port":"4500"}}"#,
        r#"{"event":{"category":"network"},"destination":{"ip":"not an address","port":1e999}}"#,
        r#"{"@timestamp":"yesterday","event":{"category":"dns"},"dns":{"question":{"name":null}}}"#,
    ];
    lines.extend(odd.map(|line| format!("{line}\n").into_bytes()));
    lines
}

/// How many of the lines match nothing; none of them may allocate.
fn quiet<R: Ruleset>(walk_all: bool) -> usize {
    let lines = lines();
    let mut engine = Engine::<R>::new(Options { walk_all, ..Options::default() })
        .expect("a table of this version");
    let matches = |engine: &Engine<R>| -> u64 {
        engine.rule_counts().iter().map(|counts| counts.matches).sum()
    };
    // Twice to learn guards, glue and sizes.
    for line in lines.iter().chain(&lines) {
        engine.feed(line, &mut Nowhere);
    }
    let mut quiet = 0;
    for line in &lines {
        let (known, before) = (matches(&engine), allocations::count());
        engine.feed(line, &mut Nowhere);
        let made = allocations::count() - before;
        if matches(&engine) == known {
            quiet += 1;
            assert_eq!(made, 0, "on {}", String::from_utf8_lossy(line));
        }
    }
    quiet
}

#[test]
fn an_event_that_matches_nothing_allocates_nothing() {
    let all = lines().len();
    assert!(allocations::count() > 0, "allocations are counted");
    let rules = EachKind::table().rules.iter();
    let kinds: BTreeSet<_> =
        rules.map(|rule| (rule.info.rule_type.name(), rule.info.language)).collect();
    assert!(kinds.len() >= 8, "{kinds:?}");
    assert!(quiet::<EachKind>(true) > all * 9 / 10);
    for walk_all in [true, false] {
        let quiet = quiet::<Bundled>(walk_all);
        assert!(quiet > all / 2 && quiet < all, "{quiet} of {all} events match nothing");
    }
}
