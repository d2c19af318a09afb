//! Rules against documents: the matrix `cross.*` and the trigger sets of
//! `triggers/` in each data folder, described in the README there.

#[path = "triggers/esql.rs"]
mod esql;
mod suite;

use detect_compiler::eql::{self, Context, Dialect};
use detect_compiler::plan::{Body, Cond, Field, Sequence};
use detect_compiler::schema::Schema;
use detect_compiler::{filters, kql, lucene};
use serde_json::Value as Json;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use suite::plain::Plain;
use suite::tally::Tally;
use suite::threshold::{self, Counted};
use suite::{Conditions, Document, Way, folders, read};

fn main() -> ExitCode {
    let mut tally = Tally::new("triggers");
    let mut ways: Vec<Box<dyn Way>> = vec![Box::new(Plain)];
    let rules = Rules { schema: Schema::builtin() };
    for folder in folders("triggers") {
        matrix(&folder, &rules, &mut tally, &mut ways);
        for file in ["detection-rules.ndjson", "endpoint.ndjson"] {
            sets(&folder.join(file), &rules, &mut tally, &mut ways);
        }
        esql::sets(&folder.join("esql.ndjson"), &mut tally);
    }
    tally.close()
}

/// Where rules are, and their field types.
struct Rules {
    schema: Schema,
}

/// What is tested of a rule here.
enum Tested {
    Event {
        cond: Cond,
        lineages: Vec<Cond>,
    },
    Sequence(Sequence),
    Threshold {
        cond: Cond,
        counted: Counted,
    },
    /// Samples.
    Other,
}

impl Rules {
    /// The rule at a path below a corpus folder; `None` if it is not at hand.
    fn load(&self, corpus: &str, path: &str) -> Option<Result<Tested, String>> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/corpus");
        let text = std::fs::read_to_string(root.join(corpus).join(path)).ok()?;
        Some(self.compile(&text, corpus))
    }

    fn compile(&self, text: &str, corpus: &str) -> Result<Tested, String> {
        let file: toml::Table = text.parse().map_err(|error| format!("{error}"))?;
        let rule = file["rule"].as_table().ok_or("no rule")?;
        let string = |key: &str| rule.get(key).and_then(toml::Value::as_str);
        let query = string("query").ok_or("no query")?;
        let problem = |problems: Vec<detect_compiler::diagnostic::Problem>| {
            problems.first().map_or_else(String::new, |problem| problem.message.clone())
        };
        let mut tested = match string("language") {
            Some("kuery") => {
                let compiled = kql::compile(query, &self.schema).map_err(problem)?;
                Tested::Event { cond: compiled.cond, lineages: Vec::new() }
            }
            Some("lucene") => {
                let compiled = lucene::compile(query, &self.schema).map_err(problem)?;
                Tested::Event { cond: compiled.cond, lineages: Vec::new() }
            }
            _ => {
                let dialect = if corpus == "endpoint-rules" {
                    Dialect::Endpoint
                } else {
                    Dialect::Elasticsearch
                };
                let category = string("event_category_override").unwrap_or("event.category");
                let context =
                    Context { category_field: category, ..Context::new(&self.schema, dialect) };
                let compiled = eql::compile(query, &context).map_err(problem)?;
                match compiled.body {
                    Body::Events(cond) => Tested::Event { cond, lineages: compiled.lineages },
                    Body::Sequence(sequence) => Tested::Sequence(sequence),
                    _ => Tested::Other,
                }
            }
        };
        if let (Tested::Event { cond, .. }, Some(list)) = (&mut tested, rule.get("filters")) {
            let list = serde_json::to_value(list).map_err(|error| error.to_string())?;
            for filter in list.as_array().into_iter().flatten() {
                let filter =
                    filters::compile(filter, &self.schema).map_err(|error| error.to_string())?;
                *cond = Cond::And(vec![cond.clone(), filter]);
            }
        }
        match (tested, rule.get("threshold")) {
            (Tested::Event { cond, .. }, Some(threshold)) => {
                Ok(Tested::Threshold { cond, counted: self.counted(threshold)? })
            }
            (tested, _) => Ok(tested),
        }
    }

    fn counted(&self, threshold: &toml::Value) -> Result<Counted, String> {
        let field = |path: &toml::Value| {
            let path = path.as_str().ok_or("a field that is no text")?.to_owned();
            let ty = self.schema.lookup(&path).ty;
            Ok::<Field, String>(Field { path, ty })
        };
        let number = |of: &toml::Value| -> Result<u64, String> {
            let value = of.get("value").and_then(toml::Value::as_integer).ok_or("no value")?;
            u64::try_from(value).map_err(|error| error.to_string())
        };
        let fields = match threshold.get("field") {
            Some(toml::Value::Array(all)) => all.iter().map(field).collect::<Result<_, _>>()?,
            Some(one) => vec![field(one)?],
            None => Vec::new(),
        };
        let cardinality = threshold.get("cardinality").and_then(|all| all.get(0));
        let cardinality = cardinality.map(|entry| {
            let path = entry.get("field").ok_or("cardinality without a field")?;
            Ok::<_, String>((field(path)?, number(entry)?))
        });
        Ok(Counted { fields, value: number(threshold)?, cardinality: cardinality.transpose()? })
    }
}

fn lines(path: &Path) -> Vec<Json> {
    if !path.exists() {
        return Vec::new();
    }
    read(path).lines().map(|line| serde_json::from_str(line).expect("a line of JSON")).collect()
}

/// `cross.*`: every document alone against every rule.
fn matrix(folder: &Path, rules: &Rules, tally: &mut Tally, ways: &mut [Box<dyn Way>]) {
    let events = folder.join("cross.events.ndjson");
    if !events.exists() {
        return;
    }
    let documents: Vec<Document> =
        read(&events).lines().map(|line| Document::new(line.to_owned())).collect();
    let suspect: BTreeSet<(usize, usize)> = read(&folder.join("cross.suspect.csv"))
        .lines()
        .filter_map(|line| {
            let mut cells = line.split(',');
            Some((cells.next()?.parse().ok()?, cells.next()?.parse().ok()?))
        })
        .collect();
    let expected: BTreeMap<usize, Vec<usize>> = read(&folder.join("cross.matches.csv"))
        .lines()
        .filter_map(|line| {
            let (row, list) = line.split_once(',')?;
            let list = list.split(' ').filter_map(|number| number.parse().ok()).collect();
            Some((row.parse().ok()?, list))
        })
        .collect();
    for row in lines(&folder.join("cross.rules.ndjson")) {
        let text = |key: &str| row[key].as_str().unwrap_or_default();
        let number = row["row"].as_u64().unwrap_or_default() as usize;
        let Some(rule) = rules.load(text("corpus"), text("path")) else { continue };
        tally.case(&format!("cross row {number} {}", text("path")), || {
            let (cond, lineages) = match rule? {
                Tested::Event { cond, lineages } => (cond, lineages),
                Tested::Threshold { cond, .. } => (cond, Vec::new()),
                _ => return Err("no event query".into()),
            };
            let none = Vec::new();
            let certain = |all: &[usize]| -> Vec<usize> {
                all.iter().copied().filter(|doc| !suspect.contains(&(number, *doc))).collect()
            };
            let expected = certain(expected.get(&number).unwrap_or(&none));
            for way in &mut *ways {
                let rule = Conditions { cond: &cond, lineages: &lineages };
                let found = certain(&way.matches(&rule, &documents));
                if found != expected {
                    let more: Vec<_> = found.iter().filter(|d| !expected.contains(d)).collect();
                    let less: Vec<_> = expected.iter().filter(|d| !found.contains(d)).collect();
                    return Err(format!("({}) too many: {more:?}, missing: {less:?}", way.name()));
                }
            }
            Ok(())
        });
    }
}

/// Sets of events that must fire their rule, and near misses. A set that hangs on a
/// count or on indicators needs the head of its rule: there a way that has only the
/// query says no more than that the query holds.
fn sets(path: &Path, rules: &Rules, tally: &mut Tally, ways: &mut [Box<dyn Way>]) {
    let corpus = match path.file_stem().and_then(|stem| stem.to_str()) {
        Some("endpoint") => "endpoint-rules",
        _ => "detection-rules",
    };
    let mut compiled: BTreeMap<PathBuf, Option<Result<Tested, String>>> = BTreeMap::new();
    for set in lines(path) {
        let text = |key: &str| set[key].as_str().unwrap_or_default();
        let rule = compiled
            .entry(PathBuf::from(text("path")))
            .or_insert_with(|| rules.load(corpus, text("path")));
        let Some(rule) = rule else { continue };
        if matches!(rule, Ok(Tested::Other)) {
            continue;
        }
        tally.case(text("name"), || {
            let rule = rule.as_ref().map_err(Clone::clone)?;
            let events = set["events"].as_array().map(Vec::as_slice).unwrap_or_default();
            let documents: Vec<Document> = events.iter().map(Document::of).collect();
            for way in &mut *ways {
                let fires = match rule {
                    Tested::Event { cond, lineages } => {
                        !way.matches(&Conditions { cond, lineages }, &documents).is_empty()
                    }
                    Tested::Sequence(sequence) => !way.sequences(sequence, &documents).is_empty(),
                    Tested::Threshold { cond, counted } if text("scope") == "full" => {
                        let rule = Conditions { cond, lineages: &[] };
                        threshold::reached(way.as_mut(), &rule, counted, &documents) > 0
                    }
                    Tested::Threshold { cond, .. } => {
                        let rule = Conditions { cond, lineages: &[] };
                        !way.matches(&rule, &documents).is_empty()
                    }
                    Tested::Other => return Ok(()),
                };
                let headed = matches!(text("type"), "threshold" | "threat_match");
                if headed && text("scope") == "full" && text("expect") == "no-match" {
                    continue;
                }
                if fires != (text("expect") == "match") {
                    let outcome = if fires { "fires" } else { "does not fire" };
                    return Err(format!("({}) {outcome}", way.name()));
                }
            }
            Ok(())
        });
    }
}
