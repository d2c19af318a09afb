//! Plans as text, for snapshots.

use crate::plan::{Body, Cond, Expr, ExprKind, Plan, Rows, Stage, Stats};
use detect_runtime::test::{Glob, Piece, Test};
use detect_runtime::value::Owned;

/// A plan, a line a stage.
pub(crate) fn plan(plan: &Plan) -> String {
    let Body::Pipeline(pipeline) = &plan.body else { return "not a pipeline".into() };
    let mut lines = vec![format!("index   {}", plan.index.join(", "))];
    match &pipeline.rows {
        Rows::Events { filter, exact, slots } => {
            lines.push(format!("filter  {} {}", if *exact { "=" } else { "<=" }, cond(filter)));
            let fields: Vec<String> = slots
                .iter()
                .enumerate()
                .map(|(slot, field)| format!("s{slot} = {}: {:?}", field.path, field.ty))
                .collect();
            lines.push(format!("load    {}", fields.join(", ")));
        }
        Rows::Constants(constants) => {
            let all: Vec<String> = constants.iter().map(owned).collect();
            lines.push(format!("row     {}", all.join(", ")));
        }
    }
    lines.extend(pipeline.stages.iter().map(stage));
    let output: Vec<String> = pipeline
        .output
        .iter()
        .map(|column| format!("{}: {:?} = s{}", column.name, column.ty, column.slot))
        .collect();
    lines.push(format!("output  {}", output.join(", ")));
    for rest in &pipeline.rest {
        let globs = |all: &[Glob]| all.iter().map(glob).collect::<Vec<_>>().join(", ");
        lines.push(format!("rest    {} but {}", globs(&rest.all_of), globs(&rest.none_of)));
    }
    lines.push(format!("frames  {:?}", pipeline.frames));
    let trimmed: Vec<&str> = lines.iter().map(|line| line.trim_end()).collect();
    trimmed.join("\n")
}

fn stage(stage: &Stage) -> String {
    let list = |all: &[Expr]| all.iter().map(expr).collect::<Vec<_>>().join(", ");
    match stage {
        Stage::Where(condition) => format!("where   {}", expr(condition)),
        Stage::Eval(all) => {
            let all: Vec<String> =
                all.iter().map(|(slot, value)| format!("s{slot} = {}", expr(value))).collect();
            format!("eval    {}", all.join(", "))
        }
        Stage::MvExpand(slot) => format!("expand  s{slot}"),
        Stage::Dissect { input, pattern, outputs, .. } => {
            format!("dissect {} {pattern:?} -> {outputs:?}", expr(input))
        }
        Stage::Grok { input, patterns, outputs } => {
            format!("grok    {} {patterns:?} -> {outputs:?}", expr(input))
        }
        Stage::Stats(all) => format!("stats   {}", stats(all)),
        Stage::InlineStats { stats: all, computed, into } => {
            let computed =
                if computed.is_empty() { String::new() } else { format!("; {}", list(computed)) };
            format!("inline  {}{computed} into {into:?}", stats(all))
        }
        Stage::Sort(keys) => {
            let keys: Vec<String> = keys
                .iter()
                .map(|key| {
                    let order = if key.descending { " desc" } else { "" };
                    let nulls = if key.nulls_first { " nulls first" } else { "" };
                    format!("{}{order}{nulls}", expr(&key.expr))
                })
                .collect();
            format!("sort    {}", keys.join(", "))
        }
        Stage::Limit { count, by } => format!("limit   {count} {}", list(by)),
        Stage::Lookup { table, on, outputs, .. } => {
            let on: Vec<String> = on.iter().map(|(e, c)| format!("{} = {c}", expr(e))).collect();
            format!("lookup  {table} on {} -> {outputs:?}", on.join(", "))
        }
        Stage::Completion { prompt, slot } => format!("ask     s{slot} = {}", expr(prompt)),
        Stage::Sample(p) => format!("sample  {p}"),
    }
}

fn stats(stats: &Stats) -> String {
    let aggregates: Vec<String> = stats
        .aggregates
        .iter()
        .map(|aggregate| {
            let args: Vec<String> = aggregate.args.iter().map(expr).collect();
            let filter = aggregate.filter.as_ref().map(|f| format!(" where {}", expr(f)));
            format!("{}({}){}", aggregate.name, args.join(", "), filter.unwrap_or_default())
        })
        .collect();
    let keys: Vec<String> = stats.keys.iter().map(expr).collect();
    format!("{} by {}", aggregates.join(", "), keys.join(", "))
}

/// An expression.
pub(crate) fn expr(e: &Expr) -> String {
    let list = |all: &[Expr]| all.iter().map(expr).collect::<Vec<_>>().join(", ");
    match &e.kind {
        ExprKind::Const(value) => owned(value),
        ExprKind::Slot(slot) => format!("s{slot}"),
        ExprKind::Field(field) => field.path.clone(),
        ExprKind::Captured { term, field } => format!("#{term}.{}", field.path),
        ExprKind::Call { function, args } => format!("{}({})", function.name, list(args)),
        ExprKind::And(all) => format!("and({})", list(all)),
        ExprKind::Or(all) => format!("or({})", list(all)),
        ExprKind::Not(inner) => format!("not({})", expr(inner)),
        ExprKind::Case { arms, otherwise } => {
            let arms: Vec<String> =
                arms.iter().map(|(c, v)| format!("{} -> {}", expr(c), expr(v))).collect();
            format!("case({}, else {})", arms.join(", "), expr(otherwise))
        }
        ExprKind::Coalesce(all) => format!("coalesce({})", list(all)),
        ExprKind::Test { input, tests } => {
            let tests: Vec<String> = tests.iter().map(test).collect();
            format!("{}[{}]", expr(input), tests.join(" | "))
        }
        ExprKind::Cond(inner) => format!("<{}>", cond(inner)),
    }
}

/// A condition.
pub(crate) fn cond(c: &Cond) -> String {
    let list = |all: &[Cond], word: &str| {
        format!("({})", all.iter().map(cond).collect::<Vec<_>>().join(word))
    };
    match c {
        Cond::Const(value) => value.to_string(),
        Cond::Not(inner) => format!("not {}", cond(inner)),
        Cond::And(all) => list(all, " and "),
        Cond::Or(all) => list(all, " or "),
        Cond::Any { field, test: t } => format!("{}[{}]", field.path, test(t)),
        Cond::Exists { field, .. } => format!("exists({})", field.path),
        Cond::Single(field) => format!("single({})", field.path),
        Cond::AnyField { pattern, .. } => format!("any({pattern})"),
        Cond::Expr { expr: e, .. } => format!("{{{}}}", expr(e)),
        Cond::Element { path, cond: inner } => format!("some {path}: {}", cond(inner)),
        Cond::DescendantOf(n) => format!("descendant({n})"),
    }
}

fn test(t: &Test) -> String {
    match t {
        Test::Equals { text, .. } => format!("= {text:?}"),
        Test::Glob { glob: g, .. } => format!("~ {}", glob(g)),
        Test::Number { order, number } => format!("{order:?} {number:?}"),
        other => format!("{other:?}"),
    }
}

fn glob(glob: &Glob) -> String {
    glob.0
        .iter()
        .map(|piece| match piece {
            Piece::Literal(text) => text.as_str(),
            Piece::Any => "*",
            Piece::One => "?",
        })
        .collect()
}

fn owned(value: &Owned) -> String {
    match value {
        Owned::Text(text) => format!("{text:?}"),
        Owned::Integer(n) => n.to_string(),
        Owned::Multi(all) => format!("{:?}", all.iter().map(owned).collect::<Vec<_>>()),
        other => format!("{other:?}"),
    }
}
