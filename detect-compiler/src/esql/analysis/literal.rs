//! Literals and their implicit casts.

use super::fold;
use super::{Analysed, AnalysisError, constant};
use crate::esql::ast::{self, Span, TimeUnit};
use crate::plan::{Expr, ExprKind};
use detect_runtime::functions::{Function, lookup};
use detect_runtime::value::{Owned, Type};

/// A whole number with its sign: the narrowest of integer, long, unsigned_long
/// that holds it, else double.
pub(super) fn integer(value: u128, negative: bool) -> Expr {
    let signed = i128::try_from(value).ok().map(|value| if negative { -value } else { value });
    let (ty, value) = match signed {
        Some(value) if i32::try_from(value).is_ok() => {
            (Type::Integer, Owned::Integer(value as i32))
        }
        Some(value) if i64::try_from(value).is_ok() => (Type::Long, Owned::Long(value as i64)),
        Some(value) if u64::try_from(value).is_ok() => {
            (Type::UnsignedLong, Owned::UnsignedLong(value as u64))
        }
        _ => {
            let value = value as f64;
            (Type::Double, Owned::Double(if negative { -value } else { value }))
        }
    };
    constant(ty, value)
}

/// A time span: milliseconds, or calendar months and days.
pub(super) fn span(count: u128, unit: TimeUnit, span: Span) -> Analysed<Expr> {
    let too_large = || AnalysisError::Value { reason: "the time span is too long".into(), span };
    let millis = |factor: i64| {
        i64::try_from(count)
            .ok()
            .and_then(|count| count.checked_mul(factor))
            .map(|millis| constant(Type::TimeDuration, Owned::Duration(millis)))
    };
    let period = |months: i32, days: i32| {
        let count = i32::try_from(count).ok()?;
        let value = match (count.checked_mul(months), count.checked_mul(days)) {
            (Some(months), Some(days)) => Owned::Period { months, days },
            // No date can be moved so far: null, as every date out of range.
            _ => Owned::Null,
        };
        Some(constant(Type::DatePeriod, value))
    };
    match unit {
        TimeUnit::Millisecond => millis(1),
        TimeUnit::Second => millis(1_000),
        TimeUnit::Minute => millis(60_000),
        TimeUnit::Hour => millis(3_600_000),
        TimeUnit::Day => period(0, 1),
        TimeUnit::Week => period(0, 7),
        TimeUnit::Month => period(1, 0),
        TimeUnit::Quarter => period(3, 0),
        TimeUnit::Year => period(12, 0),
    }
    .ok_or_else(too_large)
}

/// A list literal: constants of one kind.
pub(super) fn list(items: Vec<Expr>, span: Span) -> Analysed<Expr> {
    let mut ty = Type::Null;
    for item in &items {
        ty = common_type(ty, item.ty).ok_or(AnalysisError::NoCommonType {
            left: ty,
            right: item.ty,
            span,
        })?;
    }
    let mut values = Vec::with_capacity(items.len());
    for item in items {
        match convert(item, ty, span)?.kind {
            ExprKind::Const(Owned::Null) => {
                let reason = "a list of constants cannot contain null".into();
                return Err(AnalysisError::Value { reason, span });
            }
            ExprKind::Const(value) => values.push(value),
            _ => return Err(AnalysisError::Constant { what: "an item of a list".into(), span }),
        }
    }
    let value = match values.len() {
        1 => values.remove(0),
        _ => Owned::Multi(values.into()),
    };
    Ok(constant(ty, value))
}

/// The type that two values have in common: numbers widen, keyword and text are
/// one, null goes with all, `unsigned_long` only with itself.
pub(super) fn common_type(left: Type, right: Type) -> Option<Type> {
    let width = |ty| match ty {
        Type::Integer => Some(0),
        Type::Long => Some(1),
        Type::Double => Some(2),
        _ => None,
    };
    match (left, right) {
        (left, right) if left == right => Some(left),
        (Type::Null, other) | (other, Type::Null) => Some(other),
        (Type::Keyword | Type::Text, Type::Keyword | Type::Text) => Some(Type::Keyword),
        (Type::Date | Type::DateNanos, Type::Date | Type::DateNanos) => Some(Type::DateNanos),
        (left, right) => match (width(left), width(right)) {
            (Some(l), Some(r)) => Some(if l >= r { left } else { right }),
            _ => None,
        },
    }
}

/// Brings an expression to a type that it converts to without a word of the
/// user: literals are read as that type, numbers widen.
pub(crate) fn convert(expr: Expr, ty: Type, span: Span) -> Analysed<Expr> {
    let texts = |ty| matches!(ty, Type::Keyword | Type::Text);
    if expr.ty == ty || (texts(expr.ty) && texts(ty)) {
        return Ok(expr);
    }
    if ty == Type::Null {
        return Ok(expr);
    }
    if super::is_null(&expr) {
        return Ok(constant(ty, Owned::Null));
    }
    let literal = matches!(expr.kind, ExprKind::Const(_));
    let Some(function) = conversion(ty) else {
        let expected = super::type_name(ty).into();
        return Err(AnalysisError::Type { expected, found: expr.ty, span });
    };
    let shown = match &expr.kind {
        ExprKind::Const(value) => show(value),
        _ => String::new(),
    };
    let converted = fold::call(function, vec![expr], ty);
    if literal && super::is_null(&converted) {
        return Err(AnalysisError::Literal { literal: shown, ty, span });
    }
    Ok(converted)
}

fn show(value: &Owned) -> String {
    match value {
        Owned::Text(text) => format!("{text:?}"),
        Owned::Integer(n) => n.to_string(),
        Owned::Long(n) => n.to_string(),
        Owned::UnsignedLong(n) => n.to_string(),
        Owned::Double(n) => n.to_string(),
        other => format!("{other:?}"),
    }
}

/// The function that converts to a type.
pub(super) fn conversion(ty: Type) -> Option<&'static Function> {
    lookup(match ty {
        Type::Boolean => "to_boolean",
        Type::Integer => "to_integer",
        Type::Long => "to_long",
        Type::UnsignedLong => "to_unsigned_long",
        Type::Double => "to_double",
        Type::Keyword | Type::Text => "to_string",
        Type::Date => "to_datetime",
        Type::DateNanos => "to_date_nanos",
        Type::Ip => "to_ip",
        Type::Version => "to_version",
        Type::GeoPoint => "to_geopoint",
        Type::GeoShape => "to_geoshape",
        Type::CartesianPoint => "to_cartesianpoint",
        Type::CartesianShape => "to_cartesianshape",
        Type::DatePeriod => "to_dateperiod",
        Type::TimeDuration => "to_timeduration",
        Type::Null | Type::Source => return None,
    })
}

/// Type names behind `::` and the function each stands for.
pub(super) const CASTS: [(&str, &str); 21] = [
    ("bool", "to_boolean"),
    ("boolean", "to_boolean"),
    ("int", "to_integer"),
    ("integer", "to_integer"),
    ("long", "to_long"),
    ("unsigned_long", "to_unsigned_long"),
    ("double", "to_double"),
    ("string", "to_string"),
    ("keyword", "to_string"),
    ("text", "to_string"),
    ("date", "to_datetime"),
    ("datetime", "to_datetime"),
    ("date_nanos", "to_date_nanos"),
    ("ip", "to_ip"),
    ("version", "to_version"),
    ("geo_point", "to_geopoint"),
    ("geo_shape", "to_geoshape"),
    ("cartesian_point", "to_cartesianpoint"),
    ("cartesian_shape", "to_cartesianshape"),
    ("date_period", "to_dateperiod"),
    ("time_duration", "to_timeduration"),
];

/// The value of an option: `{"key": constant}`.
pub(super) fn option_text(value: &ast::MapValue) -> Option<String> {
    let ast::MapValue::Constant(constant) = value else { return None };
    match &constant.kind {
        ast::ExprKind::Text(text) => Some(text.clone()),
        ast::ExprKind::Integer(number) => Some(number.to_string()),
        ast::ExprKind::Decimal(number) => Some(number.to_string()),
        ast::ExprKind::Boolean(value) => Some(value.to_string()),
        _ => None,
    }
}
