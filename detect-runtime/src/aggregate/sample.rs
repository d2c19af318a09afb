//! SAMPLE, the aggregate.

use super::fingerprint::sip13;
use super::{Aggregate, fingerprint};
use crate::state::{Decode, DecodeError, Encode, Reader};
use crate::value::{Cx, Owned, Value};

/// `SAMPLE(x, n)`: `n` values chosen at random, all if there are fewer. Each value
/// draws a priority from its fingerprint and its number in the state; those with
/// the `n` smallest stay. The same input gives the same sample. The argument's type.
#[derive(Clone, Debug, Default)]
pub struct Sample(Option<Box<Draw>>);

#[derive(Clone, Debug)]
struct Draw {
    limit: u32,
    seen: u64,
    /// Sorted by priority.
    kept: Vec<(u64, Owned)>,
    heap: usize,
}

impl Draw {
    fn keep(&mut self, priority: u64, value: &Value<'_>) {
        let at = self.kept.partition_point(|(known, _)| *known <= priority);
        if at >= self.limit as usize {
            return;
        }
        if self.kept.len() == self.limit as usize
            && let Some((_, worst)) = self.kept.pop()
        {
            self.heap -= worst.heap();
        }
        let value = Owned::of(*value);
        self.heap += value.heap();
        self.kept.insert(at, (priority, value));
    }
}

impl Sample {
    fn draw(&mut self, limit: u32) -> &mut Draw {
        self.0.get_or_insert_with(|| Box::new(Draw { limit, seen: 0, kept: Vec::new(), heap: 0 }))
    }
}

impl Aggregate for Sample {
    fn update<'a>(&mut self, args: &[Value<'a>], _cx: &Cx<'a>) {
        let [values, limit, ..] = args else { return };
        let limit = match limit {
            Value::Integer(n) => (*n).max(0) as u32,
            Value::Long(n) => (*n).clamp(0, i64::from(u32::MAX)) as u32,
            _ => return,
        };
        for value in values.as_slice() {
            let draw = self.draw(limit);
            draw.seen += 1;
            draw.keep(sip13(draw.seen, &fingerprint(value).to_le_bytes()), value);
        }
    }

    fn merge(&mut self, other: &Sample) {
        let Some(theirs) = &other.0 else { return };
        let draw = self.draw(theirs.limit);
        draw.seen = draw.seen.saturating_add(theirs.seen);
        for (priority, value) in &theirs.kept {
            draw.keep(*priority, &value.single().unwrap_or_default());
        }
    }

    fn finish<'a>(&self, cx: &Cx<'a>) -> Value<'a> {
        let Some(draw) = &self.0 else { return Value::Null };
        let values = draw.kept.iter().map(|(_, value)| value.copy_in(cx.arena));
        Value::from_slice(cx.arena.alloc_slice_fill_iter(values))
    }

    fn heap(&self) -> usize {
        self.0.as_ref().map_or(0, |draw| {
            size_of::<Draw>() + draw.kept.capacity() * size_of::<(u64, Owned)>() + draw.heap
        })
    }
}

impl Encode for Sample {
    fn encode(&self, out: &mut Vec<u8>) {
        self.0.is_some().encode(out);
        if let Some(draw) = &self.0 {
            draw.limit.encode(out);
            draw.seen.encode(out);
            (draw.kept.len() as u64).encode(out);
            for (priority, value) in &draw.kept {
                out.extend_from_slice(&priority.to_le_bytes());
                value.encode(out);
            }
        }
    }
}

impl Decode for Sample {
    fn decode(from: &mut Reader<'_>) -> Result<Sample, DecodeError> {
        let mut sample = Sample::default();
        if bool::decode(from)? {
            let draw = sample.draw(u32::decode(from)?);
            draw.seen = u64::decode(from)?;
            for _ in 0..from.length()? {
                let priority = u64::from_le_bytes(from.array()?);
                draw.keep(priority, &Owned::decode(from)?.single().unwrap_or_default());
            }
        }
        Ok(sample)
    }
}
