//! Edit distance.

/// True if at most `limit` insertions, deletions and changes of a character turn
/// one text into the other. Only the diagonal band of that width is computed.
///
/// ```
/// use detect_runtime::text::edit::within;
/// assert!(within("powershell", "powershel", 1));
/// assert!(!within("powershell", "powershe", 1));
/// ```
pub fn within(a: &str, b: &str, limit: u8) -> bool {
    let limit = usize::from(limit);
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    if a.len().abs_diff(b.len()) > limit {
        return false;
    }
    let beyond = limit + 1;
    let mut row: Vec<usize> = (0..=b.len()).map(|j| j.min(beyond)).collect();
    for (i, x) in a.iter().enumerate() {
        let (from, to) = ((i + 1).saturating_sub(limit), (i + 1 + limit).min(b.len()));
        let mut diagonal = row[from.saturating_sub(1)];
        if from == 0 {
            diagonal = row[0];
            row[0] = (i + 1).min(beyond);
        } else {
            row[from - 1] = beyond;
        }
        for j in from.max(1)..=to {
            let change = diagonal + usize::from(*x != b[j - 1]);
            diagonal = row[j];
            row[j] = change.min(diagonal + 1).min(row[j - 1] + 1).min(beyond);
        }
        if to < b.len() {
            row[to + 1] = beyond;
        }
    }
    row[b.len()] <= limit
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn distance(a: &[char], b: &[char]) -> usize {
        match (a, b) {
            ([], rest) | (rest, []) => rest.len(),
            ([x, a @ ..], [y, b @ ..]) if x == y => distance(a, b),
            ([_, a2 @ ..], [_, b2 @ ..]) => {
                1 + distance(a2, b2).min(distance(a, b2)).min(distance(a2, b))
            }
        }
    }

    proptest! {
        #[test]
        fn equals_its_definition(a in "[ab]{0,7}", b in "[ab]{0,7}", limit in 0u8..4) {
            let (x, y): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
            prop_assert_eq!(within(&a, &b, limit), distance(&x, &y) <= usize::from(limit));
        }
    }
}
