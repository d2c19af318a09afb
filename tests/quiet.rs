//! In the steady state an event that matches nothing costs no heap allocation: with
//! a rule of each language and type, with the program's rules, and with search
//! before parse. (All public rules: `tests/corpus.rs`.)

mod allocations;

use allocations::quiet;
use detect::runtime::engine::Ruleset;
use std::collections::BTreeSet;

/// A rule of each language and type.
#[detect::ruleset(path = "tests/data/quiet")]
struct EachKind;

/// The program's own rules.
#[detect::ruleset(path = "rules")]
struct Bundled;

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

#[test]
fn an_event_that_matches_nothing_allocates_nothing() {
    let lines = lines();
    let all = lines.len();
    assert!(allocations::count() > 0, "allocations are counted");
    let rules = EachKind::table().rules.iter();
    let kinds: BTreeSet<_> =
        rules.map(|rule| (rule.info.rule_type.name(), rule.info.language)).collect();
    assert!(kinds.len() >= 8, "{kinds:?}");
    assert!(quiet::<EachKind>(&lines, true) > all * 9 / 10);
    for walk_all in [true, false] {
        let quiet = quiet::<Bundled>(&lines, walk_all);
        assert!(quiet > all / 2 && quiet < all, "{quiet} of {all} events match nothing");
    }
}
