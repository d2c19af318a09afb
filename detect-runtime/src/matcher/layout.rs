//! The byte form of the tables, shared by the compiler that writes them and the
//! runtime that reads them where they lie.
//!
//! All numbers are little-endian, offsets count from the start of the tables,
//! offset 0 means "none". The header is a row of `u32`s, see [`Head`].
//!
//! | record | what |
//! | --- | --- |
//! | atom | kind u8 ([`AtomKind`]), flag u8, field u16, payload u32 (value matcher) |
//! | condition | guard group u32, offset of the local-to-global atom table u32, number plus 1 of the first of the equal conditions u32 (0: there is no other) |
//! | value matcher | a row of `u32` offsets, see [`Part`] |
//! | map | a perfect hash: log2 of buckets u16, log2 of slots u16, offset of the displacements (u16) u32, of the slots u32; a slot is tag u32, key offset u32, key length u32, payload u32 |
//! | equalities (payload of a map) | count u32, then per entry: fold u32, text offset u32, length u32, outputs u32 |
//! | classes | count u32, then per class: length of the key u32, map u32 |
//! | literals (payload of a map) | count u32, then per entry: id u32, offset of the gram u32, text offset u32, length u32, patterns u32 |
//! | patterns | count u32, then per entry: fold and [`EXACT`], [`SLOW`] u32, shortest length u32, glob offset u32 (0: implied by the literal) or number of a slow test, outputs u32 |
//! | glob | flags u32 ([`GLOB_START`], [`GLOB_END`]), segments u32; per segment: items u32; per item: text offset u32, length u32 ([`ONE`]: any one character) |
//! | search | size of the filter in bytes u32, filter offset u32, map u32 |
//! | slow test | offset u32, length u32 of the encoded test, by number |
//! | slow tests | count u32, then per entry: number u32, outputs u32 |
//! | ranges | count u32, then per entry: first address, last address (16 bytes each, network order), outputs u32; sorted, disjoint |
//! | outputs | count u32, then condition numbers u32 |
//! | witness field | field u32, value matcher u32, conditions that want its presence alone u32 (outputs), those that are content with an object u32 (outputs) |
//! | guards | see [`GuardPart`] |

/// First bytes of the tables.
pub const MAGIC: u32 = u32::from_le_bytes(*b"DMT2");

/// Fields of the header, by their position in `u32`s.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum Head {
    /// [`MAGIC`].
    Magic,
    /// Number of atoms.
    AtomCount,
    /// Their records.
    Atoms,
    /// Number of conditions.
    ConditionCount,
    /// Their records.
    Conditions,
    /// Number of fields in the ruleset.
    FieldCount,
    /// Number of literals (stamps that the scratch memory holds).
    LiteralCount,
    /// Number of slow tests.
    SlowCount,
    /// Their records.
    Slow,
    /// Number of witness fields.
    WitnessCount,
    /// Their records.
    Witnesses,
    /// Per field of the ruleset: number of its witness field plus 1, or 0 (`u16`).
    WitnessOfField,
    /// Conditions that their guards alone make candidates, each with the number of
    /// the group of guards that does.
    Always,
    /// The guards.
    Guards,
}

/// Number of `u32`s in the header.
pub const HEAD_WORDS: usize = Head::Guards as usize + 1;

/// Kinds of atom.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum AtomKind {
    /// Some value of the field passes the value matcher.
    Set,
    /// The field has a value; flag 1: an object counts.
    Exists,
    /// The field has exactly one value.
    Single,
    /// Computed by generated code.
    Leaf,
}

/// Bytes of an atom's record.
pub const ATOM_SIZE: u32 = 8;
/// Bytes of a condition's record.
pub const CONDITION_SIZE: u32 = 12;
/// Bytes of a witness field's record.
pub const WITNESS_SIZE: u32 = 16;

/// Parts of a value matcher, by their position in `u32`s.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum Part {
    /// See [`FULL_FOLD`] and its neighbours.
    Flags,
    /// Map of whole texts to equalities.
    Equal,
    /// Classes of prefixes.
    Prefix,
    /// Classes of suffixes.
    Suffix,
    /// Search for grams of 4 bytes.
    Search4,
    /// Search for grams of 2 bytes.
    Search2,
    /// Patterns that have to be tried on every value.
    Always,
    /// Slow tests.
    Slow,
    /// Slow tests that are filed under a literal, for values that are not ASCII:
    /// their folding may find more than the literal.
    SlowUnlessAscii,
    /// Ranges of addresses.
    Ranges,
}

/// Number of parts.
pub const PART_WORDS: usize = Part::Ranges as usize + 1;

/// Some pattern folds all letters: a value with bytes above 127 is searched a
/// second time in full folding.
pub const FULL_FOLD: u32 = 1;
/// The matcher is small: its equalities and patterns are tried one by one
/// (`Always` holds them) and the value is not folded before.
pub const SMALL: u32 = 2;

/// Flag of a pattern: the shortest length is the only one.
pub const EXACT: u32 = 4;
/// Flag of a pattern: a slow test verifies it.
pub const SLOW: u32 = 8;

/// The first segment stands at the start.
pub const GLOB_START: u32 = 1;
/// The last segment stands at the end.
pub const GLOB_END: u32 = 2;
/// Length of the item "any one character".
pub const ONE: u32 = u32::MAX;

/// Parts of the guards, by their position in `u32`s.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum GuardPart {
    /// Number of guard fields.
    FieldCount,
    /// Per guard field: field u32, class map u32. The map's payload: class of
    /// the folded text u32, count u32, then per exact text: offset u32, length
    /// u32, class u32.
    Fields,
    /// Number of groups.
    GroupCount,
    /// Per group: program offset u32, length in `u32`s u32.
    Groups,
    /// Per group: its witness fields (count u32, numbers u32).
    GroupFields,
    /// Number of index lists.
    IndexCount,
    /// Per index list: count u32 and then per pattern text offset u32, length
    /// u32; this is a row of offsets of such records.
    Indexes,
}

/// Number of parts of the guards.
pub const GUARD_WORDS: usize = GuardPart::Indexes as usize + 1;

/// An instruction of a guard program: kind in the low 3 bits, operand above.
/// Programs are in postfix form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum GuardOp {
    /// Pushes the truth of an atom.
    Atom,
    /// Pushes whether the index list admits the event's index.
    Index,
    /// Replaces so many values by their conjunction.
    And,
    /// Replaces so many values by their disjunction.
    Or,
    /// Replaces a value by its complement.
    Not,
}

impl GuardOp {
    /// The instruction with its operand.
    pub const fn with(self, operand: u32) -> u32 {
        operand << 3 | self as u32
    }

    /// Takes an instruction apart.
    pub const fn split(word: u32) -> (GuardOp, u32) {
        let op = match word & 7 {
            0 => GuardOp::Atom,
            1 => GuardOp::Index,
            2 => GuardOp::And,
            3 => GuardOp::Or,
            _ => GuardOp::Not,
        };
        (op, word >> 3)
    }
}

/// Bytes that are read in place. What lies outside reads as 0, so foreign bytes
/// give wrong answers but no panic.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bytes<'t>(pub(crate) &'t [u8]);

impl<'t> Bytes<'t> {
    /// One comparison and one load: the end of the range cannot overflow.
    #[inline]
    pub(crate) fn u32(self, at: u32) -> u32 {
        let at = at as usize;
        match self.0.get(at..at + 4) {
            Some(&[a, b, c, d]) => u32::from_le_bytes([a, b, c, d]),
            _ => 0,
        }
    }

    #[inline]
    pub(crate) fn u16(self, at: u32) -> u16 {
        let at = at as usize;
        match self.0.get(at..at + 2) {
            Some(&[a, b]) => u16::from_le_bytes([a, b]),
            _ => 0,
        }
    }

    #[inline]
    pub(crate) fn byte(self, at: u32) -> u8 {
        self.0.get(at as usize).copied().unwrap_or(0)
    }

    /// Number `index` of a row of `u32`s.
    #[inline]
    pub(crate) fn word(self, at: u32, index: u32) -> u32 {
        self.u32(at.wrapping_add(index.wrapping_mul(4)))
    }

    #[inline]
    pub(crate) fn slice(self, at: u32, length: u32) -> &'t [u8] {
        let at = at as usize;
        self.0.get(at..at + length as usize).unwrap_or_default()
    }

    /// The numbers of a counted row: count u32, then so many `u32`s.
    #[inline]
    pub(crate) fn counted(self, at: u32) -> impl Iterator<Item = u32> + use<'t> {
        let count = if at == 0 { 0 } else { self.u32(at) };
        let bytes = self.slice(at.wrapping_add(4), count.wrapping_mul(4));
        bytes.chunks_exact(4).map(|word| u32::from_le_bytes([word[0], word[1], word[2], word[3]]))
    }
}
