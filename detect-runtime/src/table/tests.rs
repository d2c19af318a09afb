//! Stages over small tables.

use super::*;
use crate::aggregate::{self, Count, Values};
use crate::value::{Owned, Warnings};
use bumpalo::Bump;
use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

crate::group! {
    struct PerKey { a0: Count, a1: Values }
    update(state, row, cx) {
        state.a0.update(&[], cx);
        state.a1.update(&[row[1]], cx);
    }
    saturated(state) { false }
}

fn by_first<'a>(row: &[Value<'a>], keys: &mut [Value<'a>], _cx: &Cx<'a>) {
    keys[0] = row[0];
}

fn by_both<'a>(row: &[Value<'a>], keys: &mut [Value<'a>], _cx: &Cx<'a>) {
    keys.copy_from_slice(&row[..2]);
}

fn by_nothing<'a>(_row: &[Value<'a>], _keys: &mut [Value<'a>], _cx: &Cx<'a>) {}

fn first<'a>(row: &[Value<'a>], _cx: &Cx<'a>) -> Value<'a> {
    row[0]
}

/// Behind the aggregates and the key: the count with the key.
fn count_and_key<'a>(row: &mut [Value<'a>], cx: &Cx<'a>) {
    if let (Value::Long(count), Value::Text(key)) = (row[0], row[2]) {
        row[3] = Value::Text(cx.arena.alloc_str(&format!("{count}{key}")));
    }
}

static BY_FIRST: StatsSpec =
    StatsSpec { aggregates: 2, keys: 1, compute_keys: by_first, store: aggregate::store::<PerKey> };
static BY_BOTH: StatsSpec = StatsSpec { keys: 2, compute_keys: by_both, ..BY_FIRST };
static TOTAL: StatsSpec = StatsSpec { keys: 0, compute_keys: by_nothing, ..BY_FIRST };

const fn columns<const N: usize>() -> [OutputColumn; N] {
    let mut columns = [OutputColumn { name: "c", ty: Type::Keyword, slot: 0 }; N];
    let mut slot = 0;
    while slot < N {
        columns[slot].slot = slot;
        slot += 1;
    }
    columns
}

static COLUMNS: [OutputColumn; 6] = columns();

/// Runs stages over rows of two slots and shows the rows.
fn run(
    stages: &'static [Stage],
    frames: &'static [usize],
    width: usize,
    rows: &[[Owned; 2]],
    resources: &Resources,
) -> Vec<String> {
    let (arena, warnings) = (Bump::new(), Warnings::default());
    let cx = Cx { arena: &arena, now: 0, warnings: &warnings };
    let output = &COLUMNS[..width];
    let program =
        Program { frames, stages, per_event: 0, output, aggregating: false, uses_now: false };
    let rows: Vec<Vec<Value<'_>>> =
        rows.iter().map(|row| row.iter().map(|value| value.lend(&arena)).collect()).collect();
    let table = run_all(&program, rows, &cx, resources);
    table.iter().map(|row| row.iter().map(show).collect::<Vec<_>>().join(" ")).collect()
}

fn show(value: &Value<'_>) -> String {
    match value {
        Value::Null => "-".to_owned(),
        Value::Long(n) => n.to_string(),
        Value::Text(t) => (*t).to_owned(),
        Value::Multi(all) => {
            format!("[{}]", all.iter().map(show).collect::<Vec<_>>().join(","))
        }
        other => format!("{other:?}"),
    }
}

fn t(text: &str) -> Owned {
    Owned::Text(text.into())
}

fn m(texts: &[&str]) -> Owned {
    Owned::Multi(texts.iter().map(|text| t(text)).collect())
}

#[test]
#[allow(clippy::too_many_lines)] // A table.
fn stages() {
    type Case = (
        &'static str,
        Vec<Stage>,
        &'static [usize],
        usize,
        Vec<[Owned; 2]>,
        &'static [&'static str],
    );
    let abc = || vec![[t("a"), t("x")], [Owned::Null, t("y")], [t("a"), t("z")]];
    let cases: Vec<Case> = vec![
        (
            "groups in order of appearance, null is one",
            vec![Stage::Stats(&BY_FIRST)],
            &[2, 3],
            3,
            abc(),
            &["2 [x,z] a", "1 y -"],
        ),
        (
            "a multi-valued key is in each group once",
            vec![Stage::Stats(&BY_FIRST)],
            &[2, 3],
            3,
            vec![[m(&["b", "a", "b"]), t("x")], [t("a"), t("y")]],
            &["1 x b", "2 [x,y] a"],
        ),
        (
            "several multi-valued keys: every combination",
            vec![Stage::Stats(&BY_BOTH)],
            &[2, 4],
            4,
            vec![[m(&["a", "b"]), m(&["x", "y"])]],
            &["1 [x,y] a x", "1 [x,y] a y", "1 [x,y] b x", "1 [x,y] b y"],
        ),
        ("no rows, no key: one row", vec![Stage::Stats(&TOTAL)], &[2, 2], 2, vec![], &["0 -"]),
        ("no rows, a key: none", vec![Stage::Stats(&BY_FIRST)], &[2, 3], 3, vec![], &[]),
        (
            "joined back: null key has its group, several keys the values of all",
            vec![Stage::InlineStats { stats: &BY_FIRST, computed: None, into: &[2, 3, 4] }],
            &[5],
            5,
            vec![
                [t("a"), t("x")],
                [Owned::Null, t("y")],
                [m(&["a", "b"]), t("z")],
                [t("b"), Owned::Null],
            ],
            &["a x 2 [x,z] a", "- y 1 y -", "[a,b] z [2,2] [x,z,z] [a,b]", "b - 2 z b"],
        ),
        (
            "what is computed of a group is computed before it is joined",
            vec![Stage::InlineStats {
                stats: &BY_FIRST,
                computed: Some(count_and_key),
                into: &[2, 3, 4, 5],
            }],
            &[6],
            6,
            vec![[m(&["a", "b"]), t("z")], [t("b"), Owned::Null], [Owned::Null, t("y")]],
            &["[a,b] z [1,2] [z,z] [a,b] [1a,2b]", "b - 2 z b 2b", "- y 1 y - -"],
        ),
        (
            "ascending: least value, nulls last, equal keys as they were",
            vec![Stage::Sort(&[SortKey { expr: first, descending: false, nulls_first: false }])],
            &[2],
            2,
            vec![
                [Owned::Null, t("1")],
                [t("b"), t("2")],
                [m(&["c", "a"]), t("3")],
                [t("b"), t("4")],
            ],
            &["[c,a] 3", "b 2", "b 4", "- 1"],
        ),
        (
            "descending: greatest value, nulls first",
            vec![Stage::Sort(&[SortKey { expr: first, descending: true, nulls_first: true }])],
            &[2],
            2,
            vec![[t("b"), t("2")], [Owned::Null, t("1")], [m(&["c", "a"]), t("3")]],
            &["- 1", "[c,a] 3", "b 2"],
        ),
        ("limit", vec![Stage::Limit { count: 1, by: &[] }], &[2], 2, abc(), &["a x"]),
        (
            "limit by: a multi-value is one value",
            vec![Stage::Limit { count: 1, by: &[first] }],
            &[2],
            2,
            vec![
                [t("a"), t("1")],
                [m(&["a", "b"]), t("2")],
                [t("a"), t("3")],
                [m(&["a", "b"]), t("4")],
                [Owned::Null, t("5")],
            ],
            &["a 1", "[a,b] 2", "- 5"],
        ),
        (
            "expand: a null row stays",
            vec![Stage::MvExpand(0)],
            &[2],
            2,
            vec![[m(&["b", "a"]), t("1")], [Owned::Null, t("2")], [t("c"), t("3")]],
            &["b 1", "a 1", "- 2", "c 3"],
        ),
        ("sample of nothing", vec![Stage::Sample(0.0)], &[2], 2, abc(), &[]),
    ];
    for (name, stages, frames, width, rows, expected) in cases {
        assert_eq!(
            run(stages.leak(), frames, width, &rows, &Resources::default()),
            expected,
            "{name}"
        );
    }
}

#[test]
fn combinations_of_keys_are_bounded() {
    let many: Vec<Value<'_>> = (0..300).map(Value::Long).collect();
    let keys = [Value::from_slice(&many), Value::from_slice(&many)];
    let mut count = 0;
    assert!(!split_keys(&keys, &mut Vec::new(), &mut |_| count += 1));
    assert_eq!(count, 65_536);
    count = 0;
    assert!(split_keys(&keys[..1], &mut Vec::new(), &mut |_| count += 1));
    assert_eq!(count, 300);
}

#[test]
fn a_sample_has_about_its_size() {
    let rows: Vec<[Owned; 2]> = (0..4_000).map(|n| [Owned::Long(n), Owned::Null]).collect();
    let kept = run(QUARTER, &[2], 2, &rows, &Resources::default()).len();
    assert!((880..1120).contains(&kept), "{kept}");
}

static OWNERS: LookupSpec = LookupSpec {
    table: "owners",
    on: &[(first, "host")],
    outputs: &[("owner", Type::Keyword, 2), ("floor", Type::Long, 3)],
    multiply: true,
};
static ENRICHED: LookupSpec = LookupSpec { multiply: false, ..OWNERS };

static JOIN: &[Stage] = &[Stage::Lookup(&OWNERS)];
static ENRICH: &[Stage] = &[Stage::Lookup(&ENRICHED)];
static QUARTER: &[Stage] = &[Stage::Sample(0.25)];
static COMPLETE: &[Stage] = &[Stage::Completion { prompt: first, slot: 1 }];

#[test]
fn lookups() {
    let csv = "host:keyword,owner,floor:integer\nh1,\"Ann, \"\"A\"\"\",1\r\nh1,Bob,2\n\nh2,,x\n";
    let ndjson = concat!(
        r#"{"host":"h1","owner":"Ann, \"A\"","floor":1}"#,
        "\n",
        r#"{"host":"h1","owner":"Bob","floor":2}"#,
        "\n",
        r#"{"host":"h2","owner":null,"other":{"deep":[1,2]}}"#,
        "\n",
    );
    let rows = [
        [t("h1"), t("1")],
        [t("h2"), t("2")],
        [t("h9"), t("3")],
        [Owned::Null, t("4")],
        [m(&["h1", "h2"]), t("5")],
    ];
    let tables = [LookupTable::csv(csv), LookupTable::ndjson(ndjson)];
    for table in tables {
        let table = Arc::new(table.expect("a table"));
        assert_eq!(table.len(), 3);
        let mut resources = Resources::default();
        resources.lookups.insert("owners".to_owned(), table);
        let unmatched = ["h2 2 - -", "h9 3 - -", "- 4 - -", "[h1,h2] 5 - -"];
        let joined = run(JOIN, &[4], 4, &rows, &resources);
        assert_eq!(joined[..2], [r#"h1 1 Ann, "A" 1"#, "h1 1 Bob 2"]);
        assert_eq!(joined[2..], unmatched);
        let enriched = run(ENRICH, &[4], 4, &rows, &resources);
        assert_eq!(enriched[0], r#"h1 1 [Ann, "A",Bob] [1,2]"#);
        assert_eq!(enriched[1..], unmatched);
    }
    assert_eq!(run(JOIN, &[4], 4, &rows[..1], &Resources::default()), ["h1 1 - -"]);
}

#[test]
fn broken_lookup_tables() {
    let cases: [(&str, LookupError); 3] = [
        ("", LookupError::Header),
        ("a,b\n1,2\n3\n", LookupError::Width { line: 3, expected: 2, got: 1 }),
        ("a,b\n\"1,2\n", LookupError::Quote { line: 2 }),
    ];
    for (text, expected) in cases {
        assert_eq!(LookupTable::csv(text).err(), Some(expected), "{text:?}");
    }
    assert!(matches!(LookupTable::ndjson("{}\n[1]\n"), Err(LookupError::Json { line: 2, .. })));
    assert!(matches!(LookupTable::ndjson("{"), Err(LookupError::Json { line: 1, .. })));
}

/// Answers with the prompt in capitals, and counts.
#[derive(Default)]
struct Capitals(AtomicUsize);

impl Complete for Capitals {
    fn complete(&self, prompt: &str) -> Option<Box<str>> {
        self.0.fetch_add(1, Ordering::Relaxed);
        (prompt != "none").then(|| prompt.to_uppercase().into())
    }
}

#[test]
fn each_prompt_is_asked_once() {
    let service = Arc::new(Capitals::default());
    let resources = Resources::new(HashMap::new(), Some(service.clone()));
    let rows = ["a", "none", "a", "none"].map(|prompt| [t(prompt), Owned::Null]);
    assert_eq!(run(COMPLETE, &[2], 2, &rows, &resources), ["a A", "none -", "a A", "none -"]);
    assert_eq!(service.0.load(Ordering::Relaxed), 2);
    assert_eq!(run(COMPLETE, &[2], 2, &rows[..1], &Resources::default()), ["a -"]);
}
