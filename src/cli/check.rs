//! `detect check`: does every rule compile, without building anything.

use super::failure::Failure;
use super::hygiene::{self, Given};
use super::output::{self, Cell, Column, Table, Tone};
use clap::{Args, ValueEnum};
use detect_compiler::compile::{Planned, allowed};
use detect_compiler::diagnostic::{Report, Style};
use detect_compiler::hygiene::Hygiene;
use detect_compiler::lower;
use detect_compiler::rule::{Folder, Ruleset, read_folder};
use serde_json::{Value as Json, json};
use std::io::{self, Write};
use std::path::PathBuf;
use std::sync::Arc;

/// Compiles rules as far as their plans and prints what is wrong with them
#[derive(Args, Debug)]
pub(crate) struct Check {
    /// Rule files, or folders of them
    #[arg(required = true)]
    paths: Vec<PathBuf>,
    /// How messages are printed
    #[arg(long, value_enum, default_value_t = Messages::Text)]
    format: Messages,
    /// Errors only
    #[arg(long)]
    no_warnings: bool,
    /// Lint that is silent, as in the attribute: `LINT`, or `LINT:RULE_ID` for one rule
    #[arg(long, value_name = "LINT")]
    allow: Vec<String>,
    /// Examine the rules together: which say the same or less than another, which have
    /// no samples, which cannot see the data (`--data-set`, `--data`)
    #[arg(long)]
    hygiene: bool,
    #[command(flatten)]
    given: Given,
}

/// `--format` of this command.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Messages {
    /// With source lines, as rustc prints them.
    Text,
    /// A line a message.
    Table,
    /// One JSON object a message, one a line.
    Ndjson,
    /// One JSON array of messages.
    Json,
}

impl Check {
    pub(crate) fn run(&self) -> Result<(), Failure> {
        let mut checked = Checked { keep: self.hygiene, ..Checked::default() };
        let data = self.given.data()?;
        for path in &self.paths {
            let folder =
                read_folder(path).map_err(|error| Failure::read(&error.path, &error.error))?;
            let prefix = if path.is_dir() {
                path.clone()
            } else {
                path.parent().map(PathBuf::from).unwrap_or_default()
            };
            let before = checked.reports.len();
            checked.ruleset(folder.ruleset(), &self.allow);
            checked.folder.files.extend(folder.files);
            for report in &mut checked.reports[before..] {
                report.path = Arc::from(prefix.join(&*report.path).display().to_string());
            }
        }
        if self.no_warnings {
            checked.reports.retain(Report::is_error);
        }
        let rules: Vec<&Planned> = checked.planned.iter().collect();
        let hygiene = self.hygiene.then(|| Hygiene::of(&rules, &checked.folder, &data));
        self.print(&checked, hygiene.as_ref(), &rules).map_err(Failure::output)?;
        if checked.refused > 0 { Err(Failure::Found) } else { Ok(()) }
    }

    fn print(
        &self,
        checked: &Checked,
        hygiene: Option<&Hygiene>,
        rules: &[&Planned],
    ) -> io::Result<()> {
        let Checked { compiled, refused, reports, .. } = checked;
        let total = compiled + refused;
        let summary = format!("{total} rules: {compiled} compile, {refused} refused");
        let mut out = io::stdout().lock();
        match self.format {
            Messages::Text => {
                let style = if output::coloured() { Style::Coloured } else { Style::Plain };
                for report in reports {
                    write!(out, "{}", report.render(style))?;
                }
                writeln!(out, "{summary}")?;
                if let Some(hygiene) = hygiene {
                    write!(out, "{}", hygiene::report(hygiene, rules))?;
                }
            }
            Messages::Table => {
                let messages: Vec<Json> = reports.iter().flat_map(Report::json).collect();
                write!(out, "{}", table(&messages).render(output::coloured()))?;
                if let Some(hygiene) = hygiene {
                    write!(out, "{}", hygiene::report(hygiene, rules))?;
                }
                eprintln!("{summary}");
            }
            Messages::Ndjson => {
                for message in reports.iter().flat_map(Report::json) {
                    writeln!(out, "{message}")?;
                }
                if let Some(hygiene) = hygiene {
                    writeln!(out, "{}", json!({ "hygiene": hygiene.json(rules) }))?;
                }
                eprintln!("{summary}");
            }
            Messages::Json => {
                let messages: Vec<Json> = reports.iter().flat_map(Report::json).collect();
                let mut whole = json!({
                    "rules": total,
                    "compiled": compiled,
                    "refused": refused,
                    "messages": messages,
                });
                if let Some(hygiene) = hygiene {
                    whole["hygiene"] = hygiene.json(rules);
                }
                writeln!(out, "{whole:#}")?;
            }
        }
        out.flush()
    }
}

fn table(messages: &[Json]) -> Table {
    let mut table = Table::new(vec![
        Column::left("LEVEL"),
        Column::left("LINT"),
        Column::left("PLACE"),
        Column::left("MESSAGE").most(120),
    ]);
    for message in messages {
        let text = |name: &str| message[name].as_str().unwrap_or_default();
        let tone = if text("level") == "error" { Tone::Bad } else { Tone::Warn };
        table.row(vec![
            Cell::new(text("level")).tone(tone),
            Cell::new(text("lint")).tone(Tone::Dim),
            Cell::new(format!("{}:{}:{}", text("path"), message["line"], message["column"])),
            Cell::new(text("message")),
        ]);
    }
    table
}

/// What came out.
#[derive(Default)]
struct Checked {
    compiled: usize,
    refused: usize,
    reports: Vec<Report>,
    /// Plans are kept for hygiene.
    keep: bool,
    planned: Vec<Planned>,
    folder: Folder,
}

impl Checked {
    fn ruleset(&mut self, ruleset: Ruleset, allow: &[String]) {
        self.refused += ruleset.refused.len();
        self.reports.extend(ruleset.refused);
        self.reports.extend(ruleset.duplicates.iter().cloned());
        let doubled: Vec<_> = ruleset.duplicates.iter().map(|report| &report.path).collect();
        for rule in &ruleset.rules {
            let answer = lower::compile(rule, &ruleset.schema);
            match answer {
                Ok(compiled) => {
                    let mut warnings = [&rule.warnings[..], &compiled.warnings[..]].concat();
                    warnings.retain(|problem| !allowed(problem.lint, rule, allow));
                    if !warnings.is_empty() {
                        self.reports.push(rule.report(warnings));
                    }
                    if doubled.contains(&&rule.path) {
                        self.refused += 1;
                    } else {
                        self.compiled += 1;
                        let planned = || Planned { rule: rule.clone(), lowered: compiled };
                        self.planned.extend(self.keep.then(planned));
                    }
                }
                Err(reports) => {
                    self.refused += 1;
                    self.reports.extend(reports);
                }
            }
        }
        self.reports.sort_by(|a, b| a.path.cmp(&b.path));
    }
}
