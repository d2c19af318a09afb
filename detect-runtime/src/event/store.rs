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
    /// For each field the position of its last value, 0 if it has none.
    last: Vec<u32>,
    /// For each field the number of its values, if there are several.
    counts: Vec<u32>,
    /// Fields with a value; the first `fields` are in use.
    present: Vec<FieldId>,
    fields: usize,
    objects: Vec<FieldId>,
    sources: Vec<(FieldId, u32, u32)>,
}

/// One value.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Entry {
    start: u32,
    length: u32,
    /// Position of the field's next value; of the last one's, of the first.
    next: u32,
    pub(super) field: FieldId,
    pub(super) kind: Kind,
}

/// Room for entries when a store is made.
const ROOM: usize = 256;

/// With more room than this, a store goes back to [`ROOM`] behind the event.
const LARGE: usize = 1 << 16;

impl Entry {
    /// The value at `start..end` of the text, to be put at `position` of a store.
    #[inline]
    pub(crate) fn new(
        field: FieldId,
        kind: Kind,
        start: usize,
        end: usize,
        position: usize,
    ) -> Entry {
        let (start, length) = (start as u32, (end - start) as u32);
        Entry { start, length, next: position as u32, field, kind }
    }

    pub(super) fn slice<'a>(&self, text: &'a str) -> &'a str {
        let start = self.start as usize;
        text.get(start..start + self.length as usize).unwrap_or_default()
    }
}

impl Store {
    pub(crate) fn new(fields: usize) -> Store {
        Store {
            entries: vec![Entry::new(0, Kind::Text, 0, 0, 0); ROOM],
            used: 1,
            last: vec![0; fields],
            counts: vec![0; fields],
            present: vec![0; fields],
            fields: 0,
            objects: Vec::new(),
            sources: Vec::new(),
        }
    }

    pub(crate) fn clear(&mut self) {
        for &field in &self.present[..self.fields] {
            self.last[field as usize] = 0;
        }
        self.used = 1;
        self.fields = 0;
        self.objects.clear();
        self.sources.clear();
        if self.entries.len() > LARGE {
            self.entries.truncate(ROOM);
            self.entries.shrink_to_fit();
        }
    }

    /// Adds the value at `start..end` of the text; [`Store::link`] is to be called
    /// behind the last one.
    pub(crate) fn add(&mut self, field: FieldId, kind: Kind, start: usize, end: usize) {
        if self.used == self.entries.len() {
            self.grow();
        }
        self.entries[self.used] = Entry::new(field, kind, start, end, self.used);
        self.used += 1;
    }

    /// All room for entries, and how much of it is in use. Whoever writes entries
    /// behind these says so with [`Store::set_used`].
    #[inline]
    pub(crate) fn room(&mut self) -> (&mut [Entry], usize) {
        (&mut self.entries, self.used)
    }

    #[inline]
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

    /// Puts all values that were added into their fields' lists.
    #[inline]
    pub(crate) fn link(&mut self) {
        let mut fields = 0;
        for position in 1..self.used {
            let field = self.entries[position].field;
            let last = core::mem::replace(&mut self.last[field as usize], position as u32);
            if last != 0 {
                self.append(field, last as usize, position);
            } else {
                self.present[fields] = field;
                fields += 1;
            }
        }
        self.fields = fields;
    }

    /// Puts the value at `position` behind the field's `last` one.
    fn append(&mut self, field: FieldId, last: usize, position: usize) {
        let first = core::mem::replace(&mut self.entries[last].next, position as u32);
        self.entries[position].next = first;
        let count = &mut self.counts[field as usize];
        *count = if first as usize == last { 2 } else { *count + 1 };
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
        match self.last.get(field as usize) {
            None | Some(0) => 0,
            Some(&last) if self.entries[last as usize].next == last => 1,
            Some(_) => self.counts[field as usize] as usize,
        }
    }

    /// All values with their positions, which begin at 1.
    pub(super) fn all(&self) -> &[Entry] {
        &self.entries[1..self.used]
    }

    /// The entries of a field with their positions.
    #[inline]
    pub(super) fn entries(&self, field: FieldId) -> impl Iterator<Item = (u32, &Entry)> + use<'_> {
        let last = self.last.get(field as usize).copied().unwrap_or_default();
        let mut before = (last != 0).then_some(last);
        core::iter::from_fn(move || {
            let position = self.entries[before? as usize].next;
            before = (position != last).then_some(position);
            Some((position, &self.entries[position as usize]))
        })
    }

    pub(super) fn objects(&self) -> &[FieldId] {
        &self.objects
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
