//! Functions on texts.

use crate::text::fold_char;
use crate::value::{Cx, Value, text as print};
use bumpalo::collections::String as ArenaString;

/// Folds a text; characters keep their positions.
fn folded<'a>(cx: &Cx<'a>, text: &str) -> &'a str {
    let mut lower = ArenaString::with_capacity_in(text.len(), cx.arena);
    lower.extend(text.chars().map(fold_char));
    lower.into_bump_str()
}

fn text(value: Value<'_>) -> Option<&str> {
    match value {
        Value::Text(text) | Value::Version(text) => Some(text),
        _ => None,
    }
}

fn two<'a>(args: &[Value<'a>]) -> Option<(&'a str, &'a str)> {
    match args {
        [a, b, ..] => Some((text(*a)?, text(*b)?)),
        _ => None,
    }
}

/// A test of two texts.
fn holds<'a>(args: &[Value<'a>], test: impl Fn(&str, &str) -> bool) -> Value<'a> {
    two(args).map_or(Value::Null, |(a, b)| Value::Boolean(test(a, b)))
}

/// `startsWith(s, t)`.
pub fn starts_with<'a>(_: &Cx<'a>, args: &[Value<'a>]) -> Value<'a> {
    holds(args, |s, t| s.starts_with(t))
}

/// `startsWith~(s, t)`.
pub fn starts_with_folded<'a>(_: &Cx<'a>, args: &[Value<'a>]) -> Value<'a> {
    holds(args, |s, t| begins(s.chars(), t.chars()))
}

/// `endsWith(s, t)`.
pub fn ends_with<'a>(_: &Cx<'a>, args: &[Value<'a>]) -> Value<'a> {
    holds(args, |s, t| s.ends_with(t))
}

/// `endsWith~(s, t)`.
pub fn ends_with_folded<'a>(_: &Cx<'a>, args: &[Value<'a>]) -> Value<'a> {
    holds(args, |s, t| begins(s.chars().rev(), t.chars().rev()))
}

fn begins(mut s: impl Iterator<Item = char>, mut t: impl Iterator<Item = char>) -> bool {
    t.all(|expected| s.next().is_some_and(|c| fold_char(c) == fold_char(expected)))
}

/// `stringContains(s, t)`; false if one of them is empty.
pub fn string_contains<'a>(_: &Cx<'a>, args: &[Value<'a>]) -> Value<'a> {
    holds(args, |s, t| !t.is_empty() && s.contains(t))
}

/// `stringContains~(s, t)`; false if one of them is empty.
pub fn string_contains_folded<'a>(cx: &Cx<'a>, args: &[Value<'a>]) -> Value<'a> {
    holds(args, |s, t| !t.is_empty() && folded(cx, s).contains(folded(cx, t)))
}

/// `indexOf(s, t[, start])`: position of the first `t` at or behind `start`, or
/// null.
pub fn index_of<'a>(_: &Cx<'a>, args: &[Value<'a>]) -> Value<'a> {
    two(args).map_or(Value::Null, |(s, t)| position(s, t, args.get(2)))
}

/// `indexOf~(s, t[, start])`.
pub fn index_of_folded<'a>(cx: &Cx<'a>, args: &[Value<'a>]) -> Value<'a> {
    two(args).map_or(Value::Null, |(s, t)| position(folded(cx, s), folded(cx, t), args.get(2)))
}

fn position<'a>(s: &str, t: &str, start: Option<&Value<'a>>) -> Value<'a> {
    let start = start.and_then(|start| whole(*start)).unwrap_or(0).max(0) as usize;
    let Some(from) = byte_of(s, start) else { return Value::Null };
    match s[from..].find(t) {
        Some(at) => Value::Long((start + s[from..from + at].chars().count()) as i64),
        None => Value::Null,
    }
}

/// Byte offset of the character with this number; the end counts, what lies
/// behind it does not.
fn byte_of(s: &str, character: usize) -> Option<usize> {
    s.char_indices().map(|(at, _)| at).chain([s.len()]).nth(character)
}

fn whole(value: Value<'_>) -> Option<i64> {
    match value {
        Value::Integer(n) => Some(n.into()),
        Value::Long(n) => Some(n),
        Value::UnsignedLong(n) => i64::try_from(n).ok(),
        _ => None,
    }
}

/// `length(s)` in characters.
pub fn length<'a>(_: &Cx<'a>, args: &[Value<'a>]) -> Value<'a> {
    args.first()
        .and_then(|s| text(*s))
        .map_or(Value::Null, |s| Value::Long(s.chars().count() as i64))
}

/// `string(x)`.
pub fn string<'a>(cx: &Cx<'a>, args: &[Value<'a>]) -> Value<'a> {
    args.first().and_then(|x| print(*x, cx.arena)).map_or(Value::Null, Value::Text)
}

/// `concat(x, ..)`: the texts of all.
pub fn concat<'a>(cx: &Cx<'a>, args: &[Value<'a>]) -> Value<'a> {
    let mut all = ArenaString::new_in(cx.arena);
    for argument in args {
        match print(*argument, cx.arena) {
            Some(text) => all.push_str(text),
            None => return Value::Null,
        }
    }
    Value::Text(all.into_bump_str())
}

/// `substring(s, start[, end])`: negative positions count from the end, all are
/// brought into range, null is the begin or the end.
pub fn substring<'a>(_: &Cx<'a>, args: &[Value<'a>]) -> Value<'a> {
    let Some(s) = args.first().and_then(|s| text(*s)) else { return Value::Null };
    let length = s.chars().count() as i64;
    let place = |index: usize, otherwise: i64| {
        let at = args.get(index).and_then(|at| whole(*at)).unwrap_or(otherwise);
        (if at < 0 { at.saturating_add(length) } else { at }).clamp(0, length) as usize
    };
    let (start, end) = (place(1, 0), place(2, length));
    match (byte_of(s, start), byte_of(s, end)) {
        (Some(from), Some(to)) if from < to => Value::Text(&s[from..to]),
        _ => Value::Text(""),
    }
}

/// `between(s, left, right[, greedy])` of Elasticsearch: the text behind the
/// first `left` up to the next `right` (greedy: the last one); `""` where one is
/// missing, `s` itself where one of the three is empty.
pub fn between<'a>(_: &Cx<'a>, args: &[Value<'a>]) -> Value<'a> {
    in_elasticsearch(args, |text| text)
}

/// `between~` of Elasticsearch.
pub fn between_folded<'a>(cx: &Cx<'a>, args: &[Value<'a>]) -> Value<'a> {
    in_elasticsearch(args, |text| folded(cx, text))
}

/// `between` of Python EQL: null where a delimiter is missing.
pub fn between_or_null<'a>(_: &Cx<'a>, args: &[Value<'a>]) -> Value<'a> {
    cut(args, |text| text).map_or(Value::Null, Value::Text)
}

/// `between~` of Python EQL.
pub fn between_or_null_folded<'a>(cx: &Cx<'a>, args: &[Value<'a>]) -> Value<'a> {
    cut(args, |text| folded(cx, text)).map_or(Value::Null, Value::Text)
}

fn in_elasticsearch<'a>(args: &[Value<'a>], form: impl Fn(&'a str) -> &'a str) -> Value<'a> {
    let Some(texts) = three(args) else { return Value::Null };
    if texts.iter().any(|text| text.is_empty()) {
        return Value::Text(texts[0]);
    }
    Value::Text(cut(args, form).unwrap_or_default())
}

fn three<'a>(args: &[Value<'a>]) -> Option<[&'a str; 3]> {
    match args {
        [s, left, right, ..] => Some([text(*s)?, text(*left)?, text(*right)?]),
        _ => None,
    }
}

/// The text between the delimiters, found in the folded form, cut from the
/// original: characters have the same numbers in both.
fn cut<'a>(args: &[Value<'a>], form: impl Fn(&'a str) -> &'a str) -> Option<&'a str> {
    let [s, left, right] = three(args)?;
    let greedy = matches!(args.get(3), Some(Value::Boolean(true)));
    let (searched, left, right) = (form(s), form(left), form(right));
    let from = searched.find(left)? + left.len();
    let behind = &searched[from..];
    let length = if greedy { behind.rfind(right)? } else { behind.find(right)? };
    let start = searched[..from].chars().count();
    let end = start + behind[..length].chars().count();
    s.get(byte_of(s, start)?..byte_of(s, end)?)
}
