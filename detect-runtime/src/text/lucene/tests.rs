//! The translation against the definition of each operator.

use super::{Node, Options, RegexError, parse, test, translate};
use crate::test::{Fold, Test};
use crate::text::whole::Whole;
use proptest::prelude::*;
use std::collections::BTreeSet;

/// Ends of the matches of a node that begin at `at`, by the meaning of each node.
fn ends(node: &Node, text: &[char], at: usize) -> BTreeSet<usize> {
    match node {
        Node::Class(class) => {
            let c = text.get(at).map(|c| u32::from(*c));
            let holds = |c| class.iter().any(|(from, to)| (*from..=*to).contains(&c));
            c.is_some_and(holds).then_some(at + 1).into_iter().collect()
        }
        Node::Concat(parts) => parts.iter().fold(BTreeSet::from([at]), |from, part| {
            from.into_iter().flat_map(|at| ends(part, text, at)).collect()
        }),
        Node::Or(choices) => choices.iter().flat_map(|choice| ends(choice, text, at)).collect(),
        Node::And(all) => {
            let mut sets = all.iter().map(|node| ends(node, text, at));
            let first = sets.next().unwrap_or_default();
            sets.fold(first, |a, b| a.intersection(&b).copied().collect())
        }
        Node::Not(inner) => {
            let matched = ends(inner, text, at);
            (at..=text.len()).filter(|end| !matched.contains(end)).collect()
        }
        Node::Repeat(inner, least, most) => {
            let mut reached = BTreeSet::from([at]);
            let mut all = BTreeSet::new();
            // More rounds than characters reach nothing new.
            let rounds = most.unwrap_or(u32::MAX).min(least + text.len() as u32 + 1);
            for round in 0..=rounds {
                if round >= *least {
                    all.extend(&reached);
                }
                reached = reached.iter().flat_map(|at| ends(inner, text, *at)).collect();
            }
            all
        }
    }
}

fn naive(pattern: &str, text: &str, options: Options) -> Option<bool> {
    let node = parse::parse(pattern, options).ok()?;
    let text: Vec<char> = text.chars().collect();
    Some(ends(&node, &text, 0).contains(&text.len()))
}

#[test]
fn table() {
    let folded = Options { fold: Fold::Ascii, fold_ranges: false };
    let full = Options { fold: Fold::Full, fold_ranges: true };
    for (pattern, text, options, holds) in [
        ("a.c", "a\nc", Options::EXACT, true),
        ("^a$", "^a$", Options::EXACT, true),
        ("a*?", "aaa", Options::EXACT, true),
        ("\"a.c\"d", "a.cd", Options::EXACT, true),
        ("\"a.c\"d", "abcd", Options::EXACT, false),
        ("@b", "aab", Options::EXACT, true),
        ("a#", "a", Options::EXACT, false),
        ("a.*&.*b", "axb", Options::EXACT, true),
        ("a.*&.*b", "ax", Options::EXACT, false),
        ("~(a+)", "b", Options::EXACT, true),
        ("~(a+)", "aa", Options::EXACT, false),
        ("x~a", "x", Options::EXACT, true),
        ("<8-12>", "9", Options::EXACT, true),
        ("<8-12>", "0009", Options::EXACT, true),
        ("<8-12>", "13", Options::EXACT, false),
        ("<08-12>", "9", Options::EXACT, false),
        ("<08-12>", "09", Options::EXACT, true),
        ("<0-255>", "255", Options::EXACT, true),
        ("<0-255>", "256", Options::EXACT, false),
        (r"\d\s\w", "1 _", Options::EXACT, true),
        (r"[\d-]+", "1-2", Options::EXACT, true),
        ("[]a]", "]", Options::EXACT, true),
        ("[^a-c]", "d", Options::EXACT, true),
        ("[a-c", "", Options::EXACT, false),
        ("()", "", Options::EXACT, true),
        (r"\<\>\&\~", "<>&~", Options::EXACT, true),
        ("abc", "ABC", folded, true),
        ("[a-c]x", "AX", folded, false),
        ("[a-c]x", "aX", folded, true),
        ("[ac]x", "AX", folded, true),
        ("é", "É", folded, false),
        ("[a-é]", "É", full, true),
        ("a{2,3}", "aaaa", Options::EXACT, false),
        ("a{2,}", "aaaa", Options::EXACT, true),
    ] {
        let regex = translate(pattern, options).ok().and_then(|p| Whole::new(&p).ok());
        assert_eq!(regex.is_some_and(|r| r.matches(text)), holds, "{pattern} on {text}");
    }
}

#[test]
fn simple_patterns_become_simpler_tests() {
    let equals = |text: &str| Ok(Test::Equals { text: text.into(), fold: Fold::Ascii });
    let glob = |pattern: &str| {
        Ok(Test::Glob { glob: crate::text::glob::plain(pattern), fold: Fold::Ascii })
    };
    let options = Options { fold: Fold::Ascii, fold_ranges: false };
    assert_eq!(test(r"cmd\.exe", options), equals("cmd.exe"));
    assert_eq!(test("", options), equals(""));
    assert_eq!(test(".*c.d.*", options), glob("*c?d*"));
    assert!(matches!(test("a+", options), Ok(Test::Regex { .. })));
}

/// Where an atom must stand, any character is itself.
#[test]
fn a_stray_operator_is_a_character() {
    let whole = |pattern: &str, text: &str| {
        test(pattern, Options::EXACT).is_ok_and(|test| test.holds(crate::event::Raw::Text(text)))
    };
    for (pattern, text, holds) in [
        ("a||b", "a", true),
        ("a||b", "|b", true),
        ("a||b", "b", false),
        ("(a.*||.*b)", "|xb", true),
        ("(|b)", "|b", true),
    ] {
        assert_eq!(whole(pattern, text), holds, "{pattern} {text}");
    }
}

#[test]
fn refusals() {
    let unexpected = |at, expected| Err(RegexError::Unexpected { at, expected });
    for (pattern, expected) in [
        ("a)", unexpected(1, "the end of the pattern")),
        ("(a", Err(RegexError::End { expected: "`)`" })),
        ("a{x}", unexpected(2, "a number")),
        ("a{3,2}", unexpected(6, "a range from less to more")),
        ("[b-a]", unexpected(3, "a range from less to more")),
        ("<a-b>", unexpected(1, "a number and `-`")),
        ("\"a", Err(RegexError::End { expected: "`\"`" })),
        ("a\\", Err(RegexError::End { expected: "an expression" })),
    ] {
        let got = test(pattern, Options::EXACT);
        let expected = match expected {
            // At the very end there is nothing left to point at.
            Err(RegexError::Unexpected { at, expected }) if at >= pattern.len() => {
                Err(RegexError::End { expected })
            }
            other => other,
        };
        assert_eq!(got, expected, "{pattern}");
    }
    assert!(test(&"(".repeat(100_000), Options::EXACT).is_err());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]
    #[test]
    fn translation_agrees_with_the_definition(
        pattern in r#"([ab.]|a\*|b\?|a\+|\(a\|b\)|\(ab\)\*|\[\^a\]|\[a-b\]|@|#|~a|~\(ab\*\)|~b|<0-12>|"ab"|b\{1,2\}|&a|&\.\*|\|){1,5}"#,
        text in "[ab0-3]{0,5}",
        fold in prop::sample::select(vec![Fold::None, Fold::Ascii, Fold::Full]),
    ) {
        let options = Options { fold, fold_ranges: true };
        if let Some(expected) = naive(&pattern, &text, options) {
            match translate(&pattern, options) {
                Ok(translated) => {
                    let regex = Whole::new(&translated);
                    prop_assert!(regex.is_ok(), "{pattern} gives {translated}");
                    prop_assert_eq!(regex.is_ok_and(|r| r.matches(&text)), expected, "{} as {}", pattern, translated);
                }
                Err(error) => prop_assert!(matches!(error, RegexError::TooComplex { .. }), "{pattern}"),
            }
        }
    }
}
