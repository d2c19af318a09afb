//! Types of fields that no table knows, from what the query does with them.

use crate::esql::ast::{Args, Assignment, Command, CommandKind, Expr, ExprKind, Operator};
use crate::schema::Schema;
use detect_runtime::value::Type;
use std::collections::HashMap;

/// For each column name the type that its first telling use asks for: a literal
/// on the other side of a comparison, arithmetic, a function that takes one type
/// only. A use as text wins over all.
pub(crate) fn inferred_types(commands: &[Command], schema: &Schema) -> HashMap<String, Type> {
    let mut uses = Uses { types: HashMap::new(), schema, made: Vec::new() };
    for command in commands {
        uses.command(&command.kind);
    }
    uses.hand_back();
    uses.types
}

struct Uses<'s> {
    types: HashMap<String, Type>,
    schema: &'s Schema,
    /// Names that the query makes, with the columns whose type they have.
    made: Vec<(String, String)>,
}

/// Functions that take numbers only as first argument.
const NUMERIC: [&str; 20] = [
    "sum",
    "avg",
    "median",
    "percentile",
    "std_dev",
    "variance",
    "median_absolute_deviation",
    "round",
    "abs",
    "ceil",
    "floor",
    "pow",
    "sqrt",
    "log",
    "log10",
    "mv_sum",
    "mv_avg",
    "mv_median",
    "mv_percentile",
    "weighted_avg",
];

/// Functions that take texts only as first argument.
const TEXTUAL: [&str; 22] = [
    "to_lower",
    "to_upper",
    "starts_with",
    "ends_with",
    "contains",
    "replace",
    "split",
    "substring",
    "left",
    "right",
    "trim",
    "ltrim",
    "rtrim",
    "concat",
    "locate",
    "length",
    "from_base64",
    "url_decode",
    "json_extract",
    "mv_concat",
    "repeat",
    "reverse",
];

impl Uses<'_> {
    fn note(&mut self, expr: &Expr, ty: Type) {
        let ExprKind::Column(name) = &expr.kind else { return };
        let entry = self.types.entry(name.clone()).or_insert(ty);
        // An integer and a decimal literal: the wider one.
        if ty == Type::Keyword || (*entry == Type::Long && ty == Type::Double) {
            *entry = ty;
        }
    }

    /// Remembers which columns a new name has its type from.
    fn make(&mut self, assignment: &Assignment) {
        if let Some(name) = &assignment.name {
            let mut sources = Vec::new();
            same_typed(&assignment.value, &mut sources);
            let links = sources.into_iter().filter(|source| *source != name.text);
            self.made.extend(links.map(|source| (name.text.clone(), source.to_owned())));
        }
    }

    /// What is known of a made name holds for the columns behind it.
    fn hand_back(&mut self) {
        for (made, source) in std::mem::take(&mut self.made).into_iter().rev() {
            if let Some(ty) = self.types.get(&made).copied().filter(|ty| *ty != Type::Keyword) {
                self.types.entry(source).or_insert(ty);
            }
        }
    }

    fn command(&mut self, command: &CommandKind) {
        match command {
            CommandKind::Where(condition) => {
                self.note(condition, Type::Boolean);
                self.expr(condition);
            }
            CommandKind::Row(fields) | CommandKind::Eval(fields) => {
                fields.iter().for_each(|field| self.make(field));
                fields.iter().map(|field| &field.value).for_each(|value| self.expr(value));
            }
            CommandKind::Stats { aggregates, by, .. } => {
                aggregates.iter().for_each(|a| self.make(&a.assignment));
                by.iter().for_each(|key| self.make(key));
                for aggregation in aggregates {
                    self.expr(&aggregation.assignment.value);
                    aggregation.filter.iter().for_each(|filter| self.expr(filter));
                }
                by.iter().map(|key| &key.value).for_each(|value| self.expr(value));
            }
            CommandKind::Sort(keys) => keys.iter().for_each(|key| self.expr(&key.expr)),
            CommandKind::Limit { by, .. } | CommandKind::ChangePoint { by, .. } => {
                for key in by {
                    self.expr(key);
                }
            }
            CommandKind::Dissect { input, .. } | CommandKind::Grok { input, .. } => {
                self.note(input, Type::Keyword);
                self.expr(input);
            }
            CommandKind::Completion { prompt, .. } => self.expr(prompt),
            CommandKind::LookupJoin { on, .. } => on.iter().for_each(|on| self.expr(on)),
            _ => {}
        }
    }

    fn expr(&mut self, expr: &Expr) {
        match &expr.kind {
            ExprKind::Binary { operator, left, right } => {
                if operator.is_comparison() {
                    self.same_type(&[left, right]);
                }
                for (one, other) in [(left, right), (right, left)] {
                    match literal_type(other) {
                        Some(ty) if operator.is_comparison() => self.note(one, ty),
                        Some(ty @ (Type::Long | Type::Double)) => self.note(one, ty),
                        // Column with column: nothing is known, unless it must be a number.
                        None if matches!(
                            operator,
                            Operator::Multiply | Operator::Divide | Operator::Modulo
                        ) =>
                        {
                            self.note(one, Type::Long);
                        }
                        _ => {}
                    }
                }
            }
            ExprKind::In { value, items, .. } => {
                let mut types = items.iter().filter_map(literal_type);
                if let Some(first) = types.next() {
                    let ty = if types.any(|ty| ty == Type::Double) && first == Type::Long {
                        Type::Double
                    } else {
                        first
                    };
                    self.note(value, ty);
                }
            }
            ExprKind::Like { value, .. } => self.note(value, Type::Keyword),
            ExprKind::Call { name, args: Args::List(args), .. } => self.call(&name.text, args),
            // A bare column as operand of AND, OR, NOT is a condition.
            ExprKind::And(all) | ExprKind::Or(all) => {
                for operand in all {
                    self.note(operand, Type::Boolean);
                }
            }
            ExprKind::Not(inner) => self.note(inner, Type::Boolean),
            _ => {}
        }
        for child in expr.children() {
            self.expr(child);
        }
    }

    /// These must have one type: a known field among them, other than a text,
    /// says which.
    fn same_type(&mut self, all: &[&Expr]) {
        let known = all.iter().find_map(|expr| match &expr.kind {
            ExprKind::Column(name) => {
                let field = self.schema.lookup(name);
                let telling = field.known && !matches!(field.ty, Type::Keyword | Type::Text);
                telling.then_some(field.ty)
            }
            _ => None,
        });
        if let Some(ty) = known {
            for expr in all {
                self.note(expr, ty);
            }
        }
    }

    fn call(&mut self, name: &str, args: &[Expr]) {
        let name = name.to_ascii_lowercase();
        let Some(first) = args.first() else { return };
        match name.as_str() {
            name if NUMERIC.contains(&name) => self.note(first, Type::Long),
            name if TEXTUAL.contains(&name) => {
                let texts = if name == "concat" { args } else { &args[..1] };
                for arg in texts {
                    self.note(arg, Type::Keyword);
                }
            }
            "cidr_match" => self.note(first, Type::Ip),
            "date_trunc" | "date_extract" | "date_format" | "date_diff" => {
                for arg in &args[1..] {
                    self.note(arg, Type::Date);
                }
            }
            "st_distance" | "st_x" | "st_y" => {
                for arg in args {
                    self.note(arg, Type::GeoPoint);
                }
            }
            "coalesce" => self.same_type(&args.iter().collect::<Vec<_>>()),
            "case" => {
                let values = args.iter().enumerate().filter(|(index, _)| index % 2 == 1);
                self.same_type(&values.map(|(_, value)| value).collect::<Vec<_>>());
                for condition in args.iter().step_by(2).take(args.len() / 2) {
                    self.note(condition, Type::Boolean);
                }
            }
            _ => {}
        }
    }
}

/// The columns of whose values an expression's value is one.
fn same_typed<'e>(expr: &'e Expr, sources: &mut Vec<&'e str>) {
    const KEEPING: [&str; 14] = [
        "max",
        "min",
        "values",
        "first",
        "last",
        "top",
        "mv_first",
        "mv_last",
        "mv_min",
        "mv_max",
        "mv_dedupe",
        "mv_slice",
        "mv_sort",
        "sample",
    ];
    match &expr.kind {
        ExprKind::Column(name) => sources.push(name),
        ExprKind::Call { name, args: Args::List(args), .. } => {
            let name = name.text.to_ascii_lowercase();
            let values = match name.as_str() {
                "coalesce" => args.as_slice(),
                name if KEEPING.contains(&name) => &args[..args.len().min(1)],
                _ => return,
            };
            values.iter().for_each(|value| same_typed(value, sources));
        }
        _ => {}
    }
}

/// The field type that a literal asks for.
fn literal_type(expr: &Expr) -> Option<Type> {
    match &expr.kind {
        ExprKind::Integer(_) => Some(Type::Long),
        ExprKind::Decimal(_) => Some(Type::Double),
        ExprKind::Boolean(_) => Some(Type::Boolean),
        ExprKind::Text(_) => Some(Type::Keyword),
        ExprKind::Negate(inner) | ExprKind::Plus(inner) => literal_type(inner),
        ExprKind::List(items) => items.first().and_then(literal_type),
        ExprKind::Call { name, .. } if name.text.eq_ignore_ascii_case("now") => Some(Type::Date),
        ExprKind::Call { name, .. } if name.text.eq_ignore_ascii_case("to_ip") => Some(Type::Ip),
        ExprKind::Binary { left, right, operator: Operator::Add | Operator::Subtract } => {
            literal_type(left).or_else(|| literal_type(right))
        }
        _ => None,
    }
}
