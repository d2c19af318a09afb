//! From scalars of a JSON document to typed values, as indexing and reading back
//! would give them.

use super::{Point, Type, Value, address, compare, date, number};
use crate::event::Raw;
use bumpalo::Bump;
use bumpalo::collections::Vec as ArenaVec;

/// Makes the value of a field of a type. Scalars that the type cannot take are
/// absent, as an index leaves out malformed values.
///
/// Several values come as a stored field gives them (Elasticsearch doc values):
/// keywords, addresses and versions sorted and without repeats, numbers, dates and
/// booleans sorted; texts, points and shapes in source order.
///
/// ```
/// use bumpalo::Bump;
/// use detect_runtime::event::Raw;
/// use detect_runtime::value::{Type, Value, load};
/// let arena = Bump::new();
/// let raws = [Raw::Number("10"), Raw::Text("9"), Raw::Text("x"), Raw::Text("9")];
/// let loaded = load(raws, Type::Long, &arena);
/// assert!(matches!(loaded, Value::Multi([Value::Long(9), Value::Long(9), Value::Long(10)])));
/// let loaded = load([Raw::Number("5")], Type::Keyword, &arena);
/// assert!(matches!(loaded, Value::Text("5")));
/// ```
pub fn load<'a>(raws: impl IntoIterator<Item = Raw<'a>>, ty: Type, arena: &'a Bump) -> Value<'a> {
    let mut raws = raws.into_iter();
    if ty == Type::GeoPoint || ty == Type::CartesianPoint {
        return points(raws, ty == Type::GeoPoint, arena);
    }
    let mut values = raws.by_ref().filter_map(|raw| load_one(raw, ty, arena));
    let Some(first) = values.next() else { return Value::Null };
    let Some(second) = values.next() else { return first };
    let mut all = ArenaVec::from_iter_in([first, second], arena);
    all.extend(values);
    if !matches!(ty, Type::Text | Type::GeoShape | Type::CartesianShape | Type::Source) {
        all.sort_by(compare);
    }
    if ty.keeps_distinct() {
        all.dedup_by(|a, b| compare(a, b).is_eq());
    }
    Value::from_slice(all.into_bump_slice())
}

/// Makes a value of one scalar; `None` if the type cannot take it.
pub fn load_one<'a>(raw: Raw<'a>, ty: Type, arena: &'a Bump) -> Option<Value<'a>> {
    let text = match raw {
        Raw::Text(text) | Raw::Number(text) => text,
        Raw::Boolean(true) => "true",
        Raw::Boolean(false) => "false",
    };
    Some(match ty {
        Type::Keyword
        | Type::Text
        | Type::Source
        | Type::GeoShape
        | Type::CartesianShape
        | Type::Version => match ty {
            Type::Version => Value::Version(text),
            Type::GeoShape | Type::CartesianShape => Value::Shape(text),
            _ => Value::Text(text),
        },
        Type::Boolean => Value::Boolean(match (raw, text) {
            (Raw::Boolean(b), _) => b,
            (Raw::Text(_), "true") => true,
            (Raw::Text(_), "false" | "") => false,
            _ => return None,
        }),
        Type::Integer => Value::Integer(i32::try_from(whole(raw)?).ok()?),
        Type::Long => Value::Long(i64::try_from(whole(raw)?).ok()?),
        Type::UnsignedLong => Value::UnsignedLong(u64::try_from(whole(raw)?).ok()?),
        Type::Double => Value::Double(finite(raw)?),
        Type::Date => Value::Date(date::to_millis(instant(raw)?)?),
        Type::DateNanos => Value::DateNanos(i64::try_from(instant(raw)?).ok()?),
        Type::Ip => Value::Ip(address::parse(text)?),
        Type::GeoPoint | Type::CartesianPoint => {
            Value::Point(arena.alloc(point(text, ty == Type::GeoPoint)?))
        }
        Type::Null | Type::DatePeriod | Type::TimeDuration => return None,
    })
}

/// A whole number, a fraction cut off (`coerce` of the numeric mappings).
fn whole(raw: Raw<'_>) -> Option<i128> {
    let (Raw::Text(text) | Raw::Number(text)) = raw else { return None };
    let text = text.trim();
    text.parse().ok().or_else(|| {
        let number = number::parse_double(text)?;
        (number.abs() < 2e19).then(|| number.trunc() as i128)
    })
}

fn finite(raw: Raw<'_>) -> Option<f64> {
    match raw {
        Raw::Text(text) | Raw::Number(text) => number::parse_double(text),
        Raw::Boolean(_) => None,
    }
}

/// The instant a value stands for, in nanoseconds since 1970: a text as a date
/// or else as milliseconds, a number always as milliseconds (`1001` is the
/// second after 1970, `"1001"` the year).
pub(crate) fn instant(raw: Raw<'_>) -> Option<i128> {
    match raw {
        Raw::Text(text) => date::parse_or_epoch(text),
        Raw::Number(_) => Some(whole(raw)? * 1_000_000),
        Raw::Boolean(_) => None,
    }
}

/// Points: texts are points of their own, a run of two or three numbers is one
/// (`[lon, lat]` as GeoJSON has it).
fn points<'a>(raws: impl Iterator<Item = Raw<'a>>, geo: bool, arena: &'a Bump) -> Value<'a> {
    let mut all = ArenaVec::new_in(arena);
    let mut pending: Option<f64> = None;
    for raw in raws {
        match (raw, pending.take()) {
            (Raw::Number(_), Some(x)) => {
                if let Some(y) = finite(raw) {
                    all.extend(checked(x, y, geo).map(|point| Value::Point(arena.alloc(point))));
                }
            }
            (Raw::Number(_), None) => pending = finite(raw),
            (Raw::Text(text), _) => {
                all.extend(point(text, geo).map(|point| Value::Point(arena.alloc(point))));
            }
            (Raw::Boolean(_), _) => {}
        }
    }
    Value::from_slice(all.into_bump_slice())
}

/// Reads a point: `POINT (x y)`, or `y,x` (`lat,lon`) for geographic ones and
/// `x,y` for others.
///
/// ```
/// use detect_runtime::value::point;
/// let munich = point("48.1,11.6", true).unwrap();
/// assert_eq!((munich.x, munich.y), (11.6, 48.1));
/// assert_eq!(point("POINT(11.6 48.1)", true), Some(munich));
/// assert_eq!(point("POINT(11.6 148.1)", true), None);
/// ```
pub fn point(text: &str, geo: bool) -> Option<Point> {
    if let Some((a, b)) = text.split_once(',') {
        let (a, b) = (number::parse_double(a)?, number::parse_double(b)?);
        return if geo { checked(b, a, geo) } else { checked(a, b, geo) };
    }
    well_known_point(text, geo)
}

/// Reads `POINT (x y)`; a third coordinate is allowed and dropped.
pub fn well_known_point(text: &str, geo: bool) -> Option<Point> {
    let (tag, body) = text.trim().split_once('(')?;
    if !tag.trim().eq_ignore_ascii_case("point") {
        return None;
    }
    let mut numbers = body.strip_suffix(')')?.split_ascii_whitespace().map(number::parse_double);
    let (x, y) = (numbers.next()??, numbers.next()??);
    match (numbers.next(), numbers.next()) {
        (None | Some(Some(_)), None) => checked(x, y, geo),
        _ => None,
    }
}

fn checked(x: f64, y: f64, geo: bool) -> Option<Point> {
    let inside = !geo || ((-180.0..=180.0).contains(&x) && (-90.0..=90.0).contains(&y));
    inside.then_some(Point { x, y, geo })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::{Owned, text};

    /// Raw values, type, texts of the loaded values.
    const CASES: &[(&[Raw<'static>], Type, &[&str])] = &[
        (&[], Type::Keyword, &[]),
        (&[Raw::Text("b"), Raw::Text("a"), Raw::Text("b")], Type::Keyword, &["a", "b"]),
        (&[Raw::Text("b"), Raw::Text("a"), Raw::Text("b")], Type::Text, &["b", "a", "b"]),
        (&[Raw::Text("b"), Raw::Text("b")], Type::Keyword, &["b"]),
        (&[Raw::Number("1e3")], Type::Keyword, &["1e3"]),
        (&[Raw::Number("1e3"), Raw::Text("12.9")], Type::Integer, &["12", "1000"]),
        (&[Raw::Number("2147483648")], Type::Integer, &[]),
        (&[Raw::Number("18446744073709551615")], Type::UnsignedLong, &["18446744073709551615"]),
        (&[Raw::Number("9223372036854775807")], Type::Long, &["9223372036854775807"]),
        (&[Raw::Boolean(true)], Type::Long, &[]),
        (&[Raw::Boolean(true), Raw::Text("false")], Type::Boolean, &["false", "true"]),
        (&[Raw::Text("yes")], Type::Boolean, &[]),
        (
            &[Raw::Number("0"), Raw::Text("1970")],
            Type::Date,
            &["1970-01-01T00:00:00.000Z", "1970-01-01T00:00:00.000Z"],
        ),
        (&[Raw::Text("::ffff:1.2.3.4"), Raw::Text("1.2.3.4")], Type::Ip, &["1.2.3.4"]),
        (&[Raw::Text("1.10"), Raw::Text("1.9")], Type::Version, &["1.9", "1.10"]),
        (&[Raw::Number("11.5"), Raw::Number("48")], Type::GeoPoint, &["POINT (11.5 48.0)"]),
    ];

    #[test]
    fn loads() {
        for (raws, ty, expected) in CASES {
            let arena = Bump::new();
            let loaded = load(raws.iter().copied(), *ty, &arena);
            let texts: Vec<_> = loaded.as_slice().iter().filter_map(|v| text(*v, &arena)).collect();
            assert_eq!(&texts, expected, "{raws:?} as {ty:?}: {:?}", Owned::of(loaded));
        }
    }
}
