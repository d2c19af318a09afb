//! Membership and distinct values without comparing all with all.

use crate::value::{Value, compare};

/// The values of a multi-value in order, to be searched.
pub(super) struct Set<'a, 'v>(Vec<&'v Value<'a>>);

impl<'a, 'v> Set<'a, 'v> {
    pub(super) fn of(values: &'v [Value<'a>]) -> Set<'a, 'v> {
        let mut sorted: Vec<&Value<'a>> = values.iter().collect();
        sorted.sort_by(|a, b| compare(a, b));
        Set(sorted)
    }

    pub(super) fn contains(&self, value: &Value<'_>) -> bool {
        self.0.binary_search_by(|other| compare(other, value)).is_ok()
    }
}

/// First occurrences in order.
pub(super) fn distinct<'a>(values: &[Value<'a>]) -> Vec<Value<'a>> {
    let mut order: Vec<usize> = (0..values.len()).collect();
    // Stable: of equal values the first stays in front.
    order.sort_by(|a, b| compare(&values[*a], &values[*b]));
    order.dedup_by(|a, b| compare(&values[*a], &values[*b]).is_eq());
    order.sort_unstable();
    order.into_iter().map(|index| values[index]).collect()
}
