//! Points (esql.md 5.5).

use super::Function;
use super::single::{function, scalar};
use crate::value::{Cx, Point, Type, Value};

/// Mean radius of the earth in metres (IUGG, as Lucene uses it).
const RADIUS: f64 = 6_371_008.771_4;

/// `ST_DISTANCE(a, b)`: the smallest distance between a point of a and one of b;
/// metres on the sphere for geographic points, else in the units of the plane.
pub fn st_distance<'a>(_cx: &Cx<'a>, args: &[Value<'a>]) -> Value<'a> {
    let [a, b] = args else { return Value::Null };
    let mut least: Option<f64> = None;
    for a in a.as_slice() {
        for b in b.as_slice() {
            if let (Value::Point(a), Value::Point(b)) = (a, b) {
                let distance = distance(a, b);
                least = Some(least.map_or(distance, |least| least.min(distance)));
            }
        }
    }
    least.map_or(Value::Null, Value::Double)
}

fn distance(a: &Point, b: &Point) -> f64 {
    if !a.geo {
        return (a.x - b.x).hypot(a.y - b.y);
    }
    let (a, b) = (quantized(a), quantized(b));
    // Haversine: h = sin²(Δφ/2) + cos φ1 cos φ2 sin²(Δλ/2), d = 2 R asin √h.
    let (latitude, longitude) = ((a.y - b.y).to_radians() / 2.0, (a.x - b.x).to_radians() / 2.0);
    let h = latitude.sin().powi(2)
        + a.y.to_radians().cos() * b.y.to_radians().cos() * longitude.sin().powi(2);
    2.0 * RADIUS * h.sqrt().min(1.0).asin()
}

/// The coordinates as an index keeps them: 32 bits each, rounded down (Lucene
/// `GeoEncodingUtils`).
fn quantized(point: &Point) -> Point {
    let cut = |degrees: f64, range: f64| {
        let step = range / 4_294_967_296.0;
        ((degrees / step).floor() * step).min(range / 2.0 - step)
    };
    Point { x: cut(point.x, 360.0), y: cut(point.y, 180.0), geo: true }
}

scalar! {
    /// The point that an object of `lat` and `lon` is, as a `geo_point` field is stored;
    /// outside of the earth there is none.
    point_of |cx| {
        [lat, lon] => match (degrees(lat, 90.0), degrees(lon, 180.0)) {
            (Some(y), Some(x)) => Value::Point(cx.arena.alloc(Point { x, y, geo: true })),
            _ => Value::Null,
        },
    }

    /// `ST_X(p)`: longitude, or x.
    st_x |cx| { [Value::Point(p)] => Value::Double(p.x), }

    /// `ST_Y(p)`: latitude, or y.
    st_y |cx| { [Value::Point(p)] => Value::Double(p.y), }
}

/// Degrees within so many on either side.
fn degrees(value: Value<'_>, most: f64) -> Option<f64> {
    let Value::Double(degrees) = value else { return None };
    (degrees.abs() <= most).then_some(degrees)
}

/// The functions of this room.
pub(super) const FUNCTIONS: &[Function] = &[
    function!("point_of", geo::point_of, [Number, Number] => Is(Type::GeoPoint)),
    function!("st_distance", geo::st_distance, [Point, Like(0)] => Is(Type::Double)),
    function!("st_x", geo::st_x, [Point] => Is(Type::Double)),
    function!("st_y", geo::st_y, [Point] => Is(Type::Double)),
];

#[cfg(test)]
mod tests {
    use crate::functions::trial::{call, check};
    use crate::value::Point;
    use crate::value::Value::{self, Multi, Null};

    #[test]
    fn table() {
        let flat = |x, y| Point { x, y, geo: false };
        let (a, b, c) = (flat(0.0, 0.0), flat(3.0, 4.0), flat(30.0, 40.0));
        let far = [Value::Point(&c), Value::Point(&b)];
        check(&[
            ("st_distance", &[Value::Point(&a), Multi(&far)], "5.0"),
            ("st_distance", &[Value::Point(&a), Null], "null"),
            ("st_x", &[Value::Point(&b)], "3.0"),
            ("st_y", &[Value::Point(&b)], "4.0"),
        ]);
        // Munich to Berlin, some 504 km.
        let munich = Point { x: 11.576124, y: 48.137154, geo: true };
        let berlin = Point { x: 13.404954, y: 52.520008, geo: true };
        let metres = call("st_distance", &[Value::Point(&munich), Value::Point(&berlin)]);
        assert!(metres.parse::<f64>().is_ok_and(|m| (m - 504_416.0).abs() < 500.0), "{metres}");
    }
}
