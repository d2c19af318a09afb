//! The page of a rule on a terminal.

use crate::cli::output::{Cell, Column, Table, Tone};
use detect_compiler::diagnostic::Style;
use detect_compiler::page::{Entry, Page};
use detect_compiler::rule::{Technique, Threat};
use std::fmt::Write as _;

/// Columns of running text.
const WIDTH: usize = 96;

/// The whole page.
pub(super) fn page(entry: &Entry, coloured: bool) -> String {
    let mut text = Text { out: String::new(), coloured };
    text.head(&entry.page);
    text.threat(&entry.page.threat);
    text.stages(&entry.page);
    text.indicators(&entry.page);
    text.output(&entry.page);
    if !entry.warnings.problems.is_empty() {
        text.title("Warnings");
        let style = if coloured { Style::Coloured } else { Style::Plain };
        text.out += &entry.warnings.render(style);
    }
    text.title("Rule body");
    text.line(&clean(entry.planned.rule.source.trim_end()));
    text.out
}

/// Texts of a rule without what a terminal would obey.
fn clean(text: &str) -> String {
    let admitted = |c: char| !c.is_control() || c == '\n' || c == '\t';
    text.chars().map(|c| if admitted(c) { c } else { '\u{fffd}' }).collect()
}

struct Text {
    out: String,
    coloured: bool,
}

impl Text {
    fn toned(&self, text: &str, tone: Tone) -> String {
        if self.coloured { tone.around(text) } else { text.to_owned() }
    }

    fn line(&mut self, line: &str) {
        self.out += line;
        self.out.push('\n');
    }

    fn title(&mut self, title: &str) {
        let title = self.toned(title, Tone::Title);
        self.line(&format!("\n{title}\n"));
    }

    fn head(&mut self, page: &Page) {
        let rule = &page.identity;
        let name = self.toned(&clean(&rule.name), Tone::Title);
        self.line(&name);
        self.line("");
        let severity = match rule.severity {
            "critical" => Tone::Alarm,
            "high" => Tone::Bad,
            "medium" => Tone::Warn,
            _ => Tone::Good,
        };
        let severity = self.toned(rule.severity, severity);
        let window = match (&rule.window, &rule.interval) {
            (Some(window), Some(interval)) => format!("{window} every {interval}"),
            _ => "each event once".to_owned(),
        };
        let index = if rule.index.is_empty() { "all".to_owned() } else { rule.index.join(", ") };
        let kind = match rule.language {
            "" => rule.rule_type.to_owned(),
            language if language == rule.rule_type => language.to_owned(),
            language => format!("{} ({language})", rule.rule_type),
        };
        for (label, value) in [
            ("Status", rule.status.clone()),
            ("Severity", format!("{severity} (risk {})", rule.risk_score)),
            ("Type", kind),
            ("Time window", window),
            ("Group by", rule.group_by.join(", ")),
            ("Index", index),
            ("System", page.os.join(", ")),
            ("Author", rule.author.join(", ")),
            ("Source", rule.path.clone()),
            ("Id", rule.id.clone()),
        ] {
            if !value.is_empty() {
                let label = self.toned(&format!("{label:<13}"), Tone::Dim);
                // The severity is coloured already and made of our own words.
                let value = if label.contains("Severity") { value } else { clean(&value) };
                self.line(&format!("{label}{value}"));
            }
        }
        if !rule.description.is_empty() {
            self.line("");
            self.line(&wrapped(&clean(&rule.description)));
        }
    }

    fn threat(&mut self, threats: &[Threat]) {
        if threats.is_empty() {
            return;
        }
        self.title("MITRE ATT&CK coverage");
        for threat in threats {
            self.line(&clean(&format!("{}  {}", threat.tactic.id, threat.tactic.name)));
            for technique in &threat.techniques {
                self.technique(technique, 1);
            }
        }
    }

    fn technique(&mut self, technique: &Technique, depth: usize) {
        let indent = "  ".repeat(depth);
        self.line(&clean(&format!("{indent}{}  {}", technique.id, technique.name)));
        for inner in &technique.subtechniques {
            self.technique(inner, depth + 1);
        }
    }

    fn stages(&mut self, page: &Page) {
        self.title("Stages");
        for (number, stage) in page.stages.iter().enumerate() {
            if number > 0 {
                self.line("");
            }
            let title = format!("Stage {}: {}", number + 1, stage.command);
            let title = self.toned(&title, Tone::Note);
            self.line(&title);
            for line in stage.text.lines() {
                self.line(clean(&format!("    {line}")).trim_end());
            }
        }
    }

    fn indicators(&mut self, page: &Page) {
        self.title("Indicators");
        let mut table = Table::new(vec![
            Column::left("FIELD"),
            Column::left("KIND"),
            Column::left("VALUES").most(64),
            Column::right("CORPUS"),
        ]);
        for row in &page.indicators {
            let predicate = &row.predicate;
            let kind = predicate.kind.name();
            let (kind, tone) = if predicate.negated {
                (format!("not {kind}"), Tone::Bad)
            } else {
                (kind.to_owned(), Tone::Note)
            };
            let corpus = if row.corpus == 0 { String::new() } else { row.corpus.to_string() };
            let mut values = predicate.values.iter();
            let first = values.next().map_or("", String::as_str);
            table.row(vec![
                Cell::new(&predicate.field),
                Cell::new(kind).tone(tone),
                Cell::new(first),
                Cell::new(corpus),
            ]);
            for value in values {
                table.row(vec![Cell::new(""), Cell::new(""), Cell::new(value), Cell::new("")]);
            }
        }
        self.out += &table.render(self.coloured);
        let note = "CORPUS: other rules that look for the same values of the same field.";
        let note = self.toned(note, Tone::Dim);
        self.line(&format!("\n{note}"));
    }

    fn output(&mut self, page: &Page) {
        self.title("Output fields");
        let mut table = Table::new(vec![Column::left("FIELD"), Column::left("SOURCE")]);
        for column in &page.output {
            table.row(vec![Cell::new(&column.field), Cell::new(&column.source)]);
        }
        self.out += &table.render(self.coloured);
    }
}

/// Running text in lines of at most [`WIDTH`] characters; paragraphs stay.
fn wrapped(text: &str) -> String {
    let mut out = String::new();
    for (number, paragraph) in text.split("\n\n").enumerate() {
        if number > 0 {
            out += "\n\n";
        }
        let mut width = 0;
        for word in paragraph.split_whitespace() {
            let length = word.chars().count();
            if width > 0 && width + 1 + length > WIDTH {
                out.push('\n');
                width = 0;
            } else if width > 0 {
                out.push(' ');
                width += 1;
            }
            let _infallible = write!(out, "{word}");
            width += length;
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::wrapped;

    #[test]
    fn text_is_wrapped() {
        let text = format!("{} end\nof it.\n\nNext.", "word ".repeat(30).trim());
        let lines: Vec<String> = wrapped(&text).lines().map(str::to_owned).collect();
        assert!(lines.iter().all(|line| line.chars().count() <= super::WIDTH), "{lines:?}");
        assert_eq!(lines.last().map(String::as_str), Some("Next."));
        assert!(wrapped(&text).contains("end of it.\n\nNext."));
    }
}
