//! Patterns of the bank and the rules of capturing.

use super::{Grok, bank, columns, compile};
use crate::value::{Cx, Value, Warnings, text};
use bumpalo::Bump;

/// Columns and values as `a=1 b=2`, `-` for null, with `!` in front of warnings.
fn taken(patterns: &[&str], input: Value<'_>) -> String {
    let columns = match columns(patterns) {
        Ok(columns) => columns,
        Err(error) => return error.to_string(),
    };
    let patterns: Vec<&'static str> =
        patterns.iter().map(|pattern| &*(*pattern).to_owned().leak()).collect();
    let leaked: Vec<_> = columns.iter().map(|(name, ty)| (&*name.clone().leak(), *ty)).collect();
    let grok = Grok::new(patterns.leak(), leaked.leak());
    let (arena, warnings) = (Bump::new(), Warnings::default());
    let cx = Cx { arena: &arena, now: 0, warnings: &warnings };
    let mut out = vec![Value::Null; columns.len()];
    grok.extract(&cx, input, &mut out);
    let cells: Vec<_> = columns
        .iter()
        .zip(&out)
        .map(|((name, _), value)| {
            let texts: Vec<_> =
                value.as_slice().iter().filter_map(|one| text(*one, &arena)).collect();
            format!("{name}={}", if texts.is_empty() { "-".to_owned() } else { texts.join("|") })
        })
        .collect();
    let warned = warnings.count(crate::value::Warning::Conversion) > 0;
    format!("{}{}", if warned { "!" } else { "" }, cells.join(" "))
}

#[test]
fn captures() {
    for (pattern, text, expected) in [
        ("%{WORD:b} .*", "foo bar", "b=foo"),
        ("%{NUMBER:b:int} .*", "foo bar", "b=-"),
        ("%{WORD:b} %{WORD:b}", "foo bar", "b=foo|bar"),
        ("(?<b.c>[0-9a-z]{4,11}) (?<d>[0-9a-z]{1,11})", "asdf bar", "b.c=asdf d=bar"),
        ("%{WORD:a} %{NUMBER:num:int}", "123 Georgi 45 6", "a=Georgi num=45"),
        ("%{NUMBER:n:int}", "12345678901", "!n=-"),
        ("%{NUMBER:n:double} %{WORD:t:boolean}", "1.5 TRUE", "n=1.5 t=true"),
        ("(?im)^user: (?<u>\\w+)$", "x\nUser: bob\ny", "u=bob"),
        ("a(?<x>b)?(?<y>c)", "ac", "x=- y=c"),
        ("%{NOPE:x}", "x", "there is no pattern called \"NOPE\""),
        ("%{WORD:x:int} %{WORD:x}", "x", "the column \"x\" is captured with two types"),
        ("%{WORD}", "x", "the pattern captures no column"),
        ("%{WORD", "x", "`%{` at byte 0 is no reference to a pattern"),
        (
            "%{SYSLOGBASE} %{GREEDYDATA:m}",
            "Jul  4 10:11:12 web-1 sshd[77]: ok",
            "host.hostname=web-1 log.syslog.facility.code=- log.syslog.priority=- m=ok \
             process.name=sshd process.pid=77 timestamp=Jul  4 10:11:12",
        ),
    ] {
        assert_eq!(taken(&[pattern], Value::Text(text)), expected, "{pattern} on {text}");
    }
    let several = Value::Multi(&[Value::Text("a 1"), Value::Text("?"), Value::Text("b 2")]);
    assert_eq!(taken(&["%{WORD:w} %{INT:n:int}"], several), "n=1|2 w=a|b");
    assert_eq!(
        taken(&["ABC %{WORD:foo}", "XYZ %{WORD:bar}"], Value::Text("XYZ extractme")),
        "bar=extractme foo=-"
    );
}

#[test]
fn bank_compiles() {
    for (name, _) in bank::BANK {
        if let Err(error) = compile(&format!("%{{{name}:x}}")) {
            panic!("{name}: {error}");
        }
    }
}

#[test]
fn bank_finds() {
    for (name, text, expected) in [
        ("IP", "from 10.0.0.1:80", "10.0.0.1"),
        ("IP", "at 2001:db8::1 ok", "2001:db8::1"),
        ("IP", "::ffff:1.2.3.4", "::ffff:1.2.3.4"),
        ("IPV4", "1.2.3.400", "-"),
        ("HOSTNAME", "host web-1.example.com.", "host"),
        ("URIHOST", "example.com:8080/x", "example.com:8080"),
        ("URI", "see https://u:p@example.com/a?b=c now", "https://u:p@example.com/a?b=c"),
        ("EMAILADDRESS", "mail some.email@foo.com!", "some.email@foo.com"),
        ("TIMESTAMP_ISO8601", "1953-01-23T12:15:00Z x", "1953-01-23T12:15:00Z"),
        ("NUMBER", "a -1.5e", "-1.5"),
        ("POSINT", "0 12", "12"),
        ("QUOTEDSTRING", r#"x "a \" b" y"#, r#""a \" b""#),
        ("WINPATH", r"C:\Windows\a.exe", r"C:\Windows\a.exe"),
        ("UNIXPATH", "in /usr/bin/x ok", "/usr/bin/x"),
        ("MAC", "00:1b:44:11:3a:b7", "00:1b:44:11:3a:b7"),
        ("UUID", "123e4567-e89b-12d3-a456-426614174000", "123e4567-e89b-12d3-a456-426614174000"),
        ("HTTPDATE", "[10/Oct/2000:13:55:36 -0700]", "10/Oct/2000:13:55:36 -0700"),
        ("LOGLEVEL", "x ERROR y", "ERROR"),
        ("DATA", "abc", ""),
        ("GREEDYDATA", "ab\nc", "ab"),
    ] {
        let pattern = format!("%{{{name}:x}}");
        assert_eq!(taken(&[&pattern], Value::Text(text)), format!("x={expected}"), "{name}");
    }
}
