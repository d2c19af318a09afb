//! What a query asks, as written: see [`crate::predicate`].

use super::ast::{
    Base, Comparison, EventQuery, Kind as Written, Literal, Node, Query, StringOperator,
};
use crate::predicate::{Asked, Kind};

/// What each event of the query must be, in order; `until` last.
pub(super) fn asked(text: &str, query: &Query, category_field: &str) -> Vec<Asked> {
    let reader = Reader { text, category_field };
    match &query.base {
        Base::Event(event) => vec![reader.event(event)],
        Base::Sequence(sequence) => {
            let terms = sequence.terms.iter().chain(&sequence.until);
            terms.map(|term| reader.event(&term.event)).collect()
        }
        Base::Sample(sample) => sample.terms.iter().map(|term| reader.event(&term.event)).collect(),
    }
}

struct Reader<'q> {
    text: &'q str,
    category_field: &'q str,
}

impl Reader<'_> {
    fn event(&self, event: &EventQuery) -> Asked {
        let category = event.category.iter();
        let category = category.map(|word| Asked::one(self.category_field, Kind::Eq, word));
        Asked::All(category.chain([self.condition(&event.condition)]).collect())
    }

    fn condition(&self, node: &Node) -> Asked {
        let many = |all: &[Node]| all.iter().map(|node| self.condition(node)).collect();
        match &node.kind {
            Written::And(all) => Asked::All(many(all)),
            Written::Or(all) => Asked::Any(many(all)),
            Written::Not(inner) => self.condition(inner).negated_if(true),
            Written::Compare { operator, left, right } => self.comparison(*operator, left, right),
            Written::In { value, list, negated, .. } => {
                let values = list.iter().map(|item| self.value(item)).collect();
                Asked::values(self.value(value), Kind::In, values).negated_if(*negated)
            }
            Written::Match { operator, value, patterns } => {
                let field = self.value(value);
                let pattern = |text: &str| {
                    let kind = match operator {
                        StringOperator::Regex | StringOperator::RegexFolded => Kind::Regex,
                        _ if text.contains(['*', '?']) => Kind::Wildcard,
                        _ => Kind::Eq,
                    };
                    Asked::one(&field, kind, text)
                };
                Asked::Any(patterns.iter().map(|written| pattern(&written.text)).collect())
            }
            Written::Call { name, args, .. } => {
                self.call(name, args).unwrap_or_else(|| self.flag(node))
            }
            Written::Descendant(event) => self.event(event),
            Written::Literal(_) => Asked::NOTHING,
            _ => self.flag(node),
        }
    }

    fn flag(&self, node: &Node) -> Asked {
        Asked::one(self.value(node), Kind::Eq, "true")
    }

    fn comparison(&self, operator: Comparison, left: &Node, right: &Node) -> Asked {
        let literal = |node: &Node| matches!(node.kind, Written::Literal(_) | Written::Negate(_));
        let (operator, left, right) = if literal(left) && !literal(right) {
            (operator.flipped(), right, left)
        } else {
            (operator, left, right)
        };
        let field = self.value(left);
        let null = matches!(right.kind, Written::Literal(Literal::Null));
        let kind = match operator {
            Comparison::Equal if null => return Asked::values(field, Kind::Missing, Vec::new()),
            Comparison::NotEqual if null => return Asked::values(field, Kind::Exists, Vec::new()),
            Comparison::Equal => Kind::Eq,
            Comparison::NotEqual => Kind::Ne,
            Comparison::Less => Kind::Lt,
            Comparison::LessEqual => Kind::Le,
            Comparison::Greater => Kind::Gt,
            Comparison::GreaterEqual => Kind::Ge,
        };
        Asked::one(field, kind, self.value(right))
    }

    /// Functions that are predicates; `None` = some other function.
    fn call(&self, name: &str, args: &[Node]) -> Option<Asked> {
        let (field, values) = args.split_first()?;
        let kind = match name.to_ascii_lowercase().as_str() {
            "startswith" => Kind::Prefix,
            "endswith" => Kind::Suffix,
            "stringcontains" | "indexof" => Kind::Contains,
            "cidrmatch" => Kind::Cidr,
            "wildcard" => Kind::Wildcard,
            "match" => Kind::Regex,
            _ => return None,
        };
        if values.is_empty() {
            return None;
        }
        let values = values.iter().map(|value| self.value(value)).collect();
        Some(Asked::values(self.value(field), kind, values))
    }

    /// A literal's value, a field's path, else the expression as written.
    fn value(&self, node: &Node) -> String {
        match &node.kind {
            Written::Field { path, .. } => path.clone(),
            Written::Literal(Literal::Text(text)) => text.clone(),
            Written::Literal(Literal::Integer(number)) => number.to_string(),
            Written::Literal(Literal::Boolean(truth)) => truth.to_string(),
            _ => {
                let written = self.text.get(node.span.clone()).unwrap_or_default();
                written.split_whitespace().collect::<Vec<_>>().join(" ")
            }
        }
    }
}
