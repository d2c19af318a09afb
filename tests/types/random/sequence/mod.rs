//! Random sequences on random streams: plain forms with the runtime's machine, and
//! compiled rules in both modes, as one window and as a stream, give what the
//! reference says.

mod draw;
mod oracle;
mod stream;
mod write;

use super::{Drawn, Meaning, RULES, config};
use crate::suite::plain::Plain;
use crate::suite::{self, Document, Joined, Way as _};
use detect::runtime::engine::{Alert, Engine, Options, Ruleset as _, Sink};
use detect::runtime::head::{Draft, Settings, Whole};
use detect_compiler::diagnostic::Problem;
use detect_compiler::eql::{self, Context, Dialect};
use detect_compiler::plan::Body;
use detect_compiler::schema::Schema;
pub(super) use draw::{Form, Query, query};
use oracle::{Found, expected};
use proptest::prelude::*;
use std::collections::HashMap;
use std::sync::LazyLock;
use stream::{Event, arrivals};

/// How long after its time an event may be ingested, in milliseconds.
const DELAY: i64 = 20_000;

/// What a rule found, and how many events came too late for it.
type Counted = (Vec<Found>, u64);

/// What the drawn rules find in some lines: by name of the rule.
fn found(lines: &[String], settings: Settings, reference: bool) -> HashMap<&'static str, Counted> {
    let options = Options { settings, reference, ..Options::default() };
    let mut engine = Engine::<Drawn>::new(options).expect("a table of this version");
    let numbers = lines.iter().enumerate().map(|(number, line)| (line.as_bytes(), number));
    let rules = Drawn::table().rules.len();
    let mut drafts = Drafts { numbers: numbers.collect(), found: vec![Vec::new(); rules] };
    for line in lines {
        engine.feed(line.as_bytes(), &mut drafts);
        engine.feed(b"\n", &mut drafts);
    }
    engine.finish(&mut drafts);
    let names = Drawn::table().rules.iter().map(|rule| rule.info.name);
    let results = drafts.found.into_iter().zip(engine.rule_counts());
    names.zip(results.map(|(found, counts)| (found, counts.losses.late))).collect()
}

/// Collects what rules with members find.
struct Drafts<'l> {
    numbers: HashMap<&'l [u8], usize>,
    found: Vec<Vec<Found>>,
}

impl Sink for Drafts<'_> {
    fn alert(&mut self, _: &Alert<'_>) {}

    fn draft(&mut self, rule: usize, draft: &Draft) {
        if Drawn::table().rules[rule].info.name.starts_with("sequence_") {
            let joined = Joined::of(draft, suite::text, &|line| self.numbers.get(line).copied());
            self.found[rule].push(of(joined));
        }
    }
}

fn of(joined: Joined) -> Found {
    Found { keys: joined.keys, events: joined.events }
}

/// What the front end and the machine make of a query over one window.
fn plainly(query: &Query, lines: &[String]) -> Vec<Found> {
    static SCHEMA: LazyLock<Schema> = LazyLock::new(Schema::builtin);
    let dialect =
        if query.form == Form::Endpoint { Dialect::Endpoint } else { Dialect::Elasticsearch };
    let mut context = Context::new(&SCHEMA, dialect);
    context.tiebreaker_field = query.tiebreaker.then_some("event.sequence");
    let text = query.write();
    let compiled = eql::compile(&text, &context);
    let compiled = compiled.unwrap_or_else(|problems: Vec<Problem>| {
        panic!("{text}: {} at `{}`", problems[0].message, &text[problems[0].span.clone()])
    });
    let documents: Vec<Document> = lines.iter().cloned().map(Document::new).collect();
    let joined = match &compiled.body {
        Body::Sequence(sequence) => Plain.sequences(sequence, &documents),
        Body::Sample(sample) => Plain.samples(sample, &documents),
        other => panic!("{text}: {other:?}"),
    };
    joined.into_iter().map(of).collect()
}

/// Samples are any events that fit: they are checked, and compared by their keys.
fn agree(query: &Query, events: &[Event], found: &[Found]) -> Result<(), String> {
    let expected = expected(query, events);
    if query.form != Form::Sample {
        let wrong = format!("{found:?} instead of {expected:?}");
        return if found == expected { Ok(()) } else { Err(wrong) };
    }
    for sample in found {
        oracle::check_sample(query, events, sample)?;
    }
    let keys = |all: &[Found]| -> Vec<Vec<String>> { all.iter().map(|f| f.keys.clone()).collect() };
    let (found, expected) = (keys(found), keys(&expected));
    let wrong = format!("samples of {found:?} instead of {expected:?}");
    if found == expected { Ok(()) } else { Err(wrong) }
}

fn shown(query: &Query, lines: &[String]) -> String {
    format!("{}\n{}", query.write(), lines.join("\n"))
}

/// The rules that have a query: name and query.
fn drawn() -> impl Iterator<Item = (&'static str, &'static Query)> {
    RULES.iter().filter_map(|rule| match &rule.meaning {
        Meaning::Query(query) => Some((rule.name.as_str(), &**query)),
        Meaning::Condition(..) => None,
    })
}

proptest! {
    #![proptest_config(config(600))]

    /// What is drawn anew each time cannot be compiled by rustc: the plain way.
    #[test]
    fn queries_find_what_the_reference_says(query in query(), events in arrivals(0)) {
        let lines = stream::lines(&events);
        let found = plainly(&query, &lines);
        if let Err(wrong) = agree(&query, &events, &found) {
            prop_assert!(false, "{wrong}\n{}", shown(&query, &lines));
        }
    }
}

proptest! {
    #![proptest_config(config(40))]

    /// Compiled rules over one window, in both modes.
    #[test]
    fn rules_find_what_the_reference_says(events in arrivals(0)) {
        let lines = stream::lines(&events);
        let settings = Settings { whole: Some(Whole::default()), ..Settings::default() };
        let fast = found(&lines, settings.clone(), false);
        prop_assert_eq!(&fast, &found(&lines, settings, true), "{}", lines.join("\n"));
        for (name, query) in drawn() {
            if let Err(wrong) = agree(query, &events, &fast[name].0) {
                prop_assert!(false, "{name}: {wrong}\n{}", shown(query, &lines));
            }
        }
    }

    /// As a stream whose events come out of order: what comes too late is left out and
    /// counted, the rest is found, by the last event unless a missing event is waited
    /// for.
    #[test]
    fn streams_find_what_the_reference_says(
        events in arrivals(DELAY),
        lateness in prop::sample::select(vec![0, 2_000, DELAY]),
    ) {
        let lines = stream::lines(&events);
        let settings = Settings { lateness, ..Settings::default() };
        let fast = found(&lines, settings.clone(), false);
        prop_assert_eq!(&fast, &found(&lines, settings, true), "{}", lines.join("\n"));
        for (name, query) in drawn() {
            let mut query = query.clone();
            if query.form == Form::Sample {
                // A sample is found as soon as it is there, and again after a window.
                for sample in &fast[name].0 {
                    if let Err(wrong) = oracle::check_sample(&query, &events, sample) {
                        prop_assert!(false, "{name}: {wrong}\n{}", shown(&query, &lines));
                    }
                }
                continue;
            }
            // What differs by more than the lateness between two clocks may be lost.
            if query.ingested && lateness < DELAY {
                continue;
            }
            query.limits.clear();
            let (mut found, late) = fast[name].clone();
            let in_time = oracle::in_time(&query, &events, lateness);
            let kept = events.iter().zip(&in_time).filter(|(_, in_time)| **in_time);
            let mut expected = oracle::expected(&query, &kept.map(|(e, _)| e.clone()).collect::<Vec<_>>());
            if query.terms.last().is_some_and(|term| term.missing) {
                expected.sort();
                found.sort();
            }
            prop_assert_eq!(
                (found, late as usize),
                (expected, in_time.iter().filter(|in_time| !**in_time).count()),
                "{}: lateness {}\n{}", name, lateness, shown(&query, &lines)
            );
        }
    }
}
