//! Texts of a TOML file that know where each of their bytes was written.

use std::ops::Range;

/// A string value with its place in the file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Text {
    /// The value, escapes resolved.
    pub value: String,
    /// Byte range of the literal in the file, quotes included.
    pub span: Range<usize>,
}

impl Text {
    /// The bytes of the file that made a byte range of the value. In literal
    /// strings value and file agree byte by byte; in basic strings each escape
    /// (`\n`, `\u00e9`, a line-ending backslash) takes part as a whole.
    ///
    /// ```
    /// use detect_compiler::rule::Text;
    /// let file = r#"query = "a \"b\" c""#;
    /// let text = Text { value: "a \"b\" c".into(), span: 8..19 };
    /// assert_eq!(&file[text.locate(file, 2..5)], r#"\"b\""#);
    /// ```
    pub fn locate(&self, file: &str, range: Range<usize>) -> Range<usize> {
        let Some(literal) = file.get(self.span.clone()) else {
            return self.span.clone();
        };
        let mut walk = Walk::new(literal);
        walk.advance(range.start);
        walk.skip_joints();
        let start = walk.at;
        walk.advance(range.end);
        let end = walk.at.max(start);
        self.span.start + start..self.span.start + end
    }
}

/// Walks a literal and its value together.
struct Walk<'l> {
    literal: &'l [u8],
    /// Escapes have a meaning.
    basic: bool,
    /// Position in the literal, always at the beginning of a character or escape.
    at: usize,
    /// Position in the value.
    value: usize,
}

impl<'l> Walk<'l> {
    fn new(literal: &'l str) -> Walk<'l> {
        let bytes = literal.as_bytes();
        let basic = bytes.first() == Some(&b'"');
        let mut at = 0;
        if literal.starts_with("'''") || literal.starts_with("\"\"\"") {
            // The line break behind the opening quotes is not part of the value.
            at = 3;
            if bytes.get(at) == Some(&b'\r') && bytes.get(at + 1) == Some(&b'\n') {
                at += 2;
            } else if bytes.get(at) == Some(&b'\n') {
                at += 1;
            }
        } else if matches!(bytes.first(), Some(b'"' | b'\'')) {
            at = 1;
        }
        Walk { literal: bytes, basic, at, value: 0 }
    }

    /// Goes on until `target` bytes of the value have been passed.
    fn advance(&mut self, target: usize) {
        while self.value < target && self.at < self.literal.len() {
            let (raw, decoded) = self.step();
            self.at = (self.at + raw).min(self.literal.len());
            self.value += decoded;
        }
    }

    /// Passes line-ending backslashes, which stand for nothing.
    fn skip_joints(&mut self) {
        while self.at < self.literal.len() {
            match self.step() {
                (raw, 0) => self.at = (self.at + raw).min(self.literal.len()),
                _ => return,
            }
        }
    }

    /// Length of the next character or escape in the file and in the value.
    fn step(&self) -> (usize, usize) {
        let rest = &self.literal[self.at..];
        if !self.basic || rest[0] != b'\\' {
            let length = utf8_length(rest[0]);
            return (length, length);
        }
        match rest.get(1) {
            Some(b'x') => (4, scalar_length(rest.get(2..4))),
            Some(b'u') => (6, scalar_length(rest.get(2..6))),
            Some(b'U') => (10, scalar_length(rest.get(2..10))),
            Some(b' ' | b'\t' | b'\r' | b'\n') => {
                let blank = |byte: &u8| matches!(byte, b' ' | b'\t' | b'\r' | b'\n');
                let length = rest[1..].iter().take_while(|byte| blank(byte)).count();
                (1 + length, 0)
            }
            _ => (2, 1),
        }
    }
}

fn utf8_length(first: u8) -> usize {
    match first {
        0..=0x7f => 1,
        0x80..=0xdf => 2,
        0xe0..=0xef => 3,
        _ => 4,
    }
}

/// UTF-8 length of the character with this hexadecimal number.
fn scalar_length(digits: Option<&[u8]>) -> usize {
    digits
        .and_then(|digits| std::str::from_utf8(digits).ok())
        .and_then(|digits| u32::from_str_radix(digits, 16).ok())
        .and_then(char::from_u32)
        .map_or(1, char::len_utf8)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use toml::de::DeTable;

    fn read(file: &str) -> Text {
        let table = DeTable::parse(file).expect("valid TOML");
        let value = table.get_ref().get("q").expect("q");
        let text = value.get_ref().as_str().expect("text").to_owned();
        Text { value: text, span: value.span() }
    }

    #[test]
    fn places() {
        let rows = [
            ("q = 'from x'", "x", "x"),
            ("q = '''\nfrom x'''", "from", "from"),
            ("q = '''\r\nfrom x'''", "from", "from"),
            ("q = '''from x\n| y'''", "y", "y"),
            ("q = \"a\\tb\"", "\t", "\\t"),
            ("q = \"\\u00e9b\"", "b", "b"),
            ("q = \"\\U0001F600b\"", "b", "b"),
            ("q = \"\"\"\na \\\n   b\"\"\"", "b", "b"),
            ("q = \"\"\"a \"quoted\" b\"\"\"", "\"quoted\"", "\"quoted\""),
            ("q = 'é x'", "x", "x"),
        ];
        for (file, part, expected) in rows {
            let text = read(file);
            let start = text.value.find(part).expect("part of the value");
            let place = text.locate(file, start..start + part.len());
            assert_eq!(&file[place], expected, "{file}");
        }
    }

    #[test]
    fn the_end_of_the_value_is_before_the_closing_quotes() {
        let file = "q = '''\nfrom x\n'''";
        let text = read(file);
        let end = text.value.len();
        assert_eq!(&file[text.locate(file, end..end).start..], "'''");
    }

    fn escaped(c: char, how: u8) -> String {
        match (how % 4, c) {
            (_, '"') => "\\\"".into(),
            (_, '\\') => "\\\\".into(),
            (_, '\n') => "\\n".into(),
            (_, c) if c.is_control() => format!("\\u{:04X}", c as u32),
            (1, c) if (c as u32) < 0x10000 => format!("\\u{:04x}", c as u32),
            (2, c) => format!("\\U{:08x}", c as u32),
            (_, c) => c.into(),
        }
    }

    proptest! {
        #[test]
        fn every_character_is_found(chars in prop::collection::vec((any::<char>(), any::<u8>()), 0..40)) {
            let pieces: Vec<String> = chars.iter().map(|(c, how)| escaped(*c, *how)).collect();
            let file = format!("q = \"{}\"", pieces.concat());
            let text = read(&file);
            let mut at = 0;
            for ((c, _), piece) in chars.iter().zip(&pieces) {
                let place = text.locate(&file, at..at + c.len_utf8());
                prop_assert_eq!(&file[place], piece.as_str());
                at += c.len_utf8();
            }
        }

        #[test]
        fn any_range_of_any_file_stays_inside(file in ".{0,40}", span in any::<(u8, u8)>(), range in any::<(u8, u8)>()) {
            let (a, b) = (usize::from(span.0), usize::from(span.1));
            let text = Text { value: String::new(), span: a.min(b)..a.max(b) };
            let (c, d) = (usize::from(range.0), usize::from(range.1));
            let place = text.locate(&file, c.min(d)..c.max(d));
            prop_assert!(place.start >= text.span.start && place.end <= text.span.end.max(place.start));
        }
    }
}
