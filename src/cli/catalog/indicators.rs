//! What several rules look for: the corpus counts from the other side.

use super::site::{self, Site};
use crate::cli::html::{self, Place};
use maud::html;

/// Rows of the page.
const SHOWN: usize = 400;

/// Rules that a row links; the rest is found by search.
const LINKED: usize = 40;

/// `indicators.html`.
pub(super) fn page(site: &Site<'_>) -> String {
    let mut all: Vec<_> =
        site.catalogue.usage.iter().filter(|(_, rules)| rules.len() > 1).collect();
    all.sort_by(|a, b| b.1.len().cmp(&a.1.len()).then_with(|| a.0.cmp(b.0)));
    let lead = format!(
        "{} combinations of field, kind and values stand in more than one rule. High numbers are \
         widely used; what stands once is the mark of its rule.",
        crate::cli::output::count(all.len() as u64)
    );
    let body = html! {
        (site::title("Indicators", &lead))
        div.scroll {
            table {
                thead {
                    tr {
                        th scope="col" { "Field" }
                        th scope="col" { "Kind" }
                        th scope="col" { "Values" }
                        th scope="col" { "Rules" }
                    }
                }
                tbody {
                    @for ((field, kind, values), rules) in all.iter().take(SHOWN) {
                        tr {
                            th scope="row" { code { (field) } }
                            td.kind { (kind.name()) }
                            td {
                                ul.values {
                                    @for value in values.iter().take(24) { li { (value) } }
                                    @if values.len() > 24 { li { (values.len() - 24) " more" } }
                                }
                            }
                            td {
                                details {
                                    summary { (site::rules(rules.len())) }
                                    (site.list(&rules[..rules.len().min(LINKED)], ""))
                                    @if rules.len() > LINKED {
                                        p.hint { (rules.len() - LINKED) " more" }
                                    }
                                }
                            }
                        }
                    }
                }
            }
        }
    };
    html::document(Place::Top, "indicators.html", "Indicators · Detection rules", body)
}
