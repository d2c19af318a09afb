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
            let named = format!("(?<{name}>");
            captures |= regex.contains(&named);
            // Names of groups may hold dots, which only GROK knows.
            let regex = regex.replace(&named, "(?:");
            if captures {
                texts.extend(examples(&Test::Regex { pattern: regex }, "sample"));
            }
        }
    }
    texts
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
