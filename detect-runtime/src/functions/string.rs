//! Text functions without patterns. Positions and lengths count code points from 1
//! (esql.md 5.2).

use super::Function;
use super::single::{TEXT_LIMIT, each, function, refuse, scalar};
use crate::value::{Cx, Type, Value, Warning};
use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use bumpalo::collections::String as ArenaString;
use unicode_segmentation::UnicodeSegmentation;

/// `CONCAT(s, ...)`. A result above 1 MiB gives null and a warning.
pub fn concat<'a>(cx: &Cx<'a>, args: &[Value<'a>]) -> Value<'a> {
    if let Some(answer) = refuse(cx, args) {
        return answer;
    }
    let texts = args.iter().filter_map(|arg| match arg {
        Value::Text(text) => Some(*text),
        _ => None,
    });
    let length = texts.clone().map(str::len).sum();
    if length > TEXT_LIMIT {
        return cx.warn(Warning::TooLong);
    }
    let mut out = ArenaString::with_capacity_in(length, cx.arena);
    texts.for_each(|text| out.push_str(text));
    Value::Text(out.into_bump_str())
}

scalar! {
    /// `CONTAINS(s, sub)`: case counts; the empty text is in every text.
    contains |cx| {
        [Value::Text(s), Value::Text(sub)] => Value::Boolean(memchr::memmem::find(s.as_bytes(), sub.as_bytes()).is_some()),
    }

    /// `STARTS_WITH(s, prefix)`: case counts.
    starts_with |cx| {
        [Value::Text(s), Value::Text(prefix)] => Value::Boolean(s.starts_with(prefix)),
    }

    /// `ENDS_WITH(s, suffix)`: case counts.
    ends_with |cx| {
        [Value::Text(s), Value::Text(suffix)] => Value::Boolean(s.ends_with(suffix)),
    }

    /// `LENGTH(s)`: code points.
    length |cx| { [Value::Text(s)] => count(characters(s)), }

    /// `BYTE_LENGTH(s)`: bytes of UTF-8.
    byte_length |cx| { [Value::Text(s)] => count(s.len()), }

    /// `BIT_LENGTH(s)`: bits of UTF-8.
    bit_length |cx| { [Value::Text(s)] => count(s.len().saturating_mul(8)), }

    /// `LEFT(s, n)`: the first n characters; empty for n <= 0.
    left |cx| {
        [Value::Text(s), Value::Integer(n)] => Value::Text(&s[..offset(s, n.max(0) as usize)]),
    }

    /// `RIGHT(s, n)`: the last n characters; empty for n <= 0.
    right |cx| {
        [Value::Text(s), Value::Integer(n)] => {
            let skipped = characters(s).saturating_sub(n.max(0) as usize);
            Value::Text(&s[offset(s, skipped)..])
        }
    }

    /// `SUBSTRING(s, start [, length])`: start 0 is 1, a negative one counts from
    /// the end, both are clamped to the text; a negative length gives null and a
    /// warning.
    substring |cx| {
        [Value::Text(_), _, Value::Integer(..0)] => cx.warn(Warning::Argument),
        [Value::Text(s), Value::Integer(start)] => Value::Text(&s[begin(s, start)..]),
        [Value::Text(s), Value::Integer(start), Value::Integer(length)] => {
            let rest = &s[begin(s, start)..];
            Value::Text(&rest[..offset(rest, length as usize)])
        }
    }

    /// `LOCATE(s, sub [, start])`: position of the first occurrence at or behind
    /// `start` (which reads as that of [`substring`]), 0 if there is none.
    locate |cx| {
        [Value::Text(s), Value::Text(sub)] => position(s, sub, 0),
        [Value::Text(s), Value::Text(sub), Value::Integer(start)] => position(s, sub, begin(s, start)),
    }

    /// `TRIM(s)`: without white space at both ends.
    trim |cx| { [Value::Text(s)] => Value::Text(s.trim_matches(is_blank)), }

    /// `LTRIM(s)`: without white space at the beginning.
    ltrim |cx| { [Value::Text(s)] => Value::Text(s.trim_start_matches(is_blank)), }

    /// `RTRIM(s)`: without white space at the end.
    rtrim |cx| { [Value::Text(s)] => Value::Text(s.trim_end_matches(is_blank)), }

    /// `REPEAT(s, n)`: n < 0 and results above 1 MiB give null and a warning.
    repeat |cx| {
        [Value::Text(s), Value::Integer(n)] => repeated(cx, s, n),
    }

    /// `SPACE(n)`: n blanks, limits as [`repeat`].
    space |cx| { [Value::Integer(n)] => repeated(cx, " ", n), }

    /// `REVERSE(s)`: characters as a reader sees them (grapheme clusters) stay whole.
    reverse |cx| {
        [Value::Text(s)] => {
            let mut out = ArenaString::with_capacity_in(s.len(), cx.arena);
            if s.is_ascii() {
                // CR LF is one cluster, but not for Java's iterator over ASCII texts.
                out.extend(s.chars().rev());
            } else {
                s.graphemes(true).rev().for_each(|cluster| out.push_str(cluster));
            }
            Value::Text(out.into_bump_str())
        }
    }

    /// `FROM_BASE64(s)`: RFC 4648, padding optional. What is no base64 gives null
    /// and a warning; bytes that are not UTF-8 are replaced by U+FFFD.
    from_base64 |cx| {
        [Value::Text(s)] => match BASE64.decode(s) {
            Ok(bytes) => cx.text(&String::from_utf8_lossy(&bytes)),
            Err(_) => cx.warn(Warning::Conversion),
        },
    }

    /// `TO_BASE64(s)`: RFC 4648 with padding.
    to_base64 |cx| { [Value::Text(s)] => cx.text(&BASE64.encode(s)), }
}

/// Reads texts with or without padding, as the reference does.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);

fn characters(text: &str) -> usize {
    if text.is_ascii() { text.len() } else { text.chars().count() }
}

fn count(n: usize) -> Value<'static> {
    Value::Integer(i32::try_from(n).unwrap_or(i32::MAX))
}

/// Byte offset behind the first n characters, at most the end.
fn offset(text: &str, n: usize) -> usize {
    if text.is_ascii() {
        return n.min(text.len());
    }
    text.char_indices().nth(n).map_or(text.len(), |(at, _)| at)
}

/// Byte offset of a 1-based start; negative counts from the end.
fn begin(text: &str, start: i32) -> usize {
    let skipped = match start {
        0 => 0,
        1.. => start as usize - 1,
        ..0 => characters(text).saturating_sub(start.unsigned_abs() as usize),
    };
    offset(text, skipped)
}

/// 1-based character position of `sub` from a byte offset on, 0 if absent.
fn position(text: &str, sub: &str, from: usize) -> Value<'static> {
    match memchr::memmem::find(&text.as_bytes()[from..], sub.as_bytes()) {
        Some(at) => count(characters(&text[..from + at]) + 1),
        None => Value::Integer(0),
    }
}

/// White space as Java's `Character.isWhitespace`: Unicode spaces but those that
/// do not break, and the separators U+001C to U+001F.
fn is_blank(c: char) -> bool {
    match c {
        '\u{a0}' | '\u{2007}' | '\u{202f}' | '\u{85}' => false,
        '\u{1c}'..='\u{1f}' => true,
        _ => c.is_whitespace(),
    }
}

fn repeated<'a>(cx: &Cx<'a>, text: &str, n: i32) -> Value<'a> {
    let Ok(n) = usize::try_from(n) else { return cx.warn(Warning::Argument) };
    if text.len().saturating_mul(n) > TEXT_LIMIT {
        return cx.warn(Warning::TooLong);
    }
    let mut out = ArenaString::with_capacity_in(text.len() * n, cx.arena);
    (0..n).for_each(|_| out.push_str(text));
    Value::Text(out.into_bump_str())
}

/// `TO_LOWER(s)`: Unicode, no locale; value by value.
pub fn to_lower<'a>(cx: &Cx<'a>, args: &[Value<'a>]) -> Value<'a> {
    map(cx, args, |text| {
        let lower = if text.is_ascii() {
            text.bytes().any(|byte| byte.is_ascii_uppercase()).then(|| text.to_ascii_lowercase())
        } else {
            Some(text.to_lowercase())
        };
        Ok(lower.map_or(text, |lower| cx.arena.alloc_str(&lower)))
    })
}

/// `TO_UPPER(s)`: Unicode, no locale; value by value.
pub fn to_upper<'a>(cx: &Cx<'a>, args: &[Value<'a>]) -> Value<'a> {
    map(cx, args, |text| Ok(cx.arena.alloc_str(&text.to_uppercase())))
}

/// `URL_ENCODE(s)`: form encoding; keeps letters, digits and `. - _ *`, a blank
/// becomes `+`; value by value.
pub fn url_encode<'a>(cx: &Cx<'a>, args: &[Value<'a>]) -> Value<'a> {
    map(cx, args, |text| Ok(percent_encode(cx, text, b".-_*", true)))
}

/// `URL_ENCODE_COMPONENT(s)`: keeps letters, digits and `. - _ ~`, a blank becomes
/// `%20`; value by value.
pub fn url_encode_component<'a>(cx: &Cx<'a>, args: &[Value<'a>]) -> Value<'a> {
    map(cx, args, |text| Ok(percent_encode(cx, text, b".-_~", false)))
}

fn percent_encode<'a>(cx: &Cx<'a>, text: &str, kept: &[u8], plus: bool) -> &'a str {
    const HEX: &[u8; 16] = b"0123456789ABCDEF";
    let mut out = ArenaString::with_capacity_in(text.len(), cx.arena);
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || kept.contains(&byte) {
            out.push(char::from(byte));
        } else if byte == b' ' && plus {
            out.push('+');
        } else {
            out.push('%');
            out.push(char::from(HEX[usize::from(byte >> 4)]));
            out.push(char::from(HEX[usize::from(byte & 15)]));
        }
    }
    out.into_bump_str()
}

/// `URL_DECODE(s)`: `%XX` and `+`; a broken escape gives null and a warning; value
/// by value.
pub fn url_decode<'a>(cx: &Cx<'a>, args: &[Value<'a>]) -> Value<'a> {
    map(cx, args, |text| {
        if !text.bytes().any(|byte| matches!(byte, b'%' | b'+')) {
            return Ok(text);
        }
        let bytes = percent_decode(text.as_bytes()).ok_or(Warning::Conversion)?;
        Ok(cx.arena.alloc_str(&String::from_utf8_lossy(&bytes)))
    })
}

fn percent_decode(text: &[u8]) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(text.len());
    let mut bytes = text.iter().copied();
    while let Some(byte) = bytes.next() {
        out.push(match byte {
            b'+' => b' ',
            b'%' => {
                let mut digit = || char::from(bytes.next()?).to_digit(16);
                (digit()? * 16 + digit()?) as u8
            }
            other => other,
        });
    }
    Some(out)
}

fn map<'a>(
    cx: &Cx<'a>,
    args: &[Value<'a>],
    change: impl Fn(&'a str) -> Result<&'a str, Warning>,
) -> Value<'a> {
    each(cx, args.first().copied().unwrap_or_default(), |value| match value {
        Value::Text(text) => change(text).map(Value::Text),
        _ => Err(Warning::Argument),
    })
}

/// The functions of this room.
#[rustfmt::skip]
pub(super) const FUNCTIONS: &[Function] = &[
    function!("concat", string::concat, [Text] more Text => Is(Type::Keyword)),
    function!("contains", string::contains, [Text, Text] => Is(Type::Boolean)),
    function!("starts_with", string::starts_with, [Text, Text] => Is(Type::Boolean)),
    function!("ends_with", string::ends_with, [Text, Text] => Is(Type::Boolean)),
    function!("length", string::length, [Text] => Is(Type::Integer)),
    function!("byte_length", string::byte_length, [Text] => Is(Type::Integer)),
    function!("bit_length", string::bit_length, [Text] => Is(Type::Integer)),
    function!("left", string::left, [Text, Int] => Is(Type::Keyword)),
    function!("right", string::right, [Text, Int] => Is(Type::Keyword)),
    function!("substring", string::substring, [Text, Int] opt [Int] => Is(Type::Keyword)),
    function!("locate", string::locate, [Text, Text] opt [Int] => Is(Type::Integer)),
    function!("trim", string::trim, [Text] => Same(0)),
    function!("ltrim", string::ltrim, [Text] => Same(0)),
    function!("rtrim", string::rtrim, [Text] => Same(0)),
    function!("repeat", string::repeat, [Text, Int] => Is(Type::Keyword)),
    function!("space", string::space, [Int] => Is(Type::Keyword)),
    function!("reverse", string::reverse, [Text] => Same(0)),
    function!("from_base64", string::from_base64, [Text] => Is(Type::Keyword)),
    function!("to_base64", string::to_base64, [Text] => Is(Type::Keyword)),
    function!("to_lower", string::to_lower, [Text] => Is(Type::Keyword)),
    function!("to_upper", string::to_upper, [Text] => Is(Type::Keyword)),
    function!("url_encode", string::url_encode, [Text] => Is(Type::Keyword)),
    function!("url_encode_component", string::url_encode_component, [Text] => Is(Type::Keyword)),
    function!("url_decode", string::url_decode, [Text] => Is(Type::Keyword)),
];

#[cfg(test)]
mod tests {
    use crate::functions::trial::check;
    use crate::value::Value::{Integer, Multi, Null, Text};

    #[test]
    fn table() {
        let two = Multi(&[Text("Ab"), Text("c%")]);
        let long = "x".repeat(600_000);
        check(&[
            ("concat", &[Text("a"), Text(""), Text("b")], "ab"),
            ("concat", &[Text("a"), Null, two], "null"),
            ("concat", &[Text("a"), two], "!MultiValue null"),
            ("concat", &[Text(&long), Text(&long)], "!TooLong null"),
            ("contains", &[Text("hello"), Text("ll")], "true"),
            ("contains", &[Text("hello"), Text("LL")], "false"),
            ("contains", &[Text("hello"), Text("")], "true"),
            ("starts_with", &[Text("hello"), Text("he")], "true"),
            ("ends_with", &[Text("hello"), Text("he")], "false"),
            ("length", &[Text("❗️")], "2"),
            ("byte_length", &[Text("é")], "2"),
            ("bit_length", &[Text("é")], "16"),
            ("left", &[Text("héllo"), Integer(2)], "hé"),
            ("left", &[Text("hello"), Integer(9)], "hello"),
            ("left", &[Text("hello"), Integer(-1)], ""),
            ("right", &[Text("héllo"), Integer(4)], "éllo"),
            ("right", &[Text("hello"), Integer(0)], ""),
            ("substring", &[Text("hello"), Integer(2)], "ello"),
            ("substring", &[Text("hello"), Integer(0), Integer(2)], "he"),
            ("substring", &[Text("hello"), Integer(-3), Integer(2)], "ll"),
            ("substring", &[Text("hello"), Integer(-9), Integer(2)], "he"),
            ("substring", &[Text("hello"), Integer(9)], ""),
            ("substring", &[Text("hello"), Integer(1), Integer(-1)], "!Argument null"),
            ("substring", &[Text(""), Integer(1)], ""),
            ("locate", &[Text("a🐱b🐱"), Text("🐱")], "2"),
            ("locate", &[Text("a🐱b🐱"), Text("🐱"), Integer(3)], "4"),
            ("locate", &[Text("hello"), Text("x")], "0"),
            ("locate", &[Text("hello"), Text("")], "1"),
            ("trim", &[Text(" \t a b\u{a0}\n")], "a b\u{a0}"),
            ("ltrim", &[Text(" a ")], "a "),
            ("rtrim", &[Text(" a ")], " a"),
            ("repeat", &[Text("ab"), Integer(2)], "abab"),
            ("repeat", &[Text("ab"), Integer(0)], ""),
            ("repeat", &[Text("ab"), Integer(-1)], "!Argument null"),
            ("space", &[Integer(2)], "  "),
            ("space", &[Integer(1 << 30)], "!TooLong null"),
            ("reverse", &[Text("➡️a")], "a➡️"),
            ("to_lower", &[two], "[ab, c%]"),
            ("to_upper", &[Text("straße")], "STRASSE"),
            ("to_base64", &[Text("elastic")], "ZWxhc3RpYw=="),
            ("from_base64", &[Text("ZWxhc3RpYw")], "elastic"),
            ("from_base64", &[Text("*")], "!Conversion null"),
            ("url_encode", &[Text("a b*é~")], "a+b*%C3%A9%7E"),
            ("url_encode_component", &[Text("a b*~")], "a%20b%2A~"),
            ("url_decode", &[Text("a+b%20%C3%A9")], "a b é"),
            ("url_decode", &[two], "!Conversion Ab"),
            ("url_decode", &[Text("%zz")], "!Conversion null"),
        ]);
    }
}
