//! ENRICH and LOOKUP JOIN.

use super::Lowering;
use super::columns::{Column, Origin};
use crate::diagnostic::nearest;
use crate::esql::analysis::{Analysed, AnalysisError};
use crate::esql::ast::{
    CommandKind, Expr as Written, ExprKind as WrittenKind, Name, NamePattern, Operator, Span,
};
use crate::esql::{Names, Table};
use crate::plan::{Expr, ExprKind, Stage};
use detect_runtime::value::Type;
use std::collections::HashSet;

impl Lowering<'_> {
    pub(super) fn enrich(
        &mut self,
        policy: &Name,
        on: Option<&NamePattern>,
        with: &[(Option<NamePattern>, NamePattern)],
    ) -> Analysed<()> {
        let table = self.table(policy, || {
            let mut columns = self.asked_later();
            columns.retain(|_| with.is_empty());
            let with = with.iter().filter_map(|(_, column)| column.literal());
            columns.extend(with.map(|name| (name.to_owned(), self.columns.type_of_unknown(name))));
            let match_field = on.and_then(|on| on.literal()).map(str::to_owned);
            Table { columns, match_field }
        })?;
        let Some(key) = table.match_field.clone().or_else(|| first_name(&table)) else {
            let reason = format!("the table `{}` has no columns", policy.text);
            return Err(AnalysisError::Value { reason, span: policy.span });
        };
        let (name, span) = match on {
            Some(pattern) => (plain(pattern)?, pattern.span),
            None => (key.as_str(), policy.span),
        };
        let (slot, ty) = self.columns.read(name, span)?;
        let left = Expr { ty, kind: ExprKind::Slot(slot) };
        let mut added = Vec::new();
        if with.is_empty() {
            let others = table.columns.iter().filter(|(name, _)| *name != key);
            added.extend(others.map(|(name, ty)| (name.clone(), name.clone(), *ty)));
        }
        for (new, old) in with {
            let column = plain(old)?;
            let ty = table_column(&table, column, old.span)?;
            let new = new.as_ref().map_or(Ok(column), plain)?;
            added.push((new.to_owned(), column.to_owned(), ty));
        }
        self.join(policy, vec![(left, key)], added, false);
        Ok(())
    }

    pub(super) fn lookup_join(&mut self, name: &Name, on: &[Written]) -> Analysed<()> {
        let table = self.table(name, || {
            let mut columns = self.asked_later();
            for name in on.iter().flat_map(table_keys) {
                let ty = self.columns.type_of_unknown(name);
                columns.push((name.clone(), ty));
            }
            Table { columns, match_field: None }
        })?;
        let mut keys = Vec::new();
        for written in on {
            self.join_keys(&table, written, &mut keys)?;
        }
        let keyed = |column: &str| keys.iter().any(|(_, key)| key == column);
        // A key of one name on both sides is one column, the left one.
        let shared: Vec<&String> = on
            .iter()
            .filter_map(|written| match &written.kind {
                WrittenKind::Column(name) => Some(name),
                _ => None,
            })
            .collect();
        let added = table
            .columns
            .iter()
            .filter(|(column, _)| !(keyed(column) && shared.contains(&column)))
            .map(|(column, ty)| (column.clone(), column.clone(), *ty))
            .collect();
        self.join(name, keys, added, true);
        Ok(())
    }

    /// Names that must be equal, or equalities joined by AND.
    fn join_keys(
        &mut self,
        table: &Table,
        written: &Written,
        keys: &mut Vec<(Expr, String)>,
    ) -> Analysed<()> {
        match &written.kind {
            WrittenKind::Column(name) => {
                table_column(table, name, written.span)?;
                let (slot, ty) = self.columns.read(name, written.span)?;
                keys.push((Expr { ty, kind: ExprKind::Slot(slot) }, name.clone()));
                Ok(())
            }
            WrittenKind::And(all) => {
                all.iter().try_for_each(|part| self.join_keys(table, part, keys))
            }
            WrittenKind::Binary { operator: Operator::Equal, left, right } => {
                let of_table = |expr: &Written| match &expr.kind {
                    WrittenKind::Column(name) => {
                        table.columns.iter().any(|(column, _)| column == name).then(|| name.clone())
                    }
                    _ => None,
                };
                let (column, other) = match (of_table(right), of_table(left)) {
                    (Some(column), _) => (column, left),
                    (None, Some(column)) => (column, right),
                    (None, None) => return Err(unsupported_condition(written.span)),
                };
                let expr = self.typer.expression(&mut self.columns, other)?;
                keys.push((expr, column));
                Ok(())
            }
            _ => Err(unsupported_condition(written.span)),
        }
    }

    /// The table of that name. A rule may name one that the user gives only at run time:
    /// `asked` says what the query asks of it then, with the column that ENRICH compares.
    fn table(&self, name: &Name, asked: impl FnOnce() -> Table) -> Analysed<Table> {
        if let Some(table) = self.typer.cx.tables.get(&name.text) {
            return Ok(table.clone());
        }
        let near = nearest(&name.text, self.typer.cx.tables.keys().map(String::as_str));
        let reason = match (near, self.typer.cx.names) {
            (Some(near), _) => format!("unknown table `{}`; did you mean `{near}`?", name.text),
            (None, Names::Open) => return Ok(asked()),
            (None, Names::Closed) => format!("unknown table `{}`", name.text),
        };
        Err(AnalysisError::Value { reason, span: name.span })
    }

    /// Names that the commands to come read, up to the next STATS, and that can only be
    /// columns of a table: no column so far has them, and no known field.
    fn asked_later(&self) -> Vec<(String, Type)> {
        let ends = |kind: &CommandKind| matches!(kind, CommandKind::Stats { inline: false, .. });
        let end = self.later.iter().position(|command| ends(&command.kind));
        let end = end.map_or(self.later.len(), |end| end + 1);
        let (mut made, mut asked) = (HashSet::new(), Vec::new());
        for command in &self.later[..end] {
            for name in command.kind.names_read() {
                if !made.contains(&name)
                    && !self.columns.is_in_sight(&name)
                    && !asked.iter().any(|(known, _)| *known == name)
                {
                    let ty = self.columns.type_of_unknown(&name);
                    asked.push((name, ty));
                }
            }
            made.extend(command.kind.names_made());
        }
        asked
    }

    fn join(
        &mut self,
        table: &Name,
        on: Vec<(Expr, String)>,
        added: Vec<(String, String, Type)>,
        multiply: bool,
    ) {
        let mut outputs = Vec::with_capacity(added.len());
        for (new, column, ty) in added {
            let slot = self.columns.fresh(Origin::Opaque);
            self.columns.define(Column { name: new, ty, slot });
            outputs.push((column, ty, slot));
        }
        self.stages.push(Stage::Lookup { table: table.text.clone(), on, outputs, multiply });
    }
}

/// The names of a join condition that are columns of the table, as far as they can be
/// told without it: a name alone, and the right side of an equality.
fn table_keys(condition: &Written) -> Vec<&String> {
    match &condition.kind {
        WrittenKind::Column(name) => vec![name],
        WrittenKind::And(all) => all.iter().flat_map(table_keys).collect(),
        WrittenKind::Binary { right, .. } => table_keys(right),
        _ => Vec::new(),
    }
}

fn first_name(table: &Table) -> Option<String> {
    table.columns.first().map(|(name, _)| name.clone())
}

fn plain(pattern: &NamePattern) -> Analysed<&str> {
    pattern.literal().ok_or_else(|| AnalysisError::Value {
        reason: "a name without wildcards stands here".into(),
        span: pattern.span,
    })
}

fn table_column(table: &Table, name: &str, span: Span) -> Analysed<Type> {
    let mut names = table.columns.iter();
    names.find(|(column, _)| column == name).map(|(_, ty)| *ty).ok_or_else(|| {
        let near = nearest(name, table.columns.iter().map(|(column, _)| column.as_str()));
        AnalysisError::Column { name: name.to_owned(), near: near.map(str::to_owned), span }
    })
}

fn unsupported_condition(span: Span) -> AnalysisError {
    AnalysisError::Unsupported { what: "a join on anything but equalities".into(), span }
}
