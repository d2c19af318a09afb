//! LIMIT and LIMIT BY.

use super::{Expression, Row};
use crate::state::Encode;
use crate::value::Cx;
use std::collections::HashMap;

/// Keeps the first `count` rows, or of each group: rows with the same values of
/// `by`, a multi-value being one value and null a group of its own.
pub(super) fn limit<'a>(count: u64, by: &[Expression], rows: &mut Vec<Row<'a>>, cx: &Cx<'a>) {
    if by.is_empty() {
        rows.truncate(usize::try_from(count).unwrap_or(usize::MAX));
        return;
    }
    let mut kept: HashMap<Vec<u8>, u64> = HashMap::new();
    rows.retain(|row| {
        let mut key = Vec::new();
        for expr in by {
            expr(row.values, cx).encode(&mut key);
        }
        let kept = kept.entry(key).or_default();
        *kept += 1;
        *kept <= count
    });
}
