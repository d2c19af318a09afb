//! Types of arguments.

use crate::functions::{Argument, Signature, SignatureError};
use crate::value::Type;

/// What an argument must be; null fits everywhere.
#[derive(Clone, Copy, Debug)]
pub(super) enum Want {
    Text,
    Number,
    Whole,
    Boolean,
}

impl Want {
    fn takes(self, ty: Type) -> bool {
        let whole = matches!(ty, Type::Integer | Type::Long | Type::UnsignedLong);
        ty == Type::Null
            || match self {
                Want::Text => matches!(ty, Type::Keyword | Type::Text | Type::Version),
                Want::Number => whole || ty == Type::Double,
                Want::Whole => whole,
                Want::Boolean => ty == Type::Boolean,
            }
    }

    fn name(self) -> &'static str {
        match self {
            Want::Text => "a string",
            Want::Number => "a number",
            Want::Whole => "a whole number",
            Want::Boolean => "a boolean",
        }
    }
}

/// Arguments of these kinds, the ones behind `required` optional.
pub(super) fn need(
    args: &[Argument<'_>],
    wants: &[Want],
    required: usize,
    result: Type,
) -> Result<Signature, SignatureError> {
    if args.len() < required || args.len() > wants.len() {
        let expected = match wants.len() {
            n if n == required => n.to_string(),
            n => format!("{required} to {n}"),
        };
        return Err(SignatureError::Count { expected, got: args.len() });
    }
    for (index, (argument, want)) in args.iter().zip(wants).enumerate() {
        if !want.takes(argument.ty) {
            let expected = want.name().to_owned();
            return Err(SignatureError::Type { index, expected, got: argument.ty });
        }
    }
    Ok(signature(args, result))
}

/// `count` arguments of any type.
pub(super) fn any(
    args: &[Argument<'_>],
    count: usize,
    result: Type,
) -> Result<Signature, SignatureError> {
    if args.len() != count {
        return Err(SignatureError::Count { expected: count.to_string(), got: args.len() });
    }
    Ok(signature(args, result))
}

/// At least `least` arguments of any type.
pub(super) fn many(
    args: &[Argument<'_>],
    least: usize,
    result: Type,
) -> Result<Signature, SignatureError> {
    if args.len() < least {
        return Err(SignatureError::Count {
            expected: format!("at least {least}"),
            got: args.len(),
        });
    }
    Ok(signature(args, result))
}

/// Two numbers; the result is a double if one of them is.
pub(super) fn arithmetic(args: &[Argument<'_>]) -> Result<Signature, SignatureError> {
    need(args, &[Want::Number, Want::Number], 2, wider(args))
}

/// Double if some argument is one.
pub(super) fn wider(args: &[Argument<'_>]) -> Type {
    if args.iter().any(|argument| argument.ty == Type::Double) { Type::Double } else { Type::Long }
}

fn signature(args: &[Argument<'_>], result: Type) -> Signature {
    Signature { result, arguments: args.iter().map(|argument| argument.ty).collect() }
}
