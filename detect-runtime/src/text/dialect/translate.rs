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
pub(super) struct Flags {
    /// `i`
    pub(super) case: bool,
    /// `s` of Java, `m` of Ruby: `.` matches everything.
    dot_all: bool,
    /// `m` of Java: `^` and `$` at lines.
    lines: bool,
    /// `d` of Java: only `\n` ends a line.
    unix: bool,
    /// `x`
    pub(super) spaced: bool,
    /// `u`, `U` of Java.
    pub(super) unicode: bool,
}

pub(super) struct Translator<'p> {
    pub(super) pattern: &'p str,
    pub(super) at: usize,
    dialect: Dialect,
    exact: bool,
    pub(super) flags: Flags,
    /// Flags to go back to, for each open group.
    pub(super) open: Vec<Flags>,
    pub(super) done: Translated,
}

/// Line terminators of Java.
const TERMINATORS: &str = r"\x{A}\x{D}\x{85}\x{2028}\x{2029}";
/// Deepest nesting of groups.
pub(super) const DEPTH: usize = 200;

impl Translator<'_> {
    pub(super) fn error(&self, reason: impl Into<String>) -> DialectError {
        DialectError::Syntax { at: self.at.min(self.pattern.len()), reason: reason.into() }
    }

    pub(super) fn rest(&self) -> &str {
        &self.pattern[self.at..]
    }

    pub(super) fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    pub(super) fn next(&mut self) -> Option<char> {
        let c = self.peek()?;
        self.at += c.len_utf8();
        Some(c)
    }

    pub(super) fn take(&mut self, text: &str) -> bool {
        let found = self.rest().starts_with(text);
        if found {
            self.at += text.len();
        }
        found
    }

    pub(super) fn out(&mut self, text: &str) {
        self.done.pattern.push_str(text);
    }

    pub(super) fn java(&self) -> bool {
        self.dialect == Dialect::Java
    }

    /// Whether letters outside of ASCII have cases.
    pub(super) fn unicode_case(&self) -> bool {
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

    pub(super) fn character(&mut self, c: char) {
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

    pub(super) fn line_end(&mut self) {
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
    pub(super) fn quantifier(&mut self) -> Result<(), DialectError> {
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
    pub(super) fn name(&mut self) -> Result<String, DialectError> {
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
}
