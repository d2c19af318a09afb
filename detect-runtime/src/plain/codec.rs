//! Byte form of plain forms: what generated code carries.

use super::{Expr, Form, Ready};
use crate::functions;
use crate::state::{Decode, DecodeError, Encode, Reader};
use crate::test::Test;
use crate::value::{Owned, Type};

/// Deepest tree that is read: deeper bytes are damaged.
const MAX_DEPTH: usize = 1000;

impl Encode for Form {
    fn encode(&self, out: &mut Vec<u8>) {
        match self {
            Form::Const(truth) => tagged(out, 0, |out| truth.encode(out)),
            Form::Not(inner) => tagged(out, 1, |out| inner.encode(out)),
            Form::And(all) => tagged(out, 2, |out| all.encode(out)),
            Form::Or(all) => tagged(out, 3, |out| all.encode(out)),
            Form::Any { path, test } => tagged(out, 4, |out| {
                path.as_str().encode(out);
                test.test.encode(out);
            }),
            Form::Exists { path, objects } => tagged(out, 5, |out| {
                path.as_str().encode(out);
                objects.encode(out);
            }),
            Form::Single { path, distinct } => tagged(out, 6, |out| {
                path.as_str().encode(out);
                distinct.encode(out);
            }),
            Form::AnyField { pattern, test } => tagged(out, 7, |out| {
                pattern.as_str().encode(out);
                test.is_some().encode(out);
                if let Some(ready) = test {
                    ready.test.encode(out);
                }
            }),
            Form::Expr { expr, each } => tagged(out, 8, |out| {
                each.encode(out);
                expr.encode(out);
            }),
            Form::Element { path, form } => tagged(out, 9, |out| {
                path.as_str().encode(out);
                form.encode(out);
            }),
            Form::DescendantOf(lineage) => tagged(out, 10, |out| lineage.encode(out)),
        }
    }
}

impl Decode for Form {
    fn decode(from: &mut Reader<'_>) -> Result<Form, DecodeError> {
        decode_form(from, MAX_DEPTH)
    }
}

impl Encode for Expr {
    fn encode(&self, out: &mut Vec<u8>) {
        match self {
            Expr::Const(value) => tagged(out, 0, |out| value.encode(out)),
            Expr::Slot(slot) => tagged(out, 1, |out| slot.encode(out)),
            Expr::Field { path, ty } => tagged(out, 2, |out| {
                path.as_str().encode(out);
                out.push(*ty as u8);
            }),
            Expr::Captured { term, path, ty } => tagged(out, 3, |out| {
                term.encode(out);
                path.as_str().encode(out);
                out.push(*ty as u8);
            }),
            Expr::Call { function, args } => tagged(out, 4, |out| {
                function.name.encode(out);
                args.encode(out);
            }),
            Expr::And(all) => tagged(out, 5, |out| all.encode(out)),
            Expr::Or(all) => tagged(out, 6, |out| all.encode(out)),
            Expr::Not(inner) => tagged(out, 7, |out| inner.encode(out)),
            Expr::Case { arms, otherwise } => tagged(out, 8, |out| {
                (arms.len() as u64).encode(out);
                for (condition, value) in arms {
                    condition.encode(out);
                    value.encode(out);
                }
                otherwise.encode(out);
            }),
            Expr::Coalesce(all) => tagged(out, 9, |out| all.encode(out)),
            Expr::Test { input, tests } => tagged(out, 10, |out| {
                input.encode(out);
                (tests.len() as u64).encode(out);
                for ready in tests {
                    ready.test.encode(out);
                }
            }),
            Expr::Form(inner) => tagged(out, 11, |out| inner.encode(out)),
        }
    }
}

impl Decode for Expr {
    fn decode(from: &mut Reader<'_>) -> Result<Expr, DecodeError> {
        decode_expr(from, MAX_DEPTH)
    }
}

fn tagged(out: &mut Vec<u8>, tag: u8, body: impl FnOnce(&mut Vec<u8>)) {
    out.push(tag);
    body(out);
}

fn decode_form(from: &mut Reader<'_>, room: usize) -> Result<Form, DecodeError> {
    let inner = |from: &mut Reader<'_>| decode_form(from, deeper(room, "form")?);
    let boxed = |from: &mut Reader<'_>| inner(from).map(Box::new);
    Ok(match from.byte()? {
        0 => Form::Const(bool::decode(from)?),
        1 => Form::Not(boxed(from)?),
        2 => Form::And(many(from, inner)?),
        3 => Form::Or(many(from, inner)?),
        4 => Form::Any { path: text(from)?, test: ready(from)? },
        5 => Form::Exists { path: text(from)?, objects: bool::decode(from)? },
        6 => Form::Single { path: text(from)?, distinct: bool::decode(from)? },
        7 => Form::AnyField {
            pattern: text(from)?,
            test: if bool::decode(from)? { Some(ready(from)?) } else { None },
        },
        8 => Form::Expr {
            each: bool::decode(from)?,
            expr: decode_expr(from, deeper(room, "form")?)?,
        },
        9 => Form::Element { path: text(from)?, form: boxed(from)? },
        10 => Form::DescendantOf(u32::decode(from)?),
        tag => return Err(DecodeError::Tag { what: "form", tag }),
    })
}

fn decode_expr(from: &mut Reader<'_>, room: usize) -> Result<Expr, DecodeError> {
    let inner = |from: &mut Reader<'_>| decode_expr(from, deeper(room, "expression")?);
    let boxed = |from: &mut Reader<'_>| inner(from).map(Box::new);
    Ok(match from.byte()? {
        0 => Expr::Const(Owned::decode(from)?),
        1 => Expr::Slot(u32::decode(from)?),
        2 => Expr::Field { path: text(from)?, ty: kind(from)? },
        3 => Expr::Captured { term: u32::decode(from)?, path: text(from)?, ty: kind(from)? },
        4 => {
            let name = from.text()?;
            let function = functions::lookup(name)
                .ok_or(DecodeError::Tag { what: "function", tag: name.len() as u8 })?;
            Expr::Call { function, args: many(from, inner)? }
        }
        5 => Expr::And(many(from, inner)?),
        6 => Expr::Or(many(from, inner)?),
        7 => Expr::Not(boxed(from)?),
        8 => {
            let arms = many(from, |from| Ok((inner(from)?, inner(from)?)))?;
            Expr::Case { arms, otherwise: boxed(from)? }
        }
        9 => Expr::Coalesce(many(from, inner)?),
        10 => Expr::Test { input: boxed(from)?, tests: many(from, ready)? },
        11 => Expr::Form(Box::new(decode_form(from, deeper(room, "expression")?)?)),
        tag => return Err(DecodeError::Tag { what: "expression", tag }),
    })
}

fn deeper(room: usize, what: &'static str) -> Result<usize, DecodeError> {
    room.checked_sub(1).ok_or(DecodeError::Tag { what, tag: u8::MAX })
}

fn many<T>(
    from: &mut Reader<'_>,
    one: impl Fn(&mut Reader<'_>) -> Result<T, DecodeError>,
) -> Result<Vec<T>, DecodeError> {
    let length = from.length()?;
    (0..length).map(|_| one(from)).collect()
}

fn text(from: &mut Reader<'_>) -> Result<String, DecodeError> {
    from.text().map(str::to_owned)
}

fn ready(from: &mut Reader<'_>) -> Result<Ready, DecodeError> {
    Test::decode(from).map(Ready::new)
}

/// All types, by their number.
const TYPES: [Type; 19] = [
    Type::Null,
    Type::Boolean,
    Type::Integer,
    Type::Long,
    Type::UnsignedLong,
    Type::Double,
    Type::Keyword,
    Type::Text,
    Type::Date,
    Type::DateNanos,
    Type::Ip,
    Type::Version,
    Type::GeoPoint,
    Type::CartesianPoint,
    Type::GeoShape,
    Type::CartesianShape,
    Type::DatePeriod,
    Type::TimeDuration,
    Type::Source,
];

fn kind(from: &mut Reader<'_>) -> Result<Type, DecodeError> {
    let tag = from.byte()?;
    TYPES.into_iter().find(|ty| *ty as u8 == tag).ok_or(DecodeError::Tag { what: "type", tag })
}
