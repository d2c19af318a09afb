//! Pipelines without breaker: an alert a row, at once.

use super::emission::{Tick, draft};
use crate::head::{Env, Head, Hit};
use crate::state::{Decode, DecodeError, Encode, Reader};
use crate::table::{Program, Row, widened};
use crate::value::Cx;

/// Gives each hit as a result row. The rows of one event are numbered.
pub struct EventRows {
    program: &'static Program,
    /// Position of the last hit and how many rows its event has had.
    last: (u64, u32),
}

impl EventRows {
    /// A head for a program all of whose stages run per event.
    pub fn new(program: &'static Program) -> EventRows {
        EventRows { program, last: (u64::MAX, 0) }
    }
}

impl Head for EventRows {
    fn hit(&mut self, hit: &Hit<'_>, env: &mut Env<'_>) {
        let number = if self.last.0 == hit.position { self.last.1 + 1 } else { 0 };
        self.last = (hit.position, number);
        let cx = Cx { arena: env.arena, now: hit.time, warnings: env.warnings };
        let row = Row { values: widened(hit.row, hit.row.len(), &cx), origin: 0, key: None };
        let tick = Tick { time: hit.time, start: hit.time };
        env.drafts.push(draft(self.program, &row, tick, number, Some(hit.share())));
    }

    fn tick(&mut self, _time: i64, _env: &mut Env<'_>) {}

    fn finish(&mut self, _env: &mut Env<'_>) {}

    fn encode(&self, out: &mut Vec<u8>) {
        self.last.0.encode(out);
        self.last.1.encode(out);
    }

    fn decode(&mut self, from: &mut Reader<'_>) -> Result<(), DecodeError> {
        self.last = (u64::decode(from)?, u32::decode(from)?);
        Ok(())
    }

    fn memory(&self) -> usize {
        size_of::<EventRows>()
    }
}
