//! Where the values of an event are kept.

use super::FieldId;

/// What a stored value is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Kind {
    /// A string without escapes.
    Text,
    /// A string with escapes.
    Escaped,
    /// A number.
    Number,
    /// `true`
    True,
    /// `false`
    False,
}

/// The values of one event as positions in a text. Reused from event to event;
/// only what was touched is reset.
#[derive(Debug)]
pub(crate) struct Store {
    /// The values behind a first one that stands for none.
    entries: Vec<Entry>,
    /// How many of `entries` are in use, the first included.
    used: usize,
    slots: Vec<Slot>,
    /// As long as `slots`; the first `fields` are in use.
    present: Vec<FieldId>,
    fields: usize,
    objects: Vec<FieldId>,
    sources: Vec<(FieldId, u32, u32)>,
}

/// The values of one field: a linked list through the entries.
#[derive(Clone, Copy, Debug, Default)]
struct Slot {
    first: u32,
    /// 0 if there are none.
    last: u32,
    count: u32,
}

/// One value.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Entry {
    start: u32,
    length: u32,
    /// Position of the field's next value; not meaningful in the last one.
    next: u32,
    pub(super) field: FieldId,
    pub(super) kind: Kind,
}

/// Room for entries when a store is made.
const ROOM: usize = 256;

impl Entry {
    /// The value at `start..end` of the text.
    #[inline(always)]
    pub(crate) fn new(field: FieldId, kind: Kind, start: usize, end: usize) -> Entry {
        Entry { start: start as u32, length: (end - start) as u32, next: 0, field, kind }
    }

    pub(super) fn slice<'a>(&self, text: &'a str) -> &'a str {
        let start = self.start as usize;
        text.get(start..start + self.length as usize).unwrap_or_default()
    }
}

impl Store {
    pub(crate) fn new(fields: usize) -> Store {
        Store {
            entries: vec![Entry::new(0, Kind::Text, 0, 0); ROOM],
            used: 1,
            slots: vec![Slot::default(); fields],
            present: vec![0; fields],
            fields: 0,
            objects: Vec::new(),
            sources: Vec::new(),
        }
    }

    pub(crate) fn clear(&mut self) {
        for &field in &self.present[..self.fields] {
            self.slots[field as usize] = Slot::default();
        }
        self.used = 1;
        self.fields = 0;
        self.objects.clear();
        self.sources.clear();
    }

    /// Adds a value; [`Store::link`] is to be called behind the last one.
    pub(crate) fn add(&mut self, entry: Entry) {
        if self.used == self.entries.len() {
            self.grow();
        }
        self.entries[self.used] = entry;
        self.used += 1;
    }

    /// All room for entries, and how much of it is in use. Whoever writes entries
    /// behind these says so with [`Store::set_used`].
    #[inline(always)]
    pub(crate) fn room(&mut self) -> (&mut [Entry], usize) {
        (&mut self.entries, self.used)
    }

    #[inline(always)]
    pub(crate) fn set_used(&mut self, used: usize) {
        self.used = used;
    }

    /// Makes more room.
    #[cold]
    #[inline(never)]
    pub(crate) fn grow(&mut self) {
        let room = 2 * self.entries.len();
        self.entries.resize(room, self.entries[0]);
    }

    /// Puts all values that were added into their fields' lists. Nothing here
    /// branches on what the values are: a field's first value is linked to the
    /// entry that stands for none.
    #[inline(always)]
    pub(crate) fn link(&mut self) {
        for position in 1..self.used {
            let field = self.entries[position].field;
            let slot = &mut self.slots[field as usize];
            let new = slot.last == 0;
            let last = core::mem::replace(&mut slot.last, position as u32);
            slot.first = if new { position as u32 } else { slot.first };
            slot.count += 1;
            self.entries[last as usize].next = position as u32;
            self.present[self.fields.min(self.slots.len() - 1)] = field;
            self.fields += usize::from(new);
        }
    }

    /// Notes that there are objects at the paths of these fields.
    #[cold]
    #[inline(never)]
    pub(crate) fn add_objects(&mut self, fields: &[FieldId]) {
        for field in fields {
            if !self.objects.contains(field) {
                self.objects.push(*field);
            }
        }
    }

    /// Adds the text of an object or array, to be read by element.
    #[cold]
    #[inline(never)]
    pub(crate) fn add_element_source(&mut self, field: FieldId, start: usize, end: usize) {
        self.sources.push((field, start as u32, end as u32));
    }

    pub(super) fn present(&self) -> &[FieldId] {
        &self.present[..self.fields]
    }

    #[inline]
    pub(super) fn count(&self, field: FieldId) -> usize {
        self.slots.get(field as usize).map_or(0, |slot| slot.count as usize)
    }

    /// All values with their positions, which begin at 1.
    pub(super) fn all(&self) -> &[Entry] {
        &self.entries[1..self.used]
    }

    /// The entries of a field with their positions.
    #[inline]
    pub(super) fn entries(&self, field: FieldId) -> impl Iterator<Item = (u32, &Entry)> + use<'_> {
        let slot = self.slots.get(field as usize).copied().unwrap_or_default();
        let mut position = slot.first;
        (0..slot.count).map_while(move |_| {
            let at = position;
            let entry = self.entries.get(at as usize)?;
            position = entry.next;
            Some((at, entry))
        })
    }

    pub(super) fn has_object(&self, field: FieldId) -> bool {
        self.objects.contains(&field)
    }

    pub(super) fn element_sources(
        &self,
        field: FieldId,
    ) -> impl Iterator<Item = (u32, u32)> + use<'_> {
        self.sources
            .iter()
            .filter(move |source| source.0 == field)
            .map(|&(_, start, end)| (start, end))
    }
}
