//! Panes of a group at rest: one byte string.

use crate::state::{Decode, DecodeError, Encode, Reader};

/// Segments, each a pane number and an encoded state; a pane may have several
/// (late rows). 8 bytes if there is none.
///
/// A group with a row in most of its panes would be merged from all of them at
/// every tick. So with [`DENSE`] segments or more it also keeps *blocks*: merged
/// states of [`BLOCK`] panes that lie next to each other, made when they are first
/// needed and dropped when one of their panes changes or leaves.
#[derive(Default)]
pub(super) struct Frozen(Option<Box<Inner>>);

#[derive(Default)]
#[allow(clippy::box_collection)] // Hardly any group is dense.
struct Inner {
    segments: Vec<u8>,
    blocks: Option<Box<Vec<u8>>>,
}

/// Panes of a block. Blocks are small in tests, so that random windows reach them.
pub(super) const BLOCK: i32 = if cfg!(test) { 4 } else { 32 };

/// From so many segments on blocks are made.
const DENSE: usize = if cfg!(test) { 3 } else { 96 };

/// The block of a pane.
pub(super) fn block(pane: i32) -> i32 {
    pane.div_euclid(BLOCK)
}

impl Frozen {
    /// Appends a segment.
    pub(super) fn push(&mut self, pane: i32, state: &[u8]) {
        let inner = self.0.get_or_insert_default();
        inner.drop_blocks(|known| known != block(pane));
        push_segment(&mut inner.segments, pane, state);
    }

    /// Remembers the merged state of a block.
    pub(super) fn push_block(&mut self, block: i32, state: &[u8]) {
        let inner = self.0.get_or_insert_default();
        push_segment(inner.blocks.get_or_insert_default(), block, state);
    }

    /// The segments in the order in which they were pushed.
    pub(super) fn segments(&self) -> Segments<'_> {
        Segments(Reader::new(self.0.as_ref().map_or(&[], |inner| &inner.segments)))
    }

    /// Merged states by block.
    pub(super) fn blocks(&self) -> Segments<'_> {
        let blocks = self.0.as_ref().and_then(|inner| inner.blocks.as_ref());
        Segments(Reader::new(blocks.map_or(&[], |blocks| blocks.as_slice())))
    }

    /// True if there are so many of these segments that blocks pay.
    pub(super) fn is_dense(segments: &[(i32, &[u8])]) -> bool {
        segments.len() >= DENSE
    }

    /// The oldest pane.
    pub(super) fn oldest(&self) -> Option<i32> {
        self.segments().map(|(pane, _)| pane).min()
    }

    /// Drops the segments of panes before `first`.
    pub(super) fn drop_before(&mut self, first: i32) {
        let Some(inner) = &mut self.0 else { return };
        inner.drop_blocks(|block| i64::from(block) * i64::from(BLOCK) >= i64::from(first));
        if Segments(Reader::new(&inner.segments)).all(|(pane, _)| pane >= first) {
            return;
        }
        retain(&mut inner.segments, |pane| pane >= first);
        if inner.segments.is_empty() {
            self.0 = None;
        }
    }

    /// Bytes on the heap.
    pub(super) fn heap(&self) -> usize {
        let Some(inner) = &self.0 else { return 0 };
        let blocks =
            inner.blocks.as_ref().map_or(0, |blocks| size_of::<Vec<u8>>() + blocks.capacity());
        size_of::<Inner>() + inner.segments.capacity() + blocks
    }
}

impl Inner {
    fn drop_blocks(&mut self, keep: impl Fn(i32) -> bool) {
        let Some(blocks) = &mut self.blocks else { return };
        if Segments(Reader::new(blocks)).all(|(block, _)| keep(block)) {
            return;
        }
        retain(blocks, keep);
        if blocks.is_empty() {
            self.blocks = None;
        }
    }
}

fn push_segment(bytes: &mut Vec<u8>, number: i32, state: &[u8]) {
    // Number and length take a few bytes; growth by an eighth keeps what is unused
    // small, for there are many groups.
    if bytes.capacity() - bytes.len() < state.len() + 6 {
        bytes.reserve_exact(state.len() + 4 + bytes.len() / 8);
    }
    push_pane(number, bytes);
    (state.len() as u64).encode(bytes);
    bytes.extend_from_slice(state);
}

fn retain(bytes: &mut Vec<u8>, keep: impl Fn(i32) -> bool) {
    let mut kept = Vec::with_capacity(bytes.len());
    for (number, state) in Segments(Reader::new(bytes)).filter(|(number, _)| keep(*number)) {
        push_pane(number, &mut kept);
        (state.len() as u64).encode(&mut kept);
        kept.extend_from_slice(state);
    }
    kept.shrink_to_fit();
    *bytes = kept;
}

/// Blocks are made again when they are needed.
impl Encode for Frozen {
    fn encode(&self, out: &mut Vec<u8>) {
        self.0.as_ref().map_or(&[][..], |inner| &inner.segments).encode(out);
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
        let inner = || Box::new(Inner { segments: bytes.to_vec(), blocks: None });
        Ok(Frozen((!bytes.is_empty()).then(inner)))
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
