//! What is doubtful about rules, alone and together.

use super::site::{self, Site};
use crate::cli::html::{self, Neighbours, Place};
use detect_compiler::diagnostic::Problem;
use detect_compiler::hygiene::{Relation, Side};
use detect_compiler::page::Entry;
use maud::{Markup, html};
use std::collections::BTreeMap;

/// What the page of a rule says about its hygiene.
pub(super) fn neighbours(site: &Site<'_>, number: usize) -> Neighbours {
    let hygiene = site.hygiene;
    let related = hygiene.neighbours(number).into_iter().filter_map(|(side, other)| {
        let entry = site.entries().get(other)?;
        let name = entry.page.identity.name.clone();
        Some((side.words().to_owned(), name, site.file(other).to_owned()))
    });
    let mut notes = Vec::new();
    if hygiene.never.contains(&number) {
        notes.push("No event meets its condition.".to_owned());
    }
    let blind = hygiene.blind.iter().find(|(rule, _)| *rule == number);
    if let Some((_, why)) = blind {
        notes.push(format!("It cannot see the given data: {}.", why.words()));
    }
    let samples = hygiene.samples.get(number).copied().unwrap_or_default();
    let samples = match (samples.alerts, samples.silent) {
        (0, 0) => "none".to_owned(),
        (alerts, silent) => format!("{alerts} that alert, {silent} that do not"),
    };
    Neighbours { related: related.collect(), notes, samples: Some(samples) }
}

/// `hygiene.html`.
pub(super) fn page(site: &Site<'_>) -> String {
    let hygiene = site.hygiene;
    let lead = format!(
        "What is doubtful about rules, alone and together. {} were compared on their conditions; \
         what is said of two rules is proved for every event there can be.",
        site::rules(hygiene.compared)
    );
    let lints = lints(site.entries());
    let refused = &site.catalogue.refused;
    let body = html! {
        (site::title("Hygiene", &lead))
        (tiles(site, lints.values().map(Vec::len).sum()))
        (pairs(site))
        @if !hygiene.never.is_empty() {
            (part("never", "Conditions that no event meets", "They contradict themselves.", &html! {
                (site.list(&hygiene.never, ""))
            }))
        }
        @if site.data_given { (blind(site)) }
        @if !lints.is_empty() {
            (part("lints", "Warnings of the compiler", "What is legal, but hardly what was meant.",
                &html! { @for (lint, rules) in &lints { (self::lint(site, lint, rules)) } }))
        }
        @if !refused.is_empty() {
            (part("refused", "Files that do not compile", "They take no part in this catalogue.",
                &html! {
                    ul.findings {
                        @for report in refused {
                            li {
                                code { (report.path) } ": "
                                (report.problems.first().map_or("", |one| one.message.as_str()))
                            }
                        }
                    }
                }))
        }
        (unsampled(site))
    };
    html::document(Place::Top, "hygiene.html", "Hygiene · Detection rules", body)
}

fn tiles(site: &Site<'_>, warnings: usize) -> Markup {
    let hygiene = site.hygiene;
    let count = |wanted: &dyn Fn(&Relation) -> bool| {
        hygiene.relations.iter().filter(|relation| wanted(relation)).count()
    };
    let equal = count(&|relation| !matches!(relation, Relation::Narrower { .. }));
    let narrower = count(&|relation| matches!(relation, Relation::Narrower { .. }));
    let tile = |name: &str, to: &str, number: usize| {
        html! {
            li { @if number > 0 { a href={ "#" (to) } { strong { (site::number(number)) } span { (name) } } }
                @else { strong { "0" } span { (name) } } }
        }
    };
    html! {
        ul.tiles {
            (tile("equal pairs", "pairs", equal))
            (tile("within another rule", "pairs", narrower))
            (tile("never hold", "never", hygiene.never.len()))
            @if site.data_given { (tile("cannot see the data", "blind", hygiene.blind.len())) }
            (tile("warnings", "lints", warnings))
            (tile("without samples", "unsampled", hygiene.unsampled.len()))
        }
    }
}

fn part(id: &str, title: &str, hint: &str, body: &Markup) -> Markup {
    html! {
        section.part aria-labelledby=(id) {
            h2 id=(id) { (title) }
            p.hint { (hint) }
            (body)
        }
    }
}

/// Pairs by the rule that says less.
fn pairs(site: &Site<'_>) -> Markup {
    let mut rows: BTreeMap<(Side, usize), Vec<usize>> = BTreeMap::new();
    for relation in &site.hygiene.relations {
        let (key, other) = match *relation {
            Relation::Equal(a, b) => ((Side::Equal, a), b),
            Relation::Narrower { narrow, broad } => ((Side::Within, narrow), broad),
            Relation::Elsewhere(a, b) => ((Side::Elsewhere, a), b),
        };
        rows.entry(key).or_default().push(other);
    }
    let hint = "With predicates as unknowns of which some imply others: a text within a pattern, \
                a block of addresses within another, a number within a range. Fields with several \
                values are read as the languages do. Exceptions are not looked at.";
    let undecided = &site.hygiene.undecided;
    let body = html! {
        @if rows.is_empty() { p.empty { "No two rules say the same." } }
        @else {
            ul.pairs {
                @for ((side, rule), others) in &rows {
                    li {
                        (link(site, *rule))
                        span.how { (how(*side)) }
                        small { (path(site, *rule)) }
                        ul {
                            @for other in others {
                                li { (link(site, *other)) small { (path(site, *other)) } }
                            }
                        }
                    }
                }
            }
        }
        @if !undecided.is_empty() {
            h3 { "Not decided within the budget" }
            ul.findings {
                @for (a, b) in undecided { li { (link(site, *a)) " / " (link(site, *b)) } }
            }
        }
    };
    part("pairs", "Rules that say the same, or less than another", hint, &body)
}

fn how(side: Side) -> &'static str {
    match side {
        Side::Equal => "holds for the same events as",
        Side::Within | Side::Holds => "holds only when this one does too:",
        Side::Elsewhere => "has the condition, over other indices, of",
    }
}

fn link(site: &Site<'_>, number: usize) -> Markup {
    html! {
        @if let Some(entry) = site.entries().get(number) {
            a href={ "rules/" (site.file(number)) } { (entry.page.identity.name) }
        }
    }
}

/// Two rules may share a name.
fn path<'s>(site: &'s Site<'_>, number: usize) -> &'s str {
    site.entries().get(number).map_or("", |entry| entry.page.identity.path.as_str())
}

fn blind(site: &Site<'_>) -> Markup {
    let hint = "Held against the data sets and events that were given: their index patterns admit \
                none of it, or they ask for what is not there.";
    let blind = &site.hygiene.blind;
    let body = html! {
        @if blind.is_empty() { p.empty { "Every rule may see some of the data." } }
        @else {
            ul.findings {
                @for (rule, why) in blind { li { (link(site, *rule)) ": " (why.words()) } }
            }
        }
    };
    part("blind", "Rules that cannot see the given data", hint, &body)
}

/// Warnings by lint and message, with the rules that have them.
fn lints(entries: &[Entry]) -> BTreeMap<String, Vec<(usize, &Problem)>> {
    let mut lints: BTreeMap<String, Vec<(usize, &Problem)>> = BTreeMap::new();
    for (number, entry) in entries.iter().enumerate() {
        for problem in &entry.warnings.problems {
            let name = problem.lint.unwrap_or("other");
            lints.entry(name.to_owned()).or_default().push((number, problem));
        }
    }
    lints
}

fn lint(site: &Site<'_>, name: &str, all: &[(usize, &Problem)]) -> Markup {
    html! {
        details {
            summary { code { (name) } " " span.how { (all.len()) } }
            ul.findings {
                @for (rule, problem) in all {
                    li { (link(site, *rule)) ": " (problem.message) }
                }
            }
        }
    }
}

fn unsampled(site: &Site<'_>) -> Markup {
    let rules = &site.hygiene.unsampled;
    let hint = "No RULE.tests.ndjson has a case for them, so nothing shows that they alert on what \
                they are for.";
    let body = html! {
        @if rules.is_empty() { p.empty { "Every rule has samples." } }
        @else {
            details {
                summary { (site::rules(rules.len())) " of " (site::number(site.entries().len())) }
                (site.list(rules, ""))
            }
        }
    };
    part("unsampled", "Rules without samples", hint, &body)
}
