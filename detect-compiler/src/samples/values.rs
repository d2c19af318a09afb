//! Values that pass a test, made of the test's own literals.
//!
//! Nothing here knows what a test means: what is proposed is put to the test itself by
//! whoever asked ([`wishes`](super::wishes)).

use detect_runtime::test::{Glob, Number, Piece, Test};
use detect_runtime::value::{address, date};
use regex_syntax::hir::{Class, ClassUnicodeRange, Hir, HirKind};

/// Texts that may pass a test. `pad` stands where the test admits anything.
pub(super) fn examples(test: &Test, pad: &str) -> Vec<String> {
    match test {
        Test::Equals { text, .. } | Test::Fuzzy { text, .. } => vec![text.clone()],
        Test::Glob { glob, .. } | Test::TokenGlob(glob) => vec![of_glob(glob, pad)],
        Test::Regex { pattern } => of_regex(pattern, pad),
        Test::TextOrder { text, .. } => {
            vec![text.clone(), format!("{text}{pad}a"), before(text)]
        }
        Test::Number { number, .. } => around(*number),
        Test::Boolean(truth) => vec![truth.to_string()],
        Test::Cidr { address, bits } => {
            let network = u128::from_be_bytes(*address);
            let free = u128::MAX.checked_shr(u32::from(*bits)).unwrap_or(0);
            let within = (network & !free) | (free & 0x0A);
            vec![address::print(within.to_be_bytes()), address::print(*address)]
        }
        Test::AddressOrder { address, .. } => {
            let at = u128::from_be_bytes(*address);
            let near = [at, at.saturating_add(1), at.saturating_sub(1)];
            near.iter().map(|at| address::print(at.to_be_bytes())).collect()
        }
        Test::DateOrder { nanos, .. } => {
            [*nanos, nanos + 1_000_000, nanos - 1_000_000].iter().filter_map(instant).collect()
        }
        Test::DateWithin { from, to } => [*from, *to].iter().filter_map(instant).collect(),
        Test::VersionOrder { version, .. } => {
            vec![version.clone(), format!("{version}.1"), "0.0.1".to_owned()]
        }
        Test::AnyToken(tokens) => tokens.clone(),
        Test::Phrase(tokens) => vec![tokens.join(" ")],
    }
}

fn instant(nanos: &i128) -> Option<String> {
    date::to_millis(*nanos).map(date::print)
}

/// A text that stands before another one by bytes.
fn before(text: &str) -> String {
    let mut shorter: Vec<char> = text.chars().collect();
    shorter.pop();
    shorter.into_iter().collect()
}

/// A number and its neighbours.
fn around(number: Number) -> Vec<String> {
    match number {
        Number::Long(n) => {
            [n, n.saturating_add(1), n.saturating_sub(1)].iter().map(i64::to_string).collect()
        }
        Number::UnsignedLong(n) => vec![n.to_string(), (n - 1).to_string()],
        Number::Double(n) => {
            let step = if n.abs() > 1.0 { 0.5 } else { n.abs() / 16.0 + 1e-3 };
            [n, n + step, n - step].iter().map(|n| format!("{n:?}")).collect()
        }
    }
}

/// A text of a wildcard pattern.
fn of_glob(glob: &Glob, pad: &str) -> String {
    let piece = |piece: &Piece| match piece {
        Piece::Literal(text) => text.clone(),
        Piece::Any => pad.to_owned(),
        Piece::One => "a".to_owned(),
    };
    glob.0.iter().map(piece).collect()
}

/// Alternatives of a regular expression that are written out.
const VARIANTS: usize = 4;

/// Texts of a regular expression: one for each of the first branches of its
/// alternations.
fn of_regex(pattern: &str, pad: &str) -> Vec<String> {
    let Ok(hir) = regex_syntax::parse(pattern) else { return Vec::new() };
    let mut texts = Vec::new();
    for variant in 0..VARIANTS {
        let mut text = String::new();
        if write(&hir, variant, pad, &mut text).is_some() && !texts.contains(&text) {
            texts.push(text);
        }
    }
    texts
}

/// Writes a text of the expression; none if it has no text that is known.
fn write(hir: &Hir, variant: usize, pad: &str, out: &mut String) -> Option<()> {
    match hir.kind() {
        HirKind::Empty | HirKind::Look(_) => {}
        HirKind::Literal(literal) => out.push_str(std::str::from_utf8(&literal.0).ok()?),
        HirKind::Class(class) => out.push(of_class(class)?),
        HirKind::Repetition(repetition) => {
            let room = repetition.max.unwrap_or(u32::MAX);
            let wanted = (pad.len() as u32).min(room).max(repetition.min);
            // What has no lower bound needs no copy of a long expression.
            let simple = matches!(repetition.sub.kind(), HirKind::Class(_));
            let times = if simple { wanted } else { repetition.min };
            for _ in 0..times.min(4096) {
                write(&repetition.sub, variant, pad, out)?;
            }
        }
        HirKind::Capture(capture) => write(&capture.sub, variant, pad, out)?,
        HirKind::Concat(all) => {
            for part in all {
                write(part, variant, pad, out)?;
            }
        }
        HirKind::Alternation(all) => write(all.get(variant % all.len())?, variant, pad, out)?,
    }
    Some(())
}

/// A character of a class: one that reads well, where it has such.
fn of_class(class: &Class) -> Option<char> {
    const READABLE: &str = "aA10xX_-./ =+\"'";
    match class {
        Class::Unicode(class) => {
            let has = |c: char| class.iter().any(|range| range.start() <= c && c <= range.end());
            READABLE
                .chars()
                .find(|c| has(*c))
                .or_else(|| class.iter().map(ClassUnicodeRange::start).find(|c| !c.is_control()))
                .or_else(|| class.iter().next().map(ClassUnicodeRange::start))
        }
        Class::Bytes(class) => class.iter().next().map(|range| char::from(range.start())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use detect_runtime::event::Raw;
    use detect_runtime::test::{Check, Fold, Order};
    use detect_runtime::text::glob::plain;
    use detect_runtime::value::address::Block;

    /// One of the examples passes, with and without something in the gaps.
    #[test]
    fn an_example_passes() {
        let block = Block::parse("10.0.0.0/8").expect("a block");
        let regex = |pattern: &str| Test::Regex { pattern: pattern.into() };
        let tests = [
            Test::Glob { glob: plain("*\\Temp\\?*.exe"), fold: Fold::Ascii },
            regex("(foo|bar)[0-9]{2,}.*x+"),
            regex("[^a-z]+(?:é|ü)?"),
            regex("(?s-u:.)*needle(?s-u:.)*"),
            Test::Cidr { address: block.address, bits: block.bits },
            Test::Number { order: Order::Less, number: Number::Long(5) },
            Test::Number { order: Order::Greater, number: Number::Double(0.75) },
            Test::Boolean(true),
            Test::TextOrder { order: Order::Less, text: "b".into() },
            Test::DateOrder { order: Order::Greater, nanos: 1_000_000_000 },
            Test::VersionOrder { order: Order::Greater, version: "1.5.0".into() },
            Test::Phrase(vec!["new".into(), "object".into()]),
        ];
        for test in tests {
            let check = Check::new(&test);
            for pad in ["", "aaa"] {
                let examples = examples(&test, pad);
                let passes = examples.iter().any(|text| check.passes(Raw::Text(text)));
                assert!(
                    passes || matches!(test, Test::Regex { ref pattern } if pattern.contains("-u")),
                    "{test:?}: {examples:?}"
                );
            }
        }
    }
}
