//! What stands behind a backslash.

use super::DialectError;
use super::class::Set;
use super::translate::Translator;

impl Translator<'_> {
    /// Behind a backslash outside of a class.
    pub(super) fn escape(&mut self) -> Result<(), DialectError> {
        let Some(c) = self.peek() else { return Err(self.error("a backslash at the end")) };
        match c {
            'A' => self.simple(r"\A"),
            'z' => self.simple(r"\z"),
            'Z' => {
                self.next();
                let flags = core::mem::take(&mut self.flags);
                if self.java() {
                    self.line_end();
                } else {
                    self.done.linear = false;
                    self.out(r"(?=\x{A}?\z)");
                }
                self.flags = flags;
            }
            // Letters of ASCII only in Java; engines that backtrack know all letters.
            'b' if self.java() && self.done.linear && !self.flags.unicode => {
                self.simple(r"(?-u:\b)");
            }
            'b' => self.simple(r"\b"),
            'B' => self.simple(r"\B"),
            'G' => return Err(self.error(r"`\G` is not supported")),
            'Q' if self.java() => {
                self.next();
                let rest = self.rest();
                let quoted = rest.split(r"\E").next().unwrap_or(rest).to_owned();
                self.at += quoted.len();
                self.take(r"\E");
                let mut chars = quoted.chars().peekable();
                while let Some(c) = chars.next() {
                    self.character(c);
                    if chars.peek().is_none() {
                        self.quantifier()?;
                    }
                }
                return Ok(());
            }
            'E' if self.java() => {
                self.next();
                return Ok(());
            }
            'R' => {
                self.simple(r"(?:\x{D}\x{A}|[\x{A}-\x{D}\x{85}\x{2028}\x{2029}])");
            }
            'X' => self.simple(r"(?:\x{D}\x{A}|\P{M}\p{M}*)"),
            'k' => {
                self.next();
                if !self.take("<") {
                    return Err(self.error(r"expected `<` behind `\k`"));
                }
                let name = self.name()?;
                let found = self.done.names.iter().rev().find(|(_, known)| *known == name);
                let number = found.map(|(number, _)| *number);
                self.back_reference(
                    number.ok_or_else(|| self.error(format!("no group {name:?}")))?,
                );
            }
            '1'..='9' => {
                let mut number = 0;
                while let Some(digit) = self.peek().and_then(|c| c.to_digit(10)) {
                    let longer = number * 10 + digit as usize;
                    if number > 0 && longer > self.done.groups {
                        break;
                    }
                    number = longer;
                    self.next();
                }
                self.back_reference(number);
            }
            _ => {
                let set = self.escaped_set()?;
                set.print(&mut self.done.pattern);
            }
        }
        self.quantifier()
    }

    fn simple(&mut self, text: &str) {
        self.next();
        self.out(text);
    }

    fn back_reference(&mut self, number: usize) {
        self.done.linear = false;
        let case = if self.flags.case { "i" } else { "" };
        let text = format!(r"(?{case}:\{number})");
        self.out(&text);
    }

    /// Behind a backslash: a class or a character, with its cases.
    pub(super) fn escaped_set(&mut self) -> Result<Set, DialectError> {
        let Some(c) = self.next() else { return Err(self.error("a backslash at the end")) };
        let negated = c.is_ascii_uppercase();
        let class = match (c.to_ascii_lowercase(), self.java()) {
            ('d', true) if !self.flags.unicode => Set::range('0', '9'),
            ('w', true) if !self.flags.unicode => {
                Set::ranges(&[('0', '9'), ('A', 'Z'), ('_', '_'), ('a', 'z')])
            }
            ('s', true) if !self.flags.unicode => Set::ranges(&[('\t', '\r'), (' ', ' ')]),
            ('d', _) => Set::named(r"\d").unwrap_or(Set::empty()),
            ('w', _) => Set::named(r"\w").unwrap_or(Set::empty()),
            ('s', _) => Set::named(r"\s").unwrap_or(Set::empty()),
            ('h', true) => Set::ranges(&[
                ('\t', '\t'),
                (' ', ' '),
                ('\u{a0}', '\u{a0}'),
                ('\u{1680}', '\u{1680}'),
                ('\u{180e}', '\u{180e}'),
                ('\u{2000}', '\u{200a}'),
                ('\u{202f}', '\u{202f}'),
                ('\u{205f}', '\u{205f}'),
                ('\u{3000}', '\u{3000}'),
            ]),
            ('h', false) => Set::ranges(&[('0', '9'), ('A', 'F'), ('a', 'f')]),
            ('v', true) => {
                Set::ranges(&[('\n', '\r'), ('\u{85}', '\u{85}'), ('\u{2028}', '\u{2029}')])
            }
            ('p', _) => self.property()?,
            _ => {
                let c = self.escaped_character(c)?;
                let set = Set::range(c, c);
                return Ok(if self.flags.case { set.folded(self.unicode_case()) } else { set });
            }
        };
        Ok(if negated { class.negated() } else { class })
    }

    /// Behind `\p`.
    fn property(&mut self) -> Result<Set, DialectError> {
        let name = if self.take("{") {
            let end = self.rest().find('}').ok_or_else(|| self.error("`{` is not closed"))?;
            let name = self.rest()[..end].to_owned();
            self.at += end + 1;
            name
        } else {
            self.next().map(String::from).unwrap_or_default()
        };
        let (name, negated) = match name.strip_prefix('^') {
            Some(rest) if !self.java() => (rest.to_owned(), true),
            _ => (name, false),
        };
        let posix = match name.as_str() {
            "Lower" => "lower",
            "Upper" => "upper",
            "ASCII" => "ascii",
            "Alpha" => "alpha",
            "Digit" => "digit",
            "Alnum" => "alnum",
            "Punct" => "punct",
            "Graph" => "graph",
            "Print" => "print",
            "Blank" => "blank",
            "Cntrl" => "cntrl",
            "XDigit" => "xdigit",
            "Space" => "space",
            _ => "",
        };
        let java_name = ["Is", "In", "java"].iter().find_map(|prefix| name.strip_prefix(prefix));
        let set = if posix.is_empty() {
            let known = |name: &str| Set::named(&format!("\\p{{{name}}}"));
            known(&name).or_else(|| known(java_name?))
        } else if self.java() {
            Set::named(&format!("[[:{posix}:]]"))
        } else {
            Set::named(&format!("\\p{{{name}}}")).or_else(|| Set::named(&format!("[[:{posix}:]]")))
        };
        let set = set.ok_or_else(|| self.error(format!("no character property {name:?}")))?;
        Ok(if negated { set.negated() } else { set })
    }

    /// Behind a backslash: one character, `c` already taken.
    pub(super) fn escaped_character(&mut self, c: char) -> Result<char, DialectError> {
        Ok(match c {
            't' => '\t',
            'n' => '\n',
            'r' => '\r',
            'f' => '\x0c',
            'a' => '\x07',
            'e' => '\x1b',
            'v' => '\x0b',
            'c' => {
                let c = self
                    .next()
                    .filter(char::is_ascii)
                    .ok_or_else(|| self.error("no control character"))?;
                char::from(c as u8 ^ 64)
            }
            '0' => self.digits(8, 1, 3)?,
            'x' if self.take("{") => {
                let c = self.digits(16, 1, 6)?;
                if !self.take("}") {
                    return Err(self.error("`{` is not closed"));
                }
                c
            }
            'x' => self.digits(16, if self.java() { 2 } else { 1 }, 2)?,
            'u' => self.utf16()?,
            c if c.is_ascii_alphanumeric() && self.java() => {
                return Err(self.error(format!("`\\{c}` is not known")));
            }
            c => c,
        })
    }

    /// Behind `\u`: four digits, or two times four for a surrogate pair.
    fn utf16(&mut self) -> Result<char, DialectError> {
        let first = self.code(16, 4, 4)?;
        if (0xd800..0xdc00).contains(&first) && self.take(r"\u") {
            let second = self.code(16, 4, 4)?;
            let code = 0x1_0000 + ((first - 0xd800) << 10) + second.wrapping_sub(0xdc00);
            return char::from_u32(code).ok_or_else(|| self.error("no surrogate pair"));
        }
        char::from_u32(first).ok_or_else(|| self.error("no character has this code"))
    }

    fn digits(&mut self, base: u32, least: usize, most: usize) -> Result<char, DialectError> {
        let code = self.code(base, least, most)?;
        char::from_u32(code).ok_or_else(|| self.error("no character has this code"))
    }

    fn code(&mut self, base: u32, least: usize, most: usize) -> Result<u32, DialectError> {
        let (mut code, mut count) = (0u32, 0);
        while count < most {
            let Some(digit) = self.peek().and_then(|c| c.to_digit(base)) else { break };
            code = code * base + digit;
            count += 1;
            self.next();
        }
        if count < least {
            Err(self.error("expected digits of a character code"))
        } else {
            Ok(code)
        }
    }
}
