//! What the pages of the site share: where each rule's page is, lists of rules.

use crate::cli::html;
use detect_compiler::hygiene::Hygiene;
use detect_compiler::page::{Catalogue, Coverage, Entry};
use maud::{Markup, html};
use std::collections::{BTreeMap, HashMap};

/// A catalogue with the names of its pages.
pub(super) struct Site<'c> {
    pub(super) catalogue: &'c Catalogue,
    pub(super) hygiene: &'c Hygiene,
    /// Rules were held against data.
    pub(super) data_given: bool,
    pub(super) coverage: Coverage,
    /// Numbers of the rules by the fields that they read.
    pub(super) readers: BTreeMap<&'c str, Vec<usize>>,
    /// File of each rule's page, in the folder `rules`.
    files: Vec<String>,
}

/// How much was written.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Written {
    pub(super) files: usize,
    pub(super) bytes: u64,
}

impl Written {
    pub(super) fn add(&mut self, other: &Written) {
        self.files += other.files;
        self.bytes += other.bytes;
    }
}

impl<'c> Site<'c> {
    pub(super) fn of(catalogue: &'c Catalogue, hygiene: &'c Hygiene, data_given: bool) -> Site<'c> {
        let mut taken: HashMap<String, usize> = HashMap::new();
        let mut readers: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
        let mut files = Vec::new();
        for (number, entry) in catalogue.entries.iter().enumerate() {
            let name = html::file_name(&entry.page.identity.id);
            // A disk may not tell case apart.
            let times = taken.entry(name.to_lowercase()).or_default();
            *times += 1;
            files.push(if *times == 1 {
                format!("{name}.html")
            } else {
                format!("{name}.{times}.html")
            });
            for field in &entry.page.reads {
                readers.entry(field).or_default().push(number);
            }
        }
        let coverage = Coverage::of(catalogue.entries.iter().map(|entry| &entry.page));
        Site { catalogue, hygiene, data_given, coverage, readers, files }
    }

    pub(super) fn entries(&self) -> &'c [Entry] {
        &self.catalogue.entries
    }

    /// File of a rule's page, by the rule's number.
    pub(super) fn file(&self, number: usize) -> &str {
        self.files.get(number).map_or("", String::as_str)
    }

    /// A list of rules; `root` leads to the top of the site.
    pub(super) fn list(&self, rules: &[usize], root: &str) -> Markup {
        html! {
            ul.list.small {
                @for number in rules {
                    @if let Some(entry) = self.entries().get(*number) {
                        (self.line(*number, entry, root))
                    }
                }
            }
        }
    }

    fn line(&self, number: usize, entry: &Entry, root: &str) -> Markup {
        let rule = &entry.page.identity;
        html! {
            li {
                (html::severity(rule.severity))
                a href={ (root) "rules/" (self.file(number)) } { (rule.name) }
                i { (rule.rule_type) }
            }
        }
    }
}

/// The title of a page with a line below it.
pub(super) fn title(title: &str, lead: &str) -> Markup {
    html! {
        header.title {
            h1 { (title) }
            p.lead { (lead) }
        }
    }
}

/// `1 rule`, `2 rules`.
pub(super) fn rules(count: usize) -> String {
    if count == 1 { "1 rule".to_owned() } else { format!("{} rules", number(count)) }
}

/// `1,234`.
pub(super) fn number(count: usize) -> String {
    crate::cli::output::count(count as u64)
}
