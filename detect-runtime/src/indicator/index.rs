//! From the values of one group of a mapping to indicator documents: a hash
//! table of the tuples that documents hold.

use super::{EntrySpec, shown};
use crate::key::push;
use crate::value::address::Block;
use crate::value::{Type, Value};
use bumpalo::Bump;
use bumpalo::collections::Vec as ArenaVec;
use core::hash::BuildHasher;
use foldhash::quality::RandomState;
use hashbrown::HashTable;

/// End of a chain of postings.
const END: u32 = u32::MAX;

/// Index of one group.
#[derive(Debug, Default)]
pub(super) struct Index {
    table: HashTable<u32>,
    hasher: RandomState,
    bytes: Vec<u8>,
    tuples: Vec<Tuple>,
    postings: Vec<Posting>,
    /// Prefix lengths of blocks that occur, by positive entry.
    lengths: Vec<Vec<u8>>,
    /// Documents of a group that has negated entries only.
    participants: Vec<u32>,
}

/// Documents with the same values, as a chain in their order.
#[derive(Clone, Copy, Debug)]
struct Tuple {
    start: usize,
    length: u32,
    first: u32,
    last: u32,
}

#[derive(Clone, Copy, Debug)]
struct Posting {
    document: u32,
    next: u32,
}

impl Index {
    pub(super) fn new(entries: &[EntrySpec]) -> Index {
        let positive = entries.iter().filter(|e| !e.negate).count();
        Index { lengths: vec![Vec::new(); positive], ..Index::default() }
    }

    /// Adds a document under the values of its positive entries.
    pub(super) fn add(&mut self, key: &[u8], document: u32) {
        let posting = self.postings.len() as u32;
        self.postings.push(Posting { document, next: END });
        let hash = self.hasher.hash_one(key);
        let (bytes, tuples) = (&self.bytes, &mut self.tuples);
        if let Some(at) = self.table.find(hash, |at| tuples[*at as usize].key(bytes) == key) {
            let tuple = &mut tuples[*at as usize];
            self.postings[tuple.last as usize].next = posting;
            tuple.last = posting;
            return;
        }
        let (start, length) = (bytes.len(), key.len() as u32);
        tuples.push(Tuple { start, length, first: posting, last: posting });
        self.bytes.extend_from_slice(key);
        let (bytes, tuples, hasher) = (&self.bytes, &self.tuples, &self.hasher);
        self.table.insert_unique(hash, (tuples.len() - 1) as u32, |at| {
            hasher.hash_one(tuples[*at as usize].key(bytes))
        });
    }

    /// Adds a document to a group without positive entries.
    pub(super) fn participate(&mut self, document: u32) {
        self.participants.push(document);
    }

    pub(super) fn participants(&self) -> &[u32] {
        &self.participants
    }

    /// Notes that a positive entry has blocks of this length.
    pub(super) fn note_length(&mut self, entry: usize, bits: u8) {
        if let Err(at) = self.lengths[entry].binary_search(&bits) {
            self.lengths[entry].insert(at, bits);
        }
    }

    /// Documents with these values, ascending.
    pub(super) fn find(&self, key: &[u8]) -> impl Iterator<Item = u32> {
        let tuple = self.table.find(self.hasher.hash_one(key), |at| {
            self.tuples[*at as usize].key(&self.bytes) == key
        });
        let mut at = tuple.map_or(END, |at| self.tuples[*at as usize].first);
        core::iter::from_fn(move || {
            let posting = self.postings.get(at as usize)?;
            at = posting.next;
            Some(posting.document)
        })
    }

    pub(super) fn shrink(&mut self) {
        self.bytes.shrink_to_fit();
        self.tuples.shrink_to_fit();
        self.postings.shrink_to_fit();
        self.participants.shrink_to_fit();
    }

    pub(super) fn memory(&self) -> usize {
        self.table.allocation_size()
            + self.bytes.capacity()
            + self.tuples.capacity() * size_of::<Tuple>()
            + self.postings.capacity() * size_of::<Posting>()
            + self.participants.capacity() * size_of::<u32>()
    }
}

impl Tuple {
    fn key<'b>(&self, bytes: &'b [u8]) -> &'b [u8] {
        &bytes[self.start..self.start + self.length as usize]
    }
}

/// One way in which an event's value may stand in the index.
#[derive(Clone, Copy, Debug)]
pub(super) struct Probe<'a> {
    pub(super) key: &'a [u8],
    /// The event's value.
    pub(super) text: &'a str,
}

/// All ways for the values of one entry: an address stands for each block around
/// it whose length occurs.
pub(super) fn probes<'a>(
    value: Value<'a>,
    entry: &EntrySpec,
    index: &Index,
    number: usize,
    arena: &'a Bump,
) -> &'a [Probe<'a>] {
    let mut all = ArenaVec::new_in(arena);
    let lengths = index.lengths.get(number).map_or(&[][..], |l| l);
    for value in value.as_slice() {
        match value {
            Value::Ip(address) if entry.ty == Type::Ip => {
                for bits in lengths {
                    let key = arena.alloc_slice_copy(&block_key(Block::new(*address, *bits)));
                    all.push(Probe { key, text: shown(*value, arena) });
                }
            }
            value => {
                let mut key = ArenaVec::new_in(arena);
                push(&mut key, *value);
                all.push(Probe { key: key.into_bump_slice(), text: shown(*value, arena) });
            }
        }
    }
    all.into_bump_slice()
}

/// Key bytes of a block.
pub(super) fn block_key(block: Block) -> [u8; 17] {
    let mut key = [block.bits; 17];
    key[1..].copy_from_slice(&block.address);
    key
}
