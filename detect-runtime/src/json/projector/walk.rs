//! The hot loop: from glue to value to glue.

use super::Parts;
use super::grammar::{What, ends_value, number};
use super::learned::{Glue, GlueId, PASSING, START};
use crate::event::Kind;
use crate::json::scan::Isa;
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
    let mut before = START;
    let mut at = 0;
    loop {
        let mut id = parts.learned.glue(before).guesses[0];
        if !follows(isa, line, at, parts.learned.glue(id)) {
            (id, at) = other(isa, parts, line, at, before)?;
        }
        let glue = parts.learned.glue(id);
        at += glue.length as usize;
        if glue.object_count != 0 {
            parts.store.add_objects(parts.learned.objects(glue));
        }
        match glue.what {
            What::Text => {
                let end = parts.index.quote(at);
                let escaped = shape.backslash && parts.index.backslash(at, end);
                let kind = if escaped { Kind::Escaped } else { Kind::Text };
                parts.store.add(glue.field, kind, at, end);
                at = end + 1;
            }
            What::OtherText => at = parts.index.quote(at) + 1,
            What::Number => {
                let end = end_of_number(isa, line, at)?;
                parts.store.add(glue.field, Kind::Number, at, end);
                at = end;
            }
            What::OtherNumber => at = end_of_number(isa, line, at)?,
            What::True => parts.store.add(glue.field, Kind::True, at - 4, at),
            What::False => parts.store.add(glue.field, Kind::False, at - 5, at),
            What::Skip => at = skip(parts, line, glue, at, 0)?,
            What::KeepAndSkip => {
                let end = skip(parts, line, glue, at, 0)?;
                parts.store.add_element_source(glue.field, opening(line, at), end);
                at = end;
            }
            What::Keep => {
                let end = skip(parts, line, glue, at, 1)?;
                parts.store.add_element_source(glue.field, opening(line, at), end);
            }
            What::More => {}
            What::End => return Ok(text),
        }
        before = id;
    }
}

/// Whether the line goes on with this glue.
#[inline(always)]
fn follows<I: Isa>(isa: I, line: &[u8], at: usize, glue: &Glue) -> bool {
    if !isa.begins(line, at, &glue.text, glue.length as usize) {
        return false;
    }
    let end = at + glue.length as usize;
    match glue.what {
        What::Number | What::OtherNumber => {
            line.get(end).is_some_and(|&byte| byte.is_ascii_digit() || byte == b'-')
        }
        What::End => end == line.len(),
        _ => true,
    }
}

/// The glue that the line goes on with, when it is not the first guess, and
/// where it begins.
#[inline(never)]
fn other<I: Isa>(
    isa: I,
    parts: &mut Parts<'_>,
    line: &[u8],
    at: usize,
    before: GlueId,
) -> Result<(GlueId, usize), Malformed> {
    let known = *parts.learned.glue(before);
    for &id in &known.guesses[1..] {
        if follows(isa, line, at, parts.learned.glue(id)) {
            parts.learned.guess(before, id);
            return Ok((id, at));
        }
    }
    parse(parts, line, at, before)
}

/// Parses glue and learns it.
#[cold]
fn parse(
    parts: &mut Parts<'_>,
    line: &[u8],
    at: usize,
    before: GlueId,
) -> Result<(GlueId, usize), Malformed> {
    let known = *parts.learned.glue(before);
    // In the middle of glue it is parsed from its beginning.
    let at = at - known.back as usize;
    let stop = parts.parse(line, at, known.place)?;
    let linked = before != PASSING && known.what != What::More;
    let id = parts.learned.learn(
        linked.then_some(before),
        known.place,
        &line[at..stop.at],
        &stop,
        &parts.objects,
    );
    // The walk compares and jumps piece by piece; the whole glue is known to
    // match, so it goes on behind it at once.
    let length = parts.learned.glue(id).length as usize;
    Ok((id, stop.at - length))
}

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

/// End of the object or array that the glue before `at` opened. `entered`: how
/// many of the brackets open behind the glue are its own.
#[inline(always)]
fn skip(
    parts: &Parts<'_>,
    line: &[u8],
    glue: &Glue,
    at: usize,
    entered: usize,
) -> Result<usize, Malformed> {
    let depth = parts.learned.context(glue.place.context()).depth as usize;
    parts.index.close(at, MAX_DEPTH + entered - depth).map_err(|too_deep| {
        if too_deep { Reason::TooDeep.at(at) } else { Reason::Unterminated.at(line.len()) }
    })
}

/// The opening bracket at the end of the glue that ends at `end`.
fn opening(line: &[u8], end: usize) -> usize {
    memchr::memrchr2(b'{', b'[', &line[..end]).unwrap_or(end)
}
