//! The page of a rule.

use super::{Place, address, file_name, severity};
use detect_compiler::diagnostic::{Problem, Style};
use detect_compiler::page::{Entry, Identity, Indicator, Page};
use detect_compiler::rule::{Technique, Threat};
use maud::{Markup, html};

/// Values of an indicator that are shown before the rest is folded.
const FOLDED_BEHIND: usize = 24;

/// What a site knows about a rule beside its page.
#[derive(Clone, Debug, Default)]
pub(crate) struct Neighbours {
    /// Rules that are related: how, name, file of the page.
    pub(crate) related: Vec<(String, String, String)>,
    /// Notes on its hygiene.
    pub(crate) notes: Vec<String>,
    /// Its samples, in words.
    pub(crate) samples: Option<String>,
}

/// The body of the page.
pub(crate) fn rule(entry: &Entry, place: Place, neighbours: &Neighbours) -> Markup {
    let page = &entry.page;
    let root = place.root();
    html! {
        article.rule {
            (title(&page.identity))
            (facts(page, root, neighbours.samples.as_deref()))
            @if !page.threat.is_empty() { (threat(&page.threat, root)) }
            @if !neighbours.notes.is_empty() || !neighbours.related.is_empty() {
                (self::neighbours(neighbours))
            }
            (stages(page))
            (indicators(page, root))
            (output(page))
            (reads(page, root))
            @if !entry.warnings.problems.is_empty() { (warnings(entry)) }
            (reading(&page.identity))
            (body(entry))
        }
    }
}

fn title(rule: &Identity) -> Markup {
    html! {
        header.title {
            p.over {
                (severity(rule.severity))
                span.tag { (rule.rule_type) }
                @if rule.language != rule.rule_type && !rule.language.is_empty() {
                    span.tag { (rule.language) }
                }
                @if rule.status == "deprecated" { span.tag.retired { "deprecated" } }
            }
            h1 { (rule.name) }
            @for paragraph in rule.description.split("\n\n") { p.lead { (paragraph) } }
        }
    }
}

fn facts(page: &Page, root: Option<&str>, samples: Option<&str>) -> Markup {
    let rule = &page.identity;
    html! {
        dl.facts {
            (fact("Status", html! { (rule.status) }))
            (fact("Risk score", html! { (rule.risk_score) }))
            @if let (Some(window), Some(interval)) = (&rule.window, &rule.interval) {
                (fact("Time window", html! { (window) " every " (interval) }))
            } @else {
                (fact("Time window", html! { "each event once" }))
            }
            @if !rule.group_by.is_empty() {
                (fact("Group by", html! {
                    @for (n, key) in rule.group_by.iter().enumerate() {
                        @if n > 0 { ", " }
                        (field(key, &page.reads, root))
                    }
                }))
            }
            (fact("Index", html! {
                @if rule.index.is_empty() { "all events" }
                @for (n, pattern) in rule.index.iter().enumerate() {
                    @if n > 0 { ", " }
                    code { (pattern) }
                }
            }))
            @if !page.os.is_empty() { (fact("System", html! { (page.os.join(", ")) })) }
            @if !rule.author.is_empty() { (fact("Author", html! { (rule.author.join(", ")) })) }
            @if let Some(samples) = samples { (fact("Samples", html! { (samples) })) }
            @if let Some(updated) = &rule.updated { (fact("Updated", html! { (updated) })) }
            (fact("Source", html! { code { (rule.path) } }))
            (fact("Id", html! { code { (rule.id) } }))
        }
    }
}

fn fact(name: &str, value: Markup) -> Markup {
    html! { div { dt { (name) } dd { (value) } } }
}

/// A field, linked where the site has a page about it.
fn field(path: &str, reads: &[String], root: Option<&str>) -> Markup {
    let known = reads.iter().any(|read| read == path);
    html! {
        @match (root, known) {
            (Some(root), true) => {
                a.field href={ (root) "fields/" (file_name(path)) ".html" } { code { (path) } }
            },
            _ => code { (path) },
        }
    }
}

fn threat(threats: &[Threat], root: Option<&str>) -> Markup {
    html! {
        section aria-labelledby="threat" {
            h2 id="threat" { "MITRE ATT&CK coverage" }
            ul.threat {
                @for threat in threats {
                    li {
                        span.tactic { (threat.tactic.name) " " small { (threat.tactic.id) } }
                        @if !threat.techniques.is_empty() {
                            ul {
                                @for one in &threat.techniques { (technique(one, root)) }
                            }
                        }
                    }
                }
            }
        }
    }
}

fn technique(technique: &Technique, root: Option<&str>) -> Markup {
    html! {
        li {
            @match root {
                Some(root) => {
                    a href={ (root) "attack/" (file_name(&technique.id)) ".html" } {
                        (technique.name) " " small { (technique.id) }
                    }
                },
                None => { (technique.name) " " small { (technique.id) } },
            }
            @if !technique.subtechniques.is_empty() {
                ul { @for inner in &technique.subtechniques { (self::technique(inner, root)) } }
            }
        }
    }
}

fn neighbours(neighbours: &Neighbours) -> Markup {
    html! {
        section.note aria-labelledby="hygiene" {
            h2 id="hygiene" { "Hygiene" }
            ul {
                @for note in &neighbours.notes { li { (note) } }
                @for (how, name, file) in &neighbours.related {
                    li { (how) " " a href=(file) { (name) } }
                }
            }
        }
    }
}

fn stages(page: &Page) -> Markup {
    html! {
        section aria-labelledby="stages" {
            h2 id="stages" { "Stages" }
            ol.stages {
                @for (number, stage) in page.stages.iter().enumerate() {
                    li {
                        h3 { span.n { (number + 1) } " " (stage.command) }
                        pre tabindex="0" aria-label={ "Stage " (number + 1) } {
                            code { (stage.text) }
                        }
                    }
                }
            }
        }
    }
}

fn indicators(page: &Page, root: Option<&str>) -> Markup {
    html! {
        section aria-labelledby="indicators" {
            h2 id="indicators" { "Indicators" }
            p.hint {
                "What the rule looks for, or leaves out (" span.not { "not" } "). Corpus counts "
                "how many other rules of the catalogue name the same values of the same field."
            }
            div.scroll tabindex="0" role="region" aria-labelledby="indicators" {
                table {
                    thead {
                        tr {
                            th scope="col" { "Field" }
                            th scope="col" { "Kind" }
                            th scope="col" { "Values" }
                            th.number scope="col" { "Corpus" }
                        }
                    }
                    tbody { @for row in &page.indicators { (indicator(row, page, root)) } }
                }
            }
        }
    }
}

fn indicator(row: &Indicator, page: &Page, root: Option<&str>) -> Markup {
    let predicate = &row.predicate;
    let (shown, folded) = predicate.values.split_at(predicate.values.len().min(FOLDED_BEHIND));
    html! {
        tr class=[predicate.negated.then_some("negated")] {
            th scope="row" { (field(&predicate.field, &page.reads, root)) }
            td.kind {
                @if predicate.negated { span.not { "not" } " " }
                (predicate.kind.name())
            }
            td {
                (values(shown))
                @if !folded.is_empty() {
                    details {
                        summary { (folded.len()) " more" }
                        (values(folded))
                    }
                }
            }
            td.number { @if row.corpus > 0 { (row.corpus) } }
        }
    }
}

fn values(values: &[String]) -> Markup {
    html! {
        @if !values.is_empty() {
            ul.values { @for value in values { li { (value) } } }
        }
    }
}

fn output(page: &Page) -> Markup {
    html! {
        section aria-labelledby="output" {
            h2 id="output" { "Output fields" }
            div.scroll tabindex="0" role="region" aria-labelledby="output" {
                table {
                    thead { tr { th scope="col" { "Field" } th scope="col" { "Source" } } }
                    tbody {
                        @for column in &page.output {
                            tr {
                                th scope="row" { code { (column.field) } }
                                td { (column.source) }
                            }
                        }
                    }
                }
            }
        }
    }
}

fn reads(page: &Page, root: Option<&str>) -> Markup {
    html! {
        section aria-labelledby="reads" {
            h2 id="reads" { "Fields that it reads" }
            ul.chips {
                @for path in &page.reads { li { (field(path, &page.reads, root)) } }
            }
        }
    }
}

fn warnings(entry: &Entry) -> Markup {
    let one = |problem: &Problem| {
        let mut report = entry.warnings.clone();
        report.problems = vec![problem.clone()];
        report.render(Style::Plain)
    };
    html! {
        section aria-labelledby="warnings" {
            h2 id="warnings" { "Warnings of the compiler" }
            @for problem in &entry.warnings.problems {
                details {
                    summary {
                        @if let Some(lint) = problem.lint { code { (lint) } " " }
                        (problem.message)
                    }
                    pre tabindex="0" { (one(problem)) }
                }
            }
        }
    }
}

fn reading(rule: &Identity) -> Markup {
    html! {
        @if !rule.false_positives.is_empty() {
            section aria-labelledby="false" {
                h2 id="false" { "Known false alarms" }
                ul { @for text in &rule.false_positives { li { (text) } } }
            }
        }
        @if !rule.references.is_empty() {
            section aria-labelledby="references" {
                h2 id="references" { "References" }
                ul.links { @for text in &rule.references { li { (address(text)) } } }
            }
        }
        @if !rule.tags.is_empty() {
            section aria-labelledby="tags" {
                h2 id="tags" { "Tags" }
                ul.chips { @for tag in &rule.tags { li { (tag) } } }
            }
        }
    }
}

fn body(entry: &Entry) -> Markup {
    html! {
        section aria-labelledby="body" {
            h2 id="body" { "Rule body" }
            details {
                summary { (entry.page.identity.path) }
                pre tabindex="0" { code { (entry.planned.rule.source) } }
            }
        }
    }
}
