//! Groups of one STATS, type-erased for everything but their update.

use crate::state::{DecodeError, Reader};
use crate::value::{Cx, Value};

/// The states of all aggregates of one STATS over one group. Implemented by
/// [`group!`](crate::group) for the struct that generated code declares.
pub trait Group: Default + Send + 'static {
    /// Takes a row of the frame before STATS.
    fn update<'a>(&mut self, row: &[Value<'a>], cx: &Cx<'a>);

    /// Takes a state over other rows.
    fn merge(&mut self, other: &Self);

    /// Writes the results, in order of the aggregates, into the first slots.
    fn finish<'a>(&self, out: &mut [Value<'a>], cx: &Cx<'a>);

    /// True if no further row can make the group pass the WHERE behind STATS.
    fn saturated(&self) -> bool;

    /// Appends the state.
    fn encode(&self, out: &mut Vec<u8>);

    /// Reads a state.
    fn decode(from: &mut Reader<'_>) -> Result<Self, DecodeError>;

    /// Bytes on the heap beside `size_of::<Self>()`, in constant time.
    fn heap(&self) -> usize;
}

/// Declares the group struct of a STATS and implements
/// [`Group`](crate::aggregate::Group) for it; see the module's documentation for
/// the form.
#[macro_export]
macro_rules! group {
    (
        $(#[$meta:meta])*
        $vis:vis struct $name:ident { $($field:ident : $ty:ty),* $(,)? }
        update($state:ident, $row:ident, $cx:ident) $update:block
        saturated($seen:ident) $saturated:block
    ) => {
        $(#[$meta])*
        #[derive(Default)]
        $vis struct $name { $($field: $ty),* }

        impl $crate::aggregate::Group for $name {
            #[inline]
            fn update<'a>(
                &mut self,
                $row: &[$crate::value::Value<'a>],
                $cx: &$crate::value::Cx<'a>,
            ) {
                #[allow(unused_imports)]
                use $crate::aggregate::Aggregate as _;
                let $state = self;
                let _ = (&$state, $row, $cx);
                $update
            }

            fn merge(&mut self, other: &Self) {
                let _ = other;
                $($crate::aggregate::Aggregate::merge(&mut self.$field, &other.$field);)*
            }

            fn finish<'a>(
                &self,
                out: &mut [$crate::value::Value<'a>],
                cx: &$crate::value::Cx<'a>,
            ) {
                let mut out = out.iter_mut();
                let _ = (&mut out, cx);
                $(if let Some(out) = out.next() {
                    *out = $crate::aggregate::Aggregate::finish(&self.$field, cx);
                })*
            }

            #[inline]
            fn saturated(&self) -> bool {
                let $seen = self;
                let _ = $seen;
                $saturated
            }

            fn encode(&self, out: &mut Vec<u8>) {
                let _ = &out;
                $($crate::state::Encode::encode(&self.$field, out);)*
            }

            fn decode(
                from: &mut $crate::state::Reader<'_>,
            ) -> Result<Self, $crate::state::DecodeError> {
                let _ = &from;
                Ok($name { $($field: $crate::state::Decode::decode(from)?),* })
            }

            #[inline]
            fn heap(&self) -> usize {
                0 $(+ $crate::aggregate::Aggregate::heap(&self.$field))*
            }
        }
    };
}

/// What an update did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Updated {
    /// [`Group::saturated`] afterwards.
    pub saturated: bool,
    /// Change of heap bytes.
    pub grown: isize,
}

/// A slab of group states behind a vtable, so that windows and tables are
/// compiled once and not per rule. A slot that does not exist is ignored, and its
/// results are null.
pub trait GroupStore: Send {
    /// A slot with the state over no row.
    fn insert(&mut self) -> u32;

    /// Gives a slot back.
    fn remove(&mut self, slot: u32);

    /// Makes the slot's state that over no row.
    fn reset(&mut self, slot: u32);

    /// Updates with a row.
    fn update<'a>(&mut self, slot: u32, row: &[Value<'a>], cx: &Cx<'a>) -> Updated;

    /// Merges an encoded state.
    fn merge_encoded(&mut self, slot: u32, from: &mut Reader<'_>) -> Result<(), DecodeError>;

    /// See [`Group::saturated`].
    fn saturated(&self, slot: u32) -> bool;

    /// See [`Group::finish`].
    fn finish<'a>(&self, slot: u32, out: &mut [Value<'a>], cx: &Cx<'a>);

    /// Appends the slot's state.
    fn encode(&self, slot: u32, out: &mut Vec<u8>);

    /// Heap bytes of the slot's state.
    fn heap(&self, slot: u32) -> usize;

    /// Bytes of a slot itself.
    fn slot_size(&self) -> usize;

    /// Forgets all slots.
    fn clear(&mut self);
}

/// Makes the store for groups of one kind.
pub fn store<G: Group>() -> Box<dyn GroupStore> {
    Box::new(Slab::<G> { slots: Vec::new(), free: Vec::new() })
}

/// An empty slab keeps room for so many states.
const KEPT_SLOTS: usize = 256;

struct Slab<G> {
    slots: Vec<G>,
    free: Vec<u32>,
}

impl<G: Group> GroupStore for Slab<G> {
    fn insert(&mut self) -> u32 {
        self.free.pop().unwrap_or_else(|| {
            self.slots.push(G::default());
            (self.slots.len() - 1) as u32
        })
    }

    fn remove(&mut self, slot: u32) {
        if let Some(state) = self.slots.get_mut(slot as usize) {
            *state = G::default();
            self.free.push(slot);
        }
        // All were given back: a burst of groups must not keep its memory for ever.
        if self.free.len() == self.slots.len() && self.free.len() > KEPT_SLOTS {
            self.clear();
        }
    }

    fn reset(&mut self, slot: u32) {
        if let Some(state) = self.slots.get_mut(slot as usize) {
            *state = G::default();
        }
    }

    fn update<'a>(&mut self, slot: u32, row: &[Value<'a>], cx: &Cx<'a>) -> Updated {
        let Some(state) = self.slots.get_mut(slot as usize) else {
            return Updated { saturated: false, grown: 0 };
        };
        let before = state.heap();
        state.update(row, cx);
        Updated { saturated: state.saturated(), grown: state.heap() as isize - before as isize }
    }

    fn merge_encoded(&mut self, slot: u32, from: &mut Reader<'_>) -> Result<(), DecodeError> {
        let other = G::decode(from)?;
        if let Some(state) = self.slots.get_mut(slot as usize) {
            state.merge(&other);
        }
        Ok(())
    }

    fn saturated(&self, slot: u32) -> bool {
        self.slots.get(slot as usize).is_some_and(Group::saturated)
    }

    fn finish<'a>(&self, slot: u32, out: &mut [Value<'a>], cx: &Cx<'a>) {
        if let Some(state) = self.slots.get(slot as usize) {
            state.finish(out, cx);
        }
    }

    fn encode(&self, slot: u32, out: &mut Vec<u8>) {
        if let Some(state) = self.slots.get(slot as usize) {
            state.encode(out);
        }
    }

    fn heap(&self, slot: u32) -> usize {
        self.slots.get(slot as usize).map_or(0, Group::heap)
    }

    fn slot_size(&self) -> usize {
        size_of::<G>()
    }

    fn clear(&mut self) {
        self.slots = Vec::new();
        self.free = Vec::new();
    }
}
