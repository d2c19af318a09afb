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

/// What the WHERE commands and the filters of aggregates of a query ask, in order.
/// `inner` reads queries in other languages.
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
            CommandKind::Where(condition) => all.push(reader.condition(condition)),
            CommandKind::Stats { aggregates, .. } => {
                let filters = aggregates.iter().filter_map(|one| one.filter.as_ref());
                all.extend(filters.map(|filter| reader.condition(filter)));
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
        let kind = match (name, args) {
            ("kql", [query]) => return Some((self.inner)(QueryString::Kql, &self.text(query))),
            ("qstr", [query]) => return Some((self.inner)(QueryString::Lucene, &self.text(query))),
            ("starts_with", [_, _]) => Kind::Prefix,
            ("ends_with", [_, _]) => Kind::Suffix,
            ("contains", [_, _]) => Kind::Contains,
            ("cidr_match", [_, _, ..]) => Kind::Cidr,
            ("match" | "match_phrase", [_, _, ..]) => Kind::Match,
            ("mv_contains", [_, _]) => Kind::Eq,
            _ => return None,
        };
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
