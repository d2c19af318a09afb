//! Perfect-hash maps: keys are thrown into buckets, and each bucket, the fullest
//! first, looks for a displacement under which all its keys fall on free slots
//! (hash and displace). With 1.25 slots a key and 3 keys a bucket a few tries
//! are enough; if a bucket finds none, the slots are doubled.

use super::writer::Writer;
use detect_runtime::matcher::hash::{bucket, hash, slot, tag};

/// Writes a map of distinct keys to payloads and gives its offset, 0 if empty.
pub(super) fn write(writer: &mut Writer, entries: &[(Vec<u8>, u32)]) -> u32 {
    if entries.is_empty() {
        return 0;
    }
    let hashes: Vec<u64> = entries.iter().map(|(key, _)| hash(key)).collect();
    let bucket_log = entries.len().div_ceil(3).next_power_of_two().ilog2();
    let mut slot_log = (entries.len() * 5).div_ceil(4).next_power_of_two().ilog2();
    let (displacements, places) = loop {
        match place(&hashes, bucket_log, slot_log) {
            Some(found) => break found,
            None => slot_log += 1,
        }
    };
    let mut slots = vec![0u32; 4 << slot_log];
    for ((place, (key, payload)), hash) in places.iter().zip(entries).zip(&hashes) {
        let text = writer.text(key);
        let record = [tag(*hash), text, key.len() as u32, *payload];
        slots[4 * *place as usize..][..4].copy_from_slice(&record);
    }
    let slots: Vec<u8> = slots.iter().flat_map(|word| word.to_le_bytes()).collect();
    let displacements: Vec<u8> = displacements.iter().flat_map(|word| word.to_le_bytes()).collect();
    let displacements = writer.aligned(&displacements);
    let slots = writer.aligned(&slots);
    writer.words(&[bucket_log | slot_log << 16, displacements, slots])
}

/// Displacement of each bucket and slot of each key; `None` if it cannot be.
fn place(hashes: &[u64], bucket_log: u32, slot_log: u32) -> Option<(Vec<u16>, Vec<u32>)> {
    let bucket_mask = (1 << bucket_log) - 1;
    let slot_mask = (1 << slot_log) - 1;
    let mut buckets: Vec<Vec<usize>> = vec![Vec::new(); 1 << bucket_log];
    for (key, hash) in hashes.iter().enumerate() {
        buckets[bucket(*hash, bucket_mask) as usize].push(key);
    }
    let mut order: Vec<usize> = (0..buckets.len()).collect();
    order.sort_by_key(|&number| (usize::MAX - buckets[number].len(), number));
    let mut taken = vec![false; 1 << slot_log];
    let mut displacements = vec![0u16; buckets.len()];
    let mut places = vec![0u32; hashes.len()];
    for number in order {
        let keys = &buckets[number];
        let fit = (0..=u16::MAX).find(|&displacement| {
            let mut wanted: Vec<u32> =
                keys.iter().map(|&key| slot(hashes[key], displacement, slot_mask)).collect();
            wanted.sort_unstable();
            wanted.windows(2).all(|pair| pair[0] != pair[1])
                && wanted.iter().all(|&slot| !taken[slot as usize])
        });
        let displacement = fit?;
        displacements[number] = displacement;
        for &key in keys {
            places[key] = slot(hashes[key], displacement, slot_mask);
            taken[places[key] as usize] = true;
        }
    }
    Some((displacements, places))
}
