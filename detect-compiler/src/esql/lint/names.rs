//! Names that are read and never made, or made and never read; groupings
//! without bound.

use super::{Sight, warning};
use crate::diagnostic::{Problem, nearest};
use crate::esql::ast::{Command, CommandKind, Expr, ExprKind, NamePattern, Query};
use crate::esql::lowering::Lowered;
use crate::esql::{Context, Names};
use crate::plan::Body;
use std::collections::HashSet;

pub(super) fn lint(tree: &Query, lowered: &Lowered, cx: &Context<'_>, found: &mut Vec<Problem>) {
    if cx.names == Names::Open {
        never_produced(tree, cx, found);
    }
    never_used(tree, lowered, found);
    unbounded_groups(tree, found);
}

/// A field that no table knows but that is nearly a name of the query's own.
fn never_produced(tree: &Query, cx: &Context<'_>, found: &mut Vec<Problem>) {
    let mut all = Sight::new();
    tree.commands.iter().for_each(|command| all.pass(&command.kind));
    let mut sight = Sight::new();
    let mut told = HashSet::new();
    for command in &tree.commands {
        let made_here = sight.made.clone();
        sight.pass(&command.kind);
        if !sight.stored && !matches!(command.kind, CommandKind::Stats { .. }) {
            return;
        }
        for column in columns(&command.kind) {
            let ExprKind::Column(name) = &column.kind else { continue };
            let foreign = cx.schema.lookup(name).known || all.made.contains(name);
            if foreign || !told.insert(name.clone()) {
                continue;
            }
            if let Some(near) = nearest(name, made_here.iter().map(String::as_str)) {
                found.push(warning(
                    "never_produced",
                    format!("`{name}` is no known field and nothing before makes it"),
                    column.span,
                    format!("did you mean `{near}`?"),
                ));
            }
        }
    }
}

/// EVAL of a name that is neither read later nor shown.
fn never_used(tree: &Query, lowered: &Lowered, found: &mut Vec<Problem>) {
    let Body::Pipeline(pipeline) = &lowered.plan.body else { return };
    let output: HashSet<&str> = pipeline.output.iter().map(|c| c.name.as_str()).collect();
    for (index, command) in tree.commands.iter().enumerate() {
        let CommandKind::Eval(fields) = &command.kind else { continue };
        for (position, field) in fields.iter().enumerate() {
            let Some(name) = &field.name else { continue };
            let later = &tree.commands[index + 1..];
            let used = output.contains(name.text.as_str())
                || fields[position + 1..].iter().any(|next| reads(&next.value, &name.text))
                || later.iter().any(|command| mentions(command, &name.text));
            if !used {
                found.push(warning(
                    "never_used",
                    format!("`{}` is computed and never used", name.text),
                    name.span,
                    "remove it, or keep it in the output".to_owned(),
                ));
            }
        }
    }
}

/// Groupings of which nearly every event has a value of its own.
fn unbounded_groups(tree: &Query, found: &mut Vec<Problem>) {
    let mut sight = Sight::new();
    for command in &tree.commands {
        if let CommandKind::Stats { inline: false, by, .. } = &command.kind {
            for key in by {
                let ExprKind::Column(name) = &key.value.kind else { continue };
                if !sight.is_stored(name) {
                    continue;
                }
                let help = match name.as_str() {
                    "@timestamp" | "event.ingested" | "event.created" | "event.start" => {
                        format!("group by DATE_TRUNC(5 minutes, {name})")
                    }
                    "_id" | "event.id" | "event.sequence" | "event.hash" | "message"
                    | "event.original" => {
                        format!("aggregate it with VALUES({name}), or leave it out")
                    }
                    _ => continue,
                };
                found.push(warning(
                    "unbounded_group",
                    format!("grouping by `{name}` makes a group of nearly every event"),
                    key.value.span,
                    help,
                ));
            }
        }
        sight.pass(&command.kind);
    }
}

/// The columns that a command's expressions read.
fn columns(command: &CommandKind) -> Vec<&Expr> {
    let mut all = Vec::new();
    for expr in command.expressions() {
        collect(expr, &mut all);
    }
    all
}

fn collect<'e>(expr: &'e Expr, all: &mut Vec<&'e Expr>) {
    if matches!(expr.kind, ExprKind::Column(_)) {
        all.push(expr);
    }
    for child in expr.children() {
        collect(child, all);
    }
}

fn reads(expr: &Expr, name: &str) -> bool {
    matches!(&expr.kind, ExprKind::Column(column) if column == name)
        || expr.children().iter().any(|child| reads(child, name))
}

fn mentions(command: &Command, name: &str) -> bool {
    let plain = |pattern: &NamePattern| pattern.literal() == Some(name);
    command.kind.expressions().iter().any(|expr| reads(expr, name))
        || match &command.kind {
            CommandKind::MvExpand(column) => column.text == name,
            CommandKind::Rename(all) => all.iter().any(|renaming| plain(&renaming.from)),
            CommandKind::Enrich { on, .. } => on.as_ref().is_some_and(plain),
            _ => false,
        }
}
