//! Where an event goes that meets a condition of a rule with state: its group, or its
//! place in a sequence, with the events of the file that went there before.
//!
//! This is what the event would enter, read off the plan; whether a sequence is complete
//! or a group large enough is the engine's affair (windows, clocks, order).

use detect::runtime::event::reference::{Document, Found};
use detect_compiler::page::Entry;
use detect_compiler::plan::{Body, Rows, Term};
use detect_compiler::ruleset::Role;
use serde_json::{Value as Json, json};
use std::collections::HashMap;

/// Values of a key, or what says that there is none.
type Key = Vec<(String, String)>;

/// Earlier events of the file by place and key.
#[derive(Default)]
pub(super) struct Earlier(HashMap<(usize, Key), Vec<usize>>);

/// What an event enters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Entered {
    /// What it is.
    what: What,
    key: Key,
    /// Earlier events of this file that went there; for a sequence those that it may go
    /// on from.
    earlier: Vec<usize>,
    /// What is waited for.
    then: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum What {
    /// Number of the event, of how many.
    Term(usize, usize),
    /// It must not occur here.
    Missing(usize, usize),
    /// It clears what is pending.
    Until,
    Group,
    Terms,
}

impl Earlier {
    /// What an event of the file enters; it is an earlier one for the next.
    pub(super) fn enter(
        &mut self,
        number: usize,
        entry: &Entry,
        document: &Document,
        holds: &dyn Fn(Role) -> bool,
    ) -> Vec<Entered> {
        let lowered = &entry.planned.lowered;
        match &lowered.plan.body {
            Body::Sequence(sequence) => {
                let until = sequence.until.iter().map(|term| (Role::Until, term));
                let mut entered = self.terms(number, &sequence.terms, true, entry, document, holds);
                for (role, term) in until {
                    if holds(role) {
                        let then = "clears what is pending for the key".to_owned();
                        let key = key_of(term, document);
                        entered.push(Entered { what: What::Until, key, earlier: vec![], then });
                    }
                }
                entered
            }
            Body::Sample(sample) => {
                self.terms(number, &sample.terms, false, entry, document, holds)
            }
            Body::Events(_) => Vec::new(),
            Body::Pipeline(pipeline)
                if !pipeline.aggregating || matches!(pipeline.rows, Rows::Constants(_)) =>
            {
                Vec::new()
            }
            _ if !holds(Role::Body) => Vec::new(),
            Body::ThreatMatch(_) => Vec::new(),
            body => {
                let key = keys(lowered.group_by.iter().map(String::as_str), document);
                let earlier = self.note(0, &key, number);
                let (what, then) = match body {
                    Body::NewTerms(_) if earlier.is_empty() => {
                        (What::Terms, "alerts if the history has not seen it".to_owned())
                    }
                    Body::NewTerms(_) => (What::Terms, "was seen before".to_owned()),
                    Body::Threshold(threshold) => {
                        let count = earlier.len() + 1;
                        let then = format!("{count} of {} events of this file", threshold.value);
                        (What::Group, then)
                    }
                    _ => (What::Group, "counted at the next run".to_owned()),
                };
                vec![Entered { what, key, earlier, then }]
            }
        }
    }

    fn terms(
        &mut self,
        number: usize,
        terms: &[Term],
        ordered: bool,
        entry: &Entry,
        document: &Document,
        holds: &dyn Fn(Role) -> bool,
    ) -> Vec<Entered> {
        let mut entered = Vec::new();
        for (place, term) in terms.iter().enumerate() {
            if !holds(Role::Term(place)) {
                continue;
            }
            let key = key_of(term, document);
            let count = terms.len();
            if term.missing {
                let then = "ends what is pending for the key at this place".to_owned();
                let what = What::Missing(place + 1, count);
                entered.push(Entered { what, key, earlier: Vec::new(), then });
                continue;
            }
            // It goes on from the last place before that is an event, not an absence.
            let before = terms[..place].iter().rposition(|term| !term.missing);
            let other = |place: usize| self.at(place, &key);
            let earlier = match before {
                Some(before) if ordered => other(before),
                _ if ordered => Vec::new(),
                _ => (0..count).filter(|own| *own != place).flat_map(other).collect(),
            };
            self.note(place, &key, number);
            let rest: Vec<usize> = if ordered {
                (place + 1..count).filter(|next| !terms[*next].missing).collect()
            } else {
                (0..count).filter(|own| *own != place && self.at(*own, &key).is_empty()).collect()
            };
            let then = match rest.first() {
                _ if ordered && before.is_some() && earlier.is_empty() => {
                    "no event of this file is pending before it".to_owned()
                }
                None if ordered => "completes the sequence".to_owned(),
                None => "the sample is whole".to_owned(),
                Some(next) => format!("waits for event {}: {}", next + 1, stage(entry, *next)),
            };
            entered.push(Entered { what: What::Term(place + 1, count), key, earlier, then });
        }
        entered
    }

    /// Earlier events at a place; this one is one of them from now on.
    fn note(&mut self, place: usize, key: &Key, number: usize) -> Vec<usize> {
        let events = self.0.entry((place, key.clone())).or_default();
        let earlier = events.clone();
        events.push(number);
        earlier
    }

    fn at(&self, place: usize, key: &Key) -> Vec<usize> {
        self.0.get(&(place, key.clone())).cloned().unwrap_or_default()
    }
}

impl Entered {
    /// One line.
    pub(super) fn text(&self) -> String {
        let key: Vec<String> =
            self.key.iter().map(|(field, value)| format!("{field} = {value}")).collect();
        let key = if key.is_empty() { "all events".to_owned() } else { key.join(", ") };
        let what = match self.what {
            What::Term(place, count) => format!("enters as event {place} of {count}"),
            What::Missing(place, count) => format!("must not occur as event {place} of {count}"),
            What::Until => "is the end".to_owned(),
            What::Group => "enters the group".to_owned(),
            What::Terms => "has the terms".to_owned(),
        };
        let earlier: Vec<String> = self.earlier.iter().map(usize::to_string).collect();
        let behind = match (self.what, earlier.is_empty()) {
            (_, true) => String::new(),
            (What::Term(..), false) => {
                format!("; goes on from event {} of the file", earlier.join(", "))
            }
            (_, false) => format!("; behind event {} of the file", earlier.join(", ")),
        };
        format!("{what}: {key}{behind}; {}", self.then)
    }

    /// For programs.
    pub(super) fn json(&self) -> Json {
        let (what, place, of) = match self.what {
            What::Term(place, of) => ("term", Some(place), Some(of)),
            What::Missing(place, of) => ("missing", Some(place), Some(of)),
            What::Until => ("until", None, None),
            What::Group => ("group", None, None),
            What::Terms => ("terms", None, None),
        };
        let key: serde_json::Map<String, Json> =
            self.key.iter().map(|(field, value)| (field.clone(), value.as_str().into())).collect();
        json!({
            "what": what,
            "place": place,
            "of": of,
            "key": key,
            "earlier": self.earlier,
            "then": self.then,
        })
    }
}

/// Text of a term of the query.
fn stage(entry: &Entry, term: usize) -> String {
    let text = entry.page.stages.get(term).map_or("", |stage| stage.text.as_str());
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn key_of(term: &Term, document: &Document) -> Key {
    keys(term.keys.iter().map(|(field, _)| field.path.as_str()), document)
}

fn keys<'k>(names: impl Iterator<Item = &'k str>, document: &Document) -> Key {
    names.map(|name| (name.to_owned(), values(document, name))).collect()
}

/// The values of a field as text; columns that a query computes have none here.
fn values(document: &Document, path: &str) -> String {
    let mut all = Vec::new();
    document.find(path, &mut |found| {
        if let Found::Scalar(value) = found {
            all.push(match value {
                Document::Text(text) => text.clone(),
                other => other.to_string(),
            });
        }
    });
    if all.is_empty() { "nothing".to_owned() } else { all.join(", ") }
}
