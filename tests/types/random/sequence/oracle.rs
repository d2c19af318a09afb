//! What sequences and samples are, from the reference (its section on sequences)
//! alone: all events in memory and sorted, one key after the other.

use super::super::tree::Scalar;
use super::draw::{Form, Key, Query, Term};
use super::stream::Event;
use std::collections::BTreeSet;

/// The values of a key, and numbers of events by term; `None` for a missing one.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Found {
    pub(super) keys: Vec<String>,
    pub(super) events: Vec<Option<usize>>,
}

/// A key: null, or a value in the order of its kind.
type KeyOf = Vec<Option<Value>>;

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Value {
    Boolean(bool),
    Number(i64),
    Text(&'static str),
}

/// What is to be found in events that came in this order.
pub(super) fn expected(query: &Query, arrived: &[Event]) -> Vec<Found> {
    let mut events: Vec<&Event> = arrived.iter().collect();
    // A missing tiebreaker stands behind every value.
    let tie = |event: &Event| {
        if query.tiebreaker { event.tie.unwrap_or(i64::MAX) } else { 0 }
    };
    events.sort_by_key(|event| (event.time, tie(event), event.number));
    let all = query.terms.iter().chain(&query.until);
    let keys: BTreeSet<KeyOf> =
        all.flat_map(|term| events.iter().flat_map(|e| keys(query, term, e))).collect();
    let mut found = Vec::new();
    for key in keys {
        let of_key = match query.form {
            Form::Sample => sample(query, &key, &events).into_iter().collect(),
            Form::Sequence | Form::Endpoint => sequences(query, &key, &events),
        };
        found.extend(of_key.into_iter().map(|taken| (taken, key.clone())));
    }
    if query.form != Form::Sample {
        found.sort_by_key(|(taken, key)| (taken.last().copied(), key.clone()));
    }
    for (word, n) in &query.limits {
        match *word {
            "head" => found.truncate(*n),
            _ => drop(found.drain(..found.len().saturating_sub(*n))),
        }
    }
    found.into_iter().map(|(taken, key)| written(query, &taken, &key, &events)).collect()
}

/// Whether an event satisfies a term by itself.
fn holds(query: &Query, term: &Term, event: &Event) -> bool {
    term.condition.holds(&event.fields, query.form.language())
}

/// The keys of an event under a term.
fn keys(query: &Query, term: &Term, event: &Event) -> BTreeSet<KeyOf> {
    let mut all = BTreeSet::from([Vec::new()]);
    for key in query.by.iter().chain(&term.keys) {
        let choices = choices(key, event);
        let longer =
            |key: &KeyOf, choice: &Option<Value>| [&key[..], std::slice::from_ref(choice)].concat();
        all = all.iter().flat_map(|key| choices.iter().map(|c| longer(key, c))).collect();
    }
    all
}

fn choices(key: &Key, event: &Event) -> Vec<Option<Value>> {
    let values = event.fields.values(key.field).map(|scalar| {
        Some(match scalar {
            Scalar::Text(text) => Value::Text(text),
            Scalar::Number(n) => Value::Number(*n),
            Scalar::Boolean(b) => Value::Boolean(*b),
        })
    });
    let mut values: Vec<Option<Value>> = values.collect();
    if values.is_empty() && key.optional {
        values.push(None);
    }
    values
}

/// The sequences of a key, as places in the order of events.
fn sequences(query: &Query, key: &KeyOf, events: &[&Event]) -> Vec<Vec<usize>> {
    let mut terms: Vec<&Term> = Vec::new();
    for term in query.terms.iter().filter(|term| !term.missing) {
        terms.extend(std::iter::repeat_n(term, term.runs.unwrap_or(1)));
    }
    let is = |term: &Term, event: &Event| {
        holds(query, term, event) && keys(query, term, event).contains(key)
    };
    let mut slots: Vec<Option<Vec<usize>>> = vec![None; terms.len()];
    let mut complete = Vec::new();
    for (at, event) in events.iter().enumerate() {
        for (k, term) in terms.iter().enumerate().rev().filter(|(_, term)| is(term, event)) {
            let mut taken = Vec::new();
            if k > 0 {
                let Some(before) = &slots[k - 1] else { continue };
                if !joins(query, term, before, event, events) {
                    continue;
                }
                taken = slots[k - 1].take().unwrap_or_default();
                let first = events[taken[0]].time;
                if query.span().is_some_and(|most| event.time - first > most) {
                    continue;
                }
            }
            taken.push(at);
            if k + 1 == terms.len() {
                complete.push(taken);
            } else {
                slots[k] = Some(taken);
            }
        }
        if query.until.as_ref().is_some_and(|until| is(until, event)) {
            slots.fill(None);
        }
    }
    complete.retain(|taken| nothing_missing(query, key, taken, events));
    complete
}

/// Whether a term's event fits those taken before, in Endpoint's dialect.
fn joins(query: &Query, term: &Term, taken: &[usize], event: &Event, events: &[&Event]) -> bool {
    let Some((own, number, theirs)) = term.alias else { return true };
    debug_assert!(query.terms.iter().all(|term| !term.missing && term.runs.is_none()));
    let earlier = events[taken[number]];
    event.fields.values(own).any(|a| earlier.fields.values(theirs).any(|b| a == b))
}

/// What missing terms say of a complete sequence.
fn nothing_missing(query: &Query, key: &KeyOf, taken: &[usize], events: &[&Event]) -> bool {
    let time = |at: usize| events[at].time;
    let (first, last) = (time(taken[0]), time(taken[taken.len() - 1]));
    let (mut lead, mut trail): (Option<i64>, Option<i64>) = (None, None);
    let (mut leading, mut trailing) = (false, false);
    let mut before = 0;
    for term in &query.terms {
        if !term.missing {
            before += term.runs.unwrap_or(1);
            continue;
        }
        let of_term =
            |event: &&&Event| holds(query, term, event) && keys(query, term, event).contains(key);
        let times: Vec<i64> = events.iter().filter(of_term).map(|event| event.time).collect();
        if before == 0 {
            leading = true;
            lead = lead.max(times.into_iter().filter(|t| *t < first).max());
        } else if before == taken.len() {
            trailing = true;
            let next = times.into_iter().filter(|t| *t > last).min();
            trail = trail.into_iter().chain(next).min();
        } else {
            let (a, b) = (time(taken[before - 1]), time(taken[before]));
            if times.into_iter().any(|t| a < t && t < b) {
                return false;
            }
        }
    }
    let most = query.span().unwrap_or(i64::MAX);
    match (leading, trailing) {
        (false, false) => true,
        (true, false) => lead.is_none_or(|lead| last - lead > most),
        (false, true) => trail.is_none_or(|trail| trail - first > most),
        (true, true) => match (lead, trail) {
            (Some(lead), Some(trail)) => trail - lead > most,
            _ => true,
        },
    }
}

/// Some event for each term of a key, all different.
fn sample(query: &Query, key: &KeyOf, events: &[&Event]) -> Option<Vec<usize>> {
    fn fill(fitting: &[Vec<usize>], taken: &mut Vec<usize>) -> bool {
        let Some(choices) = fitting.get(taken.len()) else { return true };
        choices.iter().any(|choice| {
            if taken.contains(choice) {
                return false;
            }
            taken.push(*choice);
            let full = fill(fitting, taken);
            if !full {
                taken.pop();
            }
            full
        })
    }
    let fitting = query.terms.iter().map(|term| {
        let fits = |at: &usize| {
            let event = events[*at];
            holds(query, term, event) && keys(query, term, event).contains(key)
        };
        (0..events.len()).filter(fits).collect()
    });
    let mut taken = Vec::new();
    fill(&fitting.collect::<Vec<_>>(), &mut taken).then_some(taken)
}

/// Whether what was found is a sample.
pub(super) fn check_sample(query: &Query, events: &[Event], found: &Found) -> Result<(), String> {
    let wrong = |why: &str| Err(format!("{found:?}: {why}"));
    let numbers: BTreeSet<usize> = found.events.iter().flatten().copied().collect();
    if numbers.len() != query.terms.len() {
        return wrong("an event stands for several terms");
    }
    for (term, number) in query.terms.iter().zip(&found.events) {
        let Some(event) = number.and_then(|n| events.iter().find(|e| e.number == n)) else {
            return wrong("no event for a term");
        };
        if !holds(query, term, event) {
            return wrong("an event that does not satisfy its term");
        }
        let keys = keys(query, term, event);
        if !keys.iter().any(|key| texts(key) == found.keys) {
            return wrong("an event of another key");
        }
    }
    Ok(())
}

/// Which events a stream takes: the clock goes by those that satisfy something.
pub(super) fn in_time(query: &Query, arrived: &[Event], lateness: i64) -> Vec<bool> {
    let mut clock = i64::MIN / 2;
    let all = || query.terms.iter().chain(&query.until);
    let takes = arrived.iter().map(|event| {
        if !all().any(|term| holds(query, term, event)) {
            return true;
        }
        let ingested = query.ingested && event.says_so;
        let time = if ingested { event.arrives } else { event.time };
        let in_time = time >= clock - lateness;
        clock = clock.max(time);
        in_time
    });
    takes.collect()
}

fn texts(key: &KeyOf) -> Vec<String> {
    let text = |value: &Option<Value>| match value {
        None => "null".to_owned(),
        Some(Value::Boolean(b)) => b.to_string(),
        Some(Value::Number(n)) => n.to_string(),
        Some(Value::Text(text)) => (*text).to_owned(),
    };
    key.iter().map(text).collect()
}

/// The events of each term, a place for each that is missing.
fn written(query: &Query, taken: &[usize], key: &KeyOf, events: &[&Event]) -> Found {
    let mut taken = taken.iter();
    let mut places = Vec::new();
    for term in &query.terms {
        for _ in 0..term.runs.unwrap_or(1) {
            let next = if term.missing { None } else { taken.next() };
            places.push(next.map(|at| events[*at].number));
        }
    }
    Found { keys: texts(key), events: places }
}
