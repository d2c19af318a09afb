//! Problems of one file as a person or a program reads them.

use super::{Level, Problem};
use annotate_snippets::renderer::DecorStyle;
use annotate_snippets::{AnnotationKind, Group, Level as Title, Renderer, Snippet};
use serde_json::{Value as Json, json};
use std::ops::Range;
use std::sync::Arc;

/// Problems of one file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// Path as messages say it.
    pub path: Arc<str>,
    /// The file's text; spans of the problems are in it.
    pub source: Arc<str>,
    /// The problems.
    pub problems: Vec<Problem>,
}

/// How a report looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    /// Text alone.
    Plain,
    /// With colours for a terminal.
    Coloured,
}

impl Report {
    /// True if the file does not compile.
    pub fn is_error(&self) -> bool {
        self.problems.iter().any(|problem| problem.level == Level::Error)
    }

    /// First message of an error, for one-line summaries.
    pub fn reason(&self) -> &str {
        let errors = self.problems.iter().filter(|problem| problem.level == Level::Error);
        errors.chain(&self.problems).next().map_or("", |problem| &problem.message)
    }

    /// The problems in the form of rustc: message, `path:line:column`, source
    /// line, caret with label, help. Ends with a line break.
    ///
    /// ```
    /// use detect_compiler::diagnostic::{Level, Problem, Report, Style};
    /// let problem = Problem {
    ///     level: Level::Error,
    ///     lint: None,
    ///     message: "unknown field".into(),
    ///     span: 9..10,
    ///     label: Some("no such field".into()),
    ///     help: None,
    /// };
    /// let report = Report { path: "a.toml".into(), source: "query = 'x'".into(), problems: vec![problem] };
    /// assert!(report.render(Style::Plain).contains(" --> a.toml:1:10\n"));
    /// ```
    pub fn render(&self, style: Style) -> String {
        let renderer = match style {
            Style::Plain => Renderer::plain(),
            Style::Coloured => Renderer::styled(),
        };
        let renderer = renderer.decor_style(DecorStyle::Ascii);
        let mut text = String::new();
        for problem in &self.problems {
            text.push_str(&renderer.render(&[self.group(problem)]));
            text.push_str("\n\n");
        }
        text
    }

    fn group<'r>(&'r self, problem: &'r Problem) -> Group<'r> {
        let title = match problem.level {
            Level::Error => Title::ERROR,
            Level::Warning => Title::WARNING,
        };
        let mut title = title.primary_title(problem.message.as_str());
        if let Some(lint) = problem.lint {
            title = title.id(lint);
        }
        let mut annotation = AnnotationKind::Primary.span(self.inside(&problem.span));
        if let Some(label) = &problem.label {
            annotation = annotation.label(label.as_str());
        }
        let snippet = Snippet::source(&*self.source).path(&*self.path).annotation(annotation);
        let mut group = title.element(snippet);
        if let Some(help) = &problem.help {
            group = group.element(Title::HELP.message(help.as_str()));
        }
        group
    }

    /// A line for each problem: `path:line:column: message`, with the lint's name.
    pub fn lines(&self) -> Vec<String> {
        let line = |problem: &Problem| {
            let (line, column) = self.position(self.inside(&problem.span).start);
            let lint = problem.lint.map_or_else(String::new, |lint| format!(" [{lint}]"));
            format!("{}:{line}:{column}: {}{lint}", self.path, problem.message)
        };
        self.problems.iter().map(line).collect()
    }

    /// The problems as JSON objects: `level`, `lint`, `path`, `line`, `column`,
    /// `end_line`, `end_column` (from 1, in characters), `message`, `label`, `help`.
    pub fn json(&self) -> Vec<Json> {
        let object = |problem: &Problem| {
            let span = self.inside(&problem.span);
            let (line, column) = self.position(span.start);
            let (end_line, end_column) = self.position(span.end);
            json!({
                "level": match problem.level {
                    Level::Error => "error",
                    Level::Warning => "warning",
                },
                "lint": problem.lint,
                "path": *self.path,
                "line": line,
                "column": column,
                "end_line": end_line,
                "end_column": end_column,
                "message": problem.message,
                "label": problem.label,
                "help": problem.help,
            })
        };
        self.problems.iter().map(object).collect()
    }

    /// Line and column of a byte, both from 1, columns in characters.
    fn position(&self, at: usize) -> (usize, usize) {
        let before = &self.source[..at];
        let line = before.matches('\n').count() + 1;
        let start = before.rfind('\n').map_or(0, |newline| newline + 1);
        (line, before[start..].chars().count() + 1)
    }

    /// The span cut to the file and widened to whole characters.
    fn inside(&self, span: &Range<usize>) -> Range<usize> {
        let mut start = span.start.min(self.source.len());
        let mut end = span.end.clamp(start, self.source.len());
        while !self.source.is_char_boundary(start) {
            start -= 1;
        }
        while !self.source.is_char_boundary(end) {
            end += 1;
        }
        start..end
    }
}
