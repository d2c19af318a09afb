//! COUNT_DISTINCT.

use super::{Aggregate, HyperLogLog, fingerprint};
use crate::state::{Decode, DecodeError, Encode, Reader};
use crate::value::{Cx, Value};
use hashbrown::HashTable;

/// Up to so many distinct values a count is exact unless the query says otherwise.
pub const EXACT_DISTINCT: u32 = 3_000;

/// The highest threshold that a query may ask for.
const MAXIMUM: u32 = 40_000;

/// Sets up to this size are searched from end to end.
const LINEAR: usize = 8;

/// `COUNT_DISTINCT(x [, threshold])`: exact over 64-bit fingerprints up to the
/// threshold, beyond it a [`HyperLogLog`] of the precision that Elasticsearch
/// takes for it (0.81 % standard error at the default). Long.
#[derive(Clone, Debug, Default)]
pub struct CountDistinct(Distinct);

#[derive(Clone, Debug, Default)]
enum Distinct {
    #[default]
    Empty,
    One(u64),
    Few(Box<Few>),
    Many(Box<Many>),
    Sketch(Box<HyperLogLog>),
}

#[derive(Clone, Debug)]
struct Few {
    threshold: u32,
    length: u32,
    fingerprints: [u64; LINEAR],
}

#[derive(Clone, Debug)]
struct Many {
    threshold: u32,
    fingerprints: HashTable<u64>,
}

impl Few {
    fn as_slice(&self) -> &[u64] {
        &self.fingerprints[..self.length as usize]
    }
}

impl CountDistinct {
    /// True from `limit` distinct values on, as far as the count is exact; never
    /// of an estimate, which a merge could lower.
    #[inline]
    pub fn reached(&self, limit: u64) -> bool {
        match &self.0 {
            Distinct::Empty => limit == 0,
            Distinct::One(_) => limit <= 1,
            Distinct::Few(few) => limit <= u64::from(few.length),
            Distinct::Many(many) => limit <= many.fingerprints.len() as u64,
            Distinct::Sketch(_) => limit <= 2,
        }
    }

    /// The count, or its estimate.
    pub fn count(&self) -> u64 {
        match &self.0 {
            Distinct::Empty => 0,
            Distinct::One(_) => 1,
            Distinct::Few(few) => u64::from(few.length),
            Distinct::Many(many) => many.fingerprints.len() as u64,
            Distinct::Sketch(sketch) => sketch.estimate(),
        }
    }

    fn insert(&mut self, fingerprint: u64, threshold: u32) {
        match &mut self.0 {
            Distinct::Empty => self.0 = Distinct::One(fingerprint),
            Distinct::One(first) if *first == fingerprint => {}
            Distinct::One(first) => {
                let mut fingerprints = [0; LINEAR];
                fingerprints[..2].copy_from_slice(&[*first, fingerprint]);
                self.0 = Distinct::Few(Box::new(Few { threshold, length: 2, fingerprints }));
                self.overflow();
            }
            Distinct::Few(few) => {
                if few.as_slice().contains(&fingerprint) {
                    return;
                }
                if let Some(free) = few.fingerprints.get_mut(few.length as usize) {
                    *free = fingerprint;
                    few.length += 1;
                } else {
                    let mut table = HashTable::with_capacity(LINEAR * 2);
                    for &one in few.as_slice().iter().chain([&fingerprint]) {
                        table.insert_unique(one, one, |one| *one);
                    }
                    let threshold = few.threshold;
                    self.0 = Distinct::Many(Box::new(Many { threshold, fingerprints: table }));
                }
                self.overflow();
            }
            Distinct::Many(many) => {
                let table = &mut many.fingerprints;
                table
                    .entry(fingerprint, |one| *one == fingerprint, |one| *one)
                    .or_insert(fingerprint);
                self.overflow();
            }
            Distinct::Sketch(sketch) => sketch.insert(fingerprint),
        }
    }

    /// Turns an exact set above its threshold into a sketch.
    fn overflow(&mut self) {
        let (threshold, length) = match &self.0 {
            Distinct::Few(few) => (few.threshold, few.length as usize),
            Distinct::Many(many) => (many.threshold, many.fingerprints.len()),
            _ => return,
        };
        if length <= threshold as usize {
            return;
        }
        let mut sketch = HyperLogLog::new(HyperLogLog::precision_for(u64::from(threshold)));
        self.each(|fingerprint| sketch.insert(fingerprint));
        self.0 = Distinct::Sketch(Box::new(sketch));
    }

    /// Visits the fingerprints of an exact set.
    fn each(&self, mut visit: impl FnMut(u64)) {
        match &self.0 {
            Distinct::Empty | Distinct::Sketch(_) => {}
            Distinct::One(one) => visit(*one),
            Distinct::Few(few) => few.as_slice().iter().for_each(|one| visit(*one)),
            Distinct::Many(many) => many.fingerprints.iter().for_each(|one| visit(*one)),
        }
    }

    fn threshold(&self) -> u32 {
        match &self.0 {
            Distinct::Few(few) => few.threshold,
            Distinct::Many(many) => many.threshold,
            _ => EXACT_DISTINCT,
        }
    }
}

/// Threshold of a constant argument.
fn threshold(args: &[Value<'_>]) -> u32 {
    match args.get(1) {
        Some(Value::Integer(n)) => (*n).clamp(0, MAXIMUM as i32) as u32,
        Some(Value::Long(n)) => (*n).clamp(0, i64::from(MAXIMUM)) as u32,
        Some(Value::UnsignedLong(n)) => (*n).min(u64::from(MAXIMUM)) as u32,
        _ => EXACT_DISTINCT,
    }
}

impl Aggregate for CountDistinct {
    #[inline]
    fn update<'a>(&mut self, args: &[Value<'a>], _cx: &Cx<'a>) {
        for value in args.first().map_or(&[][..], Value::as_slice) {
            self.insert(fingerprint(value), threshold(args));
        }
    }

    fn merge(&mut self, other: &CountDistinct) {
        match (&mut self.0, &other.0) {
            (Distinct::Sketch(mine), Distinct::Sketch(theirs)) => mine.merge(theirs),
            (_, Distinct::Sketch(theirs)) => {
                let mut sketch = theirs.clone();
                self.each(|fingerprint| sketch.insert(fingerprint));
                self.0 = Distinct::Sketch(sketch);
            }
            _ => {
                let threshold = self.threshold().min(other.threshold());
                other.each(|fingerprint| self.insert(fingerprint, threshold));
            }
        }
    }

    fn finish<'a>(&self, _cx: &Cx<'a>) -> Value<'a> {
        Value::Long(self.count() as i64)
    }

    fn heap(&self) -> usize {
        match &self.0 {
            Distinct::Empty | Distinct::One(_) => 0,
            Distinct::Few(_) => size_of::<Few>(),
            Distinct::Many(many) => size_of::<Many>() + many.fingerprints.allocation_size(),
            Distinct::Sketch(sketch) => size_of::<HyperLogLog>() + sketch.heap(),
        }
    }
}

const TAG_SKETCH: u8 = 0xff;
const TAG_SET: u8 = 0xfe;

/// Small sets of the default threshold: a byte of length and the fingerprints.
impl Encode for CountDistinct {
    fn encode(&self, out: &mut Vec<u8>) {
        if let Distinct::Sketch(sketch) = &self.0 {
            out.push(TAG_SKETCH);
            sketch.encode(out);
            return;
        }
        let count = self.count();
        if count < u64::from(TAG_SET) && self.threshold() == EXACT_DISTINCT {
            out.push(count as u8);
        } else {
            out.push(TAG_SET);
            self.threshold().encode(out);
            count.encode(out);
        }
        self.each(|fingerprint| out.extend_from_slice(&fingerprint.to_le_bytes()));
    }
}

impl Decode for CountDistinct {
    fn decode(from: &mut Reader<'_>) -> Result<CountDistinct, DecodeError> {
        let mut distinct = CountDistinct::default();
        let (threshold, count) = match from.byte()? {
            TAG_SKETCH => {
                let sketch = HyperLogLog::decode(from)?;
                return Ok(CountDistinct(Distinct::Sketch(Box::new(sketch))));
            }
            TAG_SET => (u32::decode(from)?, from.length()?),
            count => (EXACT_DISTINCT, usize::from(count)),
        };
        for _ in 0..count {
            distinct.insert(u64::from_le_bytes(from.array()?), threshold);
        }
        Ok(distinct)
    }
}
