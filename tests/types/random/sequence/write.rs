//! Queries as text.

use super::draw::{Form, Key, Query, Term};
use std::fmt::Write as _;

impl Query {
    /// The query as it stands in a rule.
    pub(crate) fn write(&self) -> String {
        let mut text = if self.form == Form::Sample { "sample" } else { "sequence" }.to_owned();
        by(&self.by, &mut text);
        if let Some((number, unit)) = self.maxspan {
            let _infallible = write!(text, " with maxspan={number}{unit}");
        }
        for (number, term) in self.terms.iter().enumerate() {
            let named = self.terms.iter().any(|t| t.alias.is_some_and(|a| a.1 == number));
            self.term(term, &mut text);
            if let Some(runs) = term.runs {
                let _infallible = write!(text, " with runs={runs}");
            }
            if named {
                let _infallible = write!(text, " as event{number}");
            }
        }
        if let Some(until) = &self.until {
            text.push_str("\n  until");
            self.term(until, &mut text);
        }
        for (word, n) in &self.limits {
            let _infallible = write!(text, "\n  | {word} {n}");
        }
        text
    }

    fn term(&self, term: &Term, text: &mut String) {
        let open = if term.missing { "![" } else { "[" };
        let condition = term.condition.write(self.form.language());
        let _infallible = write!(text, "\n  {open}any where {condition}");
        if let Some((own, number, theirs)) = term.alias {
            let _infallible = write!(text, " and {own} == event{number}.{theirs}");
        }
        text.push(']');
        by(&term.keys, text);
    }
}

fn by(keys: &[Key], text: &mut String) {
    for (number, key) in keys.iter().enumerate() {
        text.push_str(if number == 0 { " by " } else { ", " });
        text.push_str(if key.optional { "?" } else { "" });
        text.push_str(key.field);
    }
}
