//! The results of a group over a window: the merge of its panes.

use super::frozen::{BLOCK, Frozen, block};
use super::{Groups, Panes};
use crate::aggregate::GroupStore;
use crate::state::Reader;
use crate::value::{Cx, Value};
use std::collections::BTreeMap;

impl Groups {
    /// The results of a group over the panes of a window that
    /// [`Groups::advance`] has reached. False if it has none there, or if it is
    /// saturated and so cannot pass.
    pub(crate) fn evaluate<'a>(
        &mut self,
        group: u32,
        window: Panes,
        out: &mut [Value<'a>],
        cx: &Cx<'a>,
    ) -> bool {
        let entry = &self.entries[group as usize];
        if entry.saturated >= window.0 {
            return false;
        }
        let mut parts: Vec<(i32, &[u8])> = entry.frozen.segments().collect();
        if parts.is_empty() {
            return false;
        }
        let sum = self.store.insert();
        let mut blocks = Vec::new();
        if Frozen::is_dense(&parts) {
            blocks = merge_blocks(&mut *self.store, sum, &entry.frozen, window, &mut parts);
            let made = blocks.iter().map(|(block, state)| (block * BLOCK, state.as_slice()));
            parts.extend(made);
        }
        // Newest first: if the newest panes are saturated already, the older ones
        // are not needed any more. A block counts by its oldest pane.
        parts.sort_by_key(|(pane, _)| core::cmp::Reverse(*pane));
        let mut saturated = None;
        for (pane, state) in parts {
            // What does not parse was refused when it was decoded.
            let _ = self.store.merge_encoded(sum, &mut Reader::new(state));
            if self.store.saturated(sum) {
                saturated = Some(pane);
                break;
            }
        }
        if saturated.is_none() {
            self.store.finish(sum, out, cx);
        }
        self.store.remove(sum);
        let frozen = &mut self.entries[group as usize].frozen;
        self.frozen_bytes -= frozen.heap();
        for (block, state) in &blocks {
            frozen.push_block(*block, state);
        }
        self.frozen_bytes += frozen.heap();
        if let Some(pane) = saturated {
            self.saturate(group, pane);
        }
        saturated.is_none()
    }
}

/// Replaces segments by the blocks that lie within the window: known ones in
/// `parts`, newly merged ones as the result. `scratch` is a slot over no row, before
/// and after.
fn merge_blocks<'f>(
    store: &mut dyn GroupStore,
    scratch: u32,
    frozen: &'f Frozen,
    (first, last): Panes,
    parts: &mut Vec<(i32, &'f [u8])>,
) -> Vec<(i32, Vec<u8>)> {
    let inside = |number: i32| number * BLOCK >= first && number * BLOCK + BLOCK - 1 <= last;
    let known: Vec<(i32, &[u8])> = frozen.blocks().filter(|(block, _)| inside(*block)).collect();
    let mut made: BTreeMap<i32, Vec<&[u8]>> = BTreeMap::new();
    parts.retain(|(pane, state)| {
        let number = block(*pane);
        if !inside(number) {
            return true;
        }
        if known.iter().all(|(block, _)| *block != number) {
            made.entry(number).or_default().push(state);
        }
        false
    });
    parts.extend(known.iter().map(|(block, state)| (block * BLOCK, *state)));
    let merge = |(number, states): (i32, Vec<&[u8]>)| {
        for state in states {
            // What does not parse was refused when it was decoded.
            let _ = store.merge_encoded(scratch, &mut Reader::new(state));
        }
        let mut bytes = Vec::new();
        store.encode(scratch, &mut bytes);
        store.reset(scratch);
        (number, bytes)
    };
    made.into_iter().map(merge).collect()
}
