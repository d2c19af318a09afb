//! Functions of EQL that occur in expressions. What is a plain test of one field
//! against a constant (most `==`, `:`, `in`, `startsWith(f, "x")`) has become a
//! [`Test`](crate::test::Test) before it could get here.
//!
//! In: single values (EQL reads a field with several values one at a time). Out:
//! a value; any null argument gives null unless a function says otherwise.
//! Positions and lengths count characters. Functions with `_folded` compare
//! letters without case, all of Unicode, one character to one.

pub mod compare;
pub mod date_math;
pub mod number;
mod signature;
pub mod text;

use super::{Argument, Function, Scalar, Signature, SignatureError};
use crate::value::Type;
use signature::{Want, any, many, need};

/// An entry of the table; the path follows from where the code is.
macro_rules! entry {
    ($name:literal, $module:ident :: $function:ident, $resolve:expr) => {
        Function {
            name: $name,
            path: concat!("eql::", stringify!($module), "::", stringify!($function)),
            eval: $module::$function as Scalar,
            resolve: $resolve,
            prepare: None,
        }
    };
}
/// The functions of this folder.
pub const FUNCTIONS: &[Function] = &[
    entry!("eql.equals", compare::equals, |args| any(args, 2, Type::Boolean)),
    entry!("eql.equals_folded", compare::equals_folded, |args| any(args, 2, Type::Boolean)),
    entry!("eql.less", compare::less, |args| any(args, 2, Type::Boolean)),
    entry!("eql.less_equal", compare::less_equal, |args| any(args, 2, Type::Boolean)),
    entry!("eql.is_null", compare::is_null, |args| any(args, 1, Type::Boolean)),
    entry!("eql.date_math", date_math::date_math, |args| need(
        args,
        &[Want::Text, Want::Boolean],
        2,
        Type::Date
    )),
    entry!("eql.add", number::add, signature::arithmetic),
    entry!("eql.subtract", number::subtract, signature::arithmetic),
    entry!("eql.multiply", number::multiply, signature::arithmetic),
    entry!("eql.divide", number::divide, signature::arithmetic),
    entry!("eql.modulo", number::modulo, signature::arithmetic),
    entry!("eql.negate", number::negate, |args| need(
        args,
        &[Want::Number],
        1,
        signature::wider(args)
    )),
    entry!("eql.number", number::number, |args| need(
        args,
        &[Want::Text, Want::Whole],
        1,
        Type::Double
    )),
    entry!("eql.between", text::between, between),
    entry!("eql.between_folded", text::between_folded, between),
    entry!("eql.between_or_null", text::between_or_null, between),
    entry!("eql.between_or_null_folded", text::between_or_null_folded, between),
    entry!("eql.concat", text::concat, |args| many(args, 1, Type::Keyword)),
    entry!("eql.ends_with", text::ends_with, two_texts),
    entry!("eql.ends_with_folded", text::ends_with_folded, two_texts),
    entry!("eql.starts_with", text::starts_with, two_texts),
    entry!("eql.starts_with_folded", text::starts_with_folded, two_texts),
    entry!("eql.string_contains", text::string_contains, two_texts),
    entry!("eql.string_contains_folded", text::string_contains_folded, two_texts),
    entry!("eql.index_of", text::index_of, index_of),
    entry!("eql.index_of_folded", text::index_of_folded, index_of),
    entry!("eql.length", text::length, |args| need(args, &[Want::Text], 1, Type::Long)),
    entry!("eql.string", text::string, |args| any(args, 1, Type::Keyword)),
    entry!("eql.substring", text::substring, |args| {
        need(args, &[Want::Text, Want::Whole, Want::Whole], 2, Type::Keyword)
    }),
];

fn two_texts(args: &[Argument<'_>]) -> Result<Signature, SignatureError> {
    need(args, &[Want::Text, Want::Text], 2, Type::Boolean)
}

fn index_of(args: &[Argument<'_>]) -> Result<Signature, SignatureError> {
    need(args, &[Want::Text, Want::Text, Want::Whole], 2, Type::Long)
}

fn between(args: &[Argument<'_>]) -> Result<Signature, SignatureError> {
    need(args, &[Want::Text, Want::Text, Want::Text, Want::Boolean], 3, Type::Keyword)
}
