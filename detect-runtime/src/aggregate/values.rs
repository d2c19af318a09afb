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
        let position = self.values.len() as u32;
        if self.values.len() < LINEAR {
            if self.values.iter().any(|known| known.is(*value)) {
                return;
            }
        } else {
            let hash = self.hash(value);
            let known = |position: &u32| self.values[*position as usize].is(*value);
            if self.index.find(hash, known).is_some() {
                return;
            }
            self.index_at(hash, position);
        }
        let owned = Owned::of(*value);
        self.heap += owned.heap();
        self.values.push(owned);
        if self.values.len() == LINEAR {
            for position in 0..=position {
                let hash = self.hash_at(position);
                self.index_at(hash, position);
            }
        }
    }

    fn index_at(&mut self, hash: u64, position: u32) {
        let mut index = core::mem::take(&mut self.index);
        index.insert_unique(hash, position, |position| self.hash_at(*position));
        self.index = index;
    }

    fn hash_at(&self, position: u32) -> u64 {
        let value = self.values.get(position as usize).and_then(Owned::single);
        self.hash(&value.unwrap_or_default())
    }

    fn hash(&self, value: &Value<'_>) -> u64 {
        match value {
            Value::Text(t) | Value::Version(t) | Value::Shape(t) => self.hasher.hash_one(t),
            Value::Integer(n) => self.hasher.hash_one(n),
            Value::Long(n) | Value::Date(n) | Value::DateNanos(n) => self.hasher.hash_one(n),
            Value::Ip(a) => self.hasher.hash_one(a),
            other => {
                let mut bytes = Vec::new();
                other.encode(&mut bytes);
                self.hasher.hash_one(bytes)
            }
        }
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
