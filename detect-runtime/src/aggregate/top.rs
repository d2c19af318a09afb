//! TOP.

use super::Aggregate;
use crate::state::{Decode, DecodeError, Encode, Reader};
use crate::value::{Cx, Owned, Value, compare};
use core::cmp::Ordering;

/// `TOP(x, n [, "asc" | "desc" [, out]])`: the `n` best values, repeats included,
/// in that order; with `out` the values of that column instead. A value without
/// `out` is left out. Equal values are ordered by `out`, so that the order of rows
/// does not matter. The type of `x`, or of `out`.
#[derive(Clone, Debug, Default)]
pub struct Top(Option<Box<Best>>);

#[derive(Clone, Debug)]
struct Best {
    limit: u32,
    descending: bool,
    /// Best first; the second member is null where there is no `out`.
    entries: Vec<(Owned, Owned)>,
    heap: usize,
}

impl Best {
    fn order(&self, a: (&Value<'_>, &Value<'_>), b: (&Value<'_>, &Value<'_>)) -> Ordering {
        let order = compare(a.0, b.0);
        let order = if self.descending { order.reverse() } else { order };
        order.then_with(|| compare(a.1, b.1))
    }

    fn insert(&mut self, value: &Value<'_>, out: &Value<'_>) {
        let at = self.entries.partition_point(|(known, known_out)| {
            let known =
                (known.single().unwrap_or_default(), known_out.single().unwrap_or_default());
            self.order((&known.0, &known.1), (value, out)).is_le()
        });
        if at >= self.limit as usize {
            return;
        }
        if self.entries.len() == self.limit as usize
            && let Some(worst) = self.entries.pop()
        {
            self.heap -= worst.0.heap() + worst.1.heap();
        }
        let entry = (Owned::of(*value), Owned::of(*out));
        self.heap += entry.0.heap() + entry.1.heap();
        self.entries.insert(at, entry);
    }
}

impl Top {
    fn best(&mut self, limit: u32, descending: bool) -> &mut Best {
        self.0.get_or_insert_with(|| {
            Box::new(Best { limit, descending, entries: Vec::new(), heap: 0 })
        })
    }
}

fn limit(value: Option<&Value<'_>>) -> u32 {
    match value {
        Some(Value::Integer(n)) => (*n).max(0) as u32,
        Some(Value::Long(n)) => (*n).clamp(0, i64::from(u32::MAX)) as u32,
        _ => 1,
    }
}

impl Aggregate for Top {
    fn update<'a>(&mut self, args: &[Value<'a>], _cx: &Cx<'a>) {
        let Some(values) = args.first().filter(|values| !values.is_null()) else { return };
        let descending =
            matches!(args.get(2), Some(Value::Text(order)) if order.eq_ignore_ascii_case("desc"));
        let best = self.best(limit(args.get(1)), descending);
        for value in values.as_slice() {
            match args.get(3) {
                None => best.insert(value, &Value::Null),
                Some(outs) => outs.as_slice().iter().for_each(|out| best.insert(value, out)),
            }
        }
    }

    fn merge(&mut self, other: &Top) {
        let Some(theirs) = &other.0 else { return };
        let best = self.best(theirs.limit, theirs.descending);
        for (value, out) in &theirs.entries {
            best.insert(&value.single().unwrap_or_default(), &out.single().unwrap_or_default());
        }
    }

    fn finish<'a>(&self, cx: &Cx<'a>) -> Value<'a> {
        let Some(best) = &self.0 else { return Value::Null };
        let shown = best.entries.iter().map(|(value, out)| match out {
            Owned::Null => value.copy_in(cx.arena),
            out => out.copy_in(cx.arena),
        });
        Value::from_slice(cx.arena.alloc_slice_fill_iter(shown))
    }

    fn heap(&self) -> usize {
        self.0.as_ref().map_or(0, |best| {
            size_of::<Best>() + best.entries.capacity() * size_of::<(Owned, Owned)>() + best.heap
        })
    }
}

impl Encode for Top {
    fn encode(&self, out: &mut Vec<u8>) {
        self.0.is_some().encode(out);
        if let Some(best) = &self.0 {
            best.limit.encode(out);
            best.descending.encode(out);
            (best.entries.len() as u64).encode(out);
            for (value, output) in &best.entries {
                value.encode(out);
                output.encode(out);
            }
        }
    }
}

impl Decode for Top {
    fn decode(from: &mut Reader<'_>) -> Result<Top, DecodeError> {
        let mut top = Top::default();
        if bool::decode(from)? {
            let best = top.best(u32::decode(from)?, bool::decode(from)?);
            for _ in 0..from.length()? {
                let (value, out) = (Owned::decode(from)?, Owned::decode(from)?);
                best.insert(&value.single().unwrap_or_default(), &out.single().unwrap_or_default());
            }
        }
        Ok(top)
    }
}
