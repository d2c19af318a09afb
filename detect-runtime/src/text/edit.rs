//! Edit distance.

/// True if at most `limit` insertions, deletions, changes of a character and swaps
/// of two neighbours turn one text into the other, no part being edited twice
/// (optimal string alignment, Lucene's measure). Only the diagonal band of that
/// width is computed.
///
/// ```
/// use detect_runtime::text::edit::within;
/// assert!(within("powershell", "powershel", 1));
/// assert!(within("powershell", "pwoershell", 1));
/// assert!(!within("powershell", "powershe", 1));
/// ```
pub fn within(a: &str, b: &str, limit: u8) -> bool {
    let limit = usize::from(limit);
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    if a.len().abs_diff(b.len()) > limit {
        return false;
    }
    let far = limit + 1;
    let blank = || vec![far; b.len() + 1];
    let mut rows = [blank(), (0..=b.len()).collect(), blank()];
    for i in 1..=a.len() {
        let [before, above, row] = &mut rows;
        row.fill(far);
        if i <= limit {
            row[0] = i;
        }
        for j in i.saturating_sub(limit).max(1)..=(i + limit).min(b.len()) {
            let change = above[j - 1] + usize::from(a[i - 1] != b[j - 1]);
            row[j] = change.min(above[j] + 1).min(row[j - 1] + 1);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                row[j] = row[j].min(before[j - 2] + 1);
            }
        }
        rows.rotate_left(1);
    }
    rows[1][b.len()] <= limit
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn distance(a: &[char], b: &[char]) -> usize {
        match (a, b) {
            ([], rest) | (rest, []) => rest.len(),
            ([x, a1 @ ..], [y, b1 @ ..]) => {
                let swapped = match (a1, b1) {
                    ([x2, a2 @ ..], [y2, b2 @ ..]) if x == y2 && x2 == y => distance(a2, b2) + 1,
                    _ => usize::MAX,
                };
                (distance(a1, b1) + usize::from(x != y))
                    .min(distance(a1, b) + 1)
                    .min(distance(a, b1) + 1)
                    .min(swapped)
            }
        }
    }

    proptest! {
        #[test]
        fn equals_its_definition(a in "[abc]{0,5}", b in "[abc]{0,5}", limit in 0u8..4) {
            let (x, y): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
            prop_assert_eq!(within(&a, &b, limit), distance(&x, &y) <= usize::from(limit));
        }
    }
}
