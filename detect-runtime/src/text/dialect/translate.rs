//! From a dialect to the syntax of our engines.

use super::class::{Set, literal};
use super::{Dialect, DialectError};

/// A translated pattern.
pub(super) struct Translated {
    pub(super) pattern: String,
    /// Without look-around, back reference and possessive parts.
    pub(super) linear: bool,
    /// Holds an anchor whose exact form is longer.
    pub(super) anchored: bool,
    pub(super) names: Vec<(usize, String)>,
    pub(super) groups: usize,
}

/// Translates; `exact` writes Java's line anchors in full.
pub(super) fn translate(
    pattern: &str,
    dialect: Dialect,
    exact: bool,
) -> Result<Translated, DialectError> {
    let mut work = Translator {
        pattern,
        at: 0,
        dialect,
        exact,
        flags: Flags::default(),
        open: Vec::new(),
        done: Translated {
            pattern: String::with_capacity(pattern.len() * 2),
            linear: true,
            anchored: false,
            names: Vec::new(),
            groups: 0,
        },
    };
    work.run()?;
    Ok(work.done)
}

#[derive(Clone, Copy, Debug, Default)]
struct Flags {
    /// `i`
    case: bool,
    /// `s` of Java, `m` of Ruby: `.` matches everything.
    dot_all: bool,
    /// `m` of Java: `^` and `$` at lines.
    lines: bool,
    /// `d` of Java: only `\n` ends a line.
    unix: bool,
    /// `x`
    spaced: bool,
    /// `u`, `U` of Java.
    unicode: bool,
}

struct Translator<'p> {
    pattern: &'p str,
    at: usize,
    dialect: Dialect,
    exact: bool,
    flags: Flags,
    /// Flags to go back to, for each open group.
    open: Vec<Flags>,
    done: Translated,
}

/// Line terminators of Java.
const TERMINATORS: &str = r"\x{A}\x{D}\x{85}\x{2028}\x{2029}";
/// Deepest nesting of groups.
const DEPTH: usize = 200;

impl Translator<'_> {
    fn error(&self, reason: impl Into<String>) -> DialectError {
        DialectError::Syntax { at: self.at.min(self.pattern.len()), reason: reason.into() }
    }

    fn rest(&self) -> &str {
        &self.pattern[self.at..]
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn next(&mut self) -> Option<char> {
        let c = self.peek()?;
        self.at += c.len_utf8();
        Some(c)
    }

    fn take(&mut self, text: &str) -> bool {
        let found = self.rest().starts_with(text);
        if found {
            self.at += text.len();
        }
        found
    }

    fn out(&mut self, text: &str) {
        self.done.pattern.push_str(text);
    }

    fn java(&self) -> bool {
        self.dialect == Dialect::Java
    }

    /// Whether letters outside of ASCII have cases.
    fn unicode_case(&self) -> bool {
        !self.java() || self.flags.unicode
    }

    fn run(&mut self) -> Result<(), DialectError> {
        while let Some(c) = self.next() {
            match c {
                '(' => self.group()?,
                ')' => match self.open.pop() {
                    Some(flags) => {
                        self.flags = flags;
                        self.out(")");
                        self.quantifier()?;
                    }
                    None => return Err(self.error("an unmatched `)`")),
                },
                '|' => self.out("|"),
                '[' => {
                    let set = self.class()?;
                    set.print(&mut self.done.pattern);
                    self.quantifier()?;
                }
                '.' => {
                    self.dot();
                    self.quantifier()?;
                }
                '^' => {
                    self.line_begin();
                    self.quantifier()?;
                }
                '$' => {
                    self.line_end();
                    self.quantifier()?;
                }
                '\\' => self.escape()?,
                '*' | '+' | '?' => return Err(self.error(format!("`{c}` repeats nothing"))),
                '{' if self.java() => return Err(self.error("`{` repeats nothing")),
                c if self.flags.spaced && c.is_ascii_whitespace() => {}
                '#' if self.flags.spaced => while self.next().is_some_and(|c| c != '\n') {},
                c => {
                    self.character(c);
                    self.quantifier()?;
                }
            }
        }
        if self.open.is_empty() { Ok(()) } else { Err(self.error("a group is not closed")) }
    }

    fn character(&mut self, c: char) {
        if !self.flags.case {
            return literal(c, &mut self.done.pattern);
        }
        let unicode = self.unicode_case();
        Set::range(c, c).folded(unicode).print(&mut self.done.pattern);
    }

    fn dot(&mut self) {
        let all = self.flags.dot_all;
        if all {
            self.out("(?s:.)");
        } else if self.flags.unix || !self.java() {
            self.out(r"[^\x{A}]");
        } else {
            let class = format!("[^{TERMINATORS}]");
            self.out(&class);
        }
    }

    fn line_begin(&mut self) {
        if !self.java() {
            return self.out("(?m:^)");
        }
        if !self.flags.lines {
            return self.out(r"\A");
        }
        self.done.anchored = true;
        if self.exact {
            self.done.linear = false;
            // Behind a terminator, not between CR and LF, not at the end.
            let text = format!(r"(?:\A|(?<=[{TERMINATORS}])(?!\z)(?!(?<=\x{{D}})\x{{A}}))");
            self.out(&text);
        } else {
            self.out("(?m:^)");
        }
    }

    fn line_end(&mut self) {
        if !self.java() {
            return self.out("(?m:$)");
        }
        self.done.anchored = true;
        let lines = self.flags.lines;
        if self.exact {
            self.done.linear = false;
            let ahead = if lines { "" } else { r"\z" };
            let text = format!(
                r"(?:\z|(?=(?:\x{{D}}\x{{A}}|[{TERMINATORS}]){ahead})(?!(?<=\x{{D}})\x{{A}}))"
            );
            self.out(&text);
        } else {
            self.out(if lines { "(?m:$)" } else { r"\z" });
        }
    }

    /// Behind something that can be repeated: one quantifier, lazy or possessive.
    fn quantifier(&mut self) -> Result<(), DialectError> {
        if self.flags.spaced {
            self.at = self.pattern.len() - self.rest().trim_ascii_start().len();
        }
        let counted = match self.peek() {
            Some(c @ ('*' | '+' | '?')) => {
                self.next();
                self.done.pattern.push(c);
                false
            }
            Some('{') if self.counts() => true,
            Some('{') if self.java() => return Err(self.error("expected a count in `{}`")),
            _ => return Ok(()),
        };
        if self.take("?") {
            self.out("?");
        } else if self.peek() == Some('+') && (self.java() || !counted) {
            self.take("+");
            self.out("+");
            self.done.linear = false;
        }
        match self.peek() {
            Some('*' | '+' | '?') => Err(self.error("a quantifier of a quantifier needs a group")),
            _ => Ok(()),
        }
    }

    /// `{n}`, `{n,}`, `{n,m}`, in Ruby also `{,m}`; nothing is taken if it is none.
    fn counts(&mut self) -> bool {
        match self.counted() {
            Some((length, counts)) => {
                self.at += length;
                self.out(&counts);
                true
            }
            None => false,
        }
    }

    /// Length and translation of the counts that follow.
    fn counted(&self) -> Option<(usize, String)> {
        let body = self.rest().strip_prefix('{')?;
        let end = body.find('}')?;
        let text = &body[..end];
        let (least, most) = match text.split_once(',') {
            Some((least, most)) => (least, Some(most)),
            None => (text, None),
        };
        let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
        let least_missing = least.is_empty() && !self.java() && most.is_some_and(digits);
        if !(digits(least) || least_missing)
            || !most.is_none_or(|most| most.is_empty() || digits(most))
        {
            return None;
        }
        let least = if least_missing { "0" } else { least };
        let counted = match most {
            None => format!("{{{least}}}"),
            Some(most) => format!("{{{least},{most}}}"),
        };
        Some((end + 2, counted))
    }

    fn group(&mut self) -> Result<(), DialectError> {
        if self.open.len() >= DEPTH {
            return Err(self.error("groups are nested too deeply"));
        }
        let outer = self.flags;
        if !self.take("?") {
            self.done.groups += 1;
            self.open.push(outer);
            self.out("(");
            return Ok(());
        }
        for around in ["=", "!", "<=", "<!", ">"] {
            if self.take(around) {
                self.done.linear = false;
                self.open.push(outer);
                self.out("(?");
                self.out(around);
                return Ok(());
            }
        }
        if self.take("#") && !self.java() {
            while self.next().is_some_and(|c| c != ')') {}
            return Ok(());
        }
        if self.take(":") {
            self.open.push(outer);
            self.out("(?:");
            return Ok(());
        }
        if self.take("<") || (!self.java() && self.take("'")) {
            let name = self.name()?;
            self.done.groups += 1;
            if self.java() && self.done.names.iter().any(|(_, known)| *known == name) {
                return Err(self.error(format!("the group {name:?} is defined twice")));
            }
            self.done.names.push((self.done.groups, name));
            self.open.push(outer);
            self.out("(");
            return Ok(());
        }
        self.flag_group(outer)
    }

    /// Behind `(?<`: the name and `>`.
    fn name(&mut self) -> Result<String, DialectError> {
        let end =
            self.rest().find(['>', '\'']).ok_or_else(|| self.error("a name is not closed"))?;
        let name = self.rest()[..end].to_owned();
        let plain = name.bytes().all(|b| b.is_ascii_alphanumeric());
        let begins = name.bytes().next().is_some_and(|b| b.is_ascii_alphabetic());
        if name.is_empty() || (self.java() && !(plain && begins)) {
            return Err(self.error(format!("{name:?} is no name of a group")));
        }
        self.at += end + 1;
        Ok(name)
    }

    /// Behind `(?`: flags, then `)` for the rest of the group or `:` for a group.
    fn flag_group(&mut self, outer: Flags) -> Result<(), DialectError> {
        let mut on = true;
        loop {
            match self.next() {
                Some('-') => on = false,
                Some('i') => self.flags.case = on,
                Some('s') if self.java() => self.flags.dot_all = on,
                Some('m') if self.java() => self.flags.lines = on,
                Some('m') => self.flags.dot_all = on,
                Some('d') if self.java() => self.flags.unix = on,
                Some('u' | 'U') if self.java() => self.flags.unicode = on,
                Some('x') => self.flags.spaced = on,
                Some(')') => return Ok(()),
                Some(':') => {
                    self.open.push(outer);
                    self.out("(?:");
                    return Ok(());
                }
                Some(c) => return Err(self.error(format!("`(?{c}` is not known"))),
                None => return Err(self.error("a group is not closed")),
            }
        }
    }

    /// Behind a backslash outside of a class.
    fn escape(&mut self) -> Result<(), DialectError> {
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
    fn escaped_set(&mut self) -> Result<Set, DialectError> {
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
    fn escaped_character(&mut self, c: char) -> Result<char, DialectError> {
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

    /// Behind `[`: the set, `]` taken.
    fn class(&mut self) -> Result<Set, DialectError> {
        if self.open.len() >= DEPTH {
            return Err(self.error("classes are nested too deeply"));
        }
        self.open.push(self.flags);
        let negated = self.take("^");
        let mut set = Set::empty();
        // The operands of `&&` seen before this one.
        let mut all: Option<Set> = None;
        let mut first = true;
        loop {
            let Some(c) = self.peek() else { return Err(self.error("a class is not closed")) };
            if c == ']' && !first {
                self.next();
                break;
            }
            first = false;
            if self.take("&&") {
                intersect(&mut all, core::mem::replace(&mut set, Set::empty()));
                continue;
            }
            if !self.java()
                && self.rest().starts_with("[:")
                && let Some(posix) = self.posix_class()?
            {
                set.union(&posix);
                continue;
            }
            if c == '[' {
                self.next();
                set.union(&self.class()?);
                continue;
            }
            if self.flags.spaced && self.java() && c.is_ascii_whitespace() {
                self.next();
                continue;
            }
            let item = self.class_item()?;
            set.union(&item);
        }
        self.open.pop();
        intersect(&mut all, set);
        let set = all.unwrap_or(Set::empty());
        Ok(if negated { set.negated() } else { set })
    }

    /// `[:name:]` or `[:^name:]`; `None` if it is no such class.
    fn posix_class(&mut self) -> Result<Option<Set>, DialectError> {
        let Some(end) = self.rest().find(":]") else { return Ok(None) };
        let name = self.rest()[2..end].to_owned();
        let (name, negated) = match name.strip_prefix('^') {
            Some(rest) => (rest, true),
            None => (name.as_str(), false),
        };
        let unicode = match name {
            "alpha" => r"\p{Alphabetic}",
            "digit" => r"\d",
            "alnum" => r"[\p{Alphabetic}\p{M}\p{Nd}]",
            "upper" => r"\p{Uppercase}",
            "lower" => r"\p{Lowercase}",
            "space" => r"\s",
            "blank" => r"[\p{Zs}\t]",
            "word" => r"\w",
            "punct" => r"[\p{P}$+<=>^`|~]",
            "cntrl" => r"\p{Cc}",
            "graph" => r"[^\s\p{Cc}\p{Cn}]",
            "print" => r"[[^\p{Cc}\p{Cn}]&&[^\t-\r]]",
            "xdigit" => "[0-9A-Fa-f]",
            "ascii" => r"[\x00-\x7f]",
            _ => return Err(self.error(format!("no class `[:{name}:]`"))),
        };
        let set = Set::named(unicode).ok_or_else(|| self.error("no such class"))?;
        self.at += end + 2;
        Ok(Some(if negated { set.negated() } else { set }))
    }

    /// A class by escape, a character, or a range.
    fn class_item(&mut self) -> Result<Set, DialectError> {
        let from = match self.next() {
            Some('\\') => match self.peek() {
                Some('d' | 'D' | 'w' | 'W' | 's' | 'S' | 'h' | 'H' | 'p' | 'P') => {
                    return self.escaped_set();
                }
                Some('v' | 'V') if self.java() => return self.escaped_set(),
                Some('Q') if self.java() => {
                    self.next();
                    let rest = self.rest();
                    let quoted = rest.split(r"\E").next().unwrap_or(rest).to_owned();
                    self.at += quoted.len();
                    self.take(r"\E");
                    let mut set = Set::empty();
                    for c in quoted.chars() {
                        set.union(&self.in_case(Set::range(c, c)));
                    }
                    return Ok(set);
                }
                // In a class this is a backspace.
                Some('b') if !self.java() => {
                    self.next();
                    '\x08'
                }
                Some(c) => {
                    self.next();
                    self.escaped_character(c)?
                }
                None => return Err(self.error("a class is not closed")),
            },
            Some(c) => c,
            None => return Err(self.error("a class is not closed")),
        };
        let ranged = self.rest().strip_prefix('-').is_some_and(|rest| {
            !rest.is_empty()
                && !rest.starts_with(']')
                && !rest.starts_with('[')
                && !rest.starts_with("&&")
        });
        if !ranged {
            return Ok(self.in_case(Set::range(from, from)));
        }
        self.take("-");
        let to = match self.next() {
            Some('\\') => {
                let Some(c) = self.next() else { return Err(self.error("a class is not closed")) };
                if matches!(c, 'd' | 'D' | 'w' | 'W' | 's' | 'S' | 'p' | 'P') {
                    // No range after all: the dash is itself.
                    self.at -= 1;
                    let mut set = self.escaped_set()?;
                    set.union(&Set::range(from, from));
                    set.union(&Set::range('-', '-'));
                    return Ok(set);
                }
                self.escaped_character(c)?
            }
            Some(c) => c,
            None => return Err(self.error("a class is not closed")),
        };
        if to < from {
            return Err(self.error("a range from more to less"));
        }
        Ok(self.in_case(Set::range(from, to)))
    }

    fn in_case(&self, set: Set) -> Set {
        if self.flags.case { set.folded(self.unicode_case()) } else { set }
    }
}

fn intersect(all: &mut Option<Set>, with: Set) {
    match all {
        Some(all) => all.intersect(&with),
        None => *all = Some(with),
    }
}
