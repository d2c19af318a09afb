//! SORT.

use super::{Row, SortKey};
use crate::value::{Cx, Value, compare};
use core::cmp::Ordering;

/// Orders rows by the keys; rows with equal keys keep their order.
pub(super) fn sort<'a>(keys: &[SortKey], rows: &mut Vec<Row<'a>>, cx: &Cx<'a>) {
    let mut keyed: Vec<(Vec<Value<'a>>, Row<'a>)> = core::mem::take(rows)
        .into_iter()
        .map(|row| (keys.iter().map(|key| sort_value(key, row.values, cx)).collect(), row))
        .collect();
    keyed.sort_by(|(a, _), (b, _)| {
        keys.iter()
            .zip(a.iter().zip(b))
            .map(|(key, (a, b))| order(key, a, b))
            .find(|order| order.is_ne())
            .unwrap_or(Ordering::Equal)
    });
    rows.extend(keyed.into_iter().map(|(_, row)| row));
}

/// The least value of a multi-value, the greatest if descending.
fn sort_value<'a>(key: &SortKey, row: &[Value<'a>], cx: &Cx<'a>) -> Value<'a> {
    match (key.expr)(row, cx) {
        Value::Multi(values) => {
            let values = values.iter().copied();
            let best = if key.descending { values.max_by(compare) } else { values.min_by(compare) };
            best.unwrap_or_default()
        }
        single => single,
    }
}

fn order(key: &SortKey, a: &Value<'_>, b: &Value<'_>) -> Ordering {
    match (a.is_null(), b.is_null()) {
        (true, true) => Ordering::Equal,
        (true, false) if key.nulls_first => Ordering::Less,
        (true, false) => Ordering::Greater,
        (false, true) if key.nulls_first => Ordering::Greater,
        (false, true) => Ordering::Less,
        (false, false) if key.descending => compare(b, a),
        (false, false) => compare(a, b),
    }
}
