//! One key for each combination of a row's values.

use super::{NULL, push};
use crate::value::Value;
use bumpalo::Bump;
use bumpalo::collections::Vec as ArenaVec;

/// A field of a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeyColumn {
    /// Its position in [`Hit::row`](crate::head::Hit::row).
    pub position: u16,
    /// A missing value is null, which joins with null; else an event without
    /// the field has no key.
    pub optional: bool,
}

/// The keys of one row.
#[derive(Clone, Copy, Debug)]
pub struct Combinations<'a> {
    /// Ascending, each once; empty if a field that is not optional has no value.
    pub keys: &'a [&'a [u8]],
    /// Combinations left out because of the limit.
    pub dropped: u64,
}

/// One key for each combination of the values of these fields, at most `limit`:
/// an event with several values takes part once for each. No fields: one empty
/// key.
pub fn combinations<'a>(
    row: &[Value<'_>],
    columns: impl Iterator<Item = KeyColumn> + Clone,
    limit: usize,
    arena: &'a Bump,
) -> Combinations<'a> {
    if columns.clone().all(|c| is_single(row, c)) {
        let mut bytes = ArenaVec::new_in(arena);
        for column in columns {
            push(&mut bytes, value(row, column));
        }
        let keys = arena.alloc_slice_copy(&[bytes.into_bump_slice()]);
        return Combinations { keys, dropped: 0 };
    }
    let mut keys: &[&[u8]] = arena.alloc_slice_copy(&[&[][..]]);
    let mut all = 1u64;
    for column in columns {
        let choices = choices(value(row, column), column.optional, arena);
        all = all.saturating_mul(choices.len() as u64);
        keys = product(keys, choices, limit, arena);
    }
    Combinations { keys, dropped: all - keys.len() as u64 }
}

fn value<'v>(row: &[Value<'v>], column: KeyColumn) -> Value<'v> {
    row.get(usize::from(column.position)).copied().unwrap_or_default()
}

fn is_single(row: &[Value<'_>], column: KeyColumn) -> bool {
    match value(row, column) {
        Value::Null => column.optional,
        Value::Multi(_) => false,
        _ => true,
    }
}

/// The different values of one field, ascending, as bytes.
fn choices<'a>(value: Value<'_>, optional: bool, arena: &'a Bump) -> &'a [&'a [u8]] {
    let mut all = ArenaVec::new_in(arena);
    for value in value.as_slice() {
        let mut bytes = ArenaVec::new_in(arena);
        push(&mut bytes, *value);
        all.push(bytes.into_bump_slice());
    }
    if all.is_empty() && optional {
        all.push(&[NULL][..]);
    }
    all.sort_unstable();
    all.dedup();
    all.into_bump_slice()
}

/// Ascending because no value's bytes begin another's.
fn product<'a>(
    heads: &[&'a [u8]],
    tails: &[&'a [u8]],
    limit: usize,
    arena: &'a Bump,
) -> &'a [&'a [u8]] {
    let mut all = ArenaVec::new_in(arena);
    for head in heads {
        for tail in tails {
            if all.len() == limit {
                return all.into_bump_slice();
            }
            let mut bytes = ArenaVec::with_capacity_in(head.len() + tail.len(), arena);
            bytes.extend_from_slice_copy(head);
            bytes.extend_from_slice_copy(tail);
            all.push(bytes.into_bump_slice());
        }
    }
    all.into_bump_slice()
}

#[cfg(test)]
mod tests {
    use super::super::values;
    use super::*;
    use crate::value::Owned;

    const AB: Value<'static> =
        Value::Multi(&[Value::Text("b"), Value::Text("a"), Value::Text("b")]);

    #[test]
    fn every_combination_once_in_order() {
        // Fields (value, optional), limit, expected keys, dropped.
        type Row =
            (&'static [(Value<'static>, bool)], usize, &'static [&'static [&'static str]], u64);
        let table: &[Row] = &[
            (&[], 9, &[&[]], 0),
            (&[(Value::Text("x"), false)], 9, &[&["x"]], 0),
            (&[(Value::Null, false)], 9, &[], 0),
            (&[(Value::Null, true)], 9, &[&["null"]], 0),
            (&[(AB, false)], 9, &[&["a"], &["b"]], 0),
            (&[(AB, false), (Value::Null, true)], 9, &[&["a", "null"], &["b", "null"]], 0),
            (&[(AB, false), (Value::Null, false)], 9, &[], 0),
            (&[(AB, false), (AB, false)], 3, &[&["a", "a"], &["a", "b"], &["b", "a"]], 1),
        ];
        for (fields, limit, expected, dropped) in table {
            let arena = Bump::new();
            let row: Vec<Value<'_>> = fields.iter().map(|f| f.0).collect();
            let columns = fields
                .iter()
                .enumerate()
                .map(|(i, f)| KeyColumn { position: i as u16, optional: f.1 });
            let got = combinations(&row, columns, *limit, &arena);
            let texts: Vec<Vec<String>> =
                got.keys.iter().map(|k| values(k).unwrap().iter().map(show).collect()).collect();
            assert_eq!(texts, *expected, "{fields:?}");
            assert_eq!(got.dropped, *dropped, "{fields:?}");
        }
    }

    fn show(value: &Owned) -> String {
        match value {
            Owned::Null => "null".into(),
            Owned::Text(t) => t.to_string(),
            other => format!("{other:?}"),
        }
    }
}
