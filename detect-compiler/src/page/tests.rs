//! The seed's page, small rules of every language and type, and all public rules.

use super::{Catalogue, Page};
use crate::lower;
use crate::predicate::Kind;
use crate::rule::{File, Folder, Rule, read_folder};
use crate::schema::Schema;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// A folder of the public material, if it is there.
fn shared(name: &str) -> Option<PathBuf> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared").join(name);
    if path.exists() {
        return Some(path);
    }
    println!("skipped: ../shared/{name} is not there");
    None
}

fn page(source: &str) -> Page {
    let rule = Rule::parse("rule.toml", source).expect("a rule");
    let schema = Schema::builtin();
    let compiled = lower::compile(&rule, &schema).expect("a plan");
    Page::of(&rule, &compiled, &schema)
}

/// A rule of this type around a query.
fn rule(rule_type: &str, members: &str, query: &str) -> Page {
    page(&format!(
        "[rule]\nname = \"r\"\ndescription = \"d\"\nrule_id = \"r-1\"\ntype = \"{rule_type}\"\n\
         severity = \"low\"\nrisk_score = 21\n{members}\nquery = '''{query}'''\n"
    ))
}

fn rows(page: &Page) -> Vec<String> {
    let row = |row: &super::Indicator| {
        let not = if row.predicate.negated { "not " } else { "" };
        let values = row.predicate.values.join(" | ");
        format!("{not}{} {} {values}", row.predicate.field, row.predicate.kind.name())
            .trim_end()
            .to_owned()
    };
    page.indicators.iter().map(row).collect()
}

/// The lines between two headings, without blank ones and indentation.
fn section<'t>(text: &'t str, from: &str, to: Option<&str>) -> Vec<&'t str> {
    let rest = text.split_once(from).expect("the heading").1;
    let inside = to.map_or(rest, |to| rest.split_once(to).expect("the next heading").0);
    inside.lines().map(str::trim).filter(|line| !line.is_empty()).collect()
}

#[test]
fn the_page_of_the_seed() {
    let Some(folder) = shared("seed") else { return };
    let text = std::fs::read_to_string(folder.join("rule-page.txt")).expect("the page");
    let file = "file_transfer_utility_launched_from_unusual_parent.toml";
    let page = page(&std::fs::read_to_string(folder.join(file)).expect("the rule"));
    let stages: Vec<String> = page
        .stages
        .iter()
        .enumerate()
        .flat_map(|(n, stage)| {
            let title = format!("Stage {}: {}", n + 1, stage.command);
            std::iter::once(title).chain(stage.text.lines().map(|line| line.trim().to_owned()))
        })
        .filter(|line| !line.is_empty())
        .collect();
    assert_eq!(stages, section(&text, "Stages and Predicates\n", Some("\nIndicators\n")));
    // The page leaves out which system the rule is for; the rule does ask.
    let os = page.indicators.iter().position(|row| row.predicate.field == "host.os.type");
    assert_eq!(page.indicators[os.expect("the system")].predicate.values, ["linux"]);
    let indicators: Vec<String> = page
        .indicators
        .iter()
        .filter(|row| row.predicate.field != "host.os.type")
        .flat_map(|row| {
            assert!(!row.predicate.negated);
            let head = format!("{}{}", row.predicate.field, row.predicate.kind.name());
            let values = row.predicate.values.iter().map(|value| format!("• {value}"));
            std::iter::once(head).chain(values)
        })
        .collect();
    assert_eq!(indicators, section(&text, "\nFieldKindValues\n", Some("\nOutput fields\n")));
    let output: Vec<String> =
        page.output.iter().map(|c| format!("{}{}", c.field, c.source)).collect();
    assert_eq!(output, section(&text, "\nFieldSource\n", None));
    let identity = &page.identity;
    let said = [
        identity.status.as_str(),
        identity.severity,
        identity.window.as_deref().unwrap_or_default(),
        &identity.group_by.join(", "),
        &identity.author.join(", "),
    ];
    for (title, value) in
        ["Status", "Severity", "Time window", "Group by", "Author"].iter().zip(said)
    {
        assert!(text.contains(&format!("\n{title}\n{value}\n")), "{title}: {value}");
    }
}

/// Queries and what they look for: see `indicators.txt`.
#[test]
fn indicators_of_every_language() {
    let mut kinds = BTreeSet::new();
    for case in include_str!("indicators.txt").split("\n---\n") {
        let case: Vec<&str> = case.lines().filter(|line| !line.starts_with('#')).collect();
        let Some((head, rest)) = case.split_first() else { continue };
        let (rule_type, language) = head.split_once(' ').expect("type and language");
        let split = rest.iter().position(|line| *line == "=>").expect("=>");
        let query = rest[..split].join("\n");
        let page = rule(rule_type, &format!("language = \"{language}\""), &query);
        assert_eq!(rows(&page), rest[split + 1..], "{query}");
        kinds.extend(page.indicators.iter().map(|row| row.predicate.kind));
    }
    let missing: Vec<&Kind> = Kind::ALL.iter().filter(|kind| !kinds.contains(kind)).collect();
    assert!(missing.is_empty(), "kinds without a case: {missing:?}");
}

#[test]
fn heads_are_stages_and_indicators() {
    let threshold = "language = \"kuery\"\n[rule.threshold]\nfield = [\"host.id\"]\nvalue = 5\n\
                     cardinality = [{ field = \"user.id\", value = 3 }]\n[rule]";
    let source = format!(
        "[rule]\nname = \"r\"\ndescription = \"d\"\nrule_id = \"r-1\"\ntype = \"threshold\"\n\
         severity = \"low\"\nrisk_score = 21\nquery = \"event.action: logon\"\n{}",
        threshold.trim_end_matches("\n[rule]")
    );
    let page = page(&source);
    let commands: Vec<&str> = page.stages.iter().map(|stage| stage.command.as_str()).collect();
    assert_eq!(commands, ["kuery", "threshold"]);
    assert_eq!(page.stages[1].text, "count >= 5 and count_distinct(user.id) >= 3 by host.id");
    assert_eq!(
        rows(&page),
        [
            "count_distinct(user.id) ge 3",
            "event.action eq logon",
            "kibana.alert.threshold_result.count ge 5"
        ]
    );
    assert_eq!(page.output[0].source, "BY host.id");
    assert_eq!(page.reads, ["event.action", "host.id", "user.id"]);
}

#[test]
fn columns_of_a_pipeline() {
    let cases: [(&str, &[&str]); 5] = [
        ("from logs-x* metadata _id", &["* < FROM logs-x*", "_id < METADATA _id"]),
        (
            "from a | eval x = 1, y = x + 1 | rename x as z | drop y",
            &["* < FROM a", "z < RENAME x AS z"],
        ),
        (
            "from a | stats c = count(*), max(b) by d = host.name, user.id",
            &[
                "c < STATS c = count(*)",
                "max(b) < STATS max(b)",
                "d < BY d = host.name",
                "user.id < BY user.id",
            ],
        ),
        ("from a | keep b*, c | eval b = 2", &["b* < KEEP b*", "c < KEEP c", "b < EVAL b = 2"]),
        (
            "from a | dissect message \"%{one} %{two}\" | keep one, two",
            &["one < KEEP one", "two < KEEP two"],
        ),
    ];
    for (query, expected) in cases {
        let page = rule("esql", "language = \"esql\"", query);
        let shown: Vec<String> =
            page.output.iter().map(|c| format!("{} < {}", c.field, c.source)).collect();
        assert_eq!(shown, expected, "{query}");
    }
}

#[test]
fn counts_are_of_other_rules() {
    let file = |id: &str, query: &str| File {
        path: format!("{id}.toml"),
        bytes: format!(
            "[rule]\nname = \"{id}\"\ndescription = \"d\"\nrule_id = \"{id}\"\ntype = \"query\"\n\
             severity = \"low\"\nrisk_score = 21\nlanguage = \"kuery\"\nquery = '''{query}'''\n"
        )
        .into_bytes(),
    };
    let folder = Folder {
        files: vec![
            file("a", "process.name: (scp or ftp) and event.type: start"),
            file("b", "process.name: (ftp or scp) and host.os.type: linux"),
            file("c", "not process.name: (ftp or scp) and event.type: start"),
        ],
    };
    let catalogue = Catalogue::of(&folder);
    let counts = |number: usize| -> Vec<usize> {
        catalogue.entries[number].page.indicators.iter().map(|row| row.corpus).collect()
    };
    assert_eq!([counts(0), counts(1), counts(2)], [vec![1, 2], vec![0, 2], vec![1, 2]]);
    let mut outside = catalogue.entries[0].page.clone();
    catalogue.count(&mut outside);
    assert_eq!(outside.indicators[1].corpus, 2);
    outside.identity.id = "another".to_owned();
    catalogue.count(&mut outside);
    assert_eq!(outside.indicators[1].corpus, 3);
}

/// Every public rule has a page: what it says is whole, and what it reads is named.
#[test]
fn pages_of_all_public_rules() {
    let Some(folder) = shared("corpus") else { return };
    let catalogue = Catalogue::of(&read_folder(&folder).expect("the corpus"));
    assert!(catalogue.entries.len() > 2_000, "{} pages", catalogue.entries.len());
    let mut kinds = BTreeSet::new();
    for entry in &catalogue.entries {
        let page = &entry.page;
        let path = &page.identity.path;
        assert!(!page.stages.is_empty(), "{path}: no stages");
        assert!(!page.output.is_empty(), "{path}: no output");
        assert!(!page.indicators.is_empty(), "{path}: no indicators");
        assert!(!page.reads.is_empty(), "{path}: reads nothing");
        for row in &page.indicators {
            let (kind, values) = (row.predicate.kind, row.predicate.values.len());
            let wanted = match kind {
                Kind::Exists | Kind::Missing => values == 0,
                Kind::Eq | Kind::Lt | Kind::Le | Kind::Gt | Kind::Ge => values == 1,
                Kind::In => values > 1,
                _ => values > 0,
            };
            assert!(wanted, "{path}: {:?}", row.predicate);
            kinds.insert(kind.name());
        }
    }
    let missing: Vec<_> = Kind::ALL.iter().filter(|kind| !kinds.contains(kind.name())).collect();
    println!("{} pages; kinds that no public rule has: {missing:?}", catalogue.entries.len());
}
