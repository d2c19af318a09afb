//! What calls mean to the type checker: parameter and result types as data,
//! and the implicit casts of text literals.

use super::{Argument, Signature, SignatureError};
use crate::value::{Type, Value, address, date, number};

/// What a parameter takes. A literal text is cast where a parameter takes no
/// text but one of the types that texts convert to; null fits everywhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Param {
    /// keyword or text.
    Text,
    /// keyword, text or the source document.
    Json,
    /// integer.
    Int,
    /// integer or long.
    Whole,
    /// Any number.
    Number,
    /// Any number but `unsigned_long`.
    Signed,
    /// boolean.
    Boolean,
    /// date or `date_nanos`.
    Date,
    /// ip.
    Ip,
    /// `date_period` or `time_duration`.
    Span,
    /// A geographic or cartesian point.
    Point,
    /// Everything that can be ordered.
    Ordered,
    /// Everything.
    Any,
    /// Everything that has one common type with the argument of that number.
    Like(usize),
}

/// Type of a result.
#[derive(Clone, Copy, Debug)]
pub enum Out {
    /// This one.
    Is(Type),
    /// That of an argument; text becomes keyword.
    Same(usize),
    /// The one that all arguments have in common.
    Common,
}

/// A list of parameters.
#[derive(Clone, Copy, Debug)]
pub struct Shape {
    /// Those that must be there.
    pub required: &'static [Param],
    /// Those that may follow.
    pub optional: &'static [Param],
    /// What may follow any number of times.
    pub repeated: Option<Param>,
    /// The result.
    pub out: Out,
}

impl Shape {
    /// Checks a call.
    pub fn resolve(&self, args: &[Argument<'_>]) -> Result<Signature, SignatureError> {
        self.count(args.len())?;
        let params = self.required.iter().chain(self.optional).copied();
        let params = params.chain(self.repeated.into_iter().cycle());
        let mut arguments: Vec<Type> = Vec::with_capacity(args.len());
        for (index, (arg, param)) in args.iter().zip(params).enumerate() {
            arguments.push(accept(index, arg, param, args)?);
        }
        let result = match self.out {
            Out::Is(ty) => ty,
            Out::Same(index) => keyword(arguments.get(index).copied().unwrap_or(Type::Null)),
            Out::Common => unify(&mut arguments),
        };
        Ok(Signature { result, arguments })
    }

    fn count(&self, got: usize) -> Result<(), SignatureError> {
        let least = self.required.len();
        let most = least + self.optional.len();
        if got >= least && (got <= most || self.repeated.is_some()) {
            return Ok(());
        }
        let expected = match (self.repeated, least == most) {
            (Some(_), _) => format!("at least {least}"),
            (None, true) => least.to_string(),
            (None, false) => format!("{least} to {most}"),
        };
        Err(SignatureError::Count { expected, got })
    }
}

/// Brings numbers and dates to the type that all arguments have in common.
fn unify(arguments: &mut [Type]) -> Type {
    let common = arguments.iter().try_fold(Type::Null, |all, ty| common_type(all, *ty));
    let common = common.map_or(Type::Null, keyword);
    for ty in arguments {
        if is_number(*ty) || is_date(*ty) {
            *ty = common;
        }
    }
    common
}

/// The type that an argument is brought to, or why it does not fit.
fn accept(
    index: usize,
    arg: &Argument<'_>,
    param: Param,
    all: &[Argument<'_>],
) -> Result<Type, SignatureError> {
    if arg.ty == Type::Null || takes(param, arg.ty, all) {
        return Ok(arg.ty);
    }
    match literal_target(arg, param, all) {
        Some(Target::Is(ty)) => cast_literal(index, arg, ty),
        Some(Target::Number) => number_of_literal(index, arg),
        Some(Target::Span) => span_of_literal(index, arg),
        None => Err(SignatureError::Type { index, expected: words(param, all), got: arg.ty }),
    }
}

fn takes(param: Param, ty: Type, all: &[Argument<'_>]) -> bool {
    match param {
        Param::Text => is_text(ty),
        Param::Json => is_text(ty) || ty == Type::Source,
        Param::Int => ty == Type::Integer,
        Param::Whole => matches!(ty, Type::Integer | Type::Long),
        Param::Number => is_number(ty),
        Param::Signed => is_number(ty) && ty != Type::UnsignedLong,
        Param::Boolean => ty == Type::Boolean,
        Param::Date => is_date(ty),
        Param::Ip => ty == Type::Ip,
        Param::Span => is_span(ty),
        Param::Point => matches!(ty, Type::GeoPoint | Type::CartesianPoint),
        Param::Ordered => is_ordered(ty),
        Param::Any => true,
        Param::Like(other) => {
            all.get(other).is_none_or(|other| common_type(other.ty, ty).is_some())
        }
    }
}

enum Target {
    Is(Type),
    Number,
    Span,
}

/// What a text literal becomes in place of a parameter that takes no text.
fn literal_target(arg: &Argument<'_>, param: Param, all: &[Argument<'_>]) -> Option<Target> {
    if !is_text(arg.ty) || arg.constant.is_none() {
        return None;
    }
    Some(match param {
        Param::Int => Target::Is(Type::Integer),
        Param::Whole | Param::Number | Param::Signed => Target::Number,
        Param::Boolean => Target::Is(Type::Boolean),
        Param::Date => Target::Is(Type::Date),
        Param::Ip => Target::Is(Type::Ip),
        Param::Span => Target::Span,
        Param::Like(other) => return literal_beside(all.get(other)?.ty).map(Target::Is),
        _ => return None,
    })
}

/// The type of a text literal beside an operand of this type (esql.md 3.3).
pub fn literal_beside(ty: Type) -> Option<Type> {
    match ty {
        Type::Date
        | Type::DateNanos
        | Type::Ip
        | Type::Version
        | Type::Boolean
        | Type::Integer
        | Type::Long
        | Type::Double
        | Type::UnsignedLong => Some(ty),
        _ => None,
    }
}

/// Tests that a text literal converts.
pub fn cast_literal(index: usize, arg: &Argument<'_>, to: Type) -> Result<Type, SignatureError> {
    let values = arg.constant.as_ref().map_or(&[] as &[Value<'_>], |value| value.as_slice());
    for value in values {
        let Value::Text(text) = value else { continue };
        let whole = || {
            text.trim()
                .parse::<i128>()
                .ok()
                .or_else(|| number::parse_double(text).map(|n| n as i128))
        };
        let converts = match to {
            Type::Date => date::parse(text).is_some(),
            Type::DateNanos => date::parse(text).is_some_and(|n| i64::try_from(n).is_ok()),
            Type::Ip => address::parse(text).is_some(),
            Type::Integer => whole().is_some_and(|n| i32::try_from(n).is_ok()),
            Type::Long => whole().is_some_and(|n| i64::try_from(n).is_ok()),
            Type::UnsignedLong => whole().is_some_and(|n| u64::try_from(n).is_ok()),
            Type::Double => number::parse_double(text).is_some(),
            _ => true,
        };
        if !converts {
            let reason = format!("cannot read {text:?} as {}", name(to));
            return Err(SignatureError::Constant { index, reason });
        }
    }
    Ok(to)
}

/// The narrowest number type that a literal text has.
fn number_of_literal(index: usize, arg: &Argument<'_>) -> Result<Type, SignatureError> {
    let Some(Value::Text(text)) = arg.constant else {
        return cast_literal(index, arg, Type::Double);
    };
    let ty = match text.trim().parse::<i128>() {
        Ok(n) if i32::try_from(n).is_ok() => Type::Integer,
        Ok(n) if i64::try_from(n).is_ok() => Type::Long,
        Ok(n) if u64::try_from(n).is_ok() => Type::UnsignedLong,
        _ => Type::Double,
    };
    cast_literal(index, arg, ty)
}

fn span_of_literal(index: usize, arg: &Argument<'_>) -> Result<Type, SignatureError> {
    let text = match arg.constant {
        Some(Value::Text(text)) => text,
        _ => "",
    };
    match parse_span(text) {
        Some(Value::Period { .. }) => Ok(Type::DatePeriod),
        Some(_) => Ok(Type::TimeDuration),
        None => Err(SignatureError::Constant {
            index,
            reason: format!("cannot read {text:?} as a time span"),
        }),
    }
}

/// Reads a time span: whole number and unit (esql.md 1.6), blanks between them
/// optional, as [`Value::Period`] or [`Value::Duration`].
///
/// ```
/// use detect_runtime::functions::signature::parse_span;
/// use detect_runtime::value::Value;
/// assert!(matches!(parse_span("2 weeks"), Some(Value::Period { months: 0, days: 14 })));
/// assert!(matches!(parse_span("5m"), Some(Value::Duration(300_000))));
/// assert!(parse_span("5 fortnights").is_none());
/// ```
pub fn parse_span(text: &str) -> Option<Value<'static>> {
    let text = text.trim();
    let unit = text.find(|c: char| c.is_ascii_alphabetic())?;
    let (count, unit) = text.split_at(unit);
    span(count.trim().parse().ok()?, unit)
}

/// Makes a time span of a count and a unit in any case; `None` for an unknown
/// unit or beyond the range of the type.
pub fn span(count: i64, unit: &str) -> Option<Value<'static>> {
    let period = |months: i64, days: i64| {
        let months = count.checked_mul(months).and_then(|n| i32::try_from(n).ok())?;
        let days = count.checked_mul(days).and_then(|n| i32::try_from(n).ok())?;
        Some(Value::Period { months, days })
    };
    let duration = |millis: i64| count.checked_mul(millis).map(Value::Duration);
    match unit.to_ascii_lowercase().as_str() {
        "millisecond" | "milliseconds" | "ms" => duration(1),
        "second" | "seconds" | "sec" | "s" => duration(1000),
        "minute" | "minutes" | "min" | "m" => duration(60_000),
        "hour" | "hours" | "h" => duration(3_600_000),
        "day" | "days" | "d" => period(0, 1),
        "week" | "weeks" | "w" => period(0, 7),
        "month" | "months" | "mo" => period(1, 0),
        "quarter" | "quarters" | "q" => period(3, 0),
        "year" | "years" | "yr" | "y" => period(12, 0),
        _ => None,
    }
}

/// The type that values of two types have in common: equal types; numbers widen
/// integer, long, double; text becomes keyword; date becomes `date_nanos`; null
/// goes with everything. `None` if there is none.
///
/// ```
/// use detect_runtime::functions::signature::common_type;
/// use detect_runtime::value::Type;
/// assert_eq!(common_type(Type::Integer, Type::Double), Some(Type::Double));
/// assert_eq!(common_type(Type::Null, Type::Ip), Some(Type::Ip));
/// assert_eq!(common_type(Type::Keyword, Type::Long), None);
/// ```
pub fn common_type(a: Type, b: Type) -> Option<Type> {
    let rank = |ty| match ty {
        Type::Integer => Some(0),
        Type::Long => Some(1),
        Type::Double => Some(2),
        _ => None,
    };
    match (a, b) {
        _ if a == b => Some(a),
        (Type::Null, other) | (other, Type::Null) => Some(other),
        (Type::Keyword, Type::Text) | (Type::Text, Type::Keyword) => Some(Type::Keyword),
        (Type::Date, Type::DateNanos) | (Type::DateNanos, Type::Date) => Some(Type::DateNanos),
        _ => match (rank(a)?, rank(b)?) {
            (x, y) if x >= y => Some(a),
            _ => Some(b),
        },
    }
}

/// keyword or text.
pub fn is_text(ty: Type) -> bool {
    matches!(ty, Type::Keyword | Type::Text)
}

/// A number type.
pub fn is_number(ty: Type) -> bool {
    matches!(ty, Type::Integer | Type::Long | Type::UnsignedLong | Type::Double)
}

/// date or `date_nanos`.
pub fn is_date(ty: Type) -> bool {
    matches!(ty, Type::Date | Type::DateNanos)
}

/// A time span.
pub fn is_span(ty: Type) -> bool {
    matches!(ty, Type::DatePeriod | Type::TimeDuration)
}

/// Types with an order that `<` and SORT use.
pub fn is_ordered(ty: Type) -> bool {
    is_text(ty)
        || is_number(ty)
        || is_date(ty)
        || matches!(ty, Type::Ip | Type::Version | Type::Boolean)
}

/// keyword for text, else the type itself: functions give no text.
fn keyword(ty: Type) -> Type {
    if ty == Type::Text { Type::Keyword } else { ty }
}

/// The name of a type as ES|QL writes it.
pub fn name(ty: Type) -> &'static str {
    match ty {
        Type::Null => "null",
        Type::Boolean => "boolean",
        Type::Integer => "integer",
        Type::Long => "long",
        Type::UnsignedLong => "unsigned_long",
        Type::Double => "double",
        Type::Keyword => "keyword",
        Type::Text => "text",
        Type::Date => "date",
        Type::DateNanos => "date_nanos",
        Type::Ip => "ip",
        Type::Version => "version",
        Type::GeoPoint => "geo_point",
        Type::CartesianPoint => "cartesian_point",
        Type::GeoShape => "geo_shape",
        Type::CartesianShape => "cartesian_shape",
        Type::DatePeriod => "date_period",
        Type::TimeDuration => "time_duration",
        Type::Source => "_source",
    }
}

fn words(param: Param, all: &[Argument<'_>]) -> String {
    match param {
        Param::Text => "keyword or text",
        Param::Json => "keyword, text or _source",
        Param::Int => "integer",
        Param::Whole => "integer or long",
        Param::Number => "a number",
        Param::Signed => "integer, long or double",
        Param::Boolean => "boolean",
        Param::Date => "date or date_nanos",
        Param::Ip => "ip",
        Param::Span => "a time span",
        Param::Point => "geo_point or cartesian_point",
        Param::Ordered => "a type that has an order",
        Param::Any => "any type",
        Param::Like(other) => {
            let other = all.get(other).map_or(Type::Null, |arg| arg.ty);
            return format!("of a type that goes with {}", name(other));
        }
    }
    .to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn arg(ty: Type) -> Argument<'static> {
        Argument { ty, constant: None }
    }

    fn literal(text: &'static str) -> Argument<'static> {
        Argument { ty: Type::Keyword, constant: Some(Value::Text(text)) }
    }

    const SHAPE: Shape = Shape {
        required: &[Param::Date],
        optional: &[Param::Number],
        repeated: None,
        out: Out::Same(0),
    };

    #[test]
    fn resolves() {
        let signature = |args: &[Argument<'_>]| SHAPE.resolve(args).map_err(|e| e.to_string());
        let ok =
            |result, arguments: &[Type]| Ok(Signature { result, arguments: arguments.to_vec() });
        assert_eq!(signature(&[arg(Type::DateNanos)]), ok(Type::DateNanos, &[Type::DateNanos]));
        assert_eq!(signature(&[literal("2024-01-01")]), ok(Type::Date, &[Type::Date]));
        assert_eq!(
            signature(&[arg(Type::Null), literal("3000000000")]),
            ok(Type::Null, &[Type::Null, Type::Long])
        );
        for (args, message) in [
            (vec![], "expected 1 to 2 arguments, got 0"),
            (vec![arg(Type::Keyword)], "argument 1 must be date or date_nanos, got Keyword"),
            (vec![literal("soon")], "argument 1: cannot read \"soon\" as date"),
            (vec![arg(Type::Date), literal("x")], "argument 2: cannot read \"x\" as double"),
        ] {
            assert_eq!(signature(&args), Err(message.to_owned()));
        }
    }
}
