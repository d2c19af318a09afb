//! Java's and Ruby's answers, from their documentation and behaviour.

use super::{Dialect, Regex, Replacement};

fn found(pattern: &str, text: &str, dialect: Dialect) -> Option<String> {
    let regex = Regex::new(pattern, dialect).ok()?;
    let mut search = regex.search(text);
    let (start, end) = search.next_match().ok()??[0]?;
    Some(text[start..end].to_owned())
}

fn replaced(pattern: &str, text: &str, with: &str) -> String {
    let Ok(regex) = Regex::new(pattern, Dialect::Java) else { return "no pattern".into() };
    let Ok(with) = Replacement::new(with, &regex) else { return "no replacement".into() };
    match with.apply(&regex, text, 1000) {
        Ok(Some(out)) => out,
        Ok(None) => text.to_owned(),
        Err(error) => error.to_string(),
    }
}

#[test]
fn java_finds() {
    for (pattern, text, expected) in [
        (r"\d+", "a١23", Some("23")),
        (r"(?i)É", "é", None),
        (r"(?iu)É", "é", Some("é")),
        (r"(?i)[a-c]+x", "ABCX", Some("ABCX")),
        (r"(?i)[^a]", "A", None),
        ("a.c", "a\nc", None),
        ("a.c", "a\rc", None),
        ("(?s)a.c", "a\nc", Some("a\nc")),
        ("(?d)a.c", "a\rc", Some("a\rc")),
        ("c$", "abc", Some("c")),
        ("c$", "abc\n", Some("c")),
        ("c$", "abc\r\n", Some("c")),
        ("c$", "abc\nd", None),
        (r"c\Z", "abc\n", Some("c")),
        (r"c\z", "abc\n", None),
        ("(?m)^b$", "a\nb\nc", Some("b")),
        ("(?m)^b$", "a\rb\rc", Some("b")),
        ("(?m)^$", "a\r\nb", None),
        ("a++a", "aaa", None),
        ("(?<=x)a", "xa", Some("a")),
        ("(?!a)[a-c]", "ab", Some("b")),
        (r"(a)(b)\2\1", "abba", Some("abba")),
        (r"(?<n>a)\k<n>", "aa", Some("aa")),
        (r"\Qa.b\E+", "xa.bb", Some("a.bb")),
        (r"[\w&&[^\d_]]+", "12ab_", Some("ab")),
        (r"[a-d[m-p]]+", "xanx", Some("an")),
        (r"[^a-d[m-p]]+", "anx", Some("x")),
        (r"\p{Lower}+\p{IsAlphabetic}", "aÉ", Some("aÉ")),
        (r"\x41\u0042\x{43}", "ABC", Some("ABC")),
        ("(?x) a b # c", "ab", Some("ab")),
        (r"\h\R", " \r\n", Some(" \r\n")),
        ("[]a]+", "]a", Some("]a")),
        (r"\bé", "é", None),
        ("a{,2}", "a", None),
        ("a**", "a", None),
        (r"\y", "y", None),
        ("(", "(", None),
        ("a)", "a)", None),
        (r"[z-a]", "z", None),
    ] {
        assert_eq!(
            found(pattern, text, Dialect::Java).as_deref(),
            expected,
            "{pattern} in {text:?}"
        );
    }
}

#[test]
fn java_replaces() {
    for (pattern, text, with, expected) in [
        ("a*", "baaac", "-", "-b--c-"),
        ("x*", "abc", "-", "-a-b-c-"),
        ("(a)(b)?", "ac", "[$1$2]", "[a]c"),
        ("(a)", "a", "$10", "a0"),
        ("(?<x>a)", "a", "${x}${x}", "aa"),
        ("a", "a", r"\$\\", r"$\"),
        ("a", "a", "$1", "no replacement"),
        ("a", "a", "$", "no replacement"),
        ("a", "a", "${y}", "no replacement"),
        (r"^.*\\", r"C:\a\b.exe", "", "b.exe"),
        (r"[0-9a-f]{8}", "id-0123abcd", "X", "id-X"),
        ("(?:a|b)++", "aabbc", "_", "_c"),
        ("$", "a\n", "!", "a!\n!"),
    ] {
        assert_eq!(replaced(pattern, text, with), expected, "{pattern} in {text:?}");
    }
}

#[test]
fn ruby_finds() {
    for (pattern, text, expected) in [
        ("^b$", "a\nb\nc", Some("b")),
        ("a.c", "a\nc", None),
        ("(?m)a.c", "a\nc", Some("a\nc")),
        (r"\w+", "Zürich,", Some("Zürich")),
        (r"\h+", "xyzbeef", Some("beef")),
        ("[[:alpha:]]+[[:digit:]]", "1é5", Some("é5")),
        ("(?>a+)b", "aab", Some("aab")),
        ("(?<a.b>x)y", "xy", Some("xy")),
        (r"a{,2}b", "aab", Some("aab")),
        (r"(?i)straSSe", "STRASSE", Some("STRASSE")),
        (r"b\Z", "ab\n", Some("b")),
        (r"a{x", "a{x", Some("a{x")),
        (r"(?<n>a)(?<n>b)", "ab", Some("ab")),
    ] {
        assert_eq!(
            found(pattern, text, Dialect::Oniguruma).as_deref(),
            expected,
            "{pattern} in {text:?}"
        );
    }
}

#[test]
fn backtracking_is_bounded() {
    let regex = Regex::new(r"(x+x+)+\1y", Dialect::Java).expect("a pattern");
    assert_eq!(regex.is_match(&"x".repeat(60)), Err(super::TooManySteps));
}
