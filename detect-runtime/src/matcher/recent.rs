//! Values seen before. Names, paths and command lines repeat; what a field's
//! witnesses said to a value is remembered with the value itself, which must
//! agree in full, so foreign input can push entries out but never forge one. The
//! value is taken as it stands in the line: its escapes are resolved only when it
//! is new.

use super::hash::hash;
use crate::event::{Kind, Stored};

/// Places; with [`LONGEST`] bytes of value each they fill 384 KiB, less than the
/// second-level cache of the machines in question.
const PLACES: usize = 2048;
/// Longest value that is remembered: names, paths and all but the longest command
/// lines.
const LONGEST: usize = 160;
/// Most outputs that are remembered.
const OUTPUTS: usize = 4;

/// Remembered answers.
#[derive(Debug)]
pub(crate) struct Recent {
    /// Per place: part of the hash of the value that was there last. A value is
    /// kept when it comes the second time in a row: what comes only once (paths
    /// with random names, ids) neither costs a copy nor pushes another out, and
    /// most misses end in these 8 KiB.
    tags: Vec<u32>,
    places: Vec<Seen>,
}

#[derive(Clone, Copy, Debug)]
struct Seen {
    /// Witness field plus 1 (0: empty) and kind of the value.
    field: u32,
    length: u16,
    count: u16,
    outputs: [u32; OUTPUTS],
    value: [u8; LONGEST],
}

/// Where a value belongs.
#[derive(Clone, Copy)]
pub(crate) struct Place(usize);

impl Recent {
    pub(crate) fn new() -> Recent {
        let empty =
            Seen { field: 0, length: 0, count: 0, outputs: [0; OUTPUTS], value: [0; LONGEST] };
        Recent { tags: vec![0; PLACES], places: vec![empty; PLACES] }
    }

    /// The outputs of a value that was seen before, or the place where
    /// [`Recent::keep`] may put them; neither for values that are too long.
    #[inline]
    pub(crate) fn find(
        &mut self,
        witness: u32,
        value: Stored<'_>,
    ) -> Result<&[u32], Option<Place>> {
        let text = value.text.as_bytes();
        if text.len() > LONGEST {
            return Err(None);
        }
        let field = key(witness, value);
        let hash = hash(text) ^ u64::from(field) << 5;
        let number = hash as usize % PLACES;
        let Some(tag) = self.tags.get_mut(number) else { return Err(None) };
        let new = (hash >> 32) as u32 | 1;
        if core::mem::replace(tag, new) != new {
            return Err(None);
        }
        match self.places.get(number) {
            Some(seen)
                if seen.field == field && seen.value.get(..seen.length as usize) == Some(text) =>
            {
                Ok(seen.outputs.get(..seen.count as usize).unwrap_or_default())
            }
            _ => Err(Some(Place(number))),
        }
    }

    /// Remembers the outputs of a value, if they are few.
    pub(crate) fn keep(&mut self, place: Place, witness: u32, value: Stored<'_>, found: &Found) {
        let text = value.text.as_bytes();
        let Some(seen) = self.places.get_mut(place.0) else { return };
        let Some(room) = seen.value.get_mut(..text.len()) else { return };
        if found.count > OUTPUTS {
            return;
        }
        room.copy_from_slice(text);
        seen.field = key(witness, value);
        seen.length = text.len() as u16;
        seen.count = found.count as u16;
        seen.outputs = found.outputs;
    }
}

fn key(witness: u32, value: Stored<'_>) -> u32 {
    let kind = match value.kind {
        Kind::Text => 0,
        Kind::Escaped => 1,
        Kind::Number => 2,
        Kind::True | Kind::False => 3,
    };
    (witness + 1) << 2 | kind
}

/// Outputs of a value on their way into the memory.
#[derive(Default)]
pub(crate) struct Found {
    outputs: [u32; OUTPUTS],
    count: usize,
}

impl Found {
    /// Adds an output; those that do not fit are only counted.
    #[inline]
    pub(crate) fn add(&mut self, outputs: u32) {
        if let Some(room) = self.outputs.get_mut(self.count) {
            *room = outputs;
        }
        self.count += 1;
    }
}
