//! Texts and patterns: LIKE, RLIKE, REPLACE, SPLIT (esql.md 2.3, 5.2). Patterns that
//! are constant are made ready once; those computed per row are compiled per row.

use super::signature::{Out, Param, Shape};
use super::single::{Plain, TEXT_LIMIT, function, refuse};
use super::{Argument, Function, Prepared, Scalar, Signature, SignatureError};
use crate::event::Raw;
use crate::test::{Check, Fold, Test};
use crate::text::dialect::{Dialect, Regex, Replacement};
use crate::text::{dialect, glob, lucene};
use crate::value::{Cx, Type, Value, Warning};
use bumpalo::collections::Vec as ArenaVec;

/// What a pattern of LIKE (`rlike` false) or RLIKE tests.
fn test_of(pattern: &str, rlike: bool) -> Result<Test, String> {
    if rlike {
        return lucene::test(pattern, lucene::Options::EXACT).map_err(|e| e.to_string());
    }
    let glob = glob::escaped(pattern).map_err(|e| e.to_string())?;
    Ok(match glob::as_literal(&glob) {
        Some(text) => Test::Equals { text: text.to_owned(), fold: Fold::None },
        None => Test::Glob { glob, fold: Fold::None },
    })
}

fn matches<'a>(cx: &Cx<'a>, args: &[Value<'a>], rlike: bool) -> Value<'a> {
    if let Some(answer) = refuse(cx, args) {
        return answer;
    }
    let [Value::Text(text), patterns @ ..] = args else { return Value::Null };
    let mut found = false;
    for pattern in patterns {
        let Value::Text(pattern) = pattern else { return Value::Null };
        match test_of(pattern, rlike) {
            Ok(test) => found |= test.holds(Raw::Text(text)),
            Err(_) => return cx.warn(Warning::Pattern),
        }
    }
    Value::Boolean(found)
}

/// `s LIKE (pattern, ...)`: the whole text matches one of the wildcard patterns, in
/// which a backslash makes `*`, `?` and itself literal.
pub fn like<'a>(cx: &Cx<'a>, args: &[Value<'a>]) -> Value<'a> {
    matches(cx, args, false)
}

/// `s RLIKE (pattern, ...)`: the whole text matches one of Lucene's expressions.
pub fn rlike<'a>(cx: &Cx<'a>, args: &[Value<'a>]) -> Value<'a> {
    matches(cx, args, true)
}

/// `MV_LIKE(s, pattern)`: whether some value matches; never null.
pub fn mv_like<'a>(cx: &Cx<'a>, args: &[Value<'a>]) -> Value<'a> {
    some_matches(cx, args, false)
}

/// `MV_RLIKE(s, pattern)`: whether some value matches; never null.
pub fn mv_rlike<'a>(cx: &Cx<'a>, args: &[Value<'a>]) -> Value<'a> {
    some_matches(cx, args, true)
}

fn some_matches<'a>(cx: &Cx<'a>, args: &[Value<'a>], rlike: bool) -> Value<'a> {
    match args {
        [values, Value::Text(pattern)] => match test_of(pattern, rlike) {
            Ok(test) => Value::Boolean(some(&Check::new(&test), *values)),
            Err(_) => cx.warn(Warning::Pattern),
        },
        _ => Value::Boolean(false),
    }
}

fn some(check: &Check, values: Value<'_>) -> bool {
    let texts = values.as_slice().iter();
    texts
        .into_iter()
        .any(|value| matches!(value, Value::Text(text) if check.passes(Raw::Text(text))))
}

/// Patterns made ready.
struct Checks {
    checks: Box<[Check]>,
    /// Each value by itself, and never null.
    several: bool,
}

impl Prepared for Checks {
    fn apply<'a>(&self, cx: &Cx<'a>, args: &[Value<'a>]) -> Value<'a> {
        let value = args.first().copied().unwrap_or_default();
        if self.several {
            return Value::Boolean(self.checks.iter().any(|check| some(check, value)));
        }
        if let Some(answer) = refuse(cx, &[value]) {
            return answer;
        }
        Value::Boolean(self.checks.iter().any(|check| some(check, value)))
    }
}

fn ready_checks(
    args: &[Option<Value<'_>>],
    eval: Scalar,
    rlike: bool,
    several: bool,
) -> Result<Box<dyn Prepared>, SignatureError> {
    let mut checks = Vec::new();
    for (index, arg) in args.iter().enumerate().skip(1) {
        let Some(Value::Text(pattern)) = arg else { return Ok(Box::new(Plain(eval))) };
        let test =
            test_of(pattern, rlike).map_err(|reason| SignatureError::Constant { index, reason })?;
        checks.push(Check::new(&test));
    }
    Ok(Box::new(Checks { checks: checks.into(), several }))
}

fn pattern_types(args: &[Argument<'_>], rlike: bool) -> Result<Signature, SignatureError> {
    let shape = Shape {
        required: &[Param::Text, Param::Text],
        optional: &[],
        repeated: Some(Param::Text),
        out: Out::Is(Type::Boolean),
    };
    let signature = shape.resolve(args)?;
    for (index, arg) in args.iter().enumerate().skip(1) {
        if let Some(Value::Text(pattern)) = arg.constant {
            test_of(pattern, rlike).map_err(|reason| SignatureError::Constant { index, reason })?;
        }
    }
    Ok(signature)
}

/// `REPLACE(s, regex, new)`: every match of a Java expression, with `$1`, `${name}`
/// and `\` in the new text as Java reads them. A pattern or new text that is none
/// gives null and a warning, so does a result above 1 MiB.
pub fn replace<'a>(cx: &Cx<'a>, args: &[Value<'a>]) -> Value<'a> {
    if let Some(answer) = refuse(cx, args) {
        return answer;
    }
    let [Value::Text(text), Value::Text(pattern), Value::Text(with)] = *args else {
        return Value::Null;
    };
    let Ok(regex) = Regex::new(pattern, Dialect::Java) else { return cx.warn(Warning::Pattern) };
    match Replacement::new(with, &regex) {
        Ok(with) => replaced(cx, &regex, &with, text),
        Err(_) => cx.warn(Warning::Argument),
    }
}

fn replaced<'a>(cx: &Cx<'a>, regex: &Regex, with: &Replacement, text: &'a str) -> Value<'a> {
    match with.apply(regex, text, TEXT_LIMIT) {
        Ok(Some(replaced)) => cx.text(&replaced),
        Ok(None) => Value::Text(text),
        Err(dialect::ReplaceError::TooLong) => cx.warn(Warning::TooLong),
        Err(dialect::ReplaceError::Steps(_)) => cx.warn(Warning::Pattern),
    }
}

/// A constant pattern, and a new text that is constant or not.
struct Replace {
    regex: Regex,
    with: Option<Replacement>,
}

impl Prepared for Replace {
    fn apply<'a>(&self, cx: &Cx<'a>, args: &[Value<'a>]) -> Value<'a> {
        if let Some(answer) = refuse(cx, args) {
            return answer;
        }
        let [Value::Text(text), _, Value::Text(with)] = *args else { return Value::Null };
        match &self.with {
            Some(with) => replaced(cx, &self.regex, with, text),
            None => match Replacement::new(with, &self.regex) {
                Ok(with) => replaced(cx, &self.regex, &with, text),
                Err(_) => cx.warn(Warning::Argument),
            },
        }
    }
}

fn ready_replace(args: &[Option<Value<'_>>]) -> Result<Box<dyn Prepared>, SignatureError> {
    let [_, Some(Value::Text(pattern)), with] = args else { return Ok(Box::new(Plain(replace))) };
    Ok(Box::new(replace_of(pattern, *with)?))
}

fn replace_of(pattern: &str, with: Option<Value<'_>>) -> Result<Replace, SignatureError> {
    let refuse = |index, error: &dialect::DialectError| SignatureError::Constant {
        index,
        reason: error.to_string(),
    };
    let regex = Regex::new(pattern, Dialect::Java).map_err(|e| refuse(1, &e))?;
    let with = match with {
        Some(Value::Text(with)) => Some(Replacement::new(with, &regex).map_err(|e| refuse(2, &e))?),
        _ => None,
    };
    Ok(Replace { regex, with })
}

fn replace_types(args: &[Argument<'_>]) -> Result<Signature, SignatureError> {
    let shape = Shape {
        required: &[Param::Text, Param::Text, Param::Text],
        optional: &[],
        repeated: None,
        out: Out::Is(Type::Keyword),
    };
    let signature = shape.resolve(args)?;
    if let [_, Argument { constant: Some(Value::Text(pattern)), .. }, with] = args {
        replace_of(pattern, with.constant)?;
    }
    Ok(signature)
}

/// `SPLIT(s, delimiter)`: the pieces between the delimiters, empty ones too; without
/// a delimiter the text itself. A delimiter that is not exactly one byte gives null
/// and a warning.
pub fn split<'a>(cx: &Cx<'a>, args: &[Value<'a>]) -> Value<'a> {
    if let Some(answer) = refuse(cx, args) {
        return answer;
    }
    match *args {
        [Value::Text(text), Value::Text(delimiter)] => match delimiter.as_bytes() {
            [byte] => {
                let pieces = text.split(char::from(*byte)).map(Value::Text);
                Value::from_slice(ArenaVec::from_iter_in(pieces, cx.arena).into_bump_slice())
            }
            _ => cx.warn(Warning::Argument),
        },
        _ => Value::Null,
    }
}

fn split_types(args: &[Argument<'_>]) -> Result<Signature, SignatureError> {
    let shape = Shape {
        required: &[Param::Text, Param::Text],
        optional: &[],
        repeated: None,
        out: Out::Is(Type::Keyword),
    };
    let signature = shape.resolve(args)?;
    match args.get(1).and_then(|arg| arg.constant) {
        Some(Value::Text(delimiter)) if delimiter.len() != 1 => Err(SignatureError::Constant {
            index: 1,
            reason: format!(
                "a delimiter has exactly one byte, {delimiter:?} has {}",
                delimiter.len()
            ),
        }),
        _ => Ok(signature),
    }
}

/// The functions of this room.
#[rustfmt::skip]
pub(super) const FUNCTIONS: &[Function] = &[
    function!("like", pattern::like, by |args| pattern_types(args, false), ready |args| ready_checks(args, like, false, false)),
    function!("rlike", pattern::rlike, by |args| pattern_types(args, true), ready |args| ready_checks(args, rlike, true, false)),
    function!("mv_like", pattern::mv_like, by |args| pattern_types(args, false), ready |args| ready_checks(args, mv_like, false, true)),
    function!("mv_rlike", pattern::mv_rlike, by |args| pattern_types(args, true), ready |args| ready_checks(args, mv_rlike, true, true)),
    function!("replace", pattern::replace, by replace_types, ready ready_replace),
    function!("split", pattern::split, by split_types),
];

#[cfg(test)]
mod tests {
    use crate::functions::trial::check;
    use crate::value::Value::{Multi, Null, Text};

    #[test]
    fn table() {
        let two = Multi(&[Text("ab"), Text("cd")]);
        check(&[
            ("like", &[Text("a*c"), Text(r"a\*?")], "true"),
            ("like", &[Text("abc"), Text("x*"), Text("*c")], "true"),
            ("like", &[Text("abc"), Text("B*")], "false"),
            ("like", &[two, Text("a*")], "!MultiValue null"),
            ("like", &[Null, Text("a*")], "null"),
            ("rlike", &[Text("abc"), Text("[a-c]+")], "true"),
            ("rlike", &[Text("abc"), Text("ab")], "false"),
            ("rlike", &[Text("abc"), Text("(")], "!Pattern null"),
            ("mv_like", &[two, Text("c*")], "true"),
            ("mv_rlike", &[Null, Text("c*")], "false"),
            ("replace", &[Text("a1b22"), Text(r"\d+"), Text("#")], "a#b#"),
            ("replace", &[Text("ab"), Text("(a)(b)"), Text("$2$1")], "ba"),
            ("replace", &[Text("ab"), Text("x"), Text("y")], "ab"),
            ("replace", &[Text("ab"), Text("("), Text("y")], "!Pattern null"),
            ("replace", &[Text("ab"), Text("a"), Text("$9")], "!Argument null"),
            ("replace", &[Text("ab"), Null, Text("y")], "null"),
            ("split", &[Text("a;;b"), Text(";")], "[a, , b]"),
            ("split", &[Text("ab"), Text(";")], "ab"),
            ("split", &[Text("ab"), Text("ab")], "!Argument null"),
        ]);
    }
}
