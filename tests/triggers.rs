//! Rules against documents: the matrix `cross.*` and the trigger sets of
//! `triggers/` in each data folder, described in the README there. Rules are those
//! of the corpora beside the data folders, as compiled rulesets and, for their
//! queries, by plain forms.

mod suite;

use detect_compiler::eql::{self, Context, Dialect};
use detect_compiler::plan::{Body, Cond, Field, Sequence};
use detect_compiler::schema::Schema;
use detect_compiler::{filters, kql, lucene};
use serde_json::Value as Json;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::ExitCode;
use suite::corpora::{Corpus, Fired, Set};
use suite::plain::Plain;
use suite::tally::Tally;
use suite::threshold::{self, Counted};
use suite::{Conditions, Document, Way, folders, read};

detect_suite::corpora!();

fn main() -> ExitCode {
    let mut tally = Tally::new("triggers");
    let rules = Rules { schema: Schema::builtin() };
    for folder in folders("triggers") {
        matrix(&folder, &rules, &mut tally);
        for file in ["detection-rules.ndjson", "endpoint.ndjson"] {
            sets(&folder.join(file), &rules, &mut tally);
        }
    }
    tally.close()
}

/// Where rules are, and their field types.
struct Rules {
    schema: Schema,
}

/// A rule: its number in a corpus, and its query for the plain way.
struct Rule {
    corpus: &'static Corpus,
    number: Result<usize, &'static str>,
    plain: Result<Tested, String>,
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
    fn load(&self, corpus: &str, path: &str) -> Option<Rule> {
        let path = format!("{corpus}/{path}");
        let at_hand = |found: &'static Corpus| Some((found, found.file(&path)?));
        let (found, file) = CORPORA.iter().find_map(at_hand)?;
        let number = found.rule(&path).ok_or_else(|| found.refusal(&path));
        Some(Rule { corpus: found, number, plain: self.compile(&read(&file), corpus) })
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
fn matrix(folder: &Path, rules: &Rules, tally: &mut Tally) {
    let events = folder.join("cross.events.ndjson");
    if !events.exists() {
        return;
    }
    let events = read(&events);
    let lines: Vec<&str> = events.lines().collect();
    let documents: Vec<Document> =
        lines.iter().map(|line| Document::new((*line).to_owned())).collect();
    let compiled: Vec<Vec<BTreeSet<usize>>> =
        CORPORA.iter().map(|corpus| corpus.matches(&lines, false)).collect();
    let suspect = suspect(&folder.join("cross.suspect.csv"));
    let expected = expected(&folder.join("cross.matches.csv"));
    for row in self::lines(&folder.join("cross.rules.ndjson")) {
        let text = |key: &str| row[key].as_str().unwrap_or_default();
        let number = row["row"].as_u64().unwrap_or_default() as usize;
        let Some(rule) = rules.load(text("corpus"), text("path")) else { continue };
        tally.case(&format!("cross row {number} {}", text("path")), || {
            let certain = |all: BTreeSet<usize>| -> BTreeSet<usize> {
                all.into_iter().filter(|doc| !suspect.contains(&(number, *doc))).collect()
            };
            let expected = certain(expected.get(&number).cloned().unwrap_or_default());
            let at = CORPORA.iter().position(|corpus| std::ptr::eq(corpus, rule.corpus));
            let results = at.map(|at| &compiled[at]).ok_or("no corpus")?;
            let ways = [
                (Plain.name(), holds(rule.plain, &documents)?),
                ("compiled", results[rule.number?].clone()),
            ];
            for (way, found) in ways {
                let found = certain(found);
                if found != expected {
                    let more: Vec<_> = found.difference(&expected).collect();
                    let less: Vec<_> = expected.difference(&found).collect();
                    return Err(format!("({way}) too many: {more:?}, missing: {less:?}"));
                }
            }
            Ok(())
        });
    }
}

/// The documents on which a rule's query holds by its plain form.
fn holds(rule: Result<Tested, String>, documents: &[Document]) -> Result<BTreeSet<usize>, String> {
    let (cond, lineages) = match rule? {
        Tested::Event { cond, lineages } => (cond, lineages),
        Tested::Threshold { cond, .. } => (cond, Vec::new()),
        _ => return Err("no event query".into()),
    };
    let rule = Conditions { cond: &cond, lineages: &lineages };
    Ok(Plain.matches(&rule, documents).into_iter().collect())
}

/// Cells as row and document.
fn suspect(path: &Path) -> BTreeSet<(usize, usize)> {
    let cell = |line: &str| {
        let mut cells = line.split(',');
        Some((cells.next()?.parse().ok()?, cells.next()?.parse().ok()?))
    };
    if path.exists() { read(path).lines().filter_map(cell).collect() } else { BTreeSet::new() }
}

/// Documents by row.
fn expected(path: &Path) -> BTreeMap<usize, BTreeSet<usize>> {
    let row = |line: &str| {
        let (row, list) = line.split_once(',')?;
        let list = list.split(' ').filter_map(|number| number.parse().ok()).collect();
        Some((row.parse().ok()?, list))
    };
    read(path).lines().filter_map(row).collect()
}

/// Every so many sets, reference mode runs too: it takes all rules over all events.
const REFERENCE_EVERY: usize = 400;

/// Sets of events that must fire their rule, and near misses.
fn sets(path: &Path, rules: &Rules, tally: &mut Tally) {
    let corpus = match path.file_stem().and_then(|stem| stem.to_str()) {
        Some("endpoint") => "endpoint-rules",
        _ => "detection-rules",
    };
    let all = lines(path);
    // Each set begins with fresh state: they share nothing.
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let share = all.len().div_ceil(threads).max(1);
    let outcomes: Vec<Option<Result<(), String>>> = std::thread::scope(|scope| {
        let parts = all.chunks(share).zip((0..).step_by(share));
        let running: Vec<_> = parts
            .map(|(part, first)| {
                scope.spawn(move || {
                    let mut loaded = BTreeMap::new();
                    let numbered = part.iter().zip(first..);
                    let run = numbered.map(|(set, number)| {
                        let path = set["path"].as_str().unwrap_or_default();
                        let rule = loaded
                            .entry(path.to_owned())
                            .or_insert_with(|| rules.load(corpus, path))
                            .as_ref()?;
                        Some(one_set(rule, set, number % REFERENCE_EVERY == 0))
                    });
                    run.collect::<Vec<_>>()
                })
            })
            .collect();
        running.into_iter().flat_map(|part| part.join().expect("a set does not panic")).collect()
    });
    for (set, outcome) in all.iter().zip(outcomes) {
        if let Some(outcome) = outcome {
            tally.case(set["name"].as_str().unwrap_or_default(), || outcome);
        }
    }
}

fn one_set(rule: &Rule, set: &Json, in_reference_mode: bool) -> Result<(), String> {
    let text = |key: &str| set[key].as_str().unwrap_or_default();
    let events = set["events"].as_array().map(Vec::as_slice).unwrap_or_default();
    let wanted = Wanted { query_only: text("scope") == "query", holds: text("expect") == "match" };
    plain_set(rule, events, &wanted)?;
    let events: Vec<String> = events.iter().map(Json::to_string).collect();
    let compiled = Set { rule: rule.number?, events: &events };
    let fired = rule.corpus.fires(&compiled, false);
    wanted.compare("compiled", fired)?;
    let plain = if in_reference_mode { rule.corpus.fires(&compiled, true) } else { fired };
    if plain == fired {
        Ok(())
    } else {
        Err(format!("{plain:?} in reference mode, {fired:?} else"))
    }
}

/// What a set says of its rule.
struct Wanted {
    /// The verdict is about the query alone.
    query_only: bool,
    /// It holds, or the rule fires.
    holds: bool,
}

impl Wanted {
    fn compare(&self, way: &str, fired: Fired) -> Result<(), String> {
        let count = if self.query_only { fired.matches } else { fired.alerts };
        match (count > 0, self.holds) {
            (true, false) => Err(format!("({way}) fires: {fired:?}")),
            (false, true) => Err(format!("({way}) does not fire: {fired:?}")),
            _ => Ok(()),
        }
    }
}

/// The same by plain forms, where these say what the set asks.
fn plain_set(rule: &Rule, events: &[Json], wanted: &Wanted) -> Result<(), String> {
    let documents: Vec<Document> = events.iter().map(Document::of).collect();
    let count = match rule.plain.as_ref().map_err(Clone::clone)? {
        Tested::Event { cond, lineages } => {
            Plain.matches(&Conditions { cond, lineages }, &documents).len()
        }
        Tested::Sequence(sequence) => Plain.sequences(sequence, &documents).len(),
        Tested::Threshold { cond, counted } if !wanted.query_only => {
            let rule = Conditions { cond, lineages: &[] };
            threshold::reached(&mut Plain, &rule, counted, &documents)
        }
        Tested::Threshold { cond, .. } => {
            Plain.matches(&Conditions { cond, lineages: &[] }, &documents).len()
        }
        Tested::Other => return Ok(()),
    };
    let count = count as u64;
    wanted.compare(Plain.name(), Fired { matches: count, alerts: count })
}
