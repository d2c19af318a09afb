//! Pages of HTML: the frame around every page, and the page of a rule.
//!
//! In: typed pages. Out: whole documents that need no server, no network and, but for
//! search and filters, no script. `explain --format html` writes one with its style
//! inside, `catalog` writes many that share theirs. Must not know where they go.

mod rule;

pub(crate) use rule::{Neighbours, rule};

use maud::{DOCTYPE, Markup, PreEscaped, html};

/// The style of all pages.
pub(crate) const STYLE: &str = include_str!("style.css");

/// Search and filters of the index.
pub(crate) const SEARCH: &str = include_str!("search.js");

/// The pages of a site that stand in its head, with their files.
const PARTS: [(&str, &str); 5] = [
    ("Rules", "index.html"),
    ("ATT&CK", "attack.html"),
    ("Fields", "fields.html"),
    ("Indicators", "indicators.html"),
    ("Hygiene", "hygiene.html"),
];

/// The picture in the tab.
pub(crate) const ICON: &str = "<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 32 32'>\
    <rect width='32' height='32' rx='8' fill='#0f766e'/>\
    <path d='M9 17l5 5L24 10' fill='none' stroke='#fff' stroke-width='4' \
    stroke-linecap='round' stroke-linejoin='round'/></svg>\n";

/// Where a page stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// By itself.
    Alone,
    /// At the top of a site.
    Top,
    /// In a folder of a site.
    Below,
}

impl Place {
    /// From the page to the top of its site; `None` if there is no site.
    pub(crate) fn root(self) -> Option<&'static str> {
        match self {
            Place::Alone => None,
            Place::Top => Some(""),
            Place::Below => Some("../"),
        }
    }
}

/// A whole document. `part` is the file of [`PARTS`] that it belongs to.
pub(crate) fn document(place: Place, part: &str, title: &str, body: Markup) -> String {
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                meta name="referrer" content="no-referrer";
                title { (title) }
                @match place.root() {
                    Some(root) => {
                        link rel="icon" href={ (root) "icon.svg" };
                        link rel="stylesheet" href={ (root) "style.css" };
                    },
                    None => style { (PreEscaped(STYLE)) },
                }
            }
            body {
                a.skip href="#main" { "Skip to content" }
                @if let Some(root) = place.root() {
                    (head(root, part))
                }
                main id="main" tabindex="-1" { (body) }
            }
        }
    };
    page.into_string()
}

fn head(root: &str, part: &str) -> Markup {
    html! {
        header.top {
            div.bar {
                a.brand href={ (root) "index.html" } {
                    span.mark aria-hidden="true" { "✓" }
                    "Detection rules"
                }
                nav aria-label="Catalogue" {
                    @for (name, file) in PARTS {
                        @if file == part {
                            a href={ (root) (file) } aria-current="page" { (name) }
                        } @else {
                            a href={ (root) (file) } { (name) }
                        }
                    }
                }
            }
        }
    }
}

/// A name that is safe as that of a file, and the same for the same text.
pub(crate) fn file_name(text: &str) -> String {
    let safe = |c: char| if c.is_ascii_alphanumeric() || "._-".contains(c) { c } else { '_' };
    let name: String = text.chars().map(safe).take(96).collect();
    let name = name.trim_start_matches('.').to_owned();
    if name == text {
        return name;
    }
    // Two texts may look alike without their other characters.
    format!("{name}-{:08x}", detect::runtime::alert::content_hash(text.as_bytes()) as u32)
}

/// Severity as a coloured word; the colour says nothing that the word does not.
pub(crate) fn severity(name: &str) -> Markup {
    html! { span class={ "severity " (name) } { (name) } }
}

/// An address of the web as a link, anything else as text.
pub(crate) fn address(text: &str) -> Markup {
    let web = text.starts_with("https://") || text.starts_with("http://");
    html! {
        @if web {
            a href=(text) rel="noreferrer noopener" { (text) }
        } @else {
            (text)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn file_names_are_safe_and_distinct() {
        assert_eq!(file_name("process.name"), "process.name");
        let names = ["a/b", "a b", "../../etc/passwd", "", "..", "a*b"].map(file_name);
        for (number, name) in names.iter().enumerate() {
            assert!(!name.contains('/') && !name.starts_with('.'), "{name}");
            assert!(!names[..number].contains(name), "{name}");
        }
    }

    #[test]
    fn only_the_web_is_linked() {
        assert!(address("https://example.org/").into_string().contains("<a "));
        assert!(!address("javascript:alert(1)").into_string().contains("<a "));
    }

    #[test]
    fn texts_are_escaped() {
        let page = document(Place::Alone, "", "<script>", html! { p { "<b>&\"" } });
        assert!(page.contains("<title>&lt;script&gt;</title>"));
        assert!(page.contains("<p>&lt;b&gt;&amp;"));
        assert!(!page.contains("stylesheet"), "alone it brings its style");
    }
}
