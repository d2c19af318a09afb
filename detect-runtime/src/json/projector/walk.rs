//! The hot loop: from glue to value to glue.

use super::Parts;
use super::grammar::{What, ends_value, number};
use super::learned::{GUESSES, Glue, GlueId, HERE, Learned, NOTHING, PASSING, START};
use crate::event::{Entry, Kind};
use crate::json::scan::{Index, Isa, Portable, Shape};
use crate::json::{MAX_DEPTH, Malformed, Reason};

/// Scans and walks a line; the store is filled if that goes well. Gives the line
/// as text.
#[inline(always)]
pub(super) fn walk<'l, I: Isa>(
    isa: I,
    parts: &mut Parts<'_>,
    line: &'l [u8],
) -> Result<&'l str, Malformed> {
    let (text, shape) = parts.index.scan(isa, line)?;
    parts.learned.begin();
    let mut position = Position { behind: START, at: 0 };
    loop {
        let (entries, mut used) = parts.store.room();
        let known = Known { line, shape, index: &parts.index, learned: &parts.learned };
        let pause = known.run(isa, &mut position, entries, &mut used);
        parts.store.set_used(used);
        match pause {
            Pause::Unknown => position = find(parts, line, position)?,
            Pause::Promote(place) => parts.learned.promote(position.behind, place),
            Pause::Full => parts.store.grow(),
            Pause::Rare => rare(parts, line, &mut position)?,
            Pause::Malformed(malformed) => return Err(malformed),
            Pause::End => break,
        }
    }
    parts.store.link();
    Ok(text)
}

/// Where the walk is: at a byte of the line, behind this glue and its value.
#[derive(Clone, Copy)]
struct Position {
    behind: GlueId,
    at: usize,
}

/// Why the hot loop stops.
enum Pause {
    /// No guess fits, or the one that seemed to does not.
    Unknown,
    /// The guess at this place is to be moved up.
    Promote(usize),
    /// There is no room for the next value.
    Full,
    /// The glue is passed, and something is to be done that the loop does not do.
    Rare,
    /// The line is not well formed.
    Malformed(Malformed),
    /// The line is read.
    End,
}

/// All that the hot loop reads.
struct Known<'k> {
    line: &'k [u8],
    shape: Shape,
    index: &'k Index,
    learned: &'k Learned,
}

impl Known<'_> {
    /// Walks as far as learned glue leads.
    #[inline(always)]
    fn run<I: Isa>(
        &self,
        isa: I,
        position: &mut Position,
        entries: &mut [Entry],
        used: &mut usize,
    ) -> Pause {
        let Position { mut behind, mut at } = *position;
        let mut count = *used;
        // In locals, so that the compiler knows that writing entries changes none of it.
        let (line, glues) = (self.line, self.learned.all());
        let (quotes, backslashes) = (self.index.quotes(), self.index.backslashes());
        let backslash = self.shape.backslash;
        let mut before = &glues[behind as usize];
        let pause = loop {
            let mut id = before.guesses[0];
            let mut glue = &glues[id as usize];
            if !isa.begins(line, at, &glue.text, glue.length as usize) {
                let Some(place) = other(isa, line, at, glues, before) else {
                    break Pause::Unknown;
                };
                if self.learned.right() {
                    break Pause::Promote(place);
                }
                id = before.guesses[place];
                glue = &glues[id as usize];
            }
            let start = at + glue.length as usize;
            let next = match glue.what {
                What::Text => {
                    let Some(entry) = entries.get_mut(count) else { break Pause::Full };
                    let end = quotes.first(start);
                    let escaped = backslash && backslashes.any(start, end);
                    let kind = if escaped { Kind::Escaped } else { Kind::Text };
                    *entry = Entry::new(glue.field, kind, start, end, count);
                    count += 1;
                    end + 1
                }
                What::OtherText => quotes.first(start) + 1,
                What::Number | What::OtherNumber => {
                    let Some(entry) = entries.get_mut(count) else { break Pause::Full };
                    if !begins_number(line, start) {
                        break Pause::Unknown;
                    }
                    let end = match end_of_number(isa, line, start) {
                        Ok(end) => end,
                        Err(malformed) => break Pause::Malformed(malformed),
                    };
                    *entry = Entry::new(glue.field, Kind::Number, start, end, count);
                    count += usize::from(glue.what == What::Number);
                    end
                }
                What::True | What::False => {
                    let Some(entry) = entries.get_mut(count) else { break Pause::Full };
                    let (kind, length) =
                        if glue.what == What::True { (Kind::True, 4) } else { (Kind::False, 5) };
                    *entry = Entry::new(glue.field, kind, start - length, start, count);
                    count += 1;
                    start
                }
                What::Skip => match self.skip(glue, start) {
                    Ok(end) => end,
                    Err(malformed) => break Pause::Malformed(malformed),
                },
                What::More => start,
                What::Keep | What::KeepAndSkip | What::Objects => {
                    (behind, at) = (id, start);
                    break Pause::Rare;
                }
                What::End if start == line.len() => break Pause::End,
                What::End => break Pause::Unknown,
            };
            (behind, at, before) = (id, next, glue);
        };
        *position = Position { behind, at };
        *used = count;
        pause
    }

    /// End of the object or array that the glue before `at` opened.
    #[inline(always)]
    fn skip(&self, glue: &Glue, at: usize) -> Result<usize, Malformed> {
        let depth = self.learned.context(glue.place.context()).depth as usize;
        self.close(at, MAX_DEPTH - depth)
    }

    #[inline(always)]
    fn close(&self, at: usize, room: usize) -> Result<usize, Malformed> {
        self.index.close(at, room).map_err(|too_deep| {
            if too_deep { Reason::TooDeep.at(at) } else { Reason::Unterminated.at(self.line.len()) }
        })
    }
}

/// The place among the guesses behind `before` of the first that looks right, if it
/// is not the very first.
#[inline(always)]
fn other<I: Isa>(isa: I, line: &[u8], at: usize, glues: &[Glue], before: &Glue) -> Option<usize> {
    let mut place = 1;
    while place < GUESSES && before.guesses[place] != NOTHING {
        let glue = &glues[before.guesses[place] as usize];
        if isa.begins(line, at, &glue.text, glue.length as usize) {
            return Some(place);
        }
        place += 1;
    }
    None
}

/// Whether a number begins here.
#[inline(always)]
fn begins_number(line: &[u8], at: usize) -> bool {
    line.get(at).is_some_and(|&byte| byte.is_ascii_digit() || byte == b'-')
}

/// End of the number that begins at `at`.
#[inline(always)]
fn end_of_number<I: Isa>(isa: I, line: &[u8], at: usize) -> Result<usize, Malformed> {
    let digits = isa.digits(line, at);
    let end = at + digits;
    let leading_zero = digits > 1 && line.get(at) == Some(&b'0');
    match line.get(end) {
        Some(&byte) if digits > 0 && !leading_zero && ends_value(byte) => Ok(end),
        _ => number(line, at),
    }
}

/// Finds out what glue is at a position: one of the guesses (the hot loop takes
/// the first that looks right and does not look for a better one), or else it is
/// parsed and learned. The walk goes on in front of its last piece.
#[cold]
#[inline(never)]
fn find(parts: &mut Parts<'_>, line: &[u8], position: Position) -> Result<Position, Malformed> {
    let follows = |id: &GlueId| {
        let glue = parts.learned.glue(*id);
        let end = position.at + glue.length as usize;
        Portable.begins(line, position.at, &glue.text, glue.length as usize)
            && match glue.what {
                What::Number | What::OtherNumber => begins_number(line, end),
                What::End => end == line.len(),
                _ => true,
            }
    };
    let guesses = parts.learned.glue(position.behind).guesses;
    if let Some(id) = guesses.into_iter().find(follows) {
        parts.learned.set_here(id);
        return Ok(Position { behind: HERE, at: position.at });
    }
    parse(parts, line, position)
}

fn parse(parts: &mut Parts<'_>, line: &[u8], position: Position) -> Result<Position, Malformed> {
    let behind = *parts.learned.glue(position.behind);
    // In the middle of glue it is parsed from its beginning.
    let (inside, back) = behind.inside();
    let at = position.at - back;
    let stop = parts.parse(line, at, behind.place)?;
    let before = (!inside && position.behind != PASSING).then_some(position.behind);
    let text = &line[at..stop.at];
    let last = parts.learned.learn(before, behind.place, text, &stop, &parts.objects);
    parts.store.add_objects(&parts.objects);
    Ok(Position { behind: HERE, at: stop.at - last })
}

/// Does what the glue that was passed last asks for.
#[cold]
#[inline(never)]
fn rare(parts: &mut Parts<'_>, line: &[u8], position: &mut Position) -> Result<(), Malformed> {
    let glue = *parts.learned.glue(position.behind);
    if glue.what == What::Objects {
        parts.store.add_objects(parts.learned.objects(&glue));
        return Ok(());
    }
    // `Keep` has entered what it keeps: its bracket is one of those open behind it.
    let entered = usize::from(glue.what == What::Keep);
    let depth = parts.learned.context(glue.place.context()).depth as usize;
    let known =
        Known { line, shape: Shape::default(), index: &parts.index, learned: &parts.learned };
    let end = known.close(position.at, MAX_DEPTH + entered - depth)?;
    let start = memchr::memrchr2(b'{', b'[', &line[..position.at]).unwrap_or(position.at);
    parts.store.add_element_source(glue.field, start, end);
    if glue.what == What::KeepAndSkip {
        position.at = end;
    }
    Ok(())
}
