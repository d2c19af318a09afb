//! Blocks of addresses as sorted, disjoint ranges, so that one binary search
//! answers all of a field's blocks.

use super::writer::Writer;
use std::collections::BTreeSet;

/// First and last address of a block.
pub(super) fn block(address: [u8; 16], bits: u8) -> (u128, u128) {
    let address = u128::from_be_bytes(address);
    let host = u128::MAX.checked_shr(u32::from(bits)).unwrap_or(0);
    (address & !host, address | host)
}

/// Writes blocks with their outputs. Where blocks overlap, a range has the union
/// of their outputs: the conditions of each, once.
pub(super) fn write(writer: &mut Writer, blocks: &[(u128, u128, u32)]) -> u32 {
    let ranges = split(blocks);
    if ranges.is_empty() {
        return 0;
    }
    let mut bytes = (ranges.len() as u32).to_le_bytes().to_vec();
    for (first, last, outputs) in ranges {
        let outputs = match outputs.as_slice() {
            [one] => *one,
            many => {
                let mut union: Vec<u32> =
                    many.iter().flat_map(|&list| writer.read_counted(list)).collect();
                union.sort_unstable();
                union.dedup();
                writer.counted(&union)
            }
        };
        bytes.extend(first.to_be_bytes());
        bytes.extend(last.to_be_bytes());
        bytes.extend(outputs.to_le_bytes());
    }
    writer.text(&bytes)
}

/// Cuts blocks at each other's borders and joins neighbours with one answer.
fn split(blocks: &[(u128, u128, u32)]) -> Vec<(u128, u128, Vec<u32>)> {
    // Where something changes; `None` stands for the end of all addresses.
    let mut borders: BTreeSet<u128> = BTreeSet::new();
    for (first, last, _) in blocks {
        borders.insert(*first);
        if let Some(behind) = last.checked_add(1) {
            borders.insert(behind);
        }
    }
    let starts: Vec<u128> = borders.into_iter().collect();
    let mut ranges: Vec<(u128, u128, Vec<u32>)> = Vec::new();
    for (number, &first) in starts.iter().enumerate() {
        let last = starts.get(number + 1).map_or(u128::MAX, |next| next - 1);
        let mut outputs: Vec<u32> = blocks
            .iter()
            .filter(|block| block.0 <= first && last <= block.1)
            .map(|block| block.2)
            .collect();
        outputs.sort_unstable();
        outputs.dedup();
        if outputs.is_empty() {
            continue;
        }
        match ranges.last_mut() {
            Some(before) if before.1.checked_add(1) == Some(first) && before.2 == outputs => {
                before.1 = last;
            }
            _ => ranges.push((first, last, outputs)),
        }
    }
    ranges
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn overlaps_are_cut_and_neighbours_joined() {
        let rows: [(&[(u128, u128, u32)], &[(u128, u128, &[u32])]); 4] = [
            (&[(1, 4, 7), (5, 9, 7)], &[(1, 9, &[7])]),
            (&[(1, 9, 7), (3, 4, 8)], &[(1, 2, &[7]), (3, 4, &[7, 8]), (5, 9, &[7])]),
            (&[(0, u128::MAX, 7)], &[(0, u128::MAX, &[7])]),
            (&[(1, 2, 7), (4, 5, 7)], &[(1, 2, &[7]), (4, 5, &[7])]),
        ];
        for (blocks, expected) in rows {
            let expected: Vec<_> =
                expected.iter().map(|(first, last, all)| (*first, *last, all.to_vec())).collect();
            assert_eq!(split(blocks), expected);
        }
    }
}
