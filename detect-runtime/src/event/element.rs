//! Elements of an array, read from its raw text on demand.
//!
//! In: the text of a value of a line that the projector or serde_json accepted.
//! Out: the element's own values by path.

use super::Raw;
use crate::json::{MAX_DEPTH, escape};
use bumpalo::Bump;

/// The raw text of one element of an array: an object or a scalar, never an
/// array and never null.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Element<'a> {
    raw: &'a str,
}

impl<'a> Element<'a> {
    /// Its JSON text.
    pub fn raw(self) -> &'a str {
        self.raw
    }

    /// Gives each value at a path below the element to `each`, in source order;
    /// the empty path is the element itself. Nested and dotted spellings count,
    /// arrays are flattened, nulls dropped.
    ///
    /// ```
    /// # use bumpalo::Bump;
    /// use detect_runtime::event::{Elements, Raw};
    /// let arena = Bump::new();
    /// let mut found = Vec::new();
    /// for element in Elements::new(r#"[{"a":{"b":1}}, {"a.b":["x",null]}]"#) {
    ///     element.values("a.b", &arena, &mut |value| found.push(value));
    /// }
    /// assert_eq!(found, [Raw::Number("1"), Raw::Text("x")]);
    /// ```
    pub fn values(self, path: &str, arena: &'a Bump, each: &mut dyn FnMut(Raw<'a>)) {
        let path = (!path.is_empty()).then_some(path);
        descend(self.raw, path, MAX_DEPTH, arena, &mut |found| match found {
            Found::Value(raw) => each(raw),
            Found::Object => {}
        });
    }

    /// Gives the text of each object or array at a path below the element; what is
    /// inside an array that was given is not given again.
    pub fn composites(self, path: &str, arena: &'a Bump, each: &mut dyn FnMut(&'a str)) {
        composites(self.raw, path, MAX_DEPTH, arena, each);
    }

    /// Whether there is an object with at least one member at a path below the
    /// element.
    pub fn has_object(self, path: &str, arena: &'a Bump) -> bool {
        let path = (!path.is_empty()).then_some(path);
        let mut any = false;
        descend(self.raw, path, MAX_DEPTH, arena, &mut |found| any |= found == Found::Object);
        any
    }
}

/// Walks to all objects and arrays at `path` below a value.
fn composites<'a>(
    raw: &'a str,
    path: &str,
    room: usize,
    arena: &'a Bump,
    each: &mut dyn FnMut(&'a str),
) {
    match raw.as_bytes().first() {
        _ if room == 0 => {}
        Some(b'[') => {
            for element in Elements::new(raw) {
                composites(element.raw, path, room - 1, arena, each);
            }
        }
        Some(b'{') => {
            for (key, value) in (Members { raw, at: 1 }) {
                match path.strip_prefix(escape::resolve(key, arena)) {
                    Some("") if value.starts_with(['{', '[']) => each(value),
                    Some(rest) => {
                        if let Some(rest) = rest.strip_prefix('.') {
                            composites(value, rest, room - 1, arena, each);
                        }
                    }
                    None => {}
                }
            }
        }
        _ => {}
    }
}

/// What stands at the end of a path.
#[derive(PartialEq)]
enum Found<'a> {
    Value(Raw<'a>),
    Object,
}

/// Walks to all values at `path` below a value. `room` bounds the recursion.
fn descend<'a>(
    raw: &'a str,
    path: Option<&str>,
    room: usize,
    arena: &'a Bump,
    each: &mut dyn FnMut(Found<'a>),
) {
    let bytes = raw.as_bytes();
    match (bytes.first(), path) {
        (_, _) if room == 0 => {}
        (Some(b'['), _) => {
            for element in Elements::new(raw) {
                descend(element.raw, path, room - 1, arena, each);
            }
        }
        (Some(b'{'), path) => {
            for (key, value) in (Members { raw, at: 1 }) {
                let key = escape::resolve(key, arena);
                match path.map(|path| path.strip_prefix(key)) {
                    None => {
                        each(Found::Object);
                        return;
                    }
                    Some(Some("")) => descend(value, None, room - 1, arena, each),
                    Some(Some(rest)) => {
                        if let Some(rest) = rest.strip_prefix('.') {
                            descend(value, Some(rest), room - 1, arena, each);
                        }
                    }
                    Some(None) => {
                        let longer = path.and_then(|path| key.strip_prefix(path));
                        if longer.is_some_and(|rest| rest.starts_with('.')) {
                            each(Found::Object);
                        }
                    }
                }
            }
        }
        (Some(_), None) => {
            if let Some(value) = scalar(raw, arena) {
                each(Found::Value(value));
            }
        }
        _ => {}
    }
}

fn scalar<'a>(raw: &'a str, arena: &'a Bump) -> Option<Raw<'a>> {
    match raw.as_bytes().first()? {
        b'"' => {
            let inner = raw.get(1..raw.len().checked_sub(1)?)?;
            Some(Raw::Text(escape::resolve(inner, arena)))
        }
        b't' => Some(Raw::Boolean(true)),
        b'f' => Some(Raw::Boolean(false)),
        b'n' => None,
        _ => Some(Raw::Number(raw)),
    }
}

/// The elements of an array: objects and scalars; nested arrays are flattened,
/// nulls dropped. Any other value is its own only element.
#[derive(Clone, Debug)]
pub struct Elements<'a> {
    raw: &'a str,
    at: usize,
}

impl<'a> Elements<'a> {
    /// The elements of the value with this JSON text.
    pub fn new(raw: &'a str) -> Elements<'a> {
        Elements { raw, at: 0 }
    }
}

impl<'a> Iterator for Elements<'a> {
    type Item = Element<'a>;

    fn next(&mut self) -> Option<Element<'a>> {
        // Brackets of nested arrays are passed like commas: that flattens them.
        loop {
            let rest = self.raw.get(self.at..)?;
            let skipped = rest.find(|c: char| !"[], \t\r\n".contains(c))?;
            let start = self.at + skipped;
            self.at = value_end(self.raw, start);
            let raw = self.raw.get(start..self.at)?;
            if raw != "null" && !raw.is_empty() {
                return Some(Element { raw });
            }
            if raw.is_empty() {
                return None;
            }
        }
    }
}

/// Keys (without quotes, escapes as they stand) and values of an object.
struct Members<'a> {
    raw: &'a str,
    at: usize,
}

impl<'a> Iterator for Members<'a> {
    type Item = (&'a str, &'a str);

    fn next(&mut self) -> Option<(&'a str, &'a str)> {
        let key = self.token(b", \t\r\n")?;
        let value = self.token(b": \t\r\n")?;
        let key = key.strip_prefix('"')?.strip_suffix('"')?;
        Some((key, value))
    }
}

impl<'a> Members<'a> {
    /// The value behind any of the bytes `before`.
    fn token(&mut self, before: &[u8]) -> Option<&'a str> {
        let rest = self.raw.as_bytes().get(self.at..)?;
        let start = self.at + rest.iter().position(|byte| !before.contains(byte))?;
        self.at = value_end(self.raw, start);
        self.raw.get(start..self.at).filter(|value| !value.is_empty())
    }
}

/// End of the value that begins at `start`; `start` itself if none does.
fn value_end(raw: &str, start: usize) -> usize {
    let bytes = raw.as_bytes();
    let mut depth = 0usize;
    let mut at = start;
    while let Some(&byte) = bytes.get(at) {
        match byte {
            b'"' => at = string_end(bytes, at),
            b'{' | b'[' => {
                depth += 1;
                at += 1;
            }
            b'}' | b']' if depth == 0 => return at,
            b'}' | b']' => {
                depth -= 1;
                at += 1;
            }
            b',' | b':' | b' ' | b'\t' | b'\r' | b'\n' if depth == 0 => return at,
            _ => {
                at += 1;
                continue;
            }
        }
        if depth == 0 {
            return at;
        }
    }
    at
}

/// End, behind the closing quote, of the string that begins at `start`.
fn string_end(bytes: &[u8], start: usize) -> usize {
    let mut at = start + 1;
    while let Some(found) = memchr::memchr2(b'"', b'\\', bytes.get(at..).unwrap_or_default()) {
        at += found;
        if bytes[at] == b'"' {
            return at + 1;
        }
        at += 2;
    }
    bytes.len()
}
