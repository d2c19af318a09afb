//! VALUES.

use super::Aggregate;
use crate::state::{Decode, DecodeError, Encode, Reader};
use crate::value::{Cx, Owned, Value, compare};
use core::hash::BuildHasher;
use foldhash::quality::RandomState;
use hashbrown::HashTable;

/// Sets up to this size are searched from end to end.
const LINEAR: usize = 8;

/// `VALUES(x)`: the distinct values, sorted in the order of [`compare`]; the
/// language leaves the order open, ours does not depend on that of the rows. The
/// argument's type.
#[derive(Clone, Debug, Default)]
pub struct Values(Set);

#[derive(Clone, Debug, Default)]
enum Set {
    #[default]
    Empty,
    One(Owned),
    Many(Box<Many>),
}

#[derive(Clone, Debug, Default)]
struct Many {
    values: Vec<Owned>,
    /// Positions by hash, once a linear search would be slow.
    index: HashTable<u32>,
    hasher: RandomState,
    heap: usize,
}

impl Many {
    fn insert(&mut self, value: &Value<'_>) {
        let position = self.values.len();
        if position < LINEAR {
            if self.values.iter().any(|known| known.is(*value)) {
                return;
            }
        } else {
            if self.index.is_empty() {
                for (position, known) in self.values.iter().enumerate() {
                    let hash = self.hasher.hash_one(known);
                    let values = &self.values;
                    self.index.insert_unique(hash, position as u32, |position| {
                        self.hasher.hash_one(&values[*position as usize])
                    });
                }
            }
            let owned = Owned::of(*value);
            let hash = self.hasher.hash_one(&owned);
            let values = &self.values;
            if self.index.find(hash, |known| values[*known as usize] == owned).is_some() {
                return;
            }
            self.index.insert_unique(hash, position as u32, |position| {
                self.hasher.hash_one(&values[*position as usize])
            });
        }
        let owned = Owned::of(*value);
        self.heap += owned.heap();
        self.values.push(owned);
    }
}

impl Values {
    fn insert(&mut self, value: &Value<'_>) {
        match &mut self.0 {
            Set::Empty => self.0 = Set::One(Owned::of(*value)),
            Set::One(known) if known.is(*value) => {}
            Set::One(known) => {
                let mut many = Many::default();
                many.insert(&known.single().unwrap_or_default());
                many.insert(value);
                self.0 = Set::Many(Box::new(many));
            }
            Set::Many(many) => many.insert(value),
        }
    }

    fn as_slice(&self) -> &[Owned] {
        match &self.0 {
            Set::Empty => &[],
            Set::One(value) => core::slice::from_ref(value),
            Set::Many(many) => &many.values,
        }
    }
}

impl Aggregate for Values {
    fn update<'a>(&mut self, args: &[Value<'a>], _cx: &Cx<'a>) {
        for value in args.first().map_or(&[][..], Value::as_slice) {
            self.insert(value);
        }
    }

    fn merge(&mut self, other: &Values) {
        for value in other.as_slice().iter().filter_map(Owned::single) {
            self.insert(&value);
        }
    }

    fn finish<'a>(&self, cx: &Cx<'a>) -> Value<'a> {
        let all = self.as_slice();
        let values =
            cx.arena.alloc_slice_fill_iter(all.iter().map(|value| value.copy_in(cx.arena)));
        values.sort_by(compare);
        Value::from_slice(values)
    }

    fn heap(&self) -> usize {
        match &self.0 {
            Set::Empty => 0,
            Set::One(value) => value.heap(),
            Set::Many(many) => {
                size_of::<Many>()
                    + many.values.capacity() * size_of::<Owned>()
                    + many.index.allocation_size()
                    + many.heap
            }
        }
    }
}

impl Encode for Values {
    fn encode(&self, out: &mut Vec<u8>) {
        self.as_slice().encode(out);
    }
}

impl Decode for Values {
    fn decode(from: &mut Reader<'_>) -> Result<Values, DecodeError> {
        let mut values = Values::default();
        for _ in 0..from.length()? {
            let value = Owned::decode(from)?;
            if let Some(value) = value.single() {
                values.insert(&value);
            }
        }
        Ok(values)
    }
}
