//! State of a sequence rule on disk. Each event is written once, however many
//! pending sequences hold it.

use super::SequenceSpec;
use super::keys::{Entry, KeyId, Lead};
use super::machine::{Complete, Machine};
use super::pending::{Extra, Pending, Waiting};
use super::reorder::{Held, Ordinal};
use crate::head::Source;
use crate::key::values;
use crate::state::{Decode, DecodeError, Encode, Reader};
use crate::value::{Owned, check_row};
use std::collections::HashMap;
use std::sync::Arc;

pub(super) fn encode(machine: &Machine, out: &mut Vec<u8>) {
    let mut to = Writer::default();
    let body = &mut to.body;
    machine.clock.encode(body);
    machine.progress.encode(body);
    machine.rank.encode(body);
    machine.arrivals.encode(body);
    machine.reorder.bar.as_ref().map(OrdinalBytes).encode(body);
    let held = machine.reorder.sorted();
    (held.len() as u64).encode(&mut to.body);
    for held in held {
        to.held(held);
    }
    (machine.keys.len() as u64).encode(&mut to.body);
    for entry in machine.keys.iter() {
        to.entry(entry);
    }
    (machine.complete.len() as u64).encode(&mut to.body);
    for complete in &machine.complete {
        complete.rank.encode(&mut to.body);
        blob(&complete.key, &mut to.body);
        to.pending(&complete.pending);
    }
    to.close(out);
}

pub(super) fn decode(
    spec: &'static SequenceSpec,
    from: &mut Reader<'_>,
) -> Result<Machine, DecodeError> {
    let mut machine = Machine::new(spec);
    let mut from = Input { sources: sources(from)?, from, slots: machine.shape.positive.len() };
    machine.clock = i64::decode(from.from)?;
    machine.progress = i64::decode(from.from)?;
    machine.rank = u64::decode(from.from)?;
    machine.arrivals = u64::decode(from.from)?;
    if bool::decode(from.from)? {
        machine.reorder.bar = Some(ordinal(from.from)?);
    }
    for _ in 0..from.from.length()? {
        machine.reorder.hold(from.held()?);
    }
    for _ in 0..from.from.length()? {
        let key = from.key()?;
        let id = machine.keys.get_or_insert(&key);
        from.entry(&mut machine, id)?;
        machine.keys.settle(id);
    }
    for _ in 0..from.from.length()? {
        let (rank, key) = (u64::decode(from.from)?, from.key()?);
        machine.complete.push(Complete { rank, key, pending: from.pending()? });
    }
    Ok(machine)
}

/// Writes events as numbers and collects them.
#[derive(Default)]
struct Writer<'s> {
    body: Vec<u8>,
    sources: Vec<&'s Arc<Source>>,
    numbers: HashMap<*const Source, u64>,
}

impl<'s> Writer<'s> {
    fn source(&mut self, source: &'s Arc<Source>) {
        let next = self.sources.len() as u64;
        let number = *self.numbers.entry(Arc::as_ptr(source)).or_insert(next);
        if number == next {
            self.sources.push(source);
        }
        number.encode(&mut self.body);
    }

    fn held(&mut self, held: &'s Held) {
        OrdinalBytes(&held.ordinal).encode(&mut self.body);
        held.time.encode(&mut self.body);
        held.terms.encode(&mut self.body);
        blob(&held.row, &mut self.body);
        held.source.is_some().encode(&mut self.body);
        if let Some(source) = &held.source {
            self.source(source);
        }
    }

    fn entry(&mut self, entry: &'s Entry) {
        blob(&entry.key, &mut self.body);
        (entry.pending.len() as u64).encode(&mut self.body);
        for pending in &entry.pending {
            self.pending(pending);
        }
        let side = entry.side.as_deref();
        let lead = side.and_then(|s| s.lead);
        lead.is_some().encode(&mut self.body);
        if let Some(lead) = lead {
            lead.latest.encode(&mut self.body);
            lead.before.encode(&mut self.body);
            lead.expires.encode(&mut self.body);
        }
        let waiting = side.map_or(&[][..], |s| &s.waiting);
        (waiting.len() as u64).encode(&mut self.body);
        for waiting in waiting {
            waiting.deadline.encode(&mut self.body);
            waiting.rank.encode(&mut self.body);
            self.pending(&waiting.pending);
        }
    }

    fn pending(&mut self, pending: &'s Pending) {
        let body = &mut self.body;
        pending.slot.encode(body);
        pending.rejected.encode(body);
        pending.first.encode(body);
        pending.last.encode(body);
        pending.time.encode(body);
        pending.expires.encode(body);
        pending.charged.encode(body);
        self.source(&pending.head);
        (pending.tail.len() as u64).encode(&mut self.body);
        for source in &pending.tail {
            self.source(source);
        }
        pending.extra.is_some().encode(&mut self.body);
        if let Some(extra) = &pending.extra {
            extra.gap.encode(&mut self.body);
            extra.lead.encode(&mut self.body);
            (extra.rows.len() as u64).encode(&mut self.body);
            for row in &extra.rows {
                row[..].encode(&mut self.body);
            }
        }
    }

    fn close(self, out: &mut Vec<u8>) {
        (self.sources.len() as u64).encode(out);
        for source in self.sources {
            blob(&source.line, out);
            source.index.encode(out);
        }
        out.extend_from_slice(&self.body);
    }
}

/// Reads with the events at hand.
struct Input<'r, 'b> {
    from: &'r mut Reader<'b>,
    sources: Vec<Arc<Source>>,
    slots: usize,
}

impl Input<'_, '_> {
    fn source(&mut self) -> Result<Arc<Source>, DecodeError> {
        let number = u64::decode(self.from)?;
        usize::try_from(number)
            .ok()
            .and_then(|n| self.sources.get(n))
            .cloned()
            .ok_or(DecodeError::Tag { what: "event", tag: number as u8 })
    }

    fn key(&mut self) -> Result<Box<[u8]>, DecodeError> {
        let key = bytes(self.from)?;
        values(key)?;
        Ok(key.into())
    }

    fn held(&mut self) -> Result<Held, DecodeError> {
        let ordinal = ordinal(self.from)?;
        let time = i64::decode(self.from)?;
        let terms = u64::decode(self.from)?;
        let row = bytes(self.from)?;
        check_row(row)?;
        let source = if bool::decode(self.from)? { Some(self.source()?) } else { None };
        Ok(Held { ordinal, time, terms, row: row.into(), source })
    }

    fn entry(&mut self, machine: &mut Machine, id: KeyId) -> Result<(), DecodeError> {
        for _ in 0..self.from.length()? {
            let pending = self.pending()?;
            if usize::from(pending.slot) + 1 >= self.slots {
                return Err(DecodeError::Tag { what: "slot", tag: pending.slot as u8 });
            }
            machine.keys.put(id, pending);
        }
        if bool::decode(self.from)? {
            machine.keys.set_lead(
                id,
                Lead {
                    latest: i64::decode(self.from)?,
                    before: Option::decode(self.from)?,
                    expires: i64::decode(self.from)?,
                },
            );
        }
        for _ in 0..self.from.length()? {
            let deadline = i64::decode(self.from)?;
            let rank = u64::decode(self.from)?;
            machine.keys.wait(id, Waiting { deadline, rank, pending: self.pending()? });
        }
        Ok(())
    }

    fn pending(&mut self) -> Result<Pending, DecodeError> {
        Ok(Pending {
            slot: u16::decode(self.from)?,
            rejected: bool::decode(self.from)?,
            first: i64::decode(self.from)?,
            last: i64::decode(self.from)?,
            time: i64::decode(self.from)?,
            expires: i64::decode(self.from)?,
            charged: u32::decode(self.from)?,
            head: self.source()?,
            tail: {
                let length = self.from.length()?;
                let mut tail = Vec::with_capacity(length);
                for _ in 0..length {
                    tail.push(self.source()?);
                }
                tail
            },
            extra: if bool::decode(self.from)? { Some(Box::new(self.extra()?)) } else { None },
        })
    }

    fn extra(&mut self) -> Result<Extra, DecodeError> {
        let (gap, lead) = (Option::decode(self.from)?, Option::decode(self.from)?);
        let length = self.from.length()?;
        let rows = (0..length).map(|_| Ok(Vec::<Owned>::decode(self.from)?.into()));
        Ok(Extra { gap, lead, rows: rows.collect::<Result<_, DecodeError>>()? })
    }
}

fn sources(from: &mut Reader<'_>) -> Result<Vec<Arc<Source>>, DecodeError> {
    let length = from.length()?;
    (0..length)
        .map(|_| Ok(Arc::new(Source { line: bytes(from)?.into(), index: Box::decode(from)? })))
        .collect()
}

/// Writes an [`Ordinal`].
struct OrdinalBytes<'o>(&'o Ordinal);

impl Encode for OrdinalBytes<'_> {
    fn encode(&self, out: &mut Vec<u8>) {
        self.0.order.encode(out);
        blob(&self.0.tie, out);
        self.0.position.encode(out);
        self.0.arrival.encode(out);
    }
}

fn ordinal(from: &mut Reader<'_>) -> Result<Ordinal, DecodeError> {
    Ok(Ordinal {
        order: i64::decode(from)?,
        tie: bytes(from)?.into(),
        position: u64::decode(from)?,
        arrival: u64::decode(from)?,
    })
}

fn blob(bytes: &[u8], out: &mut Vec<u8>) {
    (bytes.len() as u64).encode(out);
    out.extend_from_slice(bytes);
}

fn bytes<'b>(from: &mut Reader<'b>) -> Result<&'b [u8], DecodeError> {
    let length = from.length()?;
    from.take(length)
}
