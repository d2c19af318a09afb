//! Texts that DISSECT and GROK take apart.

use super::outcome::Outcome;
use super::values::examples;
use detect_runtime::test::Test;

/// Texts of a DISSECT pattern in which the key has the outcome.
pub(super) fn of_dissect(pattern: &str, name: &str, wanted: &Outcome) -> Vec<String> {
    values(wanted, "sample")
        .iter()
        .map(|value| {
            replaced(pattern, &mut |key| {
                let own = key.trim_matches(['+', '&', '*', '?', '>', '-']);
                if own.split('/').next() == Some(name) {
                    value.clone()
                } else {
                    "sample".to_owned()
                }
            })
        })
        .collect()
}

/// Texts of the first GROK patterns that capture the name.
pub(super) fn of_grok(patterns: &[String], name: &str, wanted: &Outcome) -> Vec<String> {
    let mut texts = Vec::new();
    for pattern in patterns {
        for value in values(wanted, "sample") {
            let mut captures = false;
            let regex = replaced(pattern, &mut |word| {
                let mut parts = word.split(':');
                let base = parts.next().unwrap_or_default();
                let own = parts.next() == Some(name);
                captures |= own;
                let usual = usual(base);
                let text = if own && value != "sample" { value.as_str() } else { usual };
                regex_syntax::escape(text)
            });
            captures |= regex.contains(&format!("(?<{name}>"));
            // Names of groups may hold dots, which only GROK knows.
            let regex = unnamed(&regex);
            if captures {
                let test = Test::Regex { pattern: loosened(&regex) };
                texts.extend(examples(&test, "sample"));
            }
        }
    }
    texts
}

/// A regular expression without what is only a way of searching, or keeps texts out:
/// possessive repetitions, atomic groups, groups that must not follow.
pub(super) fn loosened(pattern: &str) -> String {
    let mut text = pattern.replace("(?>", "(?:");
    for (possessive, plain) in [("++", "+"), ("*+", "*"), ("?+", "?"), ("}+", "}")] {
        text = text.replace(possessive, plain);
    }
    for opening in ["(?!", "(?<!"] {
        while let Some(start) = text.find(opening) {
            let mut depth = 0_usize;
            let end = text[start..].char_indices().find(|(_, c)| {
                depth = match c {
                    '(' => depth + 1,
                    ')' => depth.saturating_sub(1),
                    _ => depth,
                };
                depth == 0
            });
            let Some((length, _)) = end else { return text };
            text.replace_range(start..=start + length, "");
        }
    }
    text
}

/// Values that may have the outcome.
fn values(wanted: &Outcome, usual: &str) -> Vec<String> {
    match wanted {
        Outcome::Passes(tests) => {
            tests.iter().flat_map(|asked| examples(&asked.test, usual)).collect()
        }
        _ => vec![usual.to_owned()],
    }
}

/// The pattern with each `%{..}` replaced.
fn replaced(pattern: &str, with: &mut dyn FnMut(&str) -> String) -> String {
    let mut out = String::new();
    let mut rest = pattern;
    while let Some((before, behind)) = rest.split_once("%{") {
        let Some((key, after)) = behind.split_once('}') else { break };
        out.push_str(before);
        out.push_str(&with(key));
        rest = after;
    }
    out + rest
}

/// The same with groups that have no names.
fn unnamed(regex: &str) -> String {
    let mut out = String::new();
    let mut rest = regex;
    while let Some((before, behind)) = rest.split_once("(?<") {
        out.push_str(before);
        let is_name = behind.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
        match behind.split_once('>').filter(|_| is_name) {
            Some((_, after)) => {
                out.push_str("(?:");
                rest = after;
            }
            None => {
                out.push_str("(?<");
                rest = behind;
            }
        }
    }
    out + rest
}

/// A text of a named GROK pattern.
fn usual(word: &str) -> &'static str {
    match word {
        "INT" | "NUMBER" | "BASE10NUM" | "POSINT" | "NONNEGINT" | "BASE16NUM" => "7",
        "IP" | "IPV4" | "IPORHOST" => "203.0.113.10",
        "IPV6" => "2001:db8::1",
        "URIPROTO" => "https",
        "HOSTNAME" | "URIHOST" | "HOST" => "host.example",
        "HOSTPORT" => "host.example:443",
        "URI" => "https://host.example/path",
        "URIPATH" | "UNIXPATH" | "PATH" => "/path/sample",
        "WINPATH" => "C:\\path\\sample",
        "UUID" => "6a8f1f8e-90b7-44a1-a4a5-1d4a9e1f2c01",
        "EMAILADDRESS" => "sample@host.example",
        "TIMESTAMP_ISO8601" => "2024-05-06T10:00:00Z",
        "SPACE" => " ",
        "QUOTEDSTRING" | "QS" => "\"sample\"",
        _ => "sample",
    }
}
