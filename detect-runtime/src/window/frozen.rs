//! Panes of a group at rest: one byte string.

use crate::state::{Decode, DecodeError, Encode, Reader};

/// Segments, each a pane number and an encoded state; a pane may have several
/// (late rows). 8 bytes if there is none.
#[derive(Default)]
#[allow(clippy::box_collection)] // Most groups of many rules have no frozen pane.
pub(super) struct Frozen(Option<Box<Vec<u8>>>);

impl Frozen {
    /// Appends a segment.
    pub(super) fn push(&mut self, pane: i32, state: &[u8]) {
        let bytes = self.0.get_or_insert_default();
        // A pane and a length take a few bytes; growth by an eighth keeps what is
        // unused small, for there are many groups.
        bytes.reserve_exact(state.len() + 4 + bytes.len() / 8);
        push_pane(pane, bytes);
        (state.len() as u64).encode(bytes);
        bytes.extend_from_slice(state);
    }

    /// The segments in the order in which they were pushed.
    pub(super) fn segments(&self) -> Segments<'_> {
        Segments(Reader::new(self.0.as_ref().map_or(&[], |bytes| bytes.as_slice())))
    }

    /// The oldest pane.
    pub(super) fn oldest(&self) -> Option<i32> {
        self.segments().map(|(pane, _)| pane).min()
    }

    /// Drops the segments of panes before `first`.
    pub(super) fn drop_before(&mut self, first: i32) {
        let Some(bytes) = &mut self.0 else { return };
        let segments = Segments(Reader::new(bytes));
        if segments.clone().all(|(pane, _)| pane >= first) {
            return;
        }
        let mut kept = Vec::new();
        for (pane, state) in segments.filter(|(pane, _)| *pane >= first) {
            push_pane(pane, &mut kept);
            (state.len() as u64).encode(&mut kept);
            kept.extend_from_slice(state);
        }
        kept.shrink_to_fit();
        self.0 = (!kept.is_empty()).then(|| Box::new(kept));
    }

    /// Bytes on the heap.
    pub(super) fn heap(&self) -> usize {
        self.0.as_ref().map_or(0, |bytes| size_of::<Vec<u8>>() + bytes.capacity())
    }
}

impl Encode for Frozen {
    fn encode(&self, out: &mut Vec<u8>) {
        self.0.as_ref().map_or(&[][..], |bytes| bytes.as_slice()).encode(out);
    }
}

impl Decode for Frozen {
    fn decode(from: &mut Reader<'_>) -> Result<Frozen, DecodeError> {
        let length = from.length()?;
        let bytes = from.take(length)?;
        let mut check = Reader::new(bytes);
        while !check.is_empty() {
            pull_segment(&mut check)?;
        }
        Ok(Frozen((!bytes.is_empty()).then(|| Box::new(bytes.to_vec()))))
    }
}

/// Iterates over segments.
#[derive(Clone)]
pub(super) struct Segments<'b>(Reader<'b>);

impl<'b> Iterator for Segments<'b> {
    type Item = (i32, &'b [u8]);

    fn next(&mut self) -> Option<(i32, &'b [u8])> {
        // What does not parse was refused when it was decoded.
        pull_segment(&mut self.0).ok()
    }
}

fn pull_segment<'b>(from: &mut Reader<'b>) -> Result<(i32, &'b [u8]), DecodeError> {
    let pane = pull_pane(from)?;
    let length = from.length()?;
    Ok((pane, from.take(length)?))
}

/// Pane numbers are near zero: zigzag, then LEB128.
pub(super) fn push_pane(pane: i32, out: &mut Vec<u8>) {
    u64::from(((pane << 1) ^ (pane >> 31)) as u32).encode(out);
}

/// Reads a pane number.
pub(super) fn pull_pane(from: &mut Reader<'_>) -> Result<i32, DecodeError> {
    let zigzag = u64::decode(from)? as u32;
    Ok((zigzag >> 1) as i32 ^ -((zigzag & 1) as i32))
}
