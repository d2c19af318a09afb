//! The projection table: which fields a ruleset wants, as bytes.
//!
//! In: a list of [`FieldSpec`]s, at compile time ([`build`]). Out: a table that
//! is used where it lies, in the constant data of the program ([`Layout`]).
//!
//! A field's path is cut at its dots, and the pieces form a trie: one node for
//! each object on the way, with a small hash table of the keys that lead on. A
//! key of a document is cut at its dots too, so that `{"process":{"name":1}}`,
//! `{"process.name":1}` and every mixture end at the same node. The fields of a
//! document are thus exactly those whose keys, joined by dots, give the path.
//! An index of an array is no part of a path: `a.0.b` is the key `"0"`.
//!
//! All numbers are little-endian; offsets count from the start of the table.
//!
//! | at | what |
//! | --- | --- |
//! | 0 | magic `DLY1` |
//! | 4 | number of fields, u32 |
//! | 8 | offset of the root node, u32 |
//! | 12 | per field: offset u32, length u16 of its path, flags u16 |
//! | node + 0 | field u16 (`0xffff`: none), flags u8, log2 of the slots u8 (`0xff`: no children) |
//! | node + 4 | seed of the hash, u32 |
//! | node + 8 | per slot: offset of the key u32, its length u16, 0 u16, offset of the child u32 (0: empty) |

mod build;

pub use build::{LayoutError, build};

use crate::event::FieldId;

/// A wanted field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldSpec {
    /// Its name, with dots.
    pub path: String,
    /// What to keep beside its values.
    pub flags: Flags,
}

/// What is kept of a field beside its scalar values.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Flags(pub u8);

impl Flags {
    /// Nothing.
    pub const NONE: Flags = Flags(0);
    /// Whether there is an object with at least one member at the path.
    pub const OBJECT: Flags = Flags(1);
    /// The raw text, for reading an array element by element.
    pub const ELEMENTS: Flags = Flags(2);
    /// The field is metadata (`_id`, `_index`, `_version`), not part of the
    /// document proper; it is read like any other.
    pub const METADATA: Flags = Flags(4);

    /// True if all of `other` are set.
    pub const fn has(self, other: Flags) -> bool {
        self.0 & other.0 == other.0
    }

    /// Both.
    #[must_use]
    pub const fn with(self, other: Flags) -> Flags {
        Flags(self.0 | other.0)
    }
}

const MAGIC: &[u8; 4] = b"DLY1";
const HEADER: usize = 12;
const FIELD_SIZE: usize = 8;
const NODE_HEADER: usize = 8;
const SLOT_SIZE: usize = 12;
const NO_FIELD: u16 = u16::MAX;
const NO_CHILDREN: u8 = u8::MAX;

/// A table made by [`build`], read where it lies.
///
/// ```
/// use detect_runtime::json::layout::{FieldSpec, Flags, Layout, build};
/// let fields = [FieldSpec { path: "process.name".into(), flags: Flags::NONE }];
/// let table = build(&fields).unwrap();
/// let layout = Layout::new(&table).unwrap();
/// assert_eq!(layout.path(0), "process.name");
/// let node = layout.descend(layout.root(), b"process.name").unwrap();
/// assert_eq!(layout.node(node).field, Some(0));
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Layout<'t> {
    table: &'t [u8],
}

/// A node of the trie, by its offset in the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct NodeId(pub(crate) u32);

/// What a node says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Node {
    /// The field whose path ends here.
    pub field: Option<FieldId>,
    /// Its flags.
    pub flags: Flags,
    /// Whether longer paths lead through here.
    pub children: bool,
}

impl<'t> Layout<'t> {
    /// Reads a table; an error if it was not made by this version's [`build`].
    pub fn new(table: &'t [u8]) -> Result<Layout<'t>, LayoutError> {
        if table.len() < HEADER || table[..4] != *MAGIC {
            return Err(LayoutError::Foreign);
        }
        let layout = Layout { table };
        if table.len() < HEADER + layout.field_count() * FIELD_SIZE + NODE_HEADER {
            return Err(LayoutError::Foreign);
        }
        Ok(layout)
    }

    /// Number of fields.
    pub fn field_count(&self) -> usize {
        self.u32(4) as usize
    }

    /// The path of a field; empty for a number that is none.
    pub fn path(&self, field: FieldId) -> &'t str {
        if field as usize >= self.field_count() {
            return "";
        }
        let at = HEADER + field as usize * FIELD_SIZE;
        let bytes = self.slice(self.u32(at), self.u16(at + 4));
        core::str::from_utf8(bytes).unwrap_or_default()
    }

    /// The flags of a field.
    pub fn flags(&self, field: FieldId) -> Flags {
        if field as usize >= self.field_count() {
            return Flags::NONE;
        }
        Flags(self.u16(HEADER + field as usize * FIELD_SIZE + 6) as u8)
    }

    /// The node of the document itself.
    pub fn root(&self) -> NodeId {
        NodeId(self.u32(8))
    }

    /// What a node says.
    pub fn node(&self, id: NodeId) -> Node {
        let at = id.0 as usize;
        let field = self.u16(at);
        Node {
            field: (field != NO_FIELD).then_some(field),
            flags: Flags(self.byte(at + 2)),
            children: self.byte(at + 3) != NO_CHILDREN,
        }
    }

    /// Where one piece of a path leads.
    pub fn child(&self, id: NodeId, piece: &[u8]) -> Option<NodeId> {
        let at = id.0 as usize;
        let bits = self.byte(at + 3);
        if bits == NO_CHILDREN {
            return None;
        }
        let mask = (1u32 << bits) - 1;
        let mut slot = hash(self.u32(at + 4), piece) & mask;
        loop {
            let entry = at + NODE_HEADER + slot as usize * SLOT_SIZE;
            let child = self.u32(entry + 8);
            if child == 0 {
                return None;
            }
            if self.slice(self.u32(entry), self.u16(entry + 4)) == piece {
                return Some(NodeId(child));
            }
            slot = (slot + 1) & mask;
        }
    }

    /// Where a key of a document, with the dots it has, leads.
    pub fn descend(&self, id: NodeId, key: &[u8]) -> Option<NodeId> {
        key.split(|&byte| byte == b'.').try_fold(id, |node, piece| self.child(node, piece))
    }

    fn byte(&self, at: usize) -> u8 {
        self.table[at]
    }

    fn u16(&self, at: usize) -> u16 {
        u16::from_le_bytes([self.table[at], self.table[at + 1]])
    }

    fn u32(&self, at: usize) -> u32 {
        u32::from_le_bytes(core::array::from_fn(|index| self.table[at + index]))
    }

    fn slice(&self, offset: u32, length: u16) -> &'t [u8] {
        &self.table[offset as usize..][..length as usize]
    }
}

/// FNV-1a with the seed in place of the offset basis, high half folded in. The
/// seed of a node is chosen so that its fixed keys do not collide, so no key of
/// a document can make a probe longer than the table's longest.
fn hash(seed: u32, piece: &[u8]) -> u32 {
    let mut hash = u64::from(seed) ^ 0xcbf2_9ce4_8422_2325;
    for &byte in piece {
        hash = (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
    }
    (hash ^ (hash >> 32)) as u32
}
