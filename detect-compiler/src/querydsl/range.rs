//! `range`, and equality on types that have an order.

use super::{Mismatch, and, any, field, parse_block, parse_number};
use crate::plan::{Choice, Cond, Expr, ExprKind, Field};
use crate::schema::{Mapping, Schema};
use detect_runtime::functions::{self, eql::date_math};
use detect_runtime::test::{Order, Test};
use detect_runtime::value::{Owned, Type, address};

/// Some value of the field stands in this order to the text.
pub fn range(path: &str, order: Order, text: &str, schema: &Schema) -> Result<Cond, Mismatch> {
    let declared = schema.lookup(path);
    let mismatch = |expected| Mismatch { field: path.to_owned(), text: text.to_owned(), expected };
    let test = match declared.ty {
        _ if matches!(declared.mapping, Mapping::Object | Mapping::Nested) => {
            return Ok(Cond::Const(false));
        }
        Type::Integer | Type::Long | Type::UnsignedLong | Type::Double => {
            Test::Number { order, number: parse_number(text).ok_or(mismatch("a number"))? }
        }
        Type::Ip => Test::AddressOrder {
            order,
            address: address::parse(text).ok_or(mismatch("an address"))?,
        },
        Type::Date | Type::DateNanos => {
            return date(path, order, text, schema).ok_or(mismatch("a date"));
        }
        Type::Version => Test::VersionOrder { order, version: text.to_owned() },
        Type::Boolean => return Err(mismatch("of a type with an order")),
        _ => match parse_number(text).filter(|_| !declared.known) {
            Some(number) => Test::Number { order, number },
            None => Test::TextOrder { order, text: text.to_owned() },
        },
    };
    Ok(any(path, test, schema))
}

/// Equality on a field that is neither text nor keyword.
pub(super) fn equal(path: &str, text: &str, schema: &Schema) -> Result<Cond, Mismatch> {
    let mismatch = |expected| Mismatch { field: path.to_owned(), text: text.to_owned(), expected };
    let test = match schema.lookup(path).ty {
        Type::Ip => parse_block(text).ok_or(mismatch("an address or a block of addresses"))?,
        Type::Boolean => Test::Boolean(text.parse().map_err(|_| mismatch("true or false"))?),
        Type::GeoPoint | Type::GeoShape | Type::CartesianPoint | Type::CartesianShape => {
            return Err(mismatch("a geometry"));
        }
        _ => return range(path, Order::Equal, text, schema),
    };
    Ok(any(path, test, schema))
}

/// Dates: a text stands for an interval; `>` and `<=` look at its end, `>=` and
/// `<` at its begin.
fn date(path: &str, order: Order, text: &str, schema: &Schema) -> Option<Cond> {
    if date_math::is_relative(text) {
        return relative(field(path, schema), order, text);
    }
    let instant = |up| date_math::resolve(text, 0, up);
    let test = match order {
        Order::Equal => Test::DateWithin { from: instant(false)?, to: instant(true)? },
        Order::Less | Order::GreaterEqual => Test::DateOrder { order, nanos: instant(false)? },
        Order::LessEqual | Order::Greater => Test::DateOrder { order, nanos: instant(true)? },
    };
    Some(any(path, test, schema))
}

/// Dates counted from the tick.
fn relative(field: Field, order: Order, text: &str) -> Option<Cond> {
    // Resolved once to see whether it can be.
    date_math::resolve(text, 0, false)?;
    Some(match order {
        Order::Equal => and(vec![
            relative(field.clone(), Order::GreaterEqual, text)?,
            relative(field, Order::LessEqual, text)?,
        ]),
        Order::Less => compare("eql.less", value(field), instant(text, false)?)?,
        Order::LessEqual => compare("eql.less_equal", value(field), instant(text, true)?)?,
        Order::Greater => compare("eql.less", instant(text, true)?, value(field))?,
        Order::GreaterEqual => compare("eql.less_equal", instant(text, false)?, value(field))?,
    })
}

fn value(field: Field) -> Expr {
    Expr { ty: field.ty, kind: ExprKind::Field(field) }
}

fn instant(text: &str, up: bool) -> Option<Expr> {
    let args = vec![
        Expr { ty: Type::Keyword, kind: ExprKind::Const(Owned::Text(text.into())) },
        Expr { ty: Type::Boolean, kind: ExprKind::Const(Owned::Boolean(up)) },
    ];
    let function = functions::lookup("eql.date_math")?;
    Some(Expr { ty: Type::Date, kind: ExprKind::Call { function, args } })
}

fn compare(name: &str, left: Expr, right: Expr) -> Option<Cond> {
    let function = functions::lookup(name)?;
    let kind = ExprKind::Call { function, args: vec![left, right] };
    Some(Cond::Expr { expr: Expr { ty: Type::Boolean, kind }, choice: Choice::Each })
}
