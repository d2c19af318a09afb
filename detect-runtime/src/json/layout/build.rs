//! Builder of the projection table.

use super::{
    FIELD_SIZE, FieldSpec, HEADER, MAGIC, NO_CHILDREN, NO_FIELD, NODE_HEADER, SLOT_SIZE, hash,
};
use std::collections::BTreeMap;

/// Why there is no table.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LayoutError {
    /// More fields than a [`FieldId`](crate::event::FieldId) can number.
    #[error("{0} fields; at most 65534 are possible")]
    TooManyFields(usize),
    /// A path that stands in the list twice.
    #[error("field `{0}` is listed twice")]
    Duplicate(String),
    /// A path of no bytes or of more than 65535.
    #[error("a field path must have 1 to 65535 bytes")]
    PathLength,
    /// Bytes that are no table of this version.
    #[error("not a projection table of this version")]
    Foreign,
}

/// Makes the table of these fields; a field's number is its position in the
/// list. The same list gives the same bytes.
pub fn build(fields: &[FieldSpec]) -> Result<Vec<u8>, LayoutError> {
    if fields.len() >= NO_FIELD as usize {
        return Err(LayoutError::TooManyFields(fields.len()));
    }
    let mut root = Trie::default();
    for (number, field) in fields.iter().enumerate() {
        if field.path.is_empty() || field.path.len() > u16::MAX as usize {
            return Err(LayoutError::PathLength);
        }
        let node = field
            .path
            .split('.')
            .fold(&mut root, |node, piece| node.children.entry(piece.as_bytes()).or_default());
        if node.field.replace((number as u16, field.flags.0)).is_some() {
            return Err(LayoutError::Duplicate(field.path.clone()));
        }
    }
    let mut table = Vec::new();
    table.extend_from_slice(MAGIC);
    table.extend_from_slice(&(fields.len() as u32).to_le_bytes());
    table.extend_from_slice(&[0; 4]);
    table.resize(HEADER + fields.len() * FIELD_SIZE, 0);
    for (number, field) in fields.iter().enumerate() {
        let offset = table.len() as u32;
        table.extend_from_slice(field.path.as_bytes());
        let at = HEADER + number * FIELD_SIZE;
        table[at..at + 4].copy_from_slice(&offset.to_le_bytes());
        table[at + 4..at + 6].copy_from_slice(&(field.path.len() as u16).to_le_bytes());
        table[at + 6] = field.flags.0;
    }
    let root = write(&root, &mut table);
    table[8..12].copy_from_slice(&root.to_le_bytes());
    Ok(table)
}

#[derive(Default)]
struct Trie<'p> {
    field: Option<(u16, u8)>,
    children: BTreeMap<&'p [u8], Trie<'p>>,
}

/// Appends a node, its keys and its children; gives the node's offset.
fn write(node: &Trie<'_>, table: &mut Vec<u8>) -> u32 {
    let children: Vec<(u32, &[u8], u32)> = node
        .children
        .iter()
        .map(|(&key, child)| {
            let child = write(child, table);
            let offset = table.len() as u32;
            table.extend_from_slice(key);
            (offset, key, child)
        })
        .collect();
    let keys: Vec<&[u8]> = children.iter().map(|&(_, key, _)| key).collect();
    let (bits, seed) = seed(&keys);
    let at = table.len();
    let (field, flags) = node.field.unwrap_or((NO_FIELD, 0));
    table.extend_from_slice(&field.to_le_bytes());
    table.push(flags);
    table.push(if keys.is_empty() { NO_CHILDREN } else { bits });
    table.extend_from_slice(&seed.to_le_bytes());
    if keys.is_empty() {
        return at as u32;
    }
    table.resize(at + NODE_HEADER + (SLOT_SIZE << bits), 0);
    let mask = (1u32 << bits) - 1;
    for (offset, key, child) in children {
        let mut slot = hash(seed, key) & mask;
        let entry = loop {
            let entry = at + NODE_HEADER + slot as usize * SLOT_SIZE;
            if table[entry + 8..entry + 12] == [0; 4] {
                break entry;
            }
            slot = (slot + 1) & mask;
        };
        table[entry..entry + 4].copy_from_slice(&offset.to_le_bytes());
        table[entry + 4..entry + 6].copy_from_slice(&(key.len() as u16).to_le_bytes());
        table[entry + 8..entry + 12].copy_from_slice(&child.to_le_bytes());
    }
    at as u32
}

/// Size (as log2) and seed of a node's hash table: at most half full, and of
/// some seeds the one with the shortest longest probe.
fn seed(keys: &[&[u8]]) -> (u8, u32) {
    let bits = (2 * keys.len()).next_power_of_two().trailing_zeros();
    let best = (0..256u32).min_by_key(|&seed| longest_probe(keys, bits, seed));
    (bits as u8, best.unwrap_or(0))
}

fn longest_probe(keys: &[&[u8]], bits: u32, seed: u32) -> usize {
    let mask = (1u32 << bits) - 1;
    let mut taken = vec![false; 1 << bits];
    let mut longest = 0;
    for key in keys {
        let mut slot = hash(seed, key) & mask;
        let mut probe = 1;
        while taken[slot as usize] {
            slot = (slot + 1) & mask;
            probe += 1;
        }
        taken[slot as usize] = true;
        longest = longest.max(probe);
    }
    longest
}
