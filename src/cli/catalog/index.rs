//! All rules, with search and filters. The list is there without a script; the script
//! narrows it.

use super::site::{self, Site, number};
use crate::cli::html::{self, Place};
use detect_compiler::page::{Entry, Page};
use maud::{Markup, html};
use std::collections::BTreeMap;

/// `index.html`.
pub(super) fn page(site: &Site<'_>) -> String {
    let count = site.entries().len();
    let lead = format!("{} that compile, with what each one looks for.", site::rules(count));
    let body = html! {
        (site::title("Detection rules", &lead))
        (tiles(site))
        (filters(site))
        p.count {
            output id="count" for="filters" aria-live="polite" { (site::rules(count)) }
        }
        ul.list id="rules" {
            @for (number, entry) in listed(site) { (line(site, number, entry)) }
        }
        p.empty id="empty" hidden { "No rule fits. Take a word or a filter away." }
        script src="words.js" defer {}
        script src="search.js" defer {}
    };
    html::document(Place::Top, "index.html", "Detection rules", body)
}

/// Rules by path, those that are retired behind all others.
fn listed<'s>(site: &'s Site<'_>) -> Vec<(usize, &'s Entry)> {
    let mut all: Vec<(usize, &Entry)> = site.entries().iter().enumerate().collect();
    all.sort_by_key(|(_, entry)| is_retired(entry));
    all
}

fn is_retired(entry: &Entry) -> bool {
    entry.planned.rule.deprecated()
}

fn tiles(site: &Site<'_>) -> Markup {
    let techniques = site.coverage.techniques.values().filter(|t| t.parent.is_none()).count();
    let high = site
        .entries()
        .iter()
        .filter(|entry| matches!(entry.page.identity.severity, "high" | "critical"));
    html! {
        ul.tiles {
            (tile(site.entries().len(), "rules"))
            (tile(high.count(), "high or critical"))
            (tile(techniques, "techniques"))
            (tile(site.readers.len(), "fields read"))
        }
    }
}

fn tile(count: usize, label: &str) -> Markup {
    html! { li { strong { (number(count)) } span { (label) } } }
}

fn filters(site: &Site<'_>) -> Markup {
    let choices = |of: &dyn Fn(&Page) -> Vec<String>| {
        let mut counts: BTreeMap<String, usize> = BTreeMap::new();
        for entry in site.entries() {
            for value in of(&entry.page) {
                *counts.entry(value).or_default() += 1;
            }
        }
        counts
    };
    let severities = ["critical", "high", "medium", "low"];
    let by_severity = choices(&|page| vec![page.identity.severity.to_owned()]);
    let severities: Vec<(String, usize)> = severities
        .iter()
        .filter_map(|name| by_severity.get(*name).map(|count| ((*name).to_owned(), *count)))
        .collect();
    let tactics: Vec<(String, usize)> =
        site.coverage.tactics.iter().map(|t| (t.name.clone(), t.rules.len())).collect();
    let sorted = |of: &dyn Fn(&Page) -> Vec<String>| choices(of).into_iter().collect::<Vec<_>>();
    html! {
        form.filters id="filters" role="search" hidden {
            label {
                "Search in names, descriptions, fields and values; / puts you here"
                input type="search" name="q" autocomplete="off" spellcheck="false"
                    placeholder="lsass, T1003, process.parent.name …";
            }
            div.choices {
                (select("severity", "Severity", &severities))
                (select("type", "Type", &sorted(&|page| vec![page.identity.rule_type.to_owned()])))
                (select("tactic", "Tactic", &merged(tactics)))
                (select("data", "Data set", &sorted(&|page| page.data_sets.clone())))
                (select("os", "System", &sorted(&|page| page.os.clone())))
            }
            div { button type="reset" { "Clear" } }
        }
    }
}

/// Tactics of two frameworks may share a name.
fn merged(all: Vec<(String, usize)>) -> Vec<(String, usize)> {
    let mut merged: Vec<(String, usize)> = Vec::new();
    for (name, count) in all {
        match merged.iter_mut().find(|known| known.0 == name) {
            Some(known) => known.1 += count,
            None => merged.push((name, count)),
        }
    }
    merged
}

fn select(name: &str, label: &str, choices: &[(String, usize)]) -> Markup {
    html! {
        label {
            (label)
            select name=(name) {
                option value="" { "all" }
                @for (value, count) in choices {
                    option value=(value) { (value) " (" (number(*count)) ")" }
                }
            }
        }
    }
}

fn line(site: &Site<'_>, own: usize, entry: &Entry) -> Markup {
    let (page, rule) = (&entry.page, &entry.page.identity);
    let mut tactics: Vec<&str> =
        page.threat.iter().map(|threat| threat.tactic.name.as_str()).collect();
    tactics.dedup();
    let about: Vec<&str> =
        page.os.iter().map(String::as_str).chain(tactics.iter().copied()).collect();
    html! {
        li data-severity=(rule.severity) data-type=(rule.rule_type) data-tactic=(tactics.join("|"))
            data-data=(page.data_sets.join("|")) data-os=(page.os.join("|")) {
            span { (html::severity(rule.severity)) }
            span {
                a href={ "rules/" (site.file(own)) } { (rule.name) }
                " "
                @if is_retired(entry) { span.tag.retired { "deprecated" } " " }
                span.about { (about.join(" · ")) }
            }
            span.type { (rule.rule_type) }
        }
    }
}

/// `words.js`: what search looks at beside the text of each line, in the same order.
pub(super) fn words(site: &Site<'_>) -> String {
    let words: Vec<String> =
        listed(site).into_iter().map(|(_, entry)| words_of(&entry.page)).collect();
    let json = serde_json::Value::from(words).to_string();
    // Valid in JSON, line ends in old scripts.
    let json = json.replace('\u{2028}', "\\u2028").replace('\u{2029}', "\\u2029");
    format!("window.DETECT_WORDS = {json};\n")
}

/// Values beyond these are found by their rule's page, not by search.
const VALUES: usize = 40;

fn words_of(page: &Page) -> String {
    let rule = &page.identity;
    let mut all: Vec<&str> = vec![&rule.id, &rule.path, rule.language, &rule.status];
    all.push(&rule.description);
    all.extend(page.data_sets.iter().chain(&rule.tags).map(String::as_str));
    for threat in &page.threat {
        all.push(&threat.tactic.id);
        for technique in &threat.techniques {
            all.extend([technique.id.as_str(), &technique.name]);
            all.extend(technique.subtechniques.iter().flat_map(|t| [t.id.as_str(), &t.name]));
        }
    }
    for row in &page.indicators {
        all.push(&row.predicate.field);
        all.extend(row.predicate.values.iter().take(VALUES).map(String::as_str));
    }
    let mut seen = std::collections::HashSet::new();
    all.retain(|text| !text.is_empty() && seen.insert(*text));
    all.join(" ").to_lowercase().split_whitespace().collect::<Vec<_>>().join(" ")
}
