//! The batch formulation of sequences, as Elasticsearch runs it: one stage after
//! the other over complete lists, each event taking the latest candidate before
//! it and throwing away that one and all older ones. It shares nothing with the
//! machine but the descriptor. For tests.

use super::SequenceSpec;
use crate::key::KeyColumn;
use std::collections::BTreeSet;

/// An event of a trace: key fields are lists of texts.
#[derive(Clone, Debug)]
pub(super) struct Trace {
    pub(super) name: String,
    /// `@timestamp` in milliseconds, which is the rule's time too.
    pub(super) time: i64,
    pub(super) tie: Option<i64>,
    pub(super) position: u64,
    pub(super) terms: u64,
    pub(super) fields: Vec<Vec<String>>,
}

/// Key values, then names of events, `-` for missing ones.
pub(super) type Match = (Vec<Option<String>>, Vec<String>);

impl Trace {
    fn ordinal(&self) -> (i64, i64, u64) {
        (self.time, self.tie.unwrap_or(i64::MAX), self.position)
    }

    /// All keys of the event under these fields.
    fn keys(&self, columns: &[KeyColumn]) -> BTreeSet<Vec<Option<String>>> {
        let mut keys = BTreeSet::from([Vec::new()]);
        for column in columns {
            let field = &self.fields[usize::from(column.position)];
            let mut choices: Vec<Option<String>> = field.iter().cloned().map(Some).collect();
            if choices.is_empty() && column.optional {
                choices.push(None);
            }
            keys = keys
                .iter()
                .flat_map(|k| choices.iter().map(|c| [k.clone(), vec![c.clone()]].concat()))
                .collect();
        }
        keys
    }
}

/// All matches by last event, then key.
pub(super) fn matches(spec: &SequenceSpec, trace: &[Trace]) -> Vec<Match> {
    let mut events: Vec<&Trace> = trace.iter().collect();
    events.sort_by_key(|e| e.ordinal());
    let columns = spec.terms.iter().map(|t| t.keys).chain(spec.until.map(|u| u.keys));
    let keys: BTreeSet<_> =
        columns.flat_map(|c| events.iter().flat_map(move |e| e.keys(c))).collect();
    let mut all = Vec::new();
    for key in keys {
        let with = |bit: u8, columns: &[KeyColumn]| -> Vec<&Trace> {
            let all = events.iter().copied();
            all.filter(|e| e.terms >> bit & 1 == 1 && e.keys(columns).contains(&key)).collect()
        };
        for found in of_key(spec, &with) {
            let last = found[found.len() - 1].ordinal();
            let mut names = found.iter().map(|e| e.name.clone());
            let row = spec
                .terms
                .iter()
                .map(|t| if t.missing { Some("-".to_owned()) } else { names.next() });
            all.push((last, key.clone(), row.flatten().collect()));
        }
    }
    all.sort();
    all.into_iter().map(|(_, key, names)| (key, names)).collect()
}

/// Matches of one key, given the events of any condition and key fields.
fn of_key<'t>(
    spec: &SequenceSpec,
    with: &dyn Fn(u8, &[KeyColumn]) -> Vec<&'t Trace>,
) -> Vec<Vec<&'t Trace>> {
    let until = spec.until.map(|u| with(u.bit, u.keys)).unwrap_or_default();
    let mut candidates: Option<Vec<Vec<&Trace>>> = None;
    for term in spec.terms.iter().filter(|t| !t.missing) {
        let stage = with(term.bit, term.keys);
        let Some(mut before) = candidates else {
            candidates = Some(stage.into_iter().map(|e| vec![e]).collect());
            continue;
        };
        let mut next = Vec::new();
        for event in stage {
            let usable = before.partition_point(|c| c[c.len() - 1].ordinal() < event.ordinal());
            let Some(candidate) = before.drain(..usable).next_back() else { continue };
            let last = candidate[candidate.len() - 1].ordinal();
            let ended = until.iter().any(|u| last <= u.ordinal() && u.ordinal() < event.ordinal());
            let beyond = spec.maxspan.is_some_and(|most| event.time - candidate[0].time > most);
            if !ended && !beyond {
                next.push([candidate, vec![event]].concat());
            }
        }
        candidates = Some(next);
    }
    let mut all = candidates.unwrap_or_default();
    all.retain(|found| accepted(spec, found, with));
    all
}

/// What missing terms say of a complete sequence.
fn accepted<'t>(
    spec: &SequenceSpec,
    found: &[&Trace],
    with: &dyn Fn(u8, &[KeyColumn]) -> Vec<&'t Trace>,
) -> bool {
    let (first, last) = (found[0].time, found[found.len() - 1].time);
    let (mut lead, mut trail) = (None, None);
    let (mut leading, mut trailing) = (false, false);
    let mut before = 0;
    for term in spec.terms {
        if !term.missing {
            before += 1;
            continue;
        }
        let times = with(term.bit, term.keys).into_iter().map(|e| e.time);
        if before == 0 {
            leading = true;
            lead = lead.max(times.filter(|t| *t < first).max());
        } else if before == found.len() {
            trailing = true;
            trail = [trail, times.filter(|t| *t > last).min()].into_iter().flatten().min();
        } else {
            let (a, b) = (found[before - 1].time, found[before].time);
            if times.into_iter().any(|t| a < t && t < b) {
                return false;
            }
        }
    }
    let maxspan = spec.maxspan.unwrap_or(i64::MAX);
    let far = |from: Option<i64>, to: Option<i64>| match (from, to) {
        (Some(from), Some(to)) => to - from > maxspan,
        _ => true,
    };
    match (leading, trailing) {
        (false, false) => true,
        (true, false) => far(lead, Some(last)),
        (false, true) => far(Some(first), trail),
        (true, true) => far(lead, trail),
    }
}
