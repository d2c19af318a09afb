//! Memory of the projector: glue that was seen, and what follows it.

use super::grammar::{Expect, Place, Stop, What};
use crate::event::FieldId;
use crate::json::MAX_DEPTH;
use crate::json::layout::{Layout, NodeId};
use crate::json::scan::TEXT;
use core::cell::Cell;
use foldhash::fast::RandomState;
use hashbrown::HashTable;
use std::hash::BuildHasher;

/// Number of a [`Glue`].
pub(super) type GlueId = u16;

/// Glue that never matches, as no line holds a byte 0xff: it would not be UTF-8.
pub(super) const NOTHING: GlueId = 0;

/// The state before a line; not glue that is ever looked for.
pub(super) const START: GlueId = 1;

/// Where a stop is put that is not worth learning. Its text is empty: it is
/// parsed already.
pub(super) const PASSING: GlueId = 2;

/// Empty glue before the one that was parsed last, which is its first guess.
pub(super) const HERE: GlueId = 3;

/// Guesses kept behind each piece of glue, most likely first.
pub(super) const GUESSES: usize = 7;

/// Of so many right guesses that were not the first, one is promoted.
const PROMOTION: u32 = 61;

/// Most glue that is learned (1 MiB of it); then all is forgotten.
const MAX_GLUE: usize = 1 << 14;

/// Most contexts that are learned.
const MAX_CONTEXTS: usize = 1 << 13;

/// Marks a [`Glue::link`] to the piece before. It is above all places.
const FOLLOWS: u32 = 1 << 31;

/// Most objects that learned glue may bring to light.
const MAX_OBJECTS: usize = 64;

/// Longest glue that is learned, in pieces of [`TEXT`] bytes.
const MAX_PIECES: usize = 6;

/// A piece of the text between two values, what it means, and what came behind
/// it: one cache line.
#[derive(Clone, Copy, Debug)]
#[repr(C, align(64))]
pub(super) struct Glue {
    /// The text, zeros behind it.
    pub(super) text: [u8; TEXT],
    /// Where the walk is behind it (in the middle of glue: where it was before the
    /// first piece).
    pub(super) place: Place,
    /// What it stands behind: the place, or [`FOLLOWS`] and the piece before it.
    link: u32,
    /// First of the fields of which it opens an object, in [`Learned::objects`].
    objects: u32,
    /// Whose value comes next.
    pub(super) field: FieldId,
    /// What came behind it.
    pub(super) guesses: [GlueId; GUESSES],
    /// Length of the text.
    pub(super) length: u8,
    /// What comes next.
    pub(super) what: What,
    /// How many `objects` there are.
    object_count: u8,
    /// In the middle of glue: bytes since the first piece began.
    back: u8,
}

const _: () = assert!(size_of::<Glue>() == 64);

/// Objects and arrays that are open, as a linked list: a context is one more
/// than its parent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Context {
    /// What is open around it.
    pub(super) parent: u32,
    /// The node of the object, or of the array's elements.
    pub(super) node: NodeId,
    /// Whether it is an array.
    pub(super) array: bool,
    /// How many are open, itself included.
    pub(super) depth: u16,
}

/// The context outside of everything.
pub(super) const OUTSIDE: u32 = 0;

#[derive(Debug)]
pub(super) struct Learned {
    glue: Vec<Glue>,
    by_text: HashTable<GlueId>,
    objects: Vec<FieldId>,
    contexts: Vec<Context>,
    by_parent: HashTable<u32>,
    /// Random, so that nobody can make lines whose glue collides.
    hasher: RandomState,
    tick: Cell<u32>,
}

impl Learned {
    pub(super) fn new(layout: &Layout<'_>) -> Learned {
        let outside = Context { parent: OUTSIDE, node: layout.root(), array: false, depth: 0 };
        let mut learned = Learned {
            glue: Vec::new(),
            by_text: HashTable::new(),
            objects: Vec::new(),
            contexts: vec![outside],
            by_parent: HashTable::new(),
            hasher: RandomState::default(),
            tick: Cell::new(0),
        };
        learned.forget();
        learned
    }

    /// The glue of a number.
    #[inline(always)]
    pub(super) fn glue(&self, id: GlueId) -> &Glue {
        &self.glue[id as usize]
    }

    /// All glue by number.
    #[inline(always)]
    pub(super) fn all(&self) -> &[Glue] {
        &self.glue
    }

    /// The fields of which a piece of glue opens an object.
    pub(super) fn objects(&self, glue: &Glue) -> &[FieldId] {
        &self.objects[glue.objects as usize..][..glue.object_count as usize]
    }

    pub(super) fn context(&self, id: u32) -> Context {
        self.contexts[id as usize]
    }

    /// To be called before each line: makes room if the memory is full.
    #[inline(always)]
    pub(super) fn begin(&mut self) {
        if self.glue.len() >= MAX_GLUE || self.contexts.len() >= MAX_CONTEXTS {
            self.forget();
        }
    }

    #[cold]
    fn forget(&mut self) {
        self.glue.clear();
        self.by_text.clear();
        self.objects.clear();
        self.contexts.truncate(1);
        self.by_parent.clear();
        let nothing = Glue {
            text: core::array::from_fn(|index| if index == 0 { 0xff } else { 0 }),
            length: 1,
            place: Place::new(OUTSIDE, Expect::Start),
            objects: 0,
            object_count: 0,
            field: 0,
            what: What::OtherText,
            back: 0,
            guesses: [NOTHING; GUESSES],
            link: FOLLOWS,
        };
        // NOTHING, START, PASSING and HERE.
        self.glue.extend([nothing; 4]);
    }

    /// The context of an object or array inside `parent`. What does not fit is
    /// kept like a stack behind the learned ones, until [`Learned::leave`].
    pub(super) fn enter(&mut self, parent: u32, node: NodeId, array: bool) -> Option<u32> {
        let depth = self.contexts[parent as usize].depth + 1;
        if depth as usize > MAX_DEPTH {
            return None;
        }
        let wanted = Context { parent, node, array, depth };
        if parent as usize >= MAX_CONTEXTS {
            self.contexts.push(wanted);
            return Some(self.contexts.len() as u32 - 1);
        }
        let hash = self.hasher.hash_one((parent, node, array));
        let contexts = &self.contexts;
        if let Some(&id) = self.by_parent.find(hash, |&id| contexts[id as usize] == wanted) {
            return Some(id);
        }
        let id = contexts.len() as u32;
        if contexts.len() < MAX_CONTEXTS {
            let hasher = &self.hasher;
            self.by_parent.insert_unique(hash, id, |&id| {
                let context = contexts[id as usize];
                hasher.hash_one((context.parent, context.node, context.array))
            });
        }
        self.contexts.push(wanted);
        Some(id)
    }

    /// The context around a context.
    pub(super) fn leave(&mut self, id: u32) -> u32 {
        if id as usize >= MAX_CONTEXTS {
            self.contexts.truncate(id as usize);
        }
        self.contexts[id as usize].parent
    }

    /// Remembers that `text`, found at `from`, shows `objects` and leads to `stop`,
    /// and that it came behind the glue `before`, if that is known. The last piece
    /// of it is made the guess behind [`HERE`]; gives its length.
    pub(super) fn learn(
        &mut self,
        before: Option<GlueId>,
        from: Place,
        text: &[u8],
        stop: &Stop,
        objects: &[FieldId],
    ) -> usize {
        let pieces = text.len().div_ceil(TEXT).max(1) + usize::from(!objects.is_empty());
        let fits = pieces <= MAX_PIECES
            && self.glue.len() + pieces <= MAX_GLUE
            && objects.len() <= MAX_OBJECTS
            && from.context() < MAX_CONTEXTS as u32
            && stop.place.context() < MAX_CONTEXTS as u32;
        let last = if fits { self.pieces(before, from, text, stop, objects) } else { PASSING };
        if last == PASSING {
            self.glue[PASSING as usize] = Glue {
                length: 0,
                place: stop.place,
                field: stop.field,
                what: stop.what,
                guesses: [NOTHING; GUESSES],
                ..self.glue[PASSING as usize]
            };
        }
        self.set_here(last);
        self.glue(last).length as usize
    }

    /// Makes a piece of glue the guess behind [`HERE`].
    pub(super) fn set_here(&mut self, id: GlueId) {
        self.glue[HERE as usize].guesses[0] = id;
    }

    /// Finds or makes the pieces of `text`; if there are `objects`, an empty one
    /// comes last.
    fn pieces(
        &mut self,
        before: Option<GlueId>,
        from: Place,
        text: &[u8],
        stop: &Stop,
        objects: &[FieldId],
    ) -> GlueId {
        let mut last = before;
        let mut link = from.0;
        let mut start = 0;
        loop {
            let end = (start + TEXT).min(text.len());
            let piece = &text[start..end];
            let middle = |what| Stop { at: end, what, field: 0, place: from };
            let whole = end == text.len();
            let ends = whole && (objects.is_empty() || start == end);
            let id = if ends {
                self.piece(link, piece, stop, &[])
            } else if whole {
                self.piece(link, piece, &middle(What::Objects), objects)
            } else {
                self.piece(link, piece, &middle(What::More), &[])
            };
            if let Some(last) = last {
                self.guess(last, id);
            }
            if ends {
                return id;
            }
            link = FOLLOWS | u32::from(id);
            last = Some(id);
            start = end;
        }
    }

    /// Adds `id` to the guesses behind `before`, as the least likely; if there is
    /// no room, in place of the least likely.
    fn guess(&mut self, before: GlueId, id: GlueId) {
        let guesses = &mut self.glue[before as usize].guesses;
        if !guesses.contains(&id) {
            let place = guesses.iter().position(|&guess| guess == NOTHING);
            guesses[place.unwrap_or(GUESSES - 1)] = id;
        }
    }

    /// Notes that a guess that was not the first was right. Now and then it is to
    /// be promoted: so in the long run the guesses stand in the order of their
    /// frequency, and in the short run they stand still, for the processor's
    /// branch prediction to learn which of them is right when.
    #[inline(always)]
    pub(super) fn right(&self) -> bool {
        let tick = self.tick.get().wrapping_add(1);
        self.tick.set(tick);
        tick.is_multiple_of(PROMOTION)
    }

    /// Moves a guess up by one.
    pub(super) fn promote(&mut self, before: GlueId, place: usize) {
        if let Some(pair) = self.glue[before as usize].guesses.get_mut(place - 1..=place) {
            pair.swap(0, 1);
        }
    }

    /// Finds or makes one piece. What it means follows from its text and from
    /// what is before it (`link`).
    fn piece(&mut self, link: u32, text: &[u8], stop: &Stop, objects: &[FieldId]) -> GlueId {
        let (hasher, glue) = (&self.hasher, &self.glue);
        let hash = hasher.hash_one((link, stop.what, text));
        let same = |id: &GlueId| {
            let known = &glue[*id as usize];
            known.link == link && known.what == stop.what && known.text() == text
        };
        if let Some(&id) = self.by_text.find(hash, same) {
            return id;
        }
        let id = glue.len() as GlueId;
        self.by_text.insert_unique(hash, id, |&id| {
            let glue = &glue[id as usize];
            hasher.hash_one((glue.link, glue.what, glue.text()))
        });
        let mut bytes = [0; TEXT];
        bytes[..text.len()].copy_from_slice(text);
        self.glue.push(Glue {
            text: bytes,
            length: text.len() as u8,
            place: stop.place,
            objects: self.objects.len() as u32,
            object_count: objects.len() as u8,
            field: stop.field,
            what: stop.what,
            back: stop.at as u8,
            guesses: [NOTHING; GUESSES],
            link,
        });
        self.objects.extend_from_slice(objects);
        id
    }
}

impl Glue {
    /// Whether it is not the last piece of its glue, and then how many bytes
    /// before its end the first one begins.
    pub(super) fn inside(&self) -> (bool, usize) {
        match self.what {
            What::More | What::Objects => (true, self.back as usize),
            _ => (false, 0),
        }
    }

    fn text(&self) -> &[u8] {
        &self.text[..(self.length as usize).min(TEXT)]
    }
}
