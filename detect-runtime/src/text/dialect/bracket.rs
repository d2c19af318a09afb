//! Classes in brackets: nested, intersected, with names and ranges.

use super::DialectError;
use super::class::Set;
use super::translate::{DEPTH, Translator};

impl Translator<'_> {
    /// Behind `[`: the set, `]` taken.
    pub(super) fn class(&mut self) -> Result<Set, DialectError> {
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
