//! Commands to stages.
//!
//! In: the syntax tree. Out: the plan. Columns live in slots; each assignment
//! gets a slot of its own, `prune` drops what nobody reads and numbers the rest.
//! Leading WHEREs become the event filter (`filter`). Must not know the code
//! generator.

mod columns;
mod extract;
mod filter;
mod join;
mod prune;
mod stats;

pub(crate) use filter::equality_test;

use super::analysis::{
    Analysed, AnalysisError, Typer, condition, constant_value, convert, inferred_types,
};
use super::ast::{self, Command, CommandKind, Expr as Written, Name, Query, Source, Span};
use super::{Context, Names};
use crate::plan::{
    Body, Column as OutputColumn, Cond, Expr, ExprKind, FieldPattern, Pipeline, Plan, Rows,
    SortKey, Stage,
};
use columns::{Column, Columns, Entry, METADATA, Origin};
use detect_runtime::functions::date::is_zone;
use detect_runtime::test::{Glob, Piece};
use detect_runtime::value::{Owned, Type};
use std::cell::RefCell;

/// A lowered query.
pub(crate) struct Lowered {
    pub(crate) plan: Plan,
    pub(crate) group_by: Vec<String>,
}

/// Lowers a query; all errors that can be told apart.
pub(crate) fn lower<'a>(
    query: &'a str,
    tree: &'a Query,
    cx: &'a Context<'a>,
) -> Result<Lowered, Vec<AnalysisError>> {
    let inferred = match cx.names {
        Names::Open => inferred_types(&tree.commands, cx.schema),
        Names::Closed => std::collections::HashMap::new(),
    };
    let mut lowering = Lowering {
        query,
        typer: Typer { cx, errors: RefCell::new(Vec::new()), zone: None },
        columns: Columns::new(cx, inferred),
        errors: Vec::new(),
        index: Vec::new(),
        constants: None,
        filter: Vec::new(),
        exact: true,
        pushable: true,
        stages: Vec::new(),
        aggregating: false,
        group_by: Vec::new(),
        first_frame: None,
        later: &[],
    };
    lowering.settings(tree);
    for (index, command) in tree.commands.iter().enumerate() {
        lowering.later = &tree.commands[index + 1..];
        if let Err(error) = lowering.command(command) {
            lowering.errors.push(error);
        }
    }
    lowering.finish()
}

struct Lowering<'a> {
    query: &'a str,
    typer: Typer<'a>,
    columns: Columns<'a>,
    errors: Vec<AnalysisError>,
    index: Vec<String>,
    /// ROW's constants, slot by slot.
    constants: Option<Vec<Owned>>,
    /// What leading WHEREs ask of the event.
    filter: Vec<Cond>,
    /// The filter says all of them.
    exact: bool,
    /// A WHERE at this place still decides about single events.
    pushable: bool,
    stages: Vec<Stage>,
    aggregating: bool,
    group_by: Vec<String>,
    /// What the slots of the first frame hold, once STATS has begun another.
    first_frame: Option<Vec<Origin>>,
    /// The commands behind the one that is lowered.
    later: &'a [Command],
}

impl Lowering<'_> {
    fn settings(&mut self, tree: &Query) {
        for setting in &tree.settings {
            let known = match (setting.name.as_str(), &setting.value.kind) {
                // Over JSON unknown fields are null whatever is set.
                ("unmapped_fields", ast::ExprKind::Text(_)) => true,
                ("time_zone", ast::ExprKind::Text(zone)) => {
                    let utc = ["z", "utc", "etc/utc", "+00:00"];
                    if !utc.contains(&zone.to_ascii_lowercase().as_str()) {
                        self.typer.zone = Some(zone.clone());
                    }
                    is_zone(zone)
                }
                _ => false,
            };
            if !known {
                let what = format!("SET {} = {}", setting.name, setting.value);
                self.errors.push(AnalysisError::Unsupported { what, span: setting.span });
            }
        }
    }

    fn command(&mut self, command: &Command) -> Analysed<()> {
        let span = command.span;
        match &command.kind {
            CommandKind::From { sources, metadata } => self.from(sources, metadata),
            CommandKind::Row(fields) => self.row(fields),
            CommandKind::Where(written) => self.filter(written),
            CommandKind::Eval(fields) => {
                self.eval(fields);
                Ok(())
            }
            CommandKind::Stats { inline: false, aggregates, by } => self.stats(aggregates, by),
            CommandKind::Stats { inline: true, aggregates, by } => {
                self.inline_stats(aggregates, by)
            }
            CommandKind::Keep(patterns) => self.columns.keep(patterns),
            CommandKind::Drop(patterns) => self.columns.drop_columns(patterns),
            CommandKind::Rename(renamings) => {
                for renaming in renamings {
                    self.columns.rename(&renaming.from, &renaming.to)?;
                }
                Ok(())
            }
            CommandKind::Sort(keys) => self.sort(keys),
            CommandKind::Limit { count, by } => self.limit(count, by),
            CommandKind::MvExpand(name) => self.mv_expand(name),
            CommandKind::Dissect { input, pattern, options } => {
                self.dissect(input, pattern, options)
            }
            CommandKind::Grok { input, patterns } => self.grok(input, patterns),
            CommandKind::Enrich { policy, on, with } => self.enrich(policy, on.as_ref(), with),
            CommandKind::LookupJoin { table, on } => self.lookup_join(table, on),
            CommandKind::Completion { target, prompt, .. } => {
                self.completion(target.as_ref(), prompt)
            }
            CommandKind::Sample(probability) => self.sample(probability),
            CommandKind::ShowInfo | CommandKind::Fork(_) | CommandKind::ChangePoint { .. } => {
                let what = command.kind.keyword().to_owned();
                Err(AnalysisError::Unsupported { what, span })
            }
        }
    }

    fn from(&mut self, sources: &[Source], metadata: &[Name]) -> Analysed<()> {
        for source in sources {
            match source {
                Source::Index { pattern, .. } => self.index.push(pattern.clone()),
                Source::Query { span, .. } => {
                    let what = "a query inside FROM".to_owned();
                    return Err(AnalysisError::Unsupported { what, span: *span });
                }
            }
        }
        columns::of_source(&mut self.columns);
        for name in metadata {
            let Some((_, ty)) = METADATA.iter().find(|(known, _)| *known == name.text) else {
                let near = crate::diagnostic::nearest(&name.text, METADATA.map(|(known, _)| known));
                let near = near.map(str::to_owned);
                return Err(AnalysisError::Column {
                    name: name.text.clone(),
                    near,
                    span: name.span,
                });
            };
            let (slot, ty) = (self.columns.field(&name.text).0, *ty);
            self.columns.define(Column { name: name.text.clone(), ty, slot });
        }
        Ok(())
    }

    /// ROW: constants, and what is none (`now()`) behind them.
    fn row(&mut self, fields: &[ast::Assignment]) -> Analysed<()> {
        self.constants = Some(Vec::new());
        self.pushable = false;
        self.columns.gone = Some("ROW");
        for field in fields {
            let name = self.name_of(field);
            let value = self.typer.expression(&mut self.columns, &field.value)?;
            let slot = self.columns.fresh(Origin::Computed(value.clone()));
            let constant = constant_value(&value).cloned();
            if constant.is_none() {
                self.stages.push(Stage::Eval(vec![(slot, value.clone())]));
            }
            if let Some(constants) = &mut self.constants {
                constants.push(constant.unwrap_or_default());
            }
            self.columns.define(Column { name, ty: value.ty, slot });
        }
        Ok(())
    }

    /// An assignment's name: as written, or the column's, or the source text.
    fn name_of(&self, field: &ast::Assignment) -> String {
        match (&field.name, &field.value.kind) {
            (Some(name), _) => name.text.clone(),
            (None, ast::ExprKind::Column(name)) => name.clone(),
            (None, _) => self.source_text(field.value.span),
        }
    }

    fn source_text(&self, span: Span) -> String {
        self.query.get(span.range()).unwrap_or_default().to_owned()
    }

    fn filter(&mut self, written: &Written) -> Analysed<()> {
        let typed = condition(&self.typer, &mut self.columns, written)?;
        if !self.pushable {
            self.stages.push(Stage::Where(typed));
            return Ok(());
        }
        let conjuncts = match typed.kind {
            ExprKind::And(all) => all,
            _ => vec![typed],
        };
        let mut rest = Vec::new();
        for conjunct in conjuncts {
            let (cond, exact) = filter::condition(&self.columns, &conjunct);
            self.filter.push(cond);
            if !exact {
                rest.push(conjunct);
            }
        }
        if let Some(last) = rest.pop() {
            self.exact = false;
            let kind = if rest.is_empty() {
                last.kind
            } else {
                rest.push(last);
                ExprKind::And(rest)
            };
            self.stages.push(Stage::Where(Expr { ty: Type::Boolean, kind }));
        }
        Ok(())
    }

    fn eval(&mut self, fields: &[ast::Assignment]) {
        let mut computed = Vec::new();
        for field in fields {
            let name = self.name_of(field);
            match self.typer.expression(&mut self.columns, &field.value) {
                Ok(value) => {
                    let (ty, slot) = (value.ty, self.compute(value, &mut computed));
                    self.columns.define(Column { name, ty, slot });
                }
                Err(error) => {
                    // The name exists, so that its uses are not errors too.
                    self.errors.push(error);
                    let slot = self.columns.fresh(Origin::Opaque);
                    self.columns.define(Column { name, ty: Type::Null, slot });
                }
            }
        }
        if !computed.is_empty() {
            self.stages.push(Stage::Eval(computed));
        }
    }

    /// The slot of a value: that of a column if it is one, else a new one.
    fn compute(&mut self, value: Expr, computed: &mut Vec<(usize, Expr)>) -> usize {
        if let ExprKind::Slot(slot) = value.kind {
            return slot;
        }
        let slot = self.columns.fresh(Origin::Computed(value.clone()));
        computed.push((slot, value));
        slot
    }

    fn sort(&mut self, keys: &[ast::Ordering]) -> Analysed<()> {
        let mut lowered = Vec::with_capacity(keys.len());
        for key in keys {
            let expr = self.typer.expression(&mut self.columns, &key.expr)?;
            if !sortable(expr.ty) {
                let expected = "a type that has an order".to_owned();
                return Err(AnalysisError::Type { expected, found: expr.ty, span: key.expr.span });
            }
            // Null is larger than everything unless told otherwise.
            let nulls_first = key.nulls_first.unwrap_or(key.descending);
            lowered.push(SortKey { expr, descending: key.descending, nulls_first });
        }
        self.stages.push(Stage::Sort(lowered));
        Ok(())
    }

    fn limit(&mut self, count: &Written, by: &[Written]) -> Analysed<()> {
        let typed = self.typer.expression(&mut self.columns, count)?;
        let count = match constant_value(&typed) {
            Some(Owned::Integer(n)) => u64::try_from(*n).ok(),
            Some(Owned::Long(n)) => u64::try_from(*n).ok(),
            _ => None,
        }
        .ok_or_else(|| AnalysisError::Value {
            reason: "LIMIT takes a whole number of 0 or more".into(),
            span: count.span,
        })?;
        let mut groups = Vec::with_capacity(by.len());
        for group in by {
            groups.push(self.typer.expression(&mut self.columns, group)?);
        }
        self.stages.push(Stage::Limit { count, by: groups });
        self.pushable = false;
        self.columns.gone.get_or_insert("LIMIT");
        Ok(())
    }

    fn mv_expand(&mut self, name: &Name) -> Analysed<()> {
        let column = self.columns.find(&name.text, name.span)?;
        let slot = self.columns.fresh(Origin::Expanded(column.slot));
        let old = Expr { ty: column.ty, kind: ExprKind::Slot(column.slot) };
        self.columns.replace(&name.text, slot);
        self.stages.push(Stage::Eval(vec![(slot, old)]));
        self.stages.push(Stage::MvExpand(slot));
        Ok(())
    }

    fn completion(&mut self, target: Option<&Name>, prompt: &Written) -> Analysed<()> {
        let prompt_text = self.typer.expression(&mut self.columns, prompt)?;
        if !matches!(prompt_text.ty, Type::Keyword | Type::Text | Type::Null) {
            let expected = "keyword or text".to_owned();
            return Err(AnalysisError::Type { expected, found: prompt_text.ty, span: prompt.span });
        }
        let name = target.map_or("completion", |name| &name.text).to_owned();
        let slot = self.columns.fresh(Origin::Opaque);
        self.columns.define(Column { name, ty: Type::Keyword, slot });
        self.stages.push(Stage::Completion { prompt: prompt_text, slot });
        Ok(())
    }

    fn sample(&mut self, written: &Written) -> Analysed<()> {
        let typed = self.typer.expression(&mut self.columns, written)?;
        match constant_value(&typed) {
            Some(Owned::Double(p)) if *p > 0.0 && *p < 1.0 => {
                self.stages.push(Stage::Sample(*p));
                self.pushable = false;
                Ok(())
            }
            _ => Err(AnalysisError::Value {
                reason: "SAMPLE takes a number between 0 and 1".into(),
                span: written.span,
            }),
        }
    }

    /// A text that DISSECT or GROK takes apart.
    fn text(&mut self, written: &Written) -> Analysed<Expr> {
        let input = self.typer.expression(&mut self.columns, written)?;
        match input.ty {
            Type::Keyword | Type::Text => Ok(input),
            Type::Null => convert(input, Type::Keyword, written.span),
            found => {
                let expected = "keyword or text".to_owned();
                Err(AnalysisError::Type { expected, found, span: written.span })
            }
        }
    }

    fn finish(mut self) -> Result<Lowered, Vec<AnalysisError>> {
        self.errors.extend(self.typer.errors.take());
        if !self.errors.is_empty() {
            self.errors.sort_by_key(|error| crate::diagnostic::Complaint::span(error).start);
            self.errors.dedup();
            return Err(self.errors);
        }
        let points = std::mem::take(&mut self.columns.points);
        if !points.is_empty() {
            self.stages.insert(0, Stage::Eval(points));
        }
        let limited = self.stages.iter().any(|stage| matches!(stage, Stage::Limit { .. }));
        if let Some(count) = self.typer.cx.implicit_limit
            && !limited
        {
            self.stages.push(Stage::Limit { count, by: Vec::new() });
        }
        let (output, rest) = self.output();
        let rows = match self.constants.take() {
            Some(constants) => Rows::Constants(constants),
            None => Rows::Events {
                filter: filter::all(std::mem::take(&mut self.filter)),
                exact: self.exact,
                slots: Vec::new(),
            },
        };
        let pipeline = Pipeline {
            rows,
            stages: self.stages,
            frames: Vec::new(),
            output,
            rest,
            aggregating: self.aggregating,
        };
        let first = self.first_frame.unwrap_or(self.columns.slots);
        let body = Body::Pipeline(prune::pruned(pipeline, &first));
        let plan = Plan { index: self.index, body, lineages: Vec::new() };
        Ok(Lowered { plan, group_by: self.group_by })
    }

    fn output(&self) -> (Vec<OutputColumn>, Vec<FieldPattern>) {
        let (mut output, mut rest) = (Vec::new(), Vec::new());
        for entry in &self.columns.entries {
            match entry {
                Entry::Column(Column { name, ty, slot }) => {
                    output.push(OutputColumn { name: name.clone(), ty: *ty, slot: *slot });
                }
                Entry::Open(open) => rest.push(FieldPattern {
                    all_of: open.all_of.iter().map(glob).collect(),
                    none_of: open.none_of.iter().map(glob).collect(),
                }),
            }
        }
        (output, rest)
    }
}

fn glob(pattern: &ast::NamePattern) -> Glob {
    let piece = |piece: &ast::NamePiece| match piece {
        ast::NamePiece::Any => Piece::Any,
        ast::NamePiece::Literal(text) => Piece::Literal(text.clone()),
    };
    Glob(pattern.pieces.iter().map(piece).collect())
}

fn sortable(ty: Type) -> bool {
    !matches!(
        ty,
        Type::GeoPoint
            | Type::GeoShape
            | Type::CartesianPoint
            | Type::CartesianShape
            | Type::Source
            | Type::DatePeriod
            | Type::TimeDuration
    )
}
