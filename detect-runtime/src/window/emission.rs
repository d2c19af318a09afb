//! From result rows to drafts.

use crate::head::{Content, Draft, Env, Source};
use crate::state::{Decode, DecodeError, Encode, Reader};
use crate::table::{Program, Resources, Row, output, run_table};
use crate::value::{Cx, Owned};
use std::collections::HashSet;
use std::sync::Arc;

/// A tick and the start of its window.
#[derive(Clone, Copy, Debug)]
pub(super) struct Tick {
    pub(super) time: i64,
    pub(super) start: i64,
}

/// The one run over all input, if there was none: STATS without BY still gives its
/// row.
pub(super) fn over_nothing(program: &Program, resources: &Resources, time: i64, env: &mut Env<'_>) {
    let cx = Cx { arena: env.arena, now: time, warnings: env.warnings };
    let stages = &program.stages[program.per_event..];
    let frames = program.frames.get(1..).unwrap_or(&[]);
    let tick = Tick { time, start: time };
    for (number, row) in run_table(stages, frames, Vec::new(), &cx, resources).iter().enumerate() {
        env.drafts.push(draft(program, row, tick, number as u32, None));
    }
}

/// The draft of a result row.
pub(super) fn draft(
    program: &Program,
    row: &Row<'_>,
    tick: Tick,
    number: u32,
    source: Option<Arc<Source>>,
) -> Draft {
    Draft {
        time: tick.time,
        content: Content::Row {
            columns: output(program, row.values).map(Owned::of).collect(),
            source,
            window: (tick.start, tick.time, number),
        },
        suppression: None,
    }
}

/// Keys of the groups that had a row at the last tick.
#[derive(Debug, Default)]
pub(super) struct Standing(HashSet<Box<[u8]>>);

impl Standing {
    /// Which of these rows belong to groups that had none before; the groups of
    /// these rows stand from now on, and no others.
    pub(super) fn replace(&mut self, rows: &[Row<'_>]) -> Vec<bool> {
        let fresh = rows.iter().map(|row| !self.0.contains(key(row))).collect();
        self.0 = rows.iter().map(|row| key(row).into()).collect();
        fresh
    }

    pub(super) fn memory(&self) -> usize {
        self.0.iter().map(|key| key.len() + 24).sum()
    }
}

fn key<'r>(row: &'r Row<'_>) -> &'r [u8] {
    row.key.unwrap_or_default()
}

impl Encode for Standing {
    fn encode(&self, out: &mut Vec<u8>) {
        (self.0.len() as u64).encode(out);
        self.0.iter().for_each(|key| key.encode(out));
    }
}

impl Decode for Standing {
    fn decode(from: &mut Reader<'_>) -> Result<Standing, DecodeError> {
        let mut keys = HashSet::new();
        for _ in 0..from.length()? {
            let length = from.length()?;
            keys.insert(from.take(length)?.into());
        }
        Ok(Standing(keys))
    }
}
