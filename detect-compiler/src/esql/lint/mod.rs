//! Doubtful things in queries that compile.
//!
//! In: the syntax tree and the plan. Out: warnings, each with a short name that
//! `allow = [...]` silences and with the fix. Must not change the plan.
//!
//! | lint | what it says |
//! | --- | --- |
//! | `negation_drops_missing` | `!=` or `NOT` also drops the documents without the field |
//! | `array_comparison` | a comparison of one value with a field that holds an array |
//! | `never_true` | a condition that no row can satisfy |
//! | `never_produced` | a name that is neither a known field nor made by the query |
//! | `never_used` | a column that is computed and then forgotten |
//! | `unbounded_group` | a grouping that makes a group of nearly every event |

mod conditions;
mod contradiction;
mod names;

use super::Context;
use super::ast::{CommandKind, Query, Span};
use super::lowering::Lowered;
use crate::diagnostic::{Level, Problem};
use std::collections::HashSet;

/// The lints of a query, in order of their places.
pub(crate) fn lints(tree: &Query, lowered: &Lowered, cx: &Context<'_>) -> Vec<Problem> {
    let mut found = Vec::new();
    conditions::lint(tree, cx, &mut found);
    names::lint(tree, lowered, cx, &mut found);
    contradiction::lint(tree, lowered, &mut found);
    found.sort_by_key(|problem| problem.span.start);
    found
}

fn warning(lint: &'static str, message: String, span: Span, help: String) -> Problem {
    Problem {
        level: Level::Warning,
        lint: Some(lint),
        message,
        span: span.range(),
        label: None,
        help: Some(help),
    }
}

/// Which names still mean stored fields while one goes through the commands.
struct Sight {
    /// Names that the query made.
    made: HashSet<String>,
    /// Columns that MV_EXPAND made single.
    expanded: HashSet<String>,
    /// False behind STATS.
    stored: bool,
}

impl Sight {
    fn new() -> Sight {
        Sight { made: HashSet::new(), expanded: HashSet::new(), stored: true }
    }

    /// Whether the name means the stored field of that name.
    fn is_stored(&self, name: &str) -> bool {
        self.stored && !self.made.contains(name)
    }

    /// Goes behind a command.
    fn pass(&mut self, command: &CommandKind) {
        self.made.extend(command.names_made());
        match command {
            CommandKind::Row(_) => self.stored = false,
            CommandKind::Stats { inline, .. } => self.stored &= *inline,
            CommandKind::MvExpand(name) => {
                self.expanded.insert(name.text.clone());
            }
            _ => {}
        }
    }
}
