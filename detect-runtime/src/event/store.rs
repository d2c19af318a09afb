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
    slots: Vec<Slot>,
    entries: Vec<Entry>,
    present: Vec<FieldId>,
    objects: Vec<FieldId>,
    sources: Vec<(FieldId, u32, u32)>,
}

/// The values of one field: a linked list through the entries.
#[derive(Clone, Copy, Debug, Default)]
struct Slot {
    first: u32,
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

impl Entry {
    pub(super) fn slice<'a>(&self, text: &'a str) -> &'a str {
        let start = self.start as usize;
        text.get(start..start + self.length as usize).unwrap_or_default()
    }
}

impl Store {
    pub(crate) fn new(fields: usize) -> Store {
        Store {
            slots: vec![Slot::default(); fields],
            entries: Vec::new(),
            present: Vec::new(),
            objects: Vec::new(),
            sources: Vec::new(),
        }
    }

    pub(crate) fn clear(&mut self) {
        for &field in &self.present {
            self.slots[field as usize].count = 0;
        }
        self.present.clear();
        self.entries.clear();
        self.objects.clear();
        self.sources.clear();
    }

    /// Adds the value at `start..end` of the text.
    #[inline]
    pub(crate) fn add(&mut self, field: FieldId, kind: Kind, start: usize, end: usize) {
        let position = self.entries.len() as u32;
        let slot = &mut self.slots[field as usize];
        if slot.count == 0 {
            slot.first = position;
            self.present.push(field);
        } else {
            self.entries[slot.last as usize].next = position;
        }
        slot.last = position;
        slot.count += 1;
        let (start, length) = (start as u32, (end - start) as u32);
        self.entries.push(Entry { start, length, next: 0, field, kind });
    }

    /// Notes that there are objects at the paths of these fields.
    pub(crate) fn add_objects(&mut self, fields: &[FieldId]) {
        for field in fields {
            if !self.objects.contains(field) {
                self.objects.push(*field);
            }
        }
    }

    /// Adds the text of an object or array, to be read by element.
    pub(crate) fn add_element_source(&mut self, field: FieldId, start: usize, end: usize) {
        self.sources.push((field, start as u32, end as u32));
    }

    pub(super) fn present(&self) -> &[FieldId] {
        &self.present
    }

    #[inline]
    pub(super) fn count(&self, field: FieldId) -> usize {
        self.slots.get(field as usize).map_or(0, |slot| slot.count as usize)
    }

    pub(super) fn all(&self) -> &[Entry] {
        &self.entries
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
