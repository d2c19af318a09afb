//! What the alerts of a rule hold, and where each of it comes from.

use crate::esql::ast::{
    Assignment, CommandKind, Expr, ExprKind, NamePattern, NamePiece, Query, Source,
};
use crate::esql::{parser, written};
use crate::lower::Compiled;
use crate::plan::Body;
use crate::rule::{Kind, Rule};

/// A field of the alerts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Column {
    /// Its name, or a pattern of names.
    pub field: String,
    /// The command that made it, as written; `event` for what is copied.
    pub source: String,
}

/// The columns in order.
pub(super) fn of(rule: &Rule, compiled: &Compiled) -> Vec<Column> {
    match (&rule.kind, &rule.query) {
        (Kind::Esql, Some(query)) => {
            let query = &query.value;
            parser::parse(query).map_or(Vec::new(), |tree| pipeline(query, &tree))
        }
        (Kind::Threshold(threshold), _) => {
            let by = compiled.group_by.iter().map(|key| column(key, format!("BY {key}")));
            let result = |name: &str| format!("kibana.alert.threshold_result.{name}");
            let distinct = threshold.cardinality.iter().map(|(field, _)| {
                column(result("cardinality"), format!("COUNT_DISTINCT {}", field.value))
            });
            by.chain([column(result("count"), "COUNT")]).chain(distinct).collect()
        }
        (Kind::NewTerms(_), _) => {
            let terms = format!("NEW TERMS {}", compiled.group_by.join(", "));
            vec![column("*", "event"), column("kibana.alert.new_terms", terms)]
        }
        (Kind::ThreatMatch(threat), _) => {
            let indicator = format!("INDICATOR {}", threat.indicator_path);
            vec![column("*", "event"), column("threat.enrichments", indicator)]
        }
        _ => events(compiled),
    }
}

fn events(compiled: &Compiled) -> Vec<Column> {
    let what = match &compiled.plan.body {
        Body::Sequence(_) => "what all events of the sequence share",
        Body::Sample(_) => "what all events of the sample share",
        _ => return vec![column("*", "event")],
    };
    let by = compiled.group_by.iter().map(|key| column(key, format!("BY {key}")));
    by.chain([column("*", what)]).collect()
}

fn column(field: impl Into<String>, source: impl Into<String>) -> Column {
    Column { field: field.into(), source: source.into() }
}

/// Goes through the commands as the columns do.
fn pipeline(text: &str, query: &Query) -> Vec<Column> {
    let mut columns = Columns { text, all: Vec::new() };
    for command in &query.commands {
        columns.command(&command.kind);
    }
    columns.all
}

struct Columns<'q> {
    /// The query.
    text: &'q str,
    all: Vec<Column>,
}

impl Columns<'_> {
    fn command(&mut self, command: &CommandKind) {
        match command {
            CommandKind::From { sources, metadata } => {
                let index = sources.iter().map(|source| match source {
                    Source::Index { pattern, .. } => pattern.as_str(),
                    Source::Query { .. } => "(...)",
                });
                let from = format!("FROM {}", index.collect::<Vec<_>>().join(", "));
                self.all.push(column("*", from));
                for name in metadata {
                    self.set(&name.text, format!("METADATA {}", name.text));
                }
            }
            CommandKind::Row(fields) => self.assign("ROW", fields),
            CommandKind::Eval(fields) => self.assign("EVAL", fields),
            CommandKind::Stats { inline, aggregates, by } => {
                let keyword = command.keyword();
                if !inline {
                    self.all.clear();
                }
                for aggregate in aggregates {
                    let name = self.name_of(&aggregate.assignment);
                    let text = written(self.text, aggregate.span);
                    self.set(&name, format!("{keyword} {text}"));
                }
                self.assign("BY", by);
            }
            CommandKind::Keep(patterns) => self.keep(patterns),
            CommandKind::Drop(patterns) => {
                self.all.retain(|known| !patterns.iter().any(|p| p.matches(&known.field)));
            }
            CommandKind::Rename(renamings) => {
                for renaming in renamings {
                    let (from, to) = (name(&renaming.from), name(&renaming.to));
                    self.all.retain(|known| known.field != from);
                    self.set(&to, format!("RENAME {from} AS {to}"));
                }
            }
            CommandKind::Dissect { .. }
            | CommandKind::Grok { .. }
            | CommandKind::Enrich { .. }
            | CommandKind::LookupJoin { .. }
            | CommandKind::ChangePoint { .. } => self.made(command),
            CommandKind::Completion { target, .. } => {
                let name = target.as_ref().map_or("completion", |name| &name.text);
                self.set(name, "COMPLETION".to_owned());
            }
            CommandKind::Where(_)
            | CommandKind::Sort(_)
            | CommandKind::Limit { .. }
            | CommandKind::MvExpand(_)
            | CommandKind::Sample(_)
            | CommandKind::ShowInfo
            | CommandKind::Fork(_) => {}
        }
    }

    /// Columns that a pattern or a table names; only some commands say which.
    fn made(&mut self, command: &CommandKind) {
        let keyword = command.keyword();
        let names: Vec<String> = match command {
            CommandKind::Dissect { pattern, .. } => {
                detect_runtime::text::dissect::columns(&pattern.text).unwrap_or_default()
            }
            CommandKind::Enrich { with, .. } => {
                with.iter().map(|(new, old)| name(new.as_ref().unwrap_or(old))).collect()
            }
            _ => Vec::new(),
        };
        for name in names {
            self.set(&name, format!("{keyword} {name}"));
        }
    }

    fn assign(&mut self, keyword: &str, fields: &[Assignment]) {
        for field in fields {
            let name = self.name_of(field);
            let value = self.value(&field.value);
            let source = match &field.name {
                Some(name) => format!("{keyword} {} = {value}", name.text),
                None => format!("{keyword} {value}"),
            };
            self.set(&name, source);
        }
    }

    fn keep(&mut self, patterns: &[NamePattern]) {
        let kept = |pattern: &NamePattern| {
            let name = name(pattern);
            column(&name, format!("KEEP {name}"))
        };
        self.all = patterns.iter().map(kept).collect();
    }

    /// A column that is computed again moves to the end, as in the result.
    fn set(&mut self, name: &str, source: String) {
        self.all.retain(|known| known.field != name);
        self.all.push(column(name, source));
    }

    fn name_of(&self, assignment: &Assignment) -> String {
        match &assignment.name {
            Some(name) => name.text.clone(),
            None => self.value(&assignment.value),
        }
    }

    fn value(&self, expr: &Expr) -> String {
        match &expr.kind {
            ExprKind::Column(name) => name.clone(),
            _ => written(self.text, expr.span),
        }
    }
}

/// A pattern without the quotes that it may need in a query.
fn name(pattern: &NamePattern) -> String {
    let piece = |piece: &NamePiece| match piece {
        NamePiece::Literal(text) => text.clone(),
        NamePiece::Any => "*".to_owned(),
    };
    pattern.pieces.iter().map(piece).collect()
}
