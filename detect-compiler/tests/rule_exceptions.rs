//! Exceptions beside a rule: read, joined to the rule's condition, refused where
//! they cannot apply.

use detect_compiler::diagnostic::Style;
use detect_compiler::lower::compile;
use detect_compiler::plan::Ask;
use detect_compiler::rule::{Exceptions, Rule};
use detect_compiler::schema::Schema;
use std::sync::Arc;

const RULE: &str = r#"
[rule]
name = "Shell"
description = "A shell."
rule_id = "6a8f1f8e-90b7-44a1-a4a5-1d4a9e1f2c01"
type = "query"
severity = "low"
risk_score = 21
query = "process.name: sh"
"#;

const BACKUP: &str = r#"
[[item]]
name = "Backups"
expire_time = "2027-01-01T00:00:00Z"

[[item.entries]]
field = "host.name"
type = "match_any"
value = ["files-01", "files-02"]

[[item.entries]]
field = "process.executable"
type = "wildcard"
operator = "excluded"
value = '/tmp/*'
"#;

fn rule(exceptions: Option<&str>) -> Rule {
    let exceptions = exceptions.map(|text| {
        Arc::new(Exceptions::parse("shell.exceptions.toml", text).expect("valid exceptions"))
    });
    Rule { exceptions, ..Rule::parse("shell.toml", RULE).expect("a valid rule") }
}

#[test]
fn fields_and_operators_are_compiled_and_values_are_data() {
    let compiled = compile(&rule(Some(BACKUP)), &Schema::builtin()).expect("a plan");
    let [shape] = compiled.exceptions.shapes.as_slice() else { panic!("not one shape") };
    assert_eq!(shape.words, "host.name like a value, process.executable not like a value");
    let asked: Vec<(bool, &str)> = shape
        .entries
        .iter()
        .map(|entry| match &entry.ask {
            Ask::Value(field) => (entry.negate, field.path.as_str()),
            other => panic!("not a value: {other:?}"),
        })
        .collect();
    assert_eq!(asked, [(false, "host.name"), (true, "process.executable")]);
    let [item] = compiled.exceptions.items.as_slice() else { panic!("not one item") };
    assert_eq!(item.tests.iter().map(Vec::len).collect::<Vec<_>>(), [2, 1]);
    assert_eq!(item.expires, Some(1_798_761_600_000_000_000));
}

#[test]
fn items_with_the_same_fields_and_operators_share_a_shape() {
    let second = BACKUP.replace("files-02", "files-03").replace("Backups", "More");
    let both = format!("{BACKUP}{second}");
    let compiled = compile(&rule(Some(&both)), &Schema::builtin()).expect("a plan");
    assert_eq!((compiled.exceptions.shapes.len(), compiled.exceptions.items.len()), (1, 2));
    assert_eq!(rule(Some(&both)).meaning_hash(0), rule(Some(BACKUP)).meaning_hash(0));
}

#[test]
fn values_of_exceptions_do_not_change_what_the_rule_means() {
    let other_value = BACKUP.replace("files-02", "files-03");
    let other_field = BACKUP.replace("host.name", "host.id");
    let hash = |exceptions| rule(exceptions).meaning_hash(0);
    assert_eq!(hash(Some(BACKUP)), hash(Some(&other_value)));
    assert_ne!(hash(Some(BACKUP)), hash(Some(&other_field)));
    assert_ne!(hash(Some(BACKUP)), hash(None));
}

#[test]
fn names_and_severity_do_not_change_what_the_rule_means() {
    let parse = |text: &str| Rule::parse("shell.toml", text).expect("a valid rule");
    let plain = parse(RULE);
    let renamed = parse(&RULE.replace("\"Shell\"", "\"Other\"").replace("low", "high"));
    let requeried = parse(&RULE.replace("name: sh", "name: bash"));
    assert_eq!(plain.meaning_hash(0), renamed.meaning_hash(0));
    assert_ne!(plain.meaning_hash(0), requeried.meaning_hash(0));
    assert_ne!(plain.meaning_hash(0), plain.meaning_hash(1));
    assert_ne!(plain.content_hash(), renamed.content_hash());
}

#[test]
fn exceptions_that_cannot_apply_are_errors() {
    let rows = [
        ("[[item]]\nname = \"x\"\n", "`item.entries` is missing"),
        (
            "[[item]]\nname = \"x\"\n[[item.entries]]\nfield = \"a\"\ntype = \"matches\"\n",
            "unknown value `matches`",
        ),
        (
            "[[item]]\nname = \"x\"\n[[item.entries]]\nfield = \"a\"\ntype = \"list\"\nlist = { id = \"l\" }\n",
            "type `list` cannot apply",
        ),
        (
            "[[item]]\nname = \"x\"\nexpire_time = \"soon\"\n[[item.entries]]\nfield = \"a\"\ntype = \"exists\"\n",
            "`item.expire_time` must be",
        ),
        ("[[items]]\nname = \"x\"\n", "unknown member `items`"),
    ];
    for (text, message) in rows {
        let report = Exceptions::parse("x.exceptions.toml", text).expect_err(text);
        assert!(report.render(Style::Plain).contains(message), "{}", report.render(Style::Plain));
    }
}

#[test]
fn a_value_that_its_field_cannot_hold_is_an_error_in_the_exceptions() {
    let text = "[[item]]\nname = \"x\"\n[[item.entries]]\nfield = \"process.pid\"\ntype = \"match\"\nvalue = \"four\"\n";
    let reports = compile(&rule(Some(text)), &Schema::builtin()).expect_err("no plan");
    assert_eq!(reports.len(), 1);
    let message = reports[0].render(Style::Plain);
    assert!(message.contains("shell.exceptions.toml:4:9"), "{message}");
    assert!(message.contains("cannot apply"), "{message}");
}

#[test]
fn an_object_has_no_value_to_compare() {
    let text = "[[item]]\nname = \"x\"\n[[item.entries]]\nfield = \"cloud.entity.behavior\"\ntype = \"match\"\nvalue = \"a\"\n";
    let reports = compile(&rule(Some(text)), &Schema::builtin()).expect_err("no plan");
    let message = reports[0].render(Style::Plain);
    assert!(message.contains("`cloud.entity.behavior` has no value that could match"), "{message}");
}
