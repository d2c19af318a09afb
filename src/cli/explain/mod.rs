//! `detect explain`: the page of a rule, and what it made of an event.
//!
//! | file | what it shows |
//! | --- | --- |
//! | `text` | the page on a terminal |
//! | `event` | the rule's conditions over events, predicate by predicate |
//! | `state` | the group or the place in a sequence that an event enters |
//! | `optimizer` | what the optimiser made of the rule among all others |
//! | `navigator` | the coverage of all rules as a layer of the ATT&CK Navigator |

mod event;
mod navigator;
mod optimizer;
mod state;
mod text;

use super::failure::Failure;
use super::html::{self, Neighbours, Place};
use super::{library, output};
use clap::{Args, ValueEnum};
use detect_compiler::page::{Catalogue, Entry};
use std::io::{self, Write};
use std::path::PathBuf;

/// Explains a rule: what it looks for, stage by stage
#[derive(Args, Debug)]
pub(crate) struct Explain {
    /// Id, name or file of the rule
    #[arg(required_unless_present = "attack_navigator")]
    rule: Option<String>,
    /// A folder of rules in place of those that are compiled in
    #[arg(long, value_name = "DIR")]
    rules: Option<PathBuf>,
    /// How the page is printed
    #[arg(long, value_enum, default_value_t = PageFormat::Text)]
    format: PageFormat,
    /// Events (NDJSON, or one JSON document): why each of them matches or not
    #[arg(long, value_name = "FILE", requires = "rule")]
    event: Option<PathBuf>,
    /// What the optimiser made of the rule among all others: guards, witnesses with
    /// their expected cost, what it shares
    #[arg(long, requires = "rule", conflicts_with = "event")]
    optimizer: bool,
    /// Write an ATT&CK Navigator layer of all rules in place of a page
    #[arg(long, value_name = "FILE", conflicts_with_all = ["rule", "event"])]
    attack_navigator: Option<PathBuf>,
}

/// `--format` of this command.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum PageFormat {
    /// For people, coloured on a terminal.
    Text,
    /// One JSON object (docs/EXPLAIN.md).
    Json,
    /// A whole HTML document.
    Html,
}

impl Explain {
    pub(crate) fn run(&self) -> Result<(), Failure> {
        if self.format == PageFormat::Html && (self.event.is_some() || self.optimizer) {
            let message = "--format html is the page; --event and --optimizer give text or json";
            return Err(Failure::Usage(message.to_owned()));
        }
        let folder = library::folder(self.rules.as_deref())?;
        let catalogue = Catalogue::of(&folder);
        if let Some(path) = &self.attack_navigator {
            let layer = format!("{:#}\n", navigator::layer(&catalogue));
            return std::fs::write(path, layer).map_err(|error| Failure::write(path, error));
        }
        let name = self.rule.as_deref().unwrap_or_default();
        let entry = library::find(&catalogue, &folder, name)?;
        if let Some(path) = &self.event {
            return event::explain(&entry, path, self.format == PageFormat::Json);
        }
        if self.optimizer {
            return optimizer::explain(&entry, &folder, self.format == PageFormat::Json);
        }
        self.page(&entry).map_err(Failure::output)
    }

    fn page(&self, entry: &Entry) -> io::Result<()> {
        let mut out = io::stdout().lock();
        match self.format {
            PageFormat::Text => {
                write!(out, "{}", text::page(entry, output::coloured()))?;
            }
            PageFormat::Html => {
                let body = html::rule(entry, Place::Alone, &Neighbours::default());
                let name = &entry.page.identity.name;
                writeln!(out, "{}", html::document(Place::Alone, "", name, body))?;
            }
            PageFormat::Json => writeln!(out, "{:#}", entry.page.json())?,
        }
        out.flush()
    }
}
