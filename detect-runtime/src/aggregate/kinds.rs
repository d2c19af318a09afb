//! The table of aggregates: names, types, and the Rust types of their states.

use crate::functions::{Argument, Signature, SignatureError};
use crate::value::{Type, Value};

/// An aggregate by name.
#[derive(Clone, Copy, Debug)]
pub struct Kind {
    /// Lower-case name in the query language.
    pub name: &'static str,
    /// Name of the state's type in `detect_runtime::aggregate`, for generated code.
    pub path: &'static str,
    /// Argument types to result type. Arguments that are `null` literals pass.
    pub resolve: fn(&[Argument<'_>]) -> Result<Signature, SignatureError>,
}

/// Finds an aggregate; the name in any case.
///
/// ```
/// use detect_runtime::aggregate::lookup;
/// assert_eq!(lookup("COUNT_DISTINCT").map(|kind| kind.path), Some("CountDistinct"));
/// ```
pub fn lookup(name: &str) -> Option<&'static Kind> {
    KINDS.iter().find(|kind| kind.name.eq_ignore_ascii_case(name))
}

/// All names, for suggestions.
pub fn names() -> impl Iterator<Item = &'static str> {
    KINDS.iter().map(|kind| kind.name)
}

macro_rules! kinds {
    ($($name:literal $path:literal $resolve:expr;)*) => {
        static KINDS: &[Kind] =
            &[$(Kind { name: $name, path: $path, resolve: $resolve }),*];
    };
}
kinds! {
    "count" "Count" |args| {
        signature(args, "0 or 1", 0..=1, &[ANY], |_| Type::Long)
    };
    "count_distinct" "CountDistinct" |args| {
        constant(args, 1, "a number of 0 or more", |value| whole(value).is_some_and(|n| n >= 0))?;
        signature(args, "1 or 2", 1..=2, &[ANY, WHOLE], |_| Type::Long)
    };
    "sum" "Sum" |args| signature(args, "1", 1..=1, &[NUMBER], |args| match args[0].ty {
        Type::Null => Type::Null,
        Type::Double => Type::Double,
        _ => Type::Long,
    });
    "avg" "Avg" |args| signature(args, "1", 1..=1, &[NUMBER], |_| Type::Double);
    "min" "Min" |args| signature(args, "1", 1..=1, &[ORDERED], same);
    "max" "Max" |args| signature(args, "1", 1..=1, &[ORDERED], same);
    "median" "Median" |args| signature(args, "1", 1..=1, &[NUMBER], |_| Type::Double);
    "percentile" "Percentile" |args| {
        constant(args, 1, "a number of 0 to 100", |value| {
            super::sum::number(value).is_some_and(|p| (0.0..=100.0).contains(&p))
        })?;
        signature(args, "2", 2..=2, &[NUMBER, NUMBER], |_| Type::Double)
    };
    "std_dev" "StdDev" |args| signature(args, "1", 1..=1, &[NUMBER], |_| Type::Double);
    "variance" "Variance" |args| signature(args, "1", 1..=1, &[NUMBER], |_| Type::Double);
    "median_absolute_deviation" "MedianAbsoluteDeviation" |args| {
        signature(args, "1", 1..=1, &[NUMBER], |_| Type::Double)
    };
    "weighted_avg" "WeightedAvg" |args| {
        signature(args, "2", 2..=2, &[NUMBER, NUMBER], |_| Type::Double)
    };
    "values" "Values" |args| signature(args, "1", 1..=1, &[ANY], same);
    "top" "Top" |args| {
        constant(args, 1, "a number above 0", |value| whole(value).is_some_and(|n| n > 0))?;
        constant(args, 2, "\"asc\" or \"desc\"", |value| {
            matches!(value, Value::Text(order)
                if order.eq_ignore_ascii_case("asc") || order.eq_ignore_ascii_case("desc"))
        })?;
        signature(args, "2 to 4", 2..=4, &[ORDERED, WHOLE, TEXT, ANY], |args| {
            same(&args[if args.len() == 4 { 3 } else { 0 }..])
        })
    };
    "first" "First" |args| signature(args, "2", 2..=2, &[ANY, ORDERED], same);
    "last" "Last" |args| signature(args, "2", 2..=2, &[ANY, ORDERED], same);
    "present" "Present" |args| signature(args, "1", 1..=1, &[ANY], |_| Type::Boolean);
    "absent" "Absent" |args| signature(args, "1", 1..=1, &[ANY], |_| Type::Boolean);
    "sample" "Sample" |args| {
        constant(args, 1, "a number above 0", |value| whole(value).is_some_and(|n| n > 0))?;
        signature(args, "2", 2..=2, &[ANY, WHOLE], same)
    };
    "st_centroid_agg" "Centroid" |args| signature(args, "1", 1..=1, &[POINT], same);
    "st_extent_agg" "Extent" |args| signature(args, "1", 1..=1, &[POINT], |args| {
        match args[0].ty {
            Type::CartesianPoint => Type::CartesianShape,
            _ => Type::GeoShape,
        }
    });
}

/// What an argument may be, in words and as a test.
type Domain = (&'static str, fn(Type) -> bool);

const ANY: Domain = ("any value", |_| true);
const NUMBER: Domain =
    ("a number", |ty| matches!(ty, Type::Integer | Type::Long | Type::UnsignedLong | Type::Double));
const WHOLE: Domain = ("a whole number", |ty| matches!(ty, Type::Integer | Type::Long));
const TEXT: Domain = ("a string", |ty| matches!(ty, Type::Keyword | Type::Text));
const POINT: Domain = ("a point", |ty| matches!(ty, Type::GeoPoint | Type::CartesianPoint));
const ORDERED: Domain = ("a value with an order", |ty| {
    !matches!(
        ty,
        Type::GeoPoint
            | Type::CartesianPoint
            | Type::GeoShape
            | Type::CartesianShape
            | Type::DatePeriod
            | Type::TimeDuration
            | Type::Source
    )
});

/// The argument's type; text becomes keyword.
fn same(args: &[Argument<'_>]) -> Type {
    match args[0].ty {
        Type::Text => Type::Keyword,
        ty => ty,
    }
}

fn signature(
    args: &[Argument<'_>],
    expected: &str,
    count: core::ops::RangeInclusive<usize>,
    domains: &[Domain],
    result: fn(&[Argument<'_>]) -> Type,
) -> Result<Signature, SignatureError> {
    if !count.contains(&args.len()) {
        return Err(SignatureError::Count { expected: expected.to_owned(), got: args.len() });
    }
    for (index, (argument, domain)) in args.iter().zip(domains).enumerate() {
        if argument.ty != Type::Null && !(domain.1)(argument.ty) {
            let expected = domain.0.to_owned();
            return Err(SignatureError::Type { index, expected, got: argument.ty });
        }
    }
    Ok(Signature { result: result(args), arguments: args.iter().map(|a| a.ty).collect() })
}

/// Demands that argument `index`, if it is there, is a constant with `holds`.
fn constant(
    args: &[Argument<'_>],
    index: usize,
    expected: &str,
    holds: fn(&Value<'_>) -> bool,
) -> Result<(), SignatureError> {
    match args.get(index) {
        Some(argument) if !argument.constant.as_ref().is_some_and(holds) => {
            Err(SignatureError::Constant { index, reason: format!("must be {expected}, constant") })
        }
        _ => Ok(()),
    }
}

fn whole(value: &Value<'_>) -> Option<i64> {
    match value {
        Value::Integer(n) => Some(i64::from(*n)),
        Value::Long(n) => Some(*n),
        _ => None,
    }
}
