//! Reading patterns.

use super::FormatError;

/// A piece of a pattern.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Item {
    /// This text.
    Literal(String),
    /// A run of one letter.
    Letter(Letter, usize),
    /// `[...]`: may be missing when read.
    Optional(Vec<Item>),
}

/// What a letter stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Letter {
    /// `G`
    Era,
    /// `u`: 0 is 1 BC.
    Year,
    /// `y`: counted within the era.
    YearOfEra,
    /// `Y`: of the ISO week.
    WeekYear,
    /// `M`, `L`
    Month,
    /// `w`: ISO week of the week year.
    Week,
    /// `W`: ISO week of the month.
    WeekOfMonth,
    /// `Q`, `q`
    Quarter,
    /// `D`
    DayOfYear,
    /// `d`
    Day,
    /// `E`: name of the day.
    DayName,
    /// `e`, `c`: number of the day, or its name from three letters on.
    DayNumber,
    /// `a`
    Half,
    /// `H`: 0 to 23.
    Hour,
    /// `k`: 1 to 24.
    ClockHour,
    /// `K`: 0 to 11.
    HalfHour,
    /// `h`: 1 to 12.
    ClockHalfHour,
    /// `m`
    Minute,
    /// `s`
    Second,
    /// `S`
    Fraction,
    /// `A`
    MilliOfDay,
    /// `n`
    Nano,
    /// `N`
    NanoOfDay,
    /// `X`: offset, `Z` for none.
    OffsetX,
    /// `x`: offset.
    Offsetx,
    /// `Z`: offset without colon.
    OffsetZ,
    /// `O`: `GMT+8`.
    OffsetO,
    /// `V`, `z`, `v`: id or name of the zone.
    Zone,
}

fn letter(c: char) -> Option<Letter> {
    Some(match c {
        'G' => Letter::Era,
        'u' => Letter::Year,
        'y' => Letter::YearOfEra,
        'Y' => Letter::WeekYear,
        'M' | 'L' => Letter::Month,
        'w' => Letter::Week,
        'W' => Letter::WeekOfMonth,
        'Q' | 'q' => Letter::Quarter,
        'D' => Letter::DayOfYear,
        'd' => Letter::Day,
        'E' => Letter::DayName,
        'e' | 'c' => Letter::DayNumber,
        'a' => Letter::Half,
        'H' => Letter::Hour,
        'k' => Letter::ClockHour,
        'K' => Letter::HalfHour,
        'h' => Letter::ClockHalfHour,
        'm' => Letter::Minute,
        's' => Letter::Second,
        'S' => Letter::Fraction,
        'A' => Letter::MilliOfDay,
        'n' => Letter::Nano,
        'N' => Letter::NanoOfDay,
        'X' => Letter::OffsetX,
        'x' => Letter::Offsetx,
        'Z' => Letter::OffsetZ,
        'O' => Letter::OffsetO,
        'V' | 'z' | 'v' => Letter::Zone,
        _ => return None,
    })
}

/// Takes a pattern apart.
pub(super) fn items(pattern: &str) -> Result<Vec<Item>, FormatError> {
    // Lists that are open: the pattern itself and brackets in it.
    let mut open: Vec<Vec<Item>> = vec![Vec::new()];
    let mut chars = pattern.chars().peekable();
    while let Some(c) = chars.next() {
        let item = match c {
            '[' => {
                open.push(Vec::new());
                continue;
            }
            ']' => match open.pop() {
                Some(inner) if !open.is_empty() => Item::Optional(inner),
                _ => return Err(FormatError::Open { what: ']' }),
            },
            '\'' => Item::Literal(quoted(&mut chars)?),
            c if c.is_ascii_alphabetic() => {
                let mut count = 1;
                while chars.next_if_eq(&c).is_some() {
                    count += 1;
                }
                Item::Letter(letter(c).ok_or(FormatError::Letter { letter: c })?, count)
            }
            c => Item::Literal(c.to_string()),
        };
        if let Some(list) = open.last_mut() {
            match (list.last_mut(), item) {
                (Some(Item::Literal(before)), Item::Literal(text)) => before.push_str(&text),
                (_, item) => list.push(item),
            }
        }
    }
    match (open.pop(), open.is_empty()) {
        (Some(items), true) => Ok(items),
        _ => Err(FormatError::Open { what: '[' }),
    }
}

/// Behind a quote: the text up to the next one; a doubled quote is one.
fn quoted(chars: &mut core::iter::Peekable<core::str::Chars<'_>>) -> Result<String, FormatError> {
    if chars.next_if_eq(&'\'').is_some() {
        return Ok("'".into());
    }
    let mut text = String::new();
    loop {
        match chars.next() {
            None => return Err(FormatError::Open { what: '\'' }),
            Some('\'') if chars.next_if_eq(&'\'').is_some() => text.push('\''),
            Some('\'') => return Ok(text),
            Some(c) => text.push(c),
        }
    }
}
