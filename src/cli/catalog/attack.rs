//! The matrix of tactics and techniques, and a page for each technique.

use super::site::{self, Site};
use crate::cli::html::{self, Place};
use detect_compiler::page::{Mapped, Tactic};
use maud::{Markup, html};

/// `attack.html`.
pub(super) fn matrix(site: &Site<'_>) -> String {
    let most = site
        .coverage
        .tactics
        .iter()
        .flat_map(|tactic| tactic.techniques.values())
        .map(|technique| technique.rules.len())
        .max()
        .unwrap_or(1);
    let mapped = site.entries().iter().filter(|entry| !entry.page.threat.is_empty()).count();
    let lead = format!(
        "{} of {} are mapped. Each cell says how many rules name a technique under a tactic, and \
         leads to them.",
        mapped,
        site::rules(site.entries().len())
    );
    let body = html! {
        (site::title("MITRE ATT&CK coverage", &lead))
        div.matrix role="region" aria-label="Tactics and their techniques" tabindex="0" {
            @for tactic in &site.coverage.tactics { (column(tactic, most)) }
        }
    };
    html::document(Place::Top, "attack.html", "ATT&CK · Detection rules", body)
}

fn column(tactic: &Tactic, most: usize) -> Markup {
    let mut techniques: Vec<(&String, &Mapped)> =
        tactic.techniques.iter().filter(|(_, mapped)| mapped.parent.is_none()).collect();
    techniques.sort_by_key(|(id, mapped)| (std::cmp::Reverse(mapped.rules.len()), *id));
    html! {
        section {
            h2 {
                (tactic.name)
                small { (tactic.id) " · " (site::rules(tactic.rules.len())) }
            }
            ul {
                @for (id, mapped) in techniques {
                    li {
                        a href={ "attack/" (html::file_name(id)) ".html" }
                            style={ "--heat:" (heat(mapped.rules.len(), most)) }
                            title={ (id) ": " (site::rules(mapped.rules.len())) } {
                            span { (mapped.name) " " small { (id) } }
                            b { (mapped.rules.len()) }
                        }
                    }
                }
            }
        }
    }
}

/// Share of colour in percent: by the logarithm, as counts differ by a hundred times.
fn heat(count: usize, most: usize) -> u32 {
    let share = (1.0 + count as f64).ln() / (1.0 + most as f64).ln();
    (6.0 + share * 36.0).round() as u32
}

/// A page for each technique and subtechnique.
pub(super) fn pages(site: &Site<'_>) -> Vec<(String, String)> {
    let techniques = &site.coverage.techniques;
    let page = |(id, mapped): (&String, &Mapped)| {
        let name = format!("attack/{}.html", html::file_name(id));
        let title = format!("{} {}", id, mapped.name);
        let inner: Vec<(&String, &Mapped)> =
            techniques.iter().filter(|(_, one)| one.parent.as_ref() == Some(id)).collect();
        let body = html! {
            (site::title(&title, &site::rules(mapped.rules.len())))
            @if !mapped.reference.is_empty() { p { (html::address(&mapped.reference)) } }
            @if let Some(parent) = &mapped.parent {
                p { "Part of " a href={ (html::file_name(parent)) ".html" } { (parent) } }
            }
            @if !inner.is_empty() {
                ul.chips {
                    @for (id, one) in inner {
                        li {
                            a href={ (html::file_name(id)) ".html" } { (id) " " (one.name) }
                            " " small { (one.rules.len()) }
                        }
                    }
                }
            }
            h2 { "Rules" }
            (site.list(&mapped.rules, "../"))
        };
        (name, html::document(Place::Below, "attack.html", &title, body))
    };
    techniques.iter().map(page).collect()
}
