//! Partial records: the hits of rules as bytes. Shards of one input, processes
//! on a topic and workers of a cluster hand these, and nothing else, to the
//! owner of the state.
//!
//! A record is self-contained: rule number, times, position, term bits, lineages, row,
//! and the event where the rule's alerts are made from it.

use crate::head::{Hit, Lent};
use crate::state::{Decode, DecodeError, Encode, Reader};
use crate::value::Owned;
use bumpalo::Bump;

/// Appends the record of a hit.
pub(super) fn encode(rule: u32, hit: &Hit<'_>, out: &mut Vec<u8>) {
    rule.encode(out);
    hit.time.encode(out);
    hit.order.encode(out);
    hit.position.encode(out);
    hit.terms.encode(out);
    hit.lineages.encode(out);
    (hit.row.len() as u64).encode(out);
    for value in hit.row {
        Owned::of(*value).encode(out);
    }
    match hit.source {
        None => false.encode(out),
        Some(source) => {
            true.encode(out);
            source.index().encode(out);
            (source.line().len() as u64).encode(out);
            out.extend_from_slice(source.line());
        }
    }
}

/// Reads all records and hands each to `take`.
pub(super) fn decode(
    bytes: &[u8],
    arena: &mut Bump,
    mut take: impl FnMut(u32, &Hit<'_>),
) -> Result<(), DecodeError> {
    let mut from = Reader::new(bytes);
    while !from.is_empty() {
        let rule = u32::decode(&mut from)?;
        let time = i64::decode(&mut from)?;
        let order = i64::decode(&mut from)?;
        let position = u64::decode(&mut from)?;
        let terms = u64::decode(&mut from)?;
        let lineages = u64::decode(&mut from)?;
        let owned = Vec::<Owned>::decode(&mut from)?;
        let mut index = Box::<str>::default();
        let mut line = None;
        if bool::decode(&mut from)? {
            index = Box::decode(&mut from)?;
            let length = from.length()?;
            line = Some(from.take(length)?);
        }
        let source = line.map(|line| Lent::new(line, &index));
        arena.reset();
        let arena = &*arena;
        let row = arena.alloc_slice_fill_iter(owned.iter().map(|value| value.lend(arena)));
        take(rule, &Hit { time, order, position, row, terms, lineages, source: source.as_ref() });
    }
    Ok(())
}
