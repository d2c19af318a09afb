//! Names that a condition may use beside fields.

use crate::eql::ast::{Kind, Node};

/// Aliases of earlier terms and variables of `_arraysearch`.
#[derive(Clone, Debug, Default)]
pub(super) struct Scope {
    /// Alias and number of its term.
    pub(super) aliases: Vec<(String, usize)>,
    /// Variable and path of the array whose element it is; innermost last.
    pub(super) variables: Vec<(String, String)>,
}

impl Scope {
    /// Splits `alias.field` if its first segment is an alias.
    pub(super) fn alias<'p>(&self, path: &'p str) -> Option<(usize, &'p str)> {
        let (head, tail) = path.split_once('.')?;
        let (_, term) = self.aliases.iter().rev().find(|(alias, _)| alias == head)?;
        Some((*term, tail))
    }

    /// The path that a variable's member stands for.
    pub(super) fn variable(&self, name: &str, member: &str) -> Option<String> {
        let (_, path) = self.variables.iter().rev().find(|(variable, _)| variable == name)?;
        Some(if member.is_empty() { path.clone() } else { format!("{path}.{member}") })
    }

    /// `name` or `name.member` where `name` is a variable (written without `$`).
    pub(super) fn bare_variable(&self, path: &str) -> Option<String> {
        let (name, member) = path.split_once('.').unwrap_or((path, ""));
        self.variable(name, member)
    }

    /// Whether the expression refers to an earlier term.
    pub(super) fn captures(&self, node: &Node) -> bool {
        let any = |nodes: &[Node]| nodes.iter().any(|node| self.captures(node));
        match &node.kind {
            Kind::Field { path, .. } => self.alias(path).is_some(),
            Kind::Literal(_) | Kind::Variable { .. } | Kind::Descendant(_) => false,
            Kind::Call { args, .. } => any(args),
            Kind::Negate(inner) | Kind::Not(inner) => self.captures(inner),
            Kind::Arithmetic { left, right, .. } | Kind::Compare { left, right, .. } => {
                self.captures(left) || self.captures(right)
            }
            Kind::In { value, list, .. } => self.captures(value) || any(list),
            Kind::Match { value, .. } => self.captures(value),
            Kind::And(all) | Kind::Or(all) => any(all),
        }
    }
}
