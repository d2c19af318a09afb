//! ST_CENTROID_AGG and ST_EXTENT_AGG over points.

use super::Aggregate;
use super::sum::Total;
use crate::state::{Decode, DecodeError, Encode, Reader};
use crate::value::{Cx, Point, Value};

/// `ST_CENTROID_AGG(p)`: the mean point.
#[derive(Clone, Debug, Default)]
pub struct Centroid {
    x: Total,
    y: Total,
    count: u64,
    geo: bool,
}

/// `ST_EXTENT_AGG(p)`: the smallest box around all points, as
/// `BBOX (left, right, top, bottom)`; a box over the antimeridian is not sought.
#[derive(Clone, Debug, Default)]
pub struct Extent(Option<Box<[f64; 4]>>);

impl Aggregate for Centroid {
    fn update<'a>(&mut self, args: &[Value<'a>], _cx: &Cx<'a>) {
        for value in args.first().map_or(&[][..], Value::as_slice) {
            if let Value::Point(point) = value {
                self.x.add_double(point.x);
                self.y.add_double(point.y);
                self.count += 1;
                self.geo = point.geo;
            }
        }
    }

    fn merge(&mut self, other: &Centroid) {
        self.x.merge(&other.x);
        self.y.merge(&other.y);
        self.count = self.count.saturating_add(other.count);
        self.geo |= other.geo;
    }

    fn finish<'a>(&self, cx: &Cx<'a>) -> Value<'a> {
        match (self.x.as_double(), self.y.as_double()) {
            (Some(x), Some(y)) if self.count > 0 => {
                let n = self.count as f64;
                Value::Point(cx.arena.alloc(Point { x: x / n, y: y / n, geo: self.geo }))
            }
            _ => Value::Null,
        }
    }

    fn heap(&self) -> usize {
        0
    }
}

impl Extent {
    fn see(&mut self, [left, right, top, bottom]: [f64; 4]) {
        match &mut self.0 {
            None => self.0 = Some(Box::new([left, right, top, bottom])),
            Some(all) => {
                **all = [all[0].min(left), all[1].max(right), all[2].max(top), all[3].min(bottom)];
            }
        }
    }
}

impl Aggregate for Extent {
    fn update<'a>(&mut self, args: &[Value<'a>], _cx: &Cx<'a>) {
        for value in args.first().map_or(&[][..], Value::as_slice) {
            if let Value::Point(point) = value {
                self.see([point.x, point.x, point.y, point.y]);
            }
        }
    }

    fn merge(&mut self, other: &Extent) {
        if let Some(all) = &other.0 {
            self.see(**all);
        }
    }

    fn finish<'a>(&self, cx: &Cx<'a>) -> Value<'a> {
        let Some(all) = &self.0 else { return Value::Null };
        let [left, right, top, bottom] = **all;
        let text = format!("BBOX ({left:?}, {right:?}, {top:?}, {bottom:?})");
        Value::Shape(cx.arena.alloc_str(&text))
    }

    fn heap(&self) -> usize {
        self.0.as_ref().map_or(0, |_| size_of::<[f64; 4]>())
    }
}

impl Encode for Centroid {
    fn encode(&self, out: &mut Vec<u8>) {
        self.x.encode(out);
        self.y.encode(out);
        self.count.encode(out);
        self.geo.encode(out);
    }
}

impl Decode for Centroid {
    fn decode(from: &mut Reader<'_>) -> Result<Centroid, DecodeError> {
        Ok(Centroid {
            x: Total::decode(from)?,
            y: Total::decode(from)?,
            count: u64::decode(from)?,
            geo: bool::decode(from)?,
        })
    }
}

impl Encode for Extent {
    fn encode(&self, out: &mut Vec<u8>) {
        self.0.is_some().encode(out);
        for edge in self.0.iter().flat_map(|all| all.iter()) {
            edge.encode(out);
        }
    }
}

impl Decode for Extent {
    fn decode(from: &mut Reader<'_>) -> Result<Extent, DecodeError> {
        let mut all = [0.0; 4];
        if !bool::decode(from)? {
            return Ok(Extent(None));
        }
        for edge in &mut all {
            *edge = f64::decode(from)?;
        }
        Ok(Extent(Some(Box::new(all))))
    }
}
