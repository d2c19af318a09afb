//! Groups in the state on disk.

use super::frozen::{Frozen, pull_pane, push_pane};
use super::{ALIVE, GONE, Groups, NONE};
use crate::state::{Decode, DecodeError, Encode, Reader};

impl Encode for Groups {
    fn encode(&self, out: &mut Vec<u8>) {
        (self.len() as u64).encode(out);
        for group in self.all() {
            let entry = &self.entries[group as usize];
            entry.key.encode(out);
            entry.frozen.encode(out);
            push_pane(entry.saturated, out);
            self.passing.contains(group).encode(out);
            let mut at = entry.open;
            while let Some(open) = self.open.get(at as usize) {
                at = open.next;
                out.push(if open.slot == NONE { OPEN_SATURATED } else { OPEN });
                push_pane(open.pane, out);
                if open.slot != NONE {
                    self.store.encode(open.slot, out);
                }
            }
            out.push(OPEN_END);
        }
    }
}

const OPEN_END: u8 = 0;
const OPEN: u8 = 1;
const OPEN_SATURATED: u8 = 2;

impl Groups {
    /// Replaces the groups by encoded ones.
    pub(crate) fn decode(&mut self, from: &mut Reader<'_>) -> Result<(), DecodeError> {
        self.clear();
        for _ in 0..from.length()? {
            let length = from.length()?;
            let group = self.intern(from.take(length)?);
            let frozen = Frozen::decode(from)?;
            self.check(&frozen)?;
            self.frozen_bytes += frozen.heap();
            let entry = &mut self.entries[group as usize];
            entry.frozen = frozen;
            entry.saturated = pull_pane(from)?;
            if entry.saturated == GONE {
                return Err(DecodeError::Tag { what: "group", tag: 0 });
            }
            if let Some(oldest) = entry.oldest() {
                self.leaving.entry(oldest).or_default().push(group);
                self.listed += 1;
            }
            let passing = bool::decode(from)?;
            self.passing.set(group, passing);
            let saturated = self.entries[group as usize].saturated;
            if saturated != ALIVE {
                // Perhaps no tick has seen this yet; a second look does no harm.
                self.entering.entry(saturated).or_default().push(group);
                self.listed += 1;
            }
            self.decode_open(group, from)?;
        }
        Ok(())
    }

    fn decode_open(&mut self, group: u32, from: &mut Reader<'_>) -> Result<(), DecodeError> {
        loop {
            let tag = from.byte()?;
            if tag == OPEN_END {
                return Ok(());
            }
            let pane = pull_pane(from)?;
            let slot = self.open_slot(group, pane);
            match tag {
                OPEN if slot != NONE => {
                    self.store.merge_encoded(slot, from)?;
                    self.state_bytes += self.store.heap(slot);
                }
                OPEN_SATURATED => self.saturate_open(group, pane, i32::MIN),
                tag => return Err(DecodeError::Tag { what: "open pane", tag }),
            }
        }
    }

    /// Every frozen state can be decoded.
    fn check(&mut self, frozen: &Frozen) -> Result<(), DecodeError> {
        let scratch = self.store.insert();
        let checked = frozen
            .segments()
            .try_for_each(|(_, state)| self.store.merge_encoded(scratch, &mut Reader::new(state)));
        self.store.remove(scratch);
        checked
    }

    fn clear(&mut self) {
        self.store.clear();
        self.index.clear();
        self.entries.clear();
        self.free.clear();
        self.open.clear();
        self.free_open.clear();
        self.entering.clear();
        self.leaving.clear();
        self.passing.clear();
        self.key_bytes = 0;
        self.frozen_bytes = 0;
        self.state_bytes = 0;
        self.listed = 0;
    }
}
