//! `JSON_EXTRACT` (esql.md 5.2): a walk over the text, which stops at the value.

use super::signature::{Out, Param, Shape};
use super::single::{Plain, function, refuse};
use super::{Argument, Function, Prepared, Signature, SignatureError};
use crate::json::escape;
use crate::value::{Cx, Type, Value, Warning};
use thiserror::Error;

/// A step of a path.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Step {
    Key(Box<str>),
    Index(usize),
}

/// Why a text is no path.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("expected {expected} at byte {at} of the path")]
struct PathError {
    at: usize,
    expected: &'static str,
}

/// Reads a path: `a.b`, `a['b.c']`, `a[0]`, with an optional `$` or `$.` in front and
/// blanks inside of brackets.
fn path(text: &str) -> Result<Vec<Step>, PathError> {
    let mut steps = Vec::new();
    let mut at = 0;
    let error = |at, expected| Err(PathError { at, expected });
    // A key may stand at the very beginning, behind a dot, but not behind a bracket.
    let mut key_may_follow = true;
    if let Some(rest) = text.strip_prefix('$') {
        key_may_follow = rest.starts_with('.');
        at = if key_may_follow { 2 } else { 1 };
        if key_may_follow && rest.len() == 1 {
            return error(at, "a key");
        }
    }
    if text.is_empty() {
        return error(0, "a key");
    }
    while at < text.len() {
        let rest = &text[at..];
        if rest.starts_with('[') {
            let (step, length) = bracket(rest, at)?;
            steps.push(step);
            at += length;
            key_may_follow = false;
        } else if key_may_follow {
            let end = rest.find(['.', '[']).unwrap_or(rest.len());
            if end == 0 {
                return error(at, "a key");
            }
            steps.push(Step::Key(rest[..end].into()));
            at += end;
            key_may_follow = false;
        } else if rest.len() > 1 && rest.starts_with('.') && !rest.starts_with(".[") {
            at += 1;
            key_may_follow = true;
        } else {
            return error(at, "`.` and a key, or `[`");
        }
    }
    Ok(steps)
}

/// `[0]`, `['key']` or `["key"]`: the step and its length.
fn bracket(text: &str, at: usize) -> Result<(Step, usize), PathError> {
    let inner = text[1..].trim_start();
    let begin = text.len() - inner.len();
    let error = |offset, expected| PathError { at: at + offset, expected };
    let close = |behind: &str| {
        let rest = behind.trim_start();
        rest.starts_with(']').then(|| text.len() - rest.len() + 1)
    };
    if let Some(quote @ ('\'' | '"')) = inner.chars().next() {
        let mut key = String::new();
        let mut chars = inner[1..].char_indices();
        while let Some((index, c)) = chars.next() {
            match c {
                '\\' => key.extend(chars.next().map(|(_, c)| c)),
                c if c == quote => {
                    let end = close(&inner[index + 2..]);
                    let end = end.ok_or_else(|| error(begin + index + 2, "`]`"))?;
                    return Ok((Step::Key(key.into()), end));
                }
                c => key.push(c),
            }
        }
        return Err(error(text.len(), "the end of the quoted key"));
    }
    let digits = inner.bytes().take_while(u8::is_ascii_digit).count();
    let index = inner[..digits].parse().map_err(|_| error(begin, "an index or a quoted key"))?;
    let end = close(&inner[digits..]).ok_or_else(|| error(begin + digits, "`]`"))?;
    Ok((Step::Index(index), end))
}

/// A JSON text being read.
struct Walk<'t> {
    text: &'t str,
    at: usize,
}

/// Deepest nesting.
const DEPTH: usize = 1000;

impl<'t> Walk<'t> {
    fn blanks(&mut self) {
        let rest = &self.text.as_bytes()[self.at..];
        self.at += rest.iter().take_while(|b| matches!(b, b' ' | b'\t' | b'\n' | b'\r')).count();
    }

    /// The next byte behind blanks.
    fn peek(&mut self) -> Option<u8> {
        self.blanks();
        self.text.as_bytes().get(self.at).copied()
    }

    fn take(&mut self, byte: u8) -> bool {
        let found = self.peek() == Some(byte);
        self.at += usize::from(found);
        found
    }

    /// A string without its quotes, escapes as they are written.
    fn string(&mut self) -> Option<&'t str> {
        if !self.take(b'"') {
            return None;
        }
        let begin = self.at;
        let bytes = self.text.as_bytes();
        loop {
            match bytes.get(self.at)? {
                b'"' => {
                    self.at += 1;
                    return self.text.get(begin..self.at - 1);
                }
                b'\\' => self.at += 2,
                _ => self.at += 1,
            }
        }
    }

    /// Passes over a value and gives its text.
    fn value(&mut self, depth: usize) -> Option<&'t str> {
        let first = self.peek()?;
        let begin = self.at;
        match first {
            b'"' => {
                self.string()?;
            }
            b'{' | b'[' => {
                if depth > DEPTH {
                    return None;
                }
                let close = if first == b'{' { b'}' } else { b']' };
                self.at += 1;
                if !self.take(close) {
                    loop {
                        if first == b'{' {
                            self.string()?;
                            self.take(b':').then_some(())?;
                        }
                        self.value(depth + 1)?;
                        if self.take(close) {
                            break;
                        }
                        self.take(b',').then_some(())?;
                    }
                }
            }
            _ => {
                let rest = self.text.get(self.at..)?;
                let end = rest.find([',', '}', ']', ' ', '\t', '\n', '\r']).unwrap_or(rest.len());
                let word = &rest[..end];
                let number = || serde_json::from_str::<serde_json::Number>(word).is_ok();
                if !(matches!(word, "true" | "false" | "null") || number()) {
                    return None;
                }
                self.at += end;
            }
        }
        self.text.get(begin..self.at)
    }

    /// Goes to the value of a step; the first of equal keys counts.
    fn descend(&mut self, step: &Step) -> Option<()> {
        match step {
            Step::Key(wanted) => {
                self.take(b'{').then_some(())?;
                loop {
                    let key = self.string()?;
                    self.take(b':').then_some(())?;
                    if is_key(key, wanted) {
                        return Some(());
                    }
                    self.value(0)?;
                    self.take(b',').then_some(())?;
                }
            }
            Step::Index(index) => {
                self.take(b'[').then_some(())?;
                for _ in 0..*index {
                    self.value(0)?;
                    self.take(b',').then_some(())?;
                }
                (self.peek()? != b']').then_some(())
            }
        }
    }
}

fn is_key(written: &str, wanted: &str) -> bool {
    if !written.contains('\\') {
        return written == wanted;
    }
    let mut key = String::new();
    escape::append(written, &mut key);
    key == wanted
}

/// The value at a path; `None` if there is none or the text is no JSON up to there.
fn extract<'a>(cx: &Cx<'a>, text: &'a str, steps: &[Step]) -> Option<Value<'a>> {
    let mut walk = Walk { text, at: 0 };
    for step in steps {
        walk.descend(step)?;
    }
    walk.blanks();
    let value = walk.value(0)?;
    Some(match value.as_bytes().first()? {
        b'"' => Value::Text(escape::resolve(value.get(1..value.len() - 1)?, cx.arena)),
        b'{' | b'[' => Value::Text(compact(cx, value)),
        b'n' => Value::Null,
        _ => Value::Text(value),
    })
}

/// Without blanks between the tokens.
fn compact<'a>(cx: &Cx<'a>, json: &'a str) -> &'a str {
    let mut out = bumpalo::collections::String::with_capacity_in(json.len(), cx.arena);
    let (mut in_string, mut escaped) = (false, false);
    for c in json.chars() {
        let blank = matches!(c, ' ' | '\t' | '\n' | '\r');
        if in_string || !blank {
            out.push(c);
        }
        if c == '"' && !escaped {
            in_string = !in_string;
        }
        escaped = in_string && c == '\\' && !escaped;
    }
    out.into_bump_str()
}

fn extracted<'a>(cx: &Cx<'a>, json: Value<'a>, steps: &[Step]) -> Value<'a> {
    match json {
        Value::Text(text) => extract(cx, text, steps).unwrap_or_else(|| cx.warn(Warning::Argument)),
        _ => Value::Null,
    }
}

/// `JSON_EXTRACT(json, path)`: texts without quotes, numbers and booleans as
/// written, objects and arrays as compact JSON, null as null. A value that is not
/// there, a broken JSON text and a path that is none give null and a warning.
pub fn json_extract<'a>(cx: &Cx<'a>, args: &[Value<'a>]) -> Value<'a> {
    if let Some(answer) = refuse(cx, args) {
        return answer;
    }
    let [json, Value::Text(text)] = *args else { return Value::Null };
    match path(text) {
        Ok(steps) => extracted(cx, json, &steps),
        Err(_) => cx.warn(Warning::Argument),
    }
}

/// A path that was read once.
struct Path(Box<[Step]>);

impl Prepared for Path {
    fn apply<'a>(&self, cx: &Cx<'a>, args: &[Value<'a>]) -> Value<'a> {
        let json = args.first().copied().unwrap_or_default();
        refuse(cx, &[json]).unwrap_or_else(|| extracted(cx, json, &self.0))
    }
}

/// A path that is none is no mistake of the query: it gives null and a warning.
#[allow(clippy::unnecessary_wraps, reason = "the form of a `Prepare`")]
fn ready_path(args: &[Option<Value<'_>>]) -> Result<Box<dyn Prepared>, SignatureError> {
    let steps = match args.get(1) {
        Some(Some(Value::Text(text))) => path(text).ok(),
        _ => None,
    };
    Ok(match steps {
        Some(steps) => Box::new(Path(steps.into())),
        None => Box::new(Plain(json_extract)),
    })
}

fn extract_types(args: &[Argument<'_>]) -> Result<Signature, SignatureError> {
    Shape {
        required: &[Param::Json, Param::Text],
        optional: &[],
        repeated: None,
        out: Out::Is(Type::Keyword),
    }
    .resolve(args)
}

/// The functions of this room.
pub(super) const FUNCTIONS: &[Function] =
    &[function!("json_extract", json::json_extract, by extract_types, ready ready_path)];

#[cfg(test)]
mod tests {
    use crate::functions::trial::{call, check};
    use crate::value::Value::{Multi, Null, Text};

    #[test]
    fn values() {
        let json = Text(
            r#" { "a" : {"b.c": [1, {"d": "x\u0041\"y"}], "e": 1.50}, "t": true, "n": null, "a": 2 } "#,
        );
        for (path, expected) in [
            ("t", "true"),
            ("$.t", "true"),
            ("a['b.c'][0]", "1"),
            ("a[ \"b.c\" ] [1]", "!Argument null"),
            ("a[ \"b.c\" ][1].d", "xA\"y"),
            ("a.e", "1.50"),
            ("a['b.c']", r#"[1,{"d":"x\u0041\"y"}]"#),
            ("n", "null"),
            ("x", "!Argument null"),
            ("T", "!Argument null"),
            ("t.u", "!Argument null"),
            ("a['b.c'][2]", "!Argument null"),
            ("a[0]", "!Argument null"),
            ("a..e", "!Argument null"),
            ("a.", "!Argument null"),
            ("a[-1]", "!Argument null"),
            ("a['b", "!Argument null"),
            ("", "!Argument null"),
            ("$.", "!Argument null"),
        ] {
            assert_eq!(call("json_extract", &[json, Text(path)]), expected, "{path}");
        }
    }

    #[test]
    fn other_texts() {
        check(&[
            ("json_extract", &[Text("[1, 2]"), Text("$")], "[1,2]"),
            ("json_extract", &[Text("[[1,2],3]"), Text("$[0]")], "[1,2]"),
            ("json_extract", &[Text("[]"), Text("$[0]")], "!Argument null"),
            ("json_extract", &[Text("42"), Text("$")], "42"),
            ("json_extract", &[Text("{\"a\":"), Text("a")], "!Argument null"),
            ("json_extract", &[Text("{\"a\":tru}"), Text("a")], "!Argument null"),
            ("json_extract", &[Text("{\"a\\u0062\":1}"), Text("ab")], "1"),
            ("json_extract", &[Null, Text("a")], "null"),
            ("json_extract", &[Text("{}"), Multi(&[Text("a"), Text("b")])], "!MultiValue null"),
        ]);
        let deep = "[".repeat(100_000);
        assert_eq!(call("json_extract", &[Text(&deep), Text("$")]), "!Argument null");
    }
}
