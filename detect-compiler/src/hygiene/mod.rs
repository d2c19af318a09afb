//! Hygiene of a ruleset: what is doubtful about rules, alone and together.
//!
//! In: the rules with their plans, the folder with its samples, on request what data
//! there is. Out: a [`Hygiene`]: rules that say the same, rules of which one says less
//! than another, conditions that can never hold, rules without samples, rules that
//! cannot see the data. Lints are the warnings of the front ends, not found here. Must
//! not know how that is shown, nor languages: conditions are those of the plan.
//!
//! Decided on conditions, with predicates as unknowns of which some imply others
//! ([`facts`]); exceptions are values of a run and not looked at. Every claim is a proof:
//! whatever the event, if the one condition holds, so does the other. Not every pair
//! that has the property is found: expressions are known by their text alone, and so are
//! regular expressions beside each other.
//!
//! | file | what |
//! | --- | --- |
//! | [`values`] | which values pass a test: one within another |
//! | [`atoms`] | conditions as formulas over predicates |
//! | [`facts`] | what predicates imply of each other |
//! | [`solve`] | can a formula hold: clauses and a search, within a budget |
//! | [`shape`] | what must be alike before conditions are compared |
//! | [`pairs`] | which pairs are asked, and what follows |
//! | [`data`] | rules against the data that there is |
//! | [`samples`] | cases beside rules |

mod atoms;
mod data;
mod facts;
mod json;
mod pairs;
mod samples;
mod shape;
mod solve;
#[cfg(test)]
mod tests;
mod values;

pub use data::{Blind, Data};
pub use samples::Samples;

use crate::compile::Planned;
use crate::rule::Folder;
use atoms::Atoms;
use facts::Facts;
use pairs::{Pairs, Subject};

/// Conflicts that the search for one pair may have. A pair of the public rulesets needs
/// some hundreds at most.
const BUDGET: usize = 20_000;

/// What was found. Rules are numbers of the input.
#[derive(Clone, Debug, Default)]
pub struct Hygiene {
    /// Pairs of rules, sorted.
    pub relations: Vec<Relation>,
    /// Pairs that could not be decided within the budget.
    pub undecided: Vec<(usize, usize)>,
    /// Rules whose conditions no event meets.
    pub never: Vec<usize>,
    /// Rules without samples.
    pub unsampled: Vec<usize>,
    /// Samples of each rule.
    pub samples: Vec<Samples>,
    /// Rules that cannot see the given data; empty if none was given.
    pub blind: Vec<(usize, Blind)>,
    /// Rules that were compared.
    pub compared: usize,
    /// Pairs whose conditions were put to the search; the others were told apart by an
    /// example.
    pub asked: usize,
}

/// What two rules are to each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Relation {
    /// They hold for the same events.
    Equal(usize, usize),
    /// Whenever the one holds, so does the other, but not the other way round.
    Narrower {
        /// The one that says less.
        narrow: usize,
        /// The one that says more.
        broad: usize,
    },
    /// Their conditions are equal, but they look at other indices.
    Elsewhere(usize, usize),
}

impl Hygiene {
    /// Examines rules. `data` is what they will see, if that is known.
    pub fn of(rules: &[&Planned], folder: &Folder, data: &Data) -> Hygiene {
        let mut atoms = Atoms::default();
        let subjects = Subject::all(rules, &mut atoms);
        let facts = Facts::of(&atoms);
        let mut pairs = Pairs::of(&subjects, &atoms, &facts, BUDGET);
        pairs.relations.sort_unstable();
        let cases = samples::Cases::of(folder);
        let samples: Vec<Samples> = rules.iter().map(|planned| cases.rule(&planned.rule)).collect();
        let unsampled = (0..rules.len())
            .filter(|number| {
                samples.get(*number) == Some(&Samples::default())
                    && !rules[*number].rule.deprecated()
            })
            .collect();
        let blind = subjects.iter().filter(|_| !data.is_empty()).filter_map(|subject| {
            Some((subject.rule, data.blind(subject, &atoms, &facts, BUDGET)?))
        });
        Hygiene {
            blind: blind.collect(),
            relations: pairs.relations,
            undecided: pairs.undecided,
            never: pairs.never,
            unsampled,
            samples,
            compared: subjects.len(),
            asked: pairs.asked,
        }
    }

    /// What a rule is to others, each as seen from it.
    pub fn neighbours(&self, rule: usize) -> Vec<(Side, usize)> {
        let side = |relation: &Relation| match *relation {
            Relation::Equal(a, b) if a == rule => Some((Side::Equal, b)),
            Relation::Equal(a, b) if b == rule => Some((Side::Equal, a)),
            Relation::Elsewhere(a, b) if a == rule => Some((Side::Elsewhere, b)),
            Relation::Elsewhere(a, b) if b == rule => Some((Side::Elsewhere, a)),
            Relation::Narrower { narrow, broad } if narrow == rule => Some((Side::Within, broad)),
            Relation::Narrower { narrow, broad } if broad == rule => Some((Side::Holds, narrow)),
            _ => None,
        };
        self.relations.iter().filter_map(side).collect()
    }
}

/// What another rule is to a rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Side {
    /// The same.
    Equal,
    /// The rule holds only when the other one does.
    Within,
    /// The other one holds only when the rule does.
    Holds,
    /// The same condition, over other indices.
    Elsewhere,
}

impl Side {
    /// In words, before the name of the other rule.
    pub const fn words(self) -> &'static str {
        match self {
            Side::Equal => "Holds for the same events as",
            Side::Within => "Holds only when this one does too:",
            Side::Holds => "Holds whenever this one does:",
            Side::Elsewhere => "Has the condition, over other indices, of",
        }
    }
}

impl Blind {
    /// In words.
    pub fn words(&self) -> String {
        match self {
            Blind::Index => "none of the given indices is one of its own".to_owned(),
            Blind::Fields(fields) => format!("no event has {}", fields.join(" or ")),
            Blind::Values => "it asks for what no event of the data can have".to_owned(),
        }
    }
}
