//! `detect explain`: the page of a rule, and what it made of an event.
//!
//! | file | what it shows |
//! | --- | --- |
//! | `text` | the page on a terminal |

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
    rule: String,
    /// A folder of rules in place of those that are compiled in
    #[arg(long, value_name = "DIR")]
    rules: Option<PathBuf>,
    /// How the page is printed
    #[arg(long, value_enum, default_value_t = PageFormat::Text)]
    format: PageFormat,
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
        let folder = library::folder(self.rules.as_deref())?;
        let catalogue = Catalogue::of(&folder);
        let entry = library::find(&catalogue, &folder, &self.rule)?;
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
