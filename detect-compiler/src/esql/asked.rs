//! What the WHEREs of a query ask, as written: see [`crate::predicate`].

use super::ast::{Args, CommandKind, Expr, ExprKind, Operator, Span};
use super::parser;
use super::syntax::SyntaxError;
use crate::predicate::{Asked, Kind};

/// A language inside a query.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum QueryString {
    /// `KQL("...")`
    Kql,
    /// `QSTR("...")`
    Lucene,
}

/// What a query asks, in order: its WHERE commands and the filters of its aggregates,
/// and the conditions inside of expressions that it computes (the arms of CASE, a column
/// that is a comparison). `inner` reads queries in other languages.
///
/// # Errors
/// As [`parser::parse`].
pub fn asked(
    query: &str,
    inner: &dyn Fn(QueryString, &str) -> Asked,
) -> Result<Vec<Asked>, Vec<SyntaxError>> {
    let tree = parser::parse(query)?;
    let reader = Reader { query, inner };
    let mut all = Vec::new();
    for command in &tree.commands {
        match &command.kind {
            CommandKind::Where(condition) => {
                all.push(reader.condition(condition));
                reader.operands(condition, &mut all);
            }
            CommandKind::Eval(columns) => {
                columns.iter().for_each(|column| reader.inside(&column.value, &mut all));
            }
            CommandKind::Stats { aggregates, by, .. } => {
                for one in aggregates {
                    reader.inside(&one.assignment.value, &mut all);
                    if let Some(filter) = &one.filter {
                        all.push(reader.condition(filter));
                        reader.operands(filter, &mut all);
                    }
                }
                by.iter().for_each(|key| reader.inside(&key.value, &mut all));
            }
            _ => {}
        }
    }
    Ok(all)
}

/// The text of a part of a query on one line.
pub fn written(query: &str, span: Span) -> String {
    let text = query.get(span.range()).unwrap_or_default();
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

struct Reader<'q> {
    query: &'q str,
    inner: &'q dyn Fn(QueryString, &str) -> Asked,
}

impl Reader<'_> {
    fn condition(&self, expr: &Expr) -> Asked {
        let many = |all: &[Expr]| all.iter().map(|expr| self.condition(expr)).collect();
        match &expr.kind {
            ExprKind::And(all) => Asked::All(many(all)),
            ExprKind::Or(all) => Asked::Any(many(all)),
            ExprKind::Not(operand) => self.condition(operand).negated_if(true),
            ExprKind::Binary { operator, left, right } => self.comparison(*operator, left, right),
            ExprKind::In { value, negated, items } => {
                let values = items.iter().map(|one| self.text(one)).collect();
                Asked::values(self.text(value), Kind::In, values).negated_if(*negated)
            }
            ExprKind::IsNull { value, negated } => {
                let kind = if *negated { Kind::Exists } else { Kind::Missing };
                Asked::values(self.text(value), kind, Vec::new())
            }
            ExprKind::Like { value, regex, negated, patterns, .. } => {
                self.like(value, *regex, patterns).negated_if(*negated)
            }
            ExprKind::Match { field, query } => {
                Asked::one(self.text(field), Kind::Match, self.text(query))
            }
            ExprKind::Call { name, args: Args::List(args), .. } => {
                self.call(&name.text.to_ascii_lowercase(), args).unwrap_or_else(|| self.flag(expr))
            }
            ExprKind::Boolean(_) | ExprKind::Null => Asked::NOTHING,
            _ => self.flag(expr),
        }
    }

    /// The conditions inside of an expression, each as a whole.
    fn inside(&self, expr: &Expr, all: &mut Vec<Asked>) {
        if is_condition(expr) {
            all.push(self.condition(expr));
            return self.operands(expr, all);
        }
        expr.children().into_iter().for_each(|child| self.inside(child, all));
    }

    /// The conditions inside of what a condition compares.
    fn operands(&self, expr: &Expr, all: &mut Vec<Asked>) {
        for child in expr.children() {
            match &expr.kind {
                ExprKind::And(_) | ExprKind::Or(_) | ExprKind::Not(_) => self.operands(child, all),
                _ => self.inside(child, all),
            }
        }
    }

    /// A column or an expression that is a condition by itself.
    fn flag(&self, expr: &Expr) -> Asked {
        Asked::one(self.text(expr), Kind::Eq, "true")
    }

    fn comparison(&self, operator: Operator, left: &Expr, right: &Expr) -> Asked {
        let Some(kind) = kind(operator) else {
            // Arithmetic is no condition: analysis has refused it.
            return Asked::NOTHING;
        };
        if constant(left) && !constant(right) {
            return Asked::one(self.text(right), flipped(kind), self.text(left));
        }
        Asked::one(self.text(left), kind, self.text(right))
    }

    fn like(&self, value: &Expr, regex: bool, patterns: &[Expr]) -> Asked {
        let field = self.text(value);
        let pattern = |pattern: &Expr| {
            let written = self.text(pattern);
            let kind = match (regex, written.contains(['*', '?'])) {
                (true, _) => Kind::Regex,
                (false, true) => Kind::Wildcard,
                (false, false) => Kind::Eq,
            };
            Asked::one(&field, kind, written)
        };
        Asked::Any(patterns.iter().map(pattern).collect())
    }

    /// Functions that are predicates; `None` = some other function.
    fn call(&self, name: &str, args: &[Expr]) -> Option<Asked> {
        match (name, args) {
            ("kql", [query]) => return Some((self.inner)(QueryString::Kql, &self.text(query))),
            ("qstr", [query]) => return Some((self.inner)(QueryString::Lucene, &self.text(query))),
            _ => {}
        }
        let kind = predicate(name, args.len())?;
        let (field, values) = args.split_first()?;
        let all = values.iter().flat_map(|value| match &value.kind {
            ExprKind::List(items) => items.iter().map(|one| self.text(one)).collect(),
            _ => vec![self.text(value)],
        });
        Some(Asked::values(self.text(field), kind, all.collect()))
    }

    /// A constant's value, a column's name, else the expression as it is printed.
    fn text(&self, expr: &Expr) -> String {
        match &expr.kind {
            ExprKind::Text(text) | ExprKind::Column(text) => text.clone(),
            _ => written(self.query, expr.span),
        }
    }
}

/// True for what is true or false by its form; a column may be either.
fn is_condition(expr: &Expr) -> bool {
    match &expr.kind {
        ExprKind::And(_)
        | ExprKind::Or(_)
        | ExprKind::Not(_)
        | ExprKind::In { .. }
        | ExprKind::IsNull { .. }
        | ExprKind::Like { .. }
        | ExprKind::Match { .. } => true,
        ExprKind::Binary { operator, .. } => kind(*operator).is_some(),
        ExprKind::Call { name, args: Args::List(args), .. } => {
            let name = name.text.to_ascii_lowercase();
            matches!(name.as_str(), "kql" | "qstr") || predicate(&name, args.len()).is_some()
        }
        _ => false,
    }
}

/// Functions whose first argument is asked for the others.
fn predicate(name: &str, arguments: usize) -> Option<Kind> {
    Some(match (name, arguments) {
        ("starts_with", 2) => Kind::Prefix,
        ("ends_with", 2) => Kind::Suffix,
        ("contains", 2) => Kind::Contains,
        ("cidr_match", 2..) => Kind::Cidr,
        ("match" | "match_phrase", 2..) => Kind::Match,
        ("mv_contains", 2) => Kind::Eq,
        _ => return None,
    })
}

fn kind(operator: Operator) -> Option<Kind> {
    Some(match operator {
        Operator::Equal => Kind::Eq,
        Operator::NotEqual => Kind::Ne,
        Operator::Less => Kind::Lt,
        Operator::LessEqual => Kind::Le,
        Operator::Greater => Kind::Gt,
        Operator::GreaterEqual => Kind::Ge,
        _ => return None,
    })
}

fn flipped(kind: Kind) -> Kind {
    match kind {
        Kind::Lt => Kind::Gt,
        Kind::Le => Kind::Ge,
        Kind::Gt => Kind::Lt,
        Kind::Ge => Kind::Le,
        same => same,
    }
}

fn constant(expr: &Expr) -> bool {
    match &expr.kind {
        ExprKind::Column(_) => false,
        ExprKind::Call { args: Args::Star, .. } => false,
        _ => expr.children().into_iter().all(constant),
    }
}
