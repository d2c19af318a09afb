//! STATS and INLINE STATS over a table.

use super::{Compute, Row, StatsSpec};
use crate::aggregate::GroupStore;
use crate::state::{Encode, Reader};
use crate::value::{Cx, Value, Warning};
use std::collections::{HashMap, HashSet};

/// Groups rows into a table of one row a group, in order of first appearance:
/// aggregates, keys, nulls up to `width`. Without keys there is one row, even of
/// no input.
pub(super) fn group<'a>(
    spec: &StatsSpec,
    width: usize,
    rows: &[Row<'a>],
    cx: &Cx<'a>,
) -> Vec<Row<'a>> {
    let mut groups = Groups::new(spec);
    for row in rows {
        groups.add(row.values, cx);
    }
    let width = width.max(spec.aggregates + spec.keys);
    groups
        .keys
        .iter()
        .enumerate()
        .map(|(slot, key)| {
            let values = cx.arena.alloc_slice_fill_copy(width, Value::Null);
            groups.store.finish(slot as u32, &mut values[..spec.aggregates], cx);
            let key: &[u8] = cx.arena.alloc_slice_copy(key);
            lend_key(key, &mut values[spec.aggregates..spec.aggregates + spec.keys], cx);
            Row { values, origin: slot as u32, key: Some(key) }
        })
        .collect()
}

/// Groups rows and writes each row's results, keys and what is computed of them into
/// its slots `into`. A row in several groups (multi-valued keys) gets the values of all
/// of them as one multi-value; its keys stay what they were.
pub(super) fn join_back<'a>(
    spec: &StatsSpec,
    computed: Option<Compute>,
    into: &[usize],
    rows: &mut [Row<'a>],
    cx: &Cx<'a>,
) {
    let of_keys = spec.aggregates..spec.aggregates + spec.keys;
    let mut groups = Groups::new(spec);
    let members: Vec<Vec<u32>> = rows.iter().map(|row| groups.add(row.values, cx)).collect();
    let results: Vec<&[Value<'a>]> = groups
        .keys
        .iter()
        .enumerate()
        .map(|(slot, key)| {
            let width = into.len().max(of_keys.end);
            let out = cx.arena.alloc_slice_fill_copy(width, Value::Null);
            groups.store.finish(slot as u32, &mut out[..spec.aggregates], cx);
            let key: &[u8] = cx.arena.alloc_slice_copy(key);
            lend_key(key, &mut out[of_keys.clone()], cx);
            if let Some(compute) = computed {
                compute(out, cx);
            }
            &*out
        })
        .collect();
    let mut keys = vec![Value::Null; spec.keys];
    for (row, members) in rows.iter_mut().zip(members) {
        (spec.compute_keys)(row.values, &mut keys, cx);
        for (place, slot) in into.iter().enumerate() {
            let value = if of_keys.contains(&place) {
                keys[place - of_keys.start]
            } else if let [member] = members[..] {
                results[member as usize][place]
            } else {
                union(members.iter().map(|member| results[*member as usize][place]), cx)
            };
            if let Some(target) = row.values.get_mut(*slot) {
                *target = value;
            }
        }
    }
}

fn union<'a>(results: impl Iterator<Item = Value<'a>>, cx: &Cx<'a>) -> Value<'a> {
    let mut all = bumpalo::collections::Vec::new_in(cx.arena);
    for value in results {
        all.extend_from_slice(value.as_slice());
    }
    Value::from_slice(all.into_bump_slice())
}

/// Groups by encoded key, numbered in order of appearance; a group's number is its
/// slot in the store.
struct Groups<'s> {
    spec: &'s StatsSpec,
    store: Box<dyn GroupStore>,
    numbers: HashMap<Vec<u8>, u32>,
    keys: Vec<Vec<u8>>,
}

impl<'s> Groups<'s> {
    fn new(spec: &'s StatsSpec) -> Groups<'s> {
        let mut groups =
            Groups { spec, store: (spec.store)(), numbers: HashMap::new(), keys: Vec::new() };
        if spec.keys == 0 {
            groups.number(&[]);
        }
        groups
    }

    fn number(&mut self, key: &[u8]) -> u32 {
        if let Some(number) = self.numbers.get(key) {
            return *number;
        }
        let number = self.store.insert();
        self.numbers.insert(key.to_vec(), number);
        self.keys.push(key.to_vec());
        number
    }

    /// Adds a row to all its groups.
    fn add<'a>(&mut self, row: &[Value<'a>], cx: &Cx<'a>) -> Vec<u32> {
        let mut members = Vec::new();
        let keys = cx.arena.alloc_slice_fill_copy(self.spec.keys, Value::Null);
        (self.spec.compute_keys)(row, keys, cx);
        let mut key = Vec::new();
        if !split_keys(keys, &mut key, &mut |key| members.push(self.number(key))) {
            cx.warn(Warning::MultiValue);
        }
        for member in &members {
            self.store.update(*member, row, cx);
        }
        members
    }
}

/// A row is in at most so many groups: an event with long arrays in several keys
/// would be in as many as their product.
const MAX_COMBINATIONS: usize = 65_536;

/// Encodes each combination of single values of the keys: a multi-valued key
/// stands for each of its distinct values, null for itself. `buffer` is scratch space.
/// False if combinations were left out because there are more than 65,536.
pub fn split_keys(keys: &[Value<'_>], buffer: &mut Vec<u8>, sink: &mut dyn FnMut(&[u8])) -> bool {
    buffer.clear();
    let mut room = MAX_COMBINATIONS;
    combine(keys, buffer, &mut |key| {
        if room == 0 {
            return false;
        }
        room -= 1;
        sink(key);
        true
    })
}

/// False if the sink wants no more.
fn combine(keys: &[Value<'_>], buffer: &mut Vec<u8>, sink: &mut dyn FnMut(&[u8]) -> bool) -> bool {
    let Some((key, rest)) = keys.split_first() else {
        return sink(buffer);
    };
    let length = buffer.len();
    let Value::Multi(values) = key else {
        key.encode(buffer);
        let more = combine(rest, buffer, sink);
        buffer.truncate(length);
        return more;
    };
    let mut seen = HashSet::with_capacity(values.len());
    for value in *values {
        value.encode(buffer);
        let more = !seen.insert(buffer[length..].to_vec()) || combine(rest, buffer, sink);
        buffer.truncate(length);
        if !more {
            return false;
        }
    }
    true
}

/// Reads the key values back; bytes that [`split_keys`] did not write leave null.
pub(crate) fn lend_key<'a>(key: &'a [u8], out: &mut [Value<'a>], cx: &Cx<'a>) {
    let mut from = Reader::new(key);
    for value in out {
        *value = Value::decode_in(&mut from, cx.arena).unwrap_or_default();
    }
}
