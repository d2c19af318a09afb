//! Edit distance.

/// True if at most `limit` insertions, deletions, changes of a character and swaps
/// of two neighbours turn one text into the other, no part being edited twice
/// (optimal string alignment, Lucene's measure). Only the diagonal band of that
/// width is computed, on the stack: distances above 8 count as 8.
///
/// ```
/// use detect_runtime::text::edit::within;
/// assert!(within("powershell", "powershel", 1));
/// assert!(within("powershell", "pwoershell", 1));
/// assert!(!within("powershell", "powershe", 1));
/// ```
pub fn within(a: &str, b: &str, limit: u8) -> bool {
    let limit = usize::from(limit).min(MOST);
    let (rows, columns) = (a.chars().count(), b.chars().count());
    if rows.abs_diff(columns) > limit {
        return false;
    }
    let far = limit + 1;
    let mut band = Band::new(limit, columns);
    let mut window = Window { chars: ['\0'; 2 * MOST + 2], last: 2 * limit + 1 };
    let (mut next, mut previous) = (b.chars(), '\0');
    (0..limit).for_each(|_| window.push(next.next()));
    for (row, char) in (1..).zip(a.chars()) {
        window.push(next.next());
        band.step(far);
        for at in 0..=2 * limit {
            let Some(column) = (row + at).checked_sub(limit).filter(|j| *j <= columns) else {
                continue;
            };
            if column == 0 {
                band.row[at] = row;
                continue;
            }
            let (left, own) = (window.chars[at], window.chars[at + 1]);
            let mut least = band.above[at] + usize::from(char != own);
            least = least.min(band.above.get(at + 1).map_or(far, |above| above + 1));
            least = least.min(at.checked_sub(1).map_or(far, |at| band.row[at] + 1));
            if row > 1 && column > 1 && char == left && previous == own {
                least = least.min(band.before[at] + 1);
            }
            band.row[at] = least.min(far);
        }
        previous = char;
    }
    band.row[columns + limit - rows] <= limit
}

/// Greatest distance; Lucene knows two.
const MOST: usize = 8;

/// Three rows of the table, each cut to the diagonal band: place `k` of row `i` is
/// column `i + k - limit`.
struct Band {
    before: [usize; 2 * MOST + 2],
    above: [usize; 2 * MOST + 2],
    row: [usize; 2 * MOST + 2],
}

impl Band {
    /// Row 0: as many insertions as there are columns.
    fn new(limit: usize, columns: usize) -> Band {
        let blank = [limit + 1; 2 * MOST + 2];
        let mut row = blank;
        (0..=limit.min(columns)).for_each(|column| row[limit + column] = column);
        Band { before: blank, above: blank, row }
    }

    fn step(&mut self, far: usize) {
        (self.before, self.above) = (self.above, self.row);
        self.row.fill(far);
    }
}

/// The characters of the columns in the band, and the one before them.
struct Window {
    chars: [char; 2 * MOST + 2],
    last: usize,
}

impl Window {
    fn push(&mut self, char: Option<char>) {
        self.chars.copy_within(1..=self.last, 0);
        self.chars[self.last] = char.unwrap_or('\0');
    }
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
        fn equals_its_definition(a in "[abc]{0,5}", b in "[abc]{0,5}", limit in 0u8..6) {
            let (x, y): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
            prop_assert_eq!(within(&a, &b, limit), distance(&x, &y) <= usize::from(limit));
        }
    }
}
