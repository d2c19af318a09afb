//! STATS and INLINE STATS.

use super::Lowering;
use super::columns::{Column, Columns, Origin};
use crate::esql::analysis::{
    AggregateCall, Analysed, AnalysisError, Resolver, Typer, condition, constant_value, convert,
    null,
};
use crate::esql::ast::{self, Aggregation, Args, Assignment, Span};
use crate::plan::{Aggregate, Expr, ExprKind, Field, Stage, Stats};
use detect_runtime::functions::Argument;
use detect_runtime::value::Type;

/// Slots of keys while the number of aggregates is not known yet.
const KEYS: usize = usize::MAX / 2;

/// A grouping.
struct Key {
    name: String,
    /// Over the rows that are grouped.
    expr: Expr,
    /// The expression as it was written, in a form that equal ones share.
    identity: String,
}

/// An output column of STATS.
struct Output {
    name: String,
    value: Expr,
}

impl Lowering<'_> {
    pub(super) fn stats(&mut self, written: &[Aggregation], by: &[Assignment]) -> Analysed<()> {
        let keys = self.keys(by)?;
        // Grouping forgets the order of rows.
        while matches!(self.stages.last(), Some(Stage::Sort(_))) {
            self.stages.pop();
        }
        let mut names = StatsNames::new(&mut self.columns, &keys);
        let outputs = aggregations(&self.typer, &mut names, written, &mut self.errors, self.query);
        let aggregates = names.aggregates;
        let (count, width) = (aggregates.len(), aggregates.len() + keys.len());
        self.group_by = keys.iter().map(|key| key.name.clone()).collect();
        let stats = Stats { aggregates, keys: keys.iter().map(|key| key.expr.clone()).collect() };
        self.stages.push(Stage::Stats(stats));
        self.begin_frame(width);
        let mut computed = Vec::new();
        for Output { name, mut value } in outputs {
            if keys.iter().any(|key| key.name == name) {
                continue;
            }
            place_keys(&mut value, count);
            let (ty, slot) = (value.ty, self.compute(value, &mut computed));
            self.columns.define(Column { name, ty, slot });
        }
        for (index, key) in keys.into_iter().enumerate() {
            let ty = grouped(key.expr.ty);
            self.columns.define(Column { name: key.name, ty, slot: count + index });
        }
        if !computed.is_empty() {
            self.stages.push(Stage::Eval(computed));
        }
        Ok(())
    }

    fn begin_frame(&mut self, width: usize) {
        let slots = self.columns.begin_frame(width);
        self.first_frame.get_or_insert(slots);
        self.pushable = false;
        self.aggregating = true;
    }

    pub(super) fn inline_stats(
        &mut self,
        written: &[Aggregation],
        by: &[Assignment],
    ) -> Analysed<()> {
        let mut keys = self.keys(by)?;
        // Keys are columns of the row as well: they are computed before.
        let mut computed = Vec::new();
        for key in &mut keys {
            let (ty, slot) = (key.expr.ty, self.compute(key.expr.clone(), &mut computed));
            key.expr = Expr { ty, kind: ExprKind::Slot(slot) };
        }
        if !computed.is_empty() {
            self.stages.push(Stage::Eval(computed));
        }
        let mut names = StatsNames::new(&mut self.columns, &keys);
        let outputs = aggregations(&self.typer, &mut names, written, &mut self.errors, self.query);
        let aggregates = names.aggregates;
        let count = aggregates.len();
        // The key that a row found its group by stays as it is.
        let fresh = 0..count + keys.len();
        let mut into: Vec<usize> = fresh.map(|_| self.columns.fresh(Origin::Opaque)).collect();
        // A row may be in several groups: what stands around an aggregate is a matter of
        // the group.
        let mut computed = Vec::new();
        for Output { name, mut value } in outputs {
            if keys.iter().any(|key| key.name == name) {
                continue;
            }
            place_keys(&mut value, count);
            let ty = value.ty;
            let slot = match value.kind {
                ExprKind::Slot(slot) if slot < count => into[slot],
                _ => {
                    let slot = self.columns.fresh(Origin::Opaque);
                    into.push(slot);
                    computed.push(value);
                    slot
                }
            };
            self.columns.define(Column { name, ty, slot });
        }
        let stats = Stats { aggregates, keys: keys.iter().map(|key| key.expr.clone()).collect() };
        self.stages.push(Stage::InlineStats { stats, computed, into });
        self.pushable = false;
        for key in keys {
            if let ExprKind::Slot(slot) = key.expr.kind {
                self.columns.define(Column { name: key.name, ty: key.expr.ty, slot });
            }
        }
        Ok(())
    }

    /// The groupings; one that is named twice takes its last place.
    fn keys(&mut self, by: &[Assignment]) -> Analysed<Vec<Key>> {
        let mut keys: Vec<Key> = Vec::with_capacity(by.len());
        for assignment in by {
            let name = self.name_of(assignment);
            let expr = self.typer.expression(&mut self.columns, &assignment.value)?;
            if matches!(expr.ty, Type::DatePeriod | Type::TimeDuration | Type::Source) {
                let expected = "a type that can be grouped by".to_owned();
                let span = assignment.value.span;
                return Err(AnalysisError::Type { expected, found: expr.ty, span });
            }
            keys.retain(|key| key.name != name);
            keys.push(Key { name, identity: format!("{expr:?}"), expr });
        }
        Ok(keys)
    }
}

/// Types of groups: text has become keyword.
fn grouped(ty: Type) -> Type {
    if ty == Type::Text { Type::Keyword } else { ty }
}

/// The columns that the aggregations give, over the new frame; of one name the
/// rightmost.
fn aggregations(
    typer: &Typer<'_>,
    names: &mut StatsNames<'_, '_>,
    written: &[Aggregation],
    errors: &mut Vec<AnalysisError>,
    query: &str,
) -> Vec<Output> {
    let mut outputs: Vec<Output> = Vec::with_capacity(written.len());
    for aggregation in written {
        let name = match &aggregation.assignment.name {
            Some(name) => name.text.clone(),
            None => query.get(aggregation.span.range()).unwrap_or_default().to_owned(),
        };
        match names.aggregation(typer, aggregation) {
            Ok(value) => {
                outputs.retain(|output| output.name != name);
                outputs.push(Output { name, value });
            }
            Err(error) => {
                // The name exists, so that its uses are not errors too.
                errors.push(error);
                outputs.push(Output { name, value: null() });
            }
        }
    }
    outputs
}

/// What names mean in the aggregates of STATS.
struct StatsNames<'n, 'a> {
    rows: &'n mut Columns<'a>,
    keys: &'n [Key],
    aggregates: Vec<Aggregate>,
    filter: Option<Expr>,
}

impl<'n, 'a> StatsNames<'n, 'a> {
    fn new(rows: &'n mut Columns<'a>, keys: &'n [Key]) -> StatsNames<'n, 'a> {
        StatsNames { rows, keys, aggregates: Vec::new(), filter: None }
    }

    /// A grouping in the frame of the results.
    fn key(&self, index: usize) -> Expr {
        Expr { ty: grouped(self.keys[index].expr.ty), kind: ExprKind::Slot(KEYS + index) }
    }

    fn aggregation(&mut self, typer: &Typer<'_>, written: &Aggregation) -> Analysed<Expr> {
        self.filter = match &written.filter {
            Some(filter) => {
                let mut rows = RowNames { rows: self.rows, keys: self.keys };
                Some(condition(typer, &mut rows, filter)?)
            }
            None => None,
        };
        typer.expression(self, &written.assignment.value)
    }
}

impl Resolver for StatsNames<'_, '_> {
    /// Outside of aggregates only groupings are in sight.
    fn column(&mut self, _: &Typer<'_>, name: &str, span: Span) -> Analysed<Expr> {
        let Some(index) = self.keys.iter().position(|key| key.name == name) else {
            // A name that does not exist at all is the graver error.
            self.rows.read(name, span)?;
            return Err(AnalysisError::Ungrouped { name: name.to_owned(), span });
        };
        Ok(self.key(index))
    }

    fn aggregate(&mut self, typer: &Typer<'_>, call: &AggregateCall<'_>) -> Analysed<Expr> {
        let mut rows = RowNames { rows: self.rows, keys: self.keys };
        let (args, ty) = arguments(typer, &mut rows, call)?;
        let aggregate = Aggregate { name: call.kind.name, args, filter: self.filter.clone(), ty };
        let known = self.aggregates.iter().position(|known| same(known, &aggregate));
        let index = known.unwrap_or(self.aggregates.len());
        if known.is_none() {
            self.aggregates.push(aggregate);
        }
        Ok(Expr { ty, kind: ExprKind::Slot(index) })
    }

    fn stored(&mut self, typer: &Typer<'_>, name: &str, span: Span) -> Analysed<Field> {
        self.rows.stored(typer, name, span)
    }

    /// `BUCKET(salary, 5)` beside aggregates is the grouping of that text.
    fn grouping(&mut self, typer: &Typer<'_>, expr: &ast::Expr) -> Option<Expr> {
        use ast::ExprKind::{Binary, Call, Cast};
        if self.keys.is_empty() || !matches!(expr.kind, Call { .. } | Binary { .. } | Cast { .. }) {
            return None;
        }
        let mut rows = RowNames { rows: self.rows, keys: &[] };
        let told = typer.errors.borrow().len();
        let typed = typer.expression(&mut rows, expr);
        typer.errors.borrow_mut().truncate(told);
        let text = format!("{:?}", typed.ok()?);
        let index = self.keys.iter().position(|key| key.identity == text)?;
        Some(self.key(index))
    }

    fn document_gone(&self) -> Option<&'static str> {
        self.rows.gone
    }
}

/// What names mean inside an aggregate: groupings first, then columns.
struct RowNames<'n, 'a> {
    rows: &'n mut Columns<'a>,
    keys: &'n [Key],
}

impl Resolver for RowNames<'_, '_> {
    fn column(&mut self, typer: &Typer<'_>, name: &str, span: Span) -> Analysed<Expr> {
        match self.keys.iter().find(|key| key.name == name) {
            Some(key) => Ok(key.expr.clone()),
            None => self.rows.column(typer, name, span),
        }
    }

    fn aggregate(&mut self, _: &Typer<'_>, call: &AggregateCall<'_>) -> Analysed<Expr> {
        Err(AnalysisError::NestedAggregate { name: call.name.text.clone(), span: call.span })
    }

    fn stored(&mut self, typer: &Typer<'_>, name: &str, span: Span) -> Analysed<Field> {
        self.rows.stored(typer, name, span)
    }

    fn document_gone(&self) -> Option<&'static str> {
        self.rows.gone
    }
}

/// Arguments and result type of an aggregate.
fn arguments(
    typer: &Typer<'_>,
    rows: &mut RowNames<'_, '_>,
    call: &AggregateCall<'_>,
) -> Analysed<(Vec<Expr>, Type)> {
    let written: &[ast::Expr] = match call.args {
        // COUNT(*)
        Args::Star => &[],
        Args::List(args) => args,
    };
    let mut args = Vec::with_capacity(written.len());
    for arg in written {
        args.push(typer.expression(rows, arg)?);
    }
    let arena = bumpalo::Bump::new();
    let known: Vec<Argument<'_>> = args
        .iter()
        .map(|arg| Argument {
            ty: arg.ty,
            constant: constant_value(arg).map(|value| value.lend(&arena)),
        })
        .collect();
    let signature = (call.kind.resolve)(&known).map_err(|error| AnalysisError::Arguments {
        function: call.name.text.clone(),
        error,
        span: call.span,
    })?;
    drop(known);
    let mut cast = Vec::with_capacity(args.len());
    for (arg, ty) in args.into_iter().zip(&signature.arguments) {
        cast.push(convert(arg, *ty, call.span)?);
    }
    Ok((cast, signature.result))
}

/// The expression has only numbers, names and constants in it, so its text is
/// its identity.
fn same(a: &Aggregate, b: &Aggregate) -> bool {
    a.name == b.name
        && a.ty == b.ty
        && format!("{:?}{:?}", a.args, a.filter) == format!("{:?}{:?}", b.args, b.filter)
}

/// Keys stand behind the aggregates.
fn place_keys(expr: &mut Expr, aggregates: usize) {
    if let ExprKind::Slot(slot) = &mut expr.kind
        && *slot >= KEYS
    {
        *slot = *slot - KEYS + aggregates;
    }
    expr.children_mut(&mut |child| place_keys(child, aggregates));
}
