//! Random conditions on random events: what the front ends make of them holds where
//! the reference says so, and rules of such conditions give the same alerts in normal
//! and in reference mode.
//!
//! `tests/data/random` holds rules that a deterministic run of the strategies drew, so
//! that they can be compiled; `DETECT_RENEW=1` writes them anew.

mod sequence;
mod tree;
mod write;

use detect::runtime::engine::{Engine, Options, Ruleset as _};
use detect::runtime::event::reference::Document;
use detect::runtime::head::Settings;
use detect::runtime::plain::{Form, Scope};
use detect::runtime::value::{Cx, Warnings};
use detect_compiler::diagnostic::Problem;
use detect_compiler::eql::{Context, Dialect};
use detect_compiler::plan::{Body, Cond, plain};
use detect_compiler::schema::Schema;
use detect_compiler::{eql, kql, lucene};
use proptest::prelude::*;
use proptest::sample::select;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::TestRunner;
use sequence::{Query, query};
use serde_json::{Map, Value as Json, json};
use std::path::PathBuf;
use std::sync::LazyLock;
use tree::{ADDRESSES, FIELDS, Kind, LANGUAGES, Language, Scalar, TEXTS, Tree, tree};

/// Rules that were drawn.
#[detect::ruleset(path = "tests/data/random")]
struct Drawn;

/// Rules of one condition that are drawn for each language, and sequences and samples.
const CONDITIONS: usize = 25;
const SEQUENCES: usize = 60;

/// What an event says of a field.
#[derive(Clone, Debug)]
enum Said {
    Nothing,
    Null,
    One(Scalar),
    /// `None` is a null in the list.
    Many(Vec<Option<Scalar>>),
}

/// An event: what it says of each field, and how it is written.
#[derive(Clone, Debug)]
pub(crate) struct Event {
    said: Vec<Said>,
    dotted: Vec<bool>,
    host: u8,
    seconds: u8,
}

impl Event {
    /// The values of a field.
    fn values(&self, field: &str) -> impl Iterator<Item = &Scalar> {
        let at = FIELDS.iter().position(|(name, _)| *name == field);
        let said = at.and_then(|at| self.said.get(at)).unwrap_or(&Said::Nothing);
        let (one, many) = match said {
            Said::Nothing | Said::Null => (None, &[][..]),
            Said::One(scalar) => (Some(scalar), &[][..]),
            Said::Many(all) => (None, &all[..]),
        };
        one.into_iter().chain(many.iter().flatten())
    }

    fn json(&self, id: usize) -> Json {
        let mut event = Map::new();
        let seconds = self.seconds;
        event.insert("@timestamp".into(), format!("2026-01-01T00:00:{seconds:02}Z").into());
        event.insert("_id".into(), id.to_string().into());
        event.insert("host".into(), json!({"id": format!("h{}", self.host)}));
        let scalar = |scalar: &Scalar| match scalar {
            Scalar::Text(text) => Json::from(*text),
            Scalar::Number(n) => Json::from(*n),
            Scalar::Boolean(b) => Json::from(*b),
        };
        for ((said, (field, _)), dotted) in self.said.iter().zip(FIELDS).zip(&self.dotted) {
            let value = match said {
                Said::Nothing => continue,
                Said::Null => Json::Null,
                Said::One(one) => scalar(one),
                Said::Many(all) => {
                    all.iter().map(|one| one.as_ref().map_or(Json::Null, scalar)).collect()
                }
            };
            if *dotted {
                event.insert(field.into(), value);
            } else {
                put(&mut event, field, value);
            }
        }
        event.into()
    }
}

/// Sets a value in objects inside objects.
fn put(object: &mut Map<String, Json>, path: &str, value: Json) {
    match path.split_once('.') {
        None => drop(object.insert(path.into(), value)),
        Some((first, rest)) => {
            let inner = object.entry(first).or_insert_with(|| Json::Object(Map::new()));
            if let Json::Object(inner) = inner {
                put(inner, rest, value);
            }
        }
    }
}

fn scalar(kind: Kind) -> BoxedStrategy<Scalar> {
    match kind {
        Kind::Keyword => select(&TEXTS[..]).prop_map(Scalar::Text).boxed(),
        Kind::Number => (-1..4i64).prop_map(Scalar::Number).boxed(),
        Kind::Boolean => any::<bool>().prop_map(Scalar::Boolean).boxed(),
        Kind::Address => select(&ADDRESSES[..]).prop_map(Scalar::Text).boxed(),
    }
}

fn event() -> impl Strategy<Value = Event> {
    let said = FIELDS.map(|(_, kind)| {
        prop_oneof![
            2 => Just(Said::Nothing),
            1 => Just(Said::Null),
            5 => scalar(kind).prop_map(Said::One),
            3 => prop::collection::vec(prop::option::weighted(0.8, scalar(kind)), 0..4)
                .prop_map(Said::Many),
        ]
    });
    let dotted = prop::collection::vec(any::<bool>(), FIELDS.len());
    (said.to_vec(), dotted, 0..2u8, 0..60u8).prop_map(|(said, dotted, host, seconds)| Event {
        said,
        dotted,
        host,
        seconds,
    })
}

/// What a front end makes of a whole query; languages by their names in rows.
pub(crate) fn condition(query: &str, language: &str, schema: &Schema) -> Result<Cond, String> {
    let eql = |dialect| {
        let compiled = eql::compile(query, &Context::new(schema, dialect))?;
        match compiled.body {
            Body::Events(cond) => Ok(cond),
            other => panic!("{other:?}"),
        }
    };
    let outcome = match language {
        "eql" => eql(Dialect::Elasticsearch),
        "endpoint" => eql(Dialect::Endpoint),
        "kql" => kql::compile(query, schema).map(|compiled| compiled.cond),
        _ => lucene::compile(query, schema).map(|compiled| compiled.cond),
    };
    outcome.map_err(|problems: Vec<Problem>| {
        let problem = &problems[0];
        format!("{} at `{}`", problem.message, &query[problem.span.clone()])
    })
}

fn compiled(query: &str, language: Language, schema: &Schema) -> Cond {
    let (query, name) = match language {
        Language::Eql => (format!("any where {query}"), "eql"),
        Language::Endpoint => (format!("any where {query}"), "endpoint"),
        Language::Kql => (query.to_owned(), "kql"),
        Language::Lucene => (query.to_owned(), "lucene"),
    };
    condition(&query, name, schema).unwrap_or_else(|problem| panic!("{query}: {problem}"))
}

/// Whether the condition holds for an event.
pub(crate) fn holds(form: &Form, event: &Json) -> bool {
    let line = event.to_string();
    let document = Document::parse(line.as_bytes()).expect("an event is JSON");
    let (arena, warnings) = (bumpalo::Bump::new(), Warnings::default());
    let cx = Cx { arena: &arena, now: 0, warnings: &warnings };
    form.holds(&Scope::new(&document, cx))
}

/// So many cases, or `PROPTEST_CASES`; a failing one is told, not kept in a file.
pub(crate) fn config(cases: u32) -> ProptestConfig {
    let asked = ProptestConfig::default();
    let cases = std::env::var_os("PROPTEST_CASES").map_or(cases, |_| asked.cases);
    ProptestConfig { cases, failure_persistence: None, ..asked }
}

proptest! {
    #![proptest_config(config(400))]

    /// Each front end means what the reference says.
    #[test]
    fn front_ends_keep_to_the_reference(
        drawn in tree(),
        events in prop::collection::vec(event(), 1..12),
    ) {
        let schema = Schema::builtin();
        for language in LANGUAGES {
            let condition = drawn.of(language);
            let query = condition.write(language);
            let form = plain::form(&compiled(&query, language, &schema));
            for event in &events {
                let document = event.json(0);
                prop_assert_eq!(
                    holds(&form, &document),
                    condition.holds(event, language),
                    "{:?} {} on {}", language, query, document
                );
            }
        }
    }
}

/// A rule that was drawn.
struct Rule {
    name: String,
    text: String,
    meaning: Meaning,
}

/// What was drawn.
enum Meaning {
    /// A rule without state.
    Condition(Tree, Language),
    /// A sequence or a sample.
    Query(Box<Query>),
}

/// The rules: the same in each run.
static RULES: LazyLock<Vec<Rule>> = LazyLock::new(draw);

fn draw() -> Vec<Rule> {
    let mut runner = TestRunner::deterministic();
    let mut rules = Vec::new();
    for language in LANGUAGES {
        for number in 0..CONDITIONS {
            let drawn = tree().new_tree(&mut runner).expect("a condition").current().of(language);
            let name = format!("{language:?}_{number:02}").to_lowercase();
            let written = drawn.write(language);
            let query = match language {
                Language::Eql | Language::Endpoint => format!("any where {written}"),
                Language::Kql | Language::Lucene => written,
            };
            let text = text(&name, language, "", &query, rules.len());
            rules.push(Rule { name, text, meaning: Meaning::Condition(drawn, language) });
        }
    }
    for number in 0..SEQUENCES {
        let drawn = query().new_tree(&mut runner).expect("a query").current();
        let name = format!("sequence_{number:02}");
        let mut more = String::new();
        if drawn.tiebreaker {
            more.push_str("tiebreaker_field = \"event.sequence\"\n");
        }
        if drawn.ingested {
            more.push_str("timestamp_override = \"event.ingested\"\n");
        }
        let text = text(&name, drawn.form.language(), &more, &drawn.write(), rules.len());
        rules.push(Rule { name, text, meaning: Meaning::Query(Box::new(drawn)) });
    }
    rules
}

fn text(name: &str, language: Language, more: &str, query: &str, number: usize) -> String {
    let id = format!("00000000-0000-4000-8000-{:012x}", 0x1000 + number);
    let (kind, word) = match language {
        Language::Endpoint => {
            return format!(
                "[rule]\nname = \"{name}\"\ndescription = \"Drawn.\"\nid = \"{id}\"\n\
                 version = \"1.0.0\"\nquery = '''\n{query}\n'''\n"
            );
        }
        Language::Eql => ("eql", "eql"),
        Language::Kql => ("query", "kuery"),
        Language::Lucene => ("query", "lucene"),
    };
    format!(
        "[metadata]\ncreation_date = \"2026/01/01\"\nupdated_date = \"2026/01/01\"\n\
         maturity = \"production\"\n\n[rule]\nname = \"{name}\"\ndescription = \"Drawn.\"\n\
         author = [\"detect\"]\nlicense = \"MIT OR Apache-2.0\"\nrule_id = \"{id}\"\n\
         type = \"{kind}\"\nlanguage = \"{word}\"\nseverity = \"low\"\nrisk_score = 21\n\
         {more}query = '''\n{query}\n'''\n"
    )
}

#[test]
fn the_rules_are_those_that_are_drawn() {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/data/random");
    for rule in RULES.iter() {
        let path = folder.join(format!("{}.toml", rule.name));
        if std::env::var_os("DETECT_RENEW").is_some() {
            std::fs::write(&path, &rule.text).expect("the folder can be written");
        }
        let found = std::fs::read_to_string(&path).unwrap_or_default();
        assert_eq!(found, rule.text, "{}", path.display());
    }
    assert_eq!(Drawn::table().rules.len(), LANGUAGES.len() * CONDITIONS + SEQUENCES);
}

/// What the rules say of some events: name and events of each alert.
fn alerts(lines: &str, reference: bool) -> Vec<(String, Vec<String>)> {
    let settings = Settings { lateness: 5_000, ..Settings::default() };
    let options = Options { settings, reference, ..Options::default() };
    let mut engine = Engine::<Drawn>::new(options).expect("a table of this version");
    let mut alerts: Vec<String> = Vec::new();
    engine.feed(lines.as_bytes(), &mut alerts);
    engine.finish(&mut alerts);
    let shown = alerts.iter().map(|alert| {
        let alert: Json = serde_json::from_str(alert).expect("an alert is JSON");
        let name = alert["kibana.alert.rule.name"].as_str().unwrap_or_default().to_owned();
        let ancestors = alert["kibana.alert.ancestors"].as_array().expect("ancestors");
        let ids = ancestors.iter().filter(|ancestor| ancestor["type"] == "event");
        (name, ids.map(|ancestor| ancestor["id"].as_str().unwrap_or_default().to_owned()).collect())
    });
    shown.collect()
}

proptest! {
    #![proptest_config(config(40))]

    /// Compiled rules and the walk over their plain forms give the same alerts, and
    /// those without state alert where the reference says so.
    #[test]
    fn rules_alert_alike_in_both_modes(events in prop::collection::vec(event(), 1..30)) {
        let lines: Vec<String> =
            events.iter().enumerate().map(|(id, event)| event.json(id).to_string()).collect();
        let lines = lines.join("\n");
        let fast = alerts(&lines, false);
        prop_assert_eq!(&fast, &alerts(&lines, true), "{}", lines);
        for rule in RULES.iter() {
            let Meaning::Condition(condition, language) = &rule.meaning else { continue };
            let found: Vec<&str> = fast
                .iter()
                .filter(|(name, _)| *name == rule.name)
                .map(|(_, ids)| ids[0].as_str())
                .collect();
            let expected: Vec<String> = (0..events.len())
                .filter(|id| condition.holds(&events[*id], *language))
                .map(|id| id.to_string())
                .collect();
            prop_assert_eq!(found, expected, "{} on\n{}", rule.text, lines);
        }
    }
}
