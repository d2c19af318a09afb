//! Partial records: the hits of rules as bytes. Shards of one input, processes
//! on a topic and workers of a cluster hand these, and nothing else, to the
//! owner of the state.
//!
//! An event stands before its hits: position, index name, line. A hit has rule number,
//! times, term bits, lineages, and its row. The row is left out where the hit alone
//! cannot change anything (later terms of a sequence): the owner, who knows
//! whether something is pending, reads the line again if need be.

use super::Options;
use super::scanner::Take;
use super::table::{HeadSpec, Table};
use crate::head::{Hit, Lent};
use crate::state::{Decode, DecodeError, Encode, Reader};
use crate::value::Value;
use bumpalo::Bump;
use bumpalo::collections::Vec as ArenaVec;

const EVENT: u8 = 0;
const HIT: u8 = 1;
/// A hit of which the row is left out.
const ANNOUNCED: u8 = 2;
/// A hit that needs no event; its position stands with it.
const BARE: u8 = 3;

/// Writes records.
pub(super) struct Records<'r> {
    /// By rule, the terms with which a hit needs its row; see [`wakers`].
    pub(super) wakers: &'r [u64],
    pub(super) out: Vec<u8>,
    /// Position of the last event written.
    pub(super) event: Option<u64>,
}

/// For each rule the terms with which a hit needs its row at once.
pub(super) fn wakers(table: &'static Table, options: &Options) -> Box<[u64]> {
    let awake = options.reference || options.settings.whole.is_some();
    let of_rule = table.rules.iter().map(|rule| match rule.head {
        HeadSpec::Sequence(spec)
            if !awake
                && spec.tiebreaker.is_none()
                && rule.info.suppression.is_none()
                && rule.stratum == 0 =>
        {
            spec.wakers()
        }
        _ => u64::MAX,
    });
    of_rule.collect()
}

impl Records<'_> {
    fn write(&mut self, tag: u8, rule: u32, hit: &Hit<'_>) {
        if let Some(source) = hit.source
            && self.event != Some(hit.position)
        {
            self.event = Some(hit.position);
            self.out.push(EVENT);
            hit.position.encode(&mut self.out);
            source.index().encode(&mut self.out);
            (source.line().len() as u64).encode(&mut self.out);
            self.out.extend_from_slice(source.line());
        }
        let out = &mut self.out;
        out.push(tag);
        if tag == BARE {
            hit.position.encode(out);
        }
        rule.encode(out);
        hit.time.encode(out);
        hit.order.encode(out);
        hit.terms.encode(out);
        hit.lineages.encode(out);
        if tag != ANNOUNCED {
            (hit.row.len() as u64).encode(out);
            for value in hit.row {
                value.encode(out);
            }
        }
    }
}

impl Take for Records<'_> {
    fn announce(&mut self, rule: u32, hit: &Hit<'_>) -> bool {
        // A rule without terms wants every row.
        let wakers = self.wakers.get(rule as usize).copied().unwrap_or(u64::MAX);
        let wanted = wakers == u64::MAX || hit.terms & wakers != 0;
        if !wanted {
            self.write(ANNOUNCED, rule, hit);
        }
        wanted
    }

    fn hit(&mut self, rule: u32, hit: &Hit<'_>) {
        self.write(if hit.source.is_some() { HIT } else { BARE }, rule, hit);
    }
}

/// Reads all records and hands each to `take`, with `true` if its row was left
/// out.
pub(super) fn decode(
    bytes: &[u8],
    arena: &mut Bump,
    mut take: impl FnMut(u32, &Hit<'_>, bool),
) -> Result<(), DecodeError> {
    let mut from = Reader::new(bytes);
    let mut position = 0;
    let mut lent = Lent::new(&[], "");
    while !from.is_empty() {
        let tag = from.byte()?;
        if tag == EVENT {
            position = u64::decode(&mut from)?;
            let index = from.text()?;
            let length = from.length()?;
            lent = Lent::new(from.take(length)?, index);
            continue;
        }
        if tag > BARE {
            return Err(DecodeError::Tag { what: "partial record", tag });
        }
        let position = if tag == BARE { u64::decode(&mut from)? } else { position };
        let rule = u32::decode(&mut from)?;
        let time = i64::decode(&mut from)?;
        let order = i64::decode(&mut from)?;
        let terms = u64::decode(&mut from)?;
        let lineages = u64::decode(&mut from)?;
        arena.reset();
        let arena = &*arena;
        let mut row = ArenaVec::new_in(arena);
        if tag != ANNOUNCED {
            let length = from.length()?;
            let mut values = from.clone();
            for _ in 0..length {
                row.push(Value::decode_in(&mut values, arena)?);
            }
            from.take(from.rest().len() - values.rest().len())?;
        }
        let row = row.into_bump_slice();
        let source = (tag != BARE).then_some(&lent);
        take(rule, &Hit { time, order, position, row, terms, lineages, source }, tag == ANNOUNCED);
    }
    Ok(())
}
