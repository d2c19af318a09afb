//! What `explain --event` shows, over all public rules: their trees on the documents of
//! the trigger sets and of the matrix (`../shared/conformance/triggers`, described in the
//! README there). Nothing is built: the bundled rules stand for the compiled form, and
//! `triggers` holds the compiled form of all others against the same documents.
//!
//! The tree is measured by itself, too: what a node says follows from its parts, the
//! predicate that is named as deciding is the first behind which the outcome is clear, and
//! each predicate shows the values that the document has.

use detect::runtime::event::reference::Document;
use detect::runtime::plain::Trace;
use detect_compiler::page::{Catalogue, Conditions, Entry, Verdict};
use detect_compiler::plan::Body;
use detect_compiler::rule::read_folder;
use detect_compiler::ruleset::Role;
use serde_json::Value as Json;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::{Path, PathBuf};

/// Documents of the matrix that a rule is asked about beside those that it matches.
const OTHERS: usize = 4;
/// Sets of a rule that are asked: the first so many that match, and that do not.
const SETS: usize = 2;

fn shared(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared").join(name)
}

fn lines(path: &Path) -> Vec<Json> {
    let text = std::fs::read_to_string(path).expect("a file of the triggers");
    text.lines().map(|line| serde_json::from_str(line).expect("a line of JSON")).collect()
}

/// A document, and what the rule has to say of it where that is known.
type Asked<'d> = (&'d Json, Option<bool>);

/// The documents to ask each rule about, by its path below the corpora.
fn questions<'d>(
    sets: &'d [(&'static str, Vec<Json>)],
    matrix: &'d Matrix,
) -> BTreeMap<String, Vec<Asked<'d>>> {
    let mut all: BTreeMap<String, Vec<Asked<'d>>> = BTreeMap::new();
    let mut taken: BTreeMap<(String, bool), usize> = BTreeMap::new();
    for (corpus, sets) in sets {
        for set in sets {
            let text = |key: &str| set[key].as_str().unwrap_or_default();
            let path = format!("{corpus}/{}", text("path"));
            let matches = text("expect") == "match";
            let count = taken.entry((path.clone(), matches)).or_default();
            *count += 1;
            if *count > SETS {
                continue;
            }
            let events = set["events"].as_array().expect("events");
            // A set of several events speaks of them together. With one, an alert needs a
            // match, but for some types a match is not yet an alert.
            let plain = matches!(text("type"), "query" | "eql") || text("scope") == "query";
            let known = events.len() == 1 && text("type") != "esql" && (matches || plain);
            let events = events.iter().take(4).map(|event| (event, known.then_some(matches)));
            all.entry(path).or_default().extend(events);
        }
    }
    for (path, row) in &matrix.rows {
        let asked = all.entry(path.clone()).or_default();
        let others = (0..OTHERS).map(|k| (row.number * 37 + k * 211) % matrix.documents.len());
        for number in row.matches.iter().copied().chain(others) {
            if !row.suspect.contains(&number) {
                let matches = row.matches.contains(&number);
                asked.push((&matrix.documents[number], Some(matches)));
            }
        }
    }
    all
}

/// Which rule matches which document.
struct Matrix {
    documents: Vec<Json>,
    rows: Vec<(String, Row)>,
}

struct Row {
    number: usize,
    matches: BTreeSet<usize>,
    suspect: BTreeSet<usize>,
}

impl Matrix {
    fn read(folder: &Path) -> Matrix {
        let table = |name: &str| -> Vec<(usize, String)> {
            let text = std::fs::read_to_string(folder.join(name)).expect("a table of the matrix");
            let cells = text.lines().filter_map(|line| line.split_once(','));
            cells.filter_map(|(row, rest)| Some((row.parse().ok()?, rest.to_owned()))).collect()
        };
        let matches: BTreeMap<usize, String> = table("cross.matches.csv").into_iter().collect();
        let suspect = table("cross.suspect.csv");
        let row = |rule: Json| {
            let number = rule["row"].as_u64().expect("a row") as usize;
            let text = |key: &str| rule[key].as_str().unwrap_or_default();
            let numbers = matches[&number].split_whitespace().filter_map(|n| n.parse().ok());
            let own = suspect.iter().filter(|(row, _)| *row == number);
            let doubtful = own.filter_map(|(_, rest)| rest.split(',').next()?.parse().ok());
            let row = Row { number, matches: numbers.collect(), suspect: doubtful.collect() };
            (format!("{}/{}", text("corpus"), text("path")), row)
        };
        Matrix {
            documents: lines(&folder.join("cross.events.ndjson")),
            rows: lines(&folder.join("cross.rules.ndjson")).into_iter().map(row).collect(),
        }
    }
}

#[test]
fn the_tree_says_what_the_rule_does_over_all_public_rules() {
    let (corpus, triggers) = (shared("corpus"), shared("conformance/triggers"));
    if !corpus.is_dir() || !triggers.is_dir() {
        println!("skipped: ../shared/corpus or ../shared/conformance is not there");
        return;
    }
    let catalogue = Catalogue::of(&read_folder(&corpus).expect("the corpora"));
    let sets = [
        ("detection-rules", lines(&triggers.join("detection-rules.ndjson"))),
        ("endpoint-rules", lines(&triggers.join("endpoint.ndjson"))),
        ("detection-rules", lines(&triggers.join("esql.ndjson"))),
    ];
    let matrix = Matrix::read(&triggers);
    let questions = questions(&sets, &matrix);
    let share = catalogue.entries.len().div_ceil(4).max(1);
    let counts: Vec<Counts> = std::thread::scope(|scope| {
        let parts = catalogue.entries.chunks(share);
        let running: Vec<_> = parts
            .map(|entries| {
                let questions = &questions;
                scope.spawn(move || {
                    let mut counts = Counts::default();
                    for entry in entries {
                        if let Some(asked) = questions.get(&entry.page.identity.path) {
                            counts.rule(entry, asked);
                        }
                    }
                    counts
                })
            })
            .collect();
        running.into_iter().map(|part| part.join().expect("a rule is as it says")).collect()
    });
    let sum = |of: fn(&Counts) -> usize| counts.iter().map(of).sum::<usize>();
    let (rules, documents, held) = (sum(|c| c.rules), sum(|c| c.documents), sum(|c| c.held));
    let (known, predicates) = (sum(|c| c.known), sum(|c| c.predicates));
    println!(
        "{rules} rules, {documents} documents, {known} of known outcome, {held} held, \
         {predicates} predicates"
    );
    assert!(rules > 2_000 && known > 12_000 && held > 4_000, "too little was asked");
}

/// Where something is wrong.
struct Place<'p> {
    path: &'p str,
    role: Role,
    json: &'p Json,
}

impl fmt::Display for Place<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, {:?}, on {}", self.path, self.role, self.json)
    }
}

#[derive(Default)]
struct Counts {
    rules: usize,
    documents: usize,
    known: usize,
    held: usize,
    predicates: usize,
}

impl Counts {
    fn rule(&mut self, entry: &Entry, asked: &[Asked<'_>]) {
        let plan = &entry.planned.lowered.plan;
        let conditions = Conditions::of(plan);
        let path = &entry.page.identity.path;
        let alone = !matches!(plan.body, Body::Sequence(_) | Body::Sample(_));
        self.rules += 1;
        for (json, expected) in asked {
            let document = Document::parse(json.to_string().as_bytes()).expect("a document");
            let verdict = conditions.verdict(&document);
            if let (true, Some(expected)) = (alone, expected) {
                assert_eq!(verdict.matches(), *expected, "{path} on {json}: {verdict:#?}");
                self.known += 1;
            }
            self.documents += 1;
            self.verdict(&verdict, json, path);
        }
    }

    fn verdict(&mut self, verdict: &Verdict, json: &Json, path: &str) {
        for (role, trace) in &verdict.conditions {
            let place = &Place { path, role: *role, json };
            self.held += usize::from(trace.holds && *role != Role::Until);
            follows(trace, place);
            let predicates = trace.predicates();
            self.predicates += predicates.len();
            let first = first_that_decides(trace, &predicates);
            let shown = trace.deciding();
            assert!(
                std::ptr::eq(first, shown),
                "{place}: {} decides, shown is {}",
                first.what,
                shown.what
            );
            values_are_shown(trace, false, place);
        }
    }
}

/// The outcome of every node follows from those of its parts.
fn follows(trace: &Trace, place: &Place<'_>) {
    if !trace.parts.is_empty() {
        let parts: Vec<Option<bool>> = trace.parts.iter().map(|part| Some(part.holds)).collect();
        assert_eq!(joined(trace, &parts), Some(trace.holds), "{place}: {trace:#?}");
    }
    trace.parts.iter().for_each(|part| follows(part, place));
}

/// The outcome of a node as far as it follows from those of its parts.
fn joined(trace: &Trace, parts: &[Option<bool>]) -> Option<bool> {
    let decisive = match trace.what.as_str() {
        "not" => return parts.first().copied().flatten().map(|holds| !holds),
        "and" => false,
        _ => true,
    };
    if parts.contains(&Some(decisive)) {
        Some(decisive)
    } else if parts.contains(&None) {
        None
    } else {
        Some(!decisive)
    }
}

/// The outcome as far as it follows from the first `known` predicates.
fn outcome(trace: &Trace, known: &mut usize) -> Option<bool> {
    if trace.parts.is_empty() {
        let looked_at = *known > 0;
        *known = known.saturating_sub(1);
        return looked_at.then_some(trace.holds);
    }
    let parts: Vec<Option<bool>> = trace.parts.iter().map(|part| outcome(part, known)).collect();
    joined(trace, &parts)
}

/// The predicate behind which the outcome is clear whatever those after it say. What is
/// clear stays clear, so it can be searched for by halves.
fn first_that_decides<'t>(trace: &Trace, predicates: &[&'t Trace]) -> &'t Trace {
    let (mut unclear, mut clear) = (0, predicates.len());
    while clear - unclear > 1 {
        let half = usize::midpoint(unclear, clear);
        if outcome(trace, &mut { half }).is_some() {
            clear = half;
        } else {
            unclear = half;
        }
    }
    predicates[clear - 1]
}

/// A predicate of one field shows all its values, one about an element of an array those
/// of the element, one of an expression those of each of its fields.
fn values_are_shown(trace: &Trace, in_element: bool, place: &Place<'_>) {
    let in_element = in_element || trace.what.starts_with("some element of ");
    for part in &trace.parts {
        values_are_shown(part, in_element, place);
    }
    let Some((field, rest)) = trace.what.split_once(' ').filter(|_| trace.parts.is_empty()) else {
        return;
    };
    if field.contains('(') {
        for shown in &trace.seen {
            let (field, shown) = shown.split_once(" = ").expect("a field with its values");
            assert_eq!(
                shown == "nothing",
                values(place.json, field).is_empty(),
                "{place}: {trace:?}"
            );
        }
        return;
    }
    if trace.holds && trace.what.starts_with(field) && !rest.starts_with("of ") {
        assert!(!trace.seen.is_empty(), "{place}: {trace:?} held and saw nothing");
    }
    if field.contains('*') || rest.starts_with("of ") {
        return;
    }
    let all = values(place.json, field);
    if in_element {
        assert!(trace.seen.iter().all(|value| all.contains(value)), "{place}: {trace:?}");
    } else if trace.seen != ["an object"] {
        assert_eq!(trace.seen, all, "{place}: {trace:?}");
    }
    if rest == "exists" {
        assert_eq!(trace.holds, !trace.seen.is_empty(), "{place}: {trace:?}");
    }
}

/// The scalars at a path, found without the reader of the runtime.
fn values(json: &Json, path: &str) -> Vec<String> {
    match json {
        Json::Object(members) if !path.is_empty() => {
            let below = members.iter().filter_map(|(key, value)| {
                let rest = path.strip_prefix(key.as_str())?;
                let rest = if rest.is_empty() { rest } else { rest.strip_prefix('.')? };
                Some(values(value, rest))
            });
            below.flatten().collect()
        }
        Json::Array(all) => all.iter().flat_map(|value| values(value, path)).collect(),
        _ if !path.is_empty() => Vec::new(),
        Json::Null | Json::Object(_) => Vec::new(),
        Json::String(text) => vec![format!("{text:?}")],
        scalar => vec![scalar.to_string()],
    }
}
