//! The form for programs; docs/EXPLAIN.md fixes it.

use super::{Hygiene, Relation};
use crate::compile::Planned;
use serde_json::{Value as Json, json};

impl Hygiene {
    /// One object; rules by id and path.
    pub fn json(&self, rules: &[&Planned]) -> Json {
        let rule = |number: usize| match rules.get(number) {
            Some(planned) => json!({
                "id": planned.rule.id.value,
                "name": planned.rule.name,
                "path": &*planned.rule.path,
            }),
            None => Json::Null,
        };
        let relation = |relation: &Relation| match *relation {
            Relation::Equal(a, b) => json!({ "kind": "equal", "rules": [rule(a), rule(b)] }),
            Relation::Elsewhere(a, b) => {
                json!({ "kind": "elsewhere", "rules": [rule(a), rule(b)] })
            }
            Relation::Narrower { narrow, broad } => {
                json!({ "kind": "narrower", "rules": [rule(narrow), rule(broad)] })
            }
        };
        let list = |all: &[usize]| all.iter().map(|number| rule(*number)).collect::<Vec<_>>();
        let pair = |(a, b): &(usize, usize)| json!([rule(*a), rule(*b)]);
        let blind = |(number, why): &(usize, super::Blind)| json!({ "rule": rule(*number), "why": why.words() });
        json!({
            "pairs": self.relations.iter().map(relation).collect::<Vec<_>>(),
            "undecided": self.undecided.iter().map(pair).collect::<Vec<_>>(),
            "never": list(&self.never),
            "unsampled": list(&self.unsampled),
            "blind": self.blind.iter().map(blind).collect::<Vec<_>>(),
            "compared": self.compared,
            "asked": self.asked,
        })
    }
}
