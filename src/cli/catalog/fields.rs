//! Which rules read which field: what a missing field costs.

use super::site::{self, Site};
use crate::cli::html::{self, Place};
use maud::html;

/// `fields.html`.
pub(super) fn overview(site: &Site<'_>) -> String {
    let mut fields: Vec<(&str, &Vec<usize>)> =
        site.readers.iter().map(|(field, rules)| (*field, rules)).collect();
    fields.sort_by_key(|(field, rules)| (std::cmp::Reverse(rules.len()), *field));
    let most = fields.first().map_or(1, |(_, rules)| rules.len().max(1));
    let lead = "Every field that a rule reads, and how many rules read it: what it costs if the \
                field is missing from your events.";
    let body = html! {
        (site::title("Fields", lead))
        div.scroll {
            table.bars {
                thead {
                    tr { th scope="col" { "Field" } th.number scope="col" { "Rules" } }
                }
                tbody {
                    @for (field, rules) in fields {
                        tr {
                            th scope="row" {
                                a href={ "fields/" (html::file_name(field)) ".html" } {
                                    code { (field) }
                                }
                            }
                            td.number style={ "--part:" (rules.len() * 100 / most) } {
                                (site::number(rules.len()))
                            }
                        }
                    }
                }
            }
        }
    };
    html::document(Place::Top, "fields.html", "Fields · Detection rules", body)
}

/// A page for each field.
pub(super) fn pages(site: &Site<'_>) -> Vec<(String, String)> {
    let page = |(field, rules): (&&str, &Vec<usize>)| {
        let name = format!("fields/{}.html", html::file_name(field));
        let share = rules.len() as f64 * 100.0 / site.entries().len().max(1) as f64;
        let lead = format!(
            "Read by {}, {share:.1} % of the catalogue. Where events lack it, these rules see less \
             or nothing.",
            site::rules(rules.len())
        );
        let body = html! {
            (site::title(field, &lead))
            (site.list(rules, "../"))
        };
        (name, html::document(Place::Below, "fields.html", field, body))
    };
    site.readers.iter().map(page).collect()
}
