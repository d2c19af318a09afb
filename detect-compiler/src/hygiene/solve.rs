//! Can a formula hold? Clauses, and a search over truth values.
//!
//! Davis, Putnam, Logemann, Loveland: unit propagation over two watched literals,
//! branches along the first clause that is not satisfied yet, each branch excluding the
//! one before. Whoever asks puts first what he wants decided first. A budget of
//! conflicts bounds the search; what exceeds it is [`Answer::Unknown`].

use crate::ruleset::Formula;
use std::collections::HashMap;

/// A variable or its complement: twice the variable's number, one more if negated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Literal(u32);

impl Literal {
    fn new(variable: usize, negated: bool) -> Literal {
        Literal(variable as u32 * 2 + u32::from(negated))
    }

    fn variable(self) -> usize {
        (self.0 / 2) as usize
    }

    fn negated(self) -> bool {
        self.0 % 2 == 1
    }

    fn complement(self) -> Literal {
        Literal(self.0 ^ 1)
    }
}

/// Clauses over the atoms of formulas and over parts of them.
#[derive(Clone, Debug, Default)]
pub(super) struct Clauses {
    list: Vec<Vec<Literal>>,
    variables: usize,
    atoms: HashMap<u32, usize>,
}

/// What came out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Answer {
    /// It can hold: the atoms that are true then; all others are false.
    Model(Vec<u32>),
    /// It cannot.
    Never,
    /// The budget did not do.
    Unknown,
}

impl Clauses {
    /// Demands a formula, or (`negated`) its complement.
    pub(super) fn demand(&mut self, formula: &Formula, negated: bool) {
        match formula {
            Formula::Const(truth) if *truth == negated => self.list.push(Vec::new()),
            Formula::Const(_) => {}
            Formula::And(all) if !negated => all.iter().for_each(|one| self.demand(one, negated)),
            Formula::Or(all) if negated => all.iter().for_each(|one| self.demand(one, negated)),
            Formula::And(all) | Formula::Or(all) => self.choice(None, all, negated),
            Formula::Atom { .. } => {
                let literal = self.literal(formula, negated);
                self.list.push(literal.into_iter().collect());
            }
        }
    }

    /// Demands that not all of these hold, or, with `then`, that it holds if all do.
    pub(super) fn rule(&mut self, all: &[u32], then: Option<u32>) {
        let mut clause: Vec<Literal> =
            all.iter().map(|atom| Literal::new(self.variable(*atom), true)).collect();
        clause.extend(then.map(|atom| Literal::new(self.variable(atom), false)));
        self.list.push(clause);
    }

    /// The atoms that occur, in order.
    pub(super) fn atoms(&self) -> Vec<u32> {
        let mut atoms: Vec<u32> = self.atoms.keys().copied().collect();
        atoms.sort_unstable();
        atoms
    }

    fn variable(&mut self, atom: u32) -> usize {
        let next = self.variables;
        let variable = *self.atoms.entry(atom).or_insert(next);
        self.variables += usize::from(variable == next);
        variable
    }

    /// One of these, if `when` holds.
    fn choice(&mut self, when: Option<Literal>, all: &[Formula], negated: bool) {
        let mut clause: Vec<Literal> = when.map(Literal::complement).into_iter().collect();
        for one in all {
            match self.literal(one, negated) {
                Some(literal) => clause.push(literal),
                // A constant that holds.
                None if matches!(one, Formula::Const(truth) if *truth != negated) => return,
                None => {}
            }
        }
        self.list.push(clause);
    }

    /// A literal that implies the formula; none for constants.
    fn literal(&mut self, formula: &Formula, negated: bool) -> Option<Literal> {
        let all = match formula {
            Formula::Const(_) => return None,
            Formula::Atom { atom, negated: own } => {
                return Some(Literal::new(self.variable(*atom), negated != *own));
            }
            Formula::And(all) | Formula::Or(all) => all,
        };
        let part = Literal::new(self.variables, false);
        self.variables += 1;
        if matches!(formula, Formula::And(_)) == negated {
            self.choice(Some(part), all, negated);
        } else {
            for one in all {
                self.choice(Some(part), std::slice::from_ref(one), negated);
            }
        }
        Some(part)
    }

    /// Searches. `turn` changes which literal of a clause is tried first, so that
    /// several searches find models that differ.
    pub(super) fn solve(&self, turn: usize, budget: usize) -> Answer {
        let mut search = Search::new(self, turn);
        if !search.begin() {
            return Answer::Never;
        }
        let mut conflicts = 0;
        loop {
            let Some(literal) = search.branch() else { return Answer::Model(search.model()) };
            let mut next = Some(literal);
            while let Some(literal) = next.take() {
                if search.assign(literal) {
                    break;
                }
                conflicts += 1;
                if conflicts > budget {
                    return Answer::Unknown;
                }
                next = match search.back() {
                    Some(other) => Some(other),
                    None => return Answer::Never,
                };
            }
        }
    }
}

struct Search<'c> {
    clauses: &'c Clauses,
    turn: usize,
    /// By variable; `None` = open.
    values: Vec<Option<bool>>,
    /// Clauses by the literal that they watch; each watches its first two.
    watches: Vec<Vec<u32>>,
    order: Vec<Vec<Literal>>,
    trail: Vec<Literal>,
    /// Branches that have not been turned round: literal, length of the trail, clauses
    /// before this one were satisfied.
    branches: Vec<(Literal, usize, usize)>,
    /// All clauses before this one are satisfied.
    done: usize,
}

impl<'c> Search<'c> {
    fn new(clauses: &'c Clauses, turn: usize) -> Search<'c> {
        let mut watches = vec![Vec::new(); clauses.variables * 2];
        let order = clauses.list.clone();
        // What one literal must do is settled before the first branch.
        for (number, clause) in order.iter().enumerate().filter(|(_, clause)| clause.len() > 1) {
            for literal in clause.iter().take(2) {
                watches[literal.0 as usize].push(number as u32);
            }
        }
        Search {
            clauses,
            turn,
            values: vec![None; clauses.variables],
            watches,
            order,
            trail: Vec::new(),
            branches: Vec::new(),
            done: 0,
        }
    }

    /// Assigns what clauses of one literal demand; false if that is impossible.
    fn begin(&mut self) -> bool {
        let clauses = self.clauses;
        clauses.list.iter().filter(|clause| clause.len() < 2).all(|clause| match clause.first() {
            None => false,
            Some(literal) => match self.truth(*literal) {
                Some(truth) => truth,
                None => self.assign(*literal),
            },
        })
    }

    fn truth(&self, literal: Literal) -> Option<bool> {
        self.values.get(literal.variable()).copied().flatten().map(|v| v != literal.negated())
    }

    /// The next literal to try: of the first clause that is not satisfied.
    fn branch(&mut self) -> Option<Literal> {
        while let Some(clause) = self.clauses.list.get(self.done) {
            if clause.iter().any(|literal| self.truth(*literal) == Some(true)) {
                self.done += 1;
                continue;
            }
            let open = || clause.iter().filter(|literal| self.truth(**literal).is_none());
            let count = open().count();
            let at = match self.turn {
                0 => 0,
                1 => count.saturating_sub(1),
                turn => (turn * 7919) % count.max(1),
            };
            let literal = *open().nth(at)?;
            self.branches.push((literal, self.trail.len(), self.done));
            return Some(literal);
        }
        None
    }

    /// Undoes the last branch; its complement holds from there on.
    fn back(&mut self) -> Option<Literal> {
        let (literal, length, done) = self.branches.pop()?;
        for undone in self.trail.drain(length..) {
            self.values[undone.variable()] = None;
        }
        self.done = done;
        Some(literal.complement())
    }

    /// Assigns a literal and all that follows; false on a conflict.
    fn assign(&mut self, literal: Literal) -> bool {
        let mut next = self.trail.len();
        self.set(literal);
        while let Some(&literal) = self.trail.get(next) {
            next += 1;
            let false_now = literal.complement();
            let watching = std::mem::take(&mut self.watches[false_now.0 as usize]);
            let mut kept = Vec::with_capacity(watching.len());
            let mut conflict = false;
            for number in watching {
                if conflict || !self.moved(number, false_now) {
                    kept.push(number);
                    conflict = conflict || !self.settled(number);
                }
            }
            // No clause has come to watch it meanwhile: it is false.
            self.watches[false_now.0 as usize] = kept;
            if conflict {
                return false;
            }
        }
        true
    }

    fn set(&mut self, literal: Literal) {
        self.values[literal.variable()] = Some(!literal.negated());
        self.trail.push(literal);
    }

    /// Lets a clause watch another literal than one that became false, if it has one.
    fn moved(&mut self, number: u32, false_now: Literal) -> bool {
        let mut clause = std::mem::take(&mut self.order[number as usize]);
        if clause.first() == Some(&false_now) {
            clause.swap(0, 1);
        }
        let other = (2..clause.len()).find(|at| self.truth(clause[*at]) != Some(false));
        if let Some(at) = other {
            clause.swap(1, at);
            self.watches[clause[1].0 as usize].push(number);
        }
        self.order[number as usize] = clause;
        other.is_some()
    }

    /// The first literal is the only one left: it must hold. False if it cannot.
    fn settled(&mut self, number: u32) -> bool {
        let Some(&first) = self.order[number as usize].first() else { return false };
        match self.truth(first) {
            Some(truth) => truth,
            None => {
                self.set(first);
                true
            }
        }
    }

    fn model(&self) -> Vec<u32> {
        let holds = |variable: usize| self.values.get(variable).copied().flatten() == Some(true);
        let atoms = self.clauses.atoms.iter();
        let mut model: Vec<u32> =
            atoms.filter(|(_, variable)| holds(**variable)).map(|(atom, _)| *atom).collect();
        model.sort_unstable();
        model
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const ATOMS: u32 = 7;

    fn formula() -> impl Strategy<Value = Formula> {
        let leaf = prop_oneof![
            12 => (0..ATOMS, any::<bool>())
                .prop_map(|(atom, negated)| Formula::Atom { atom, negated }),
            1 => any::<bool>().prop_map(Formula::Const),
        ];
        leaf.prop_recursive(4, 40, 4, |inner| {
            let all = prop::collection::vec(inner, 0..4);
            (all, any::<bool>())
                .prop_map(|(all, and)| if and { Formula::And(all) } else { Formula::Or(all) })
        })
    }

    proptest! {
        /// Against all 2^7 assignments: two formulas, one of them negated, and rules.
        #[test]
        fn agrees_with_enumeration(
            holds in formula(),
            fails in formula(),
            rules in prop::collection::vec((prop::collection::vec(0..ATOMS, 1..4), prop::option::of(0..ATOMS)), 0..5),
            turn in 0usize..4,
        ) {
            let mut clauses = Clauses::default();
            clauses.demand(&fails, true);
            clauses.demand(&holds, false);
            for (all, then) in &rules {
                clauses.rule(all, *then);
            }
            let good = |truth: &dyn Fn(u32) -> bool| {
                holds.holds(&mut |atom| truth(atom))
                    && !fails.holds(&mut |atom| truth(atom))
                    && rules.iter().all(|(all, then)| {
                        !all.iter().all(|atom| truth(*atom)) || then.is_some_and(truth)
                    })
            };
            let some = (0u32..1 << ATOMS).any(|bits| good(&|atom| bits >> atom & 1 == 1));
            match clauses.solve(turn, usize::MAX) {
                Answer::Model(model) => prop_assert!(good(&|atom| model.contains(&atom))),
                Answer::Never => prop_assert!(!some),
                Answer::Unknown => prop_assert!(false, "there was no budget"),
            }
        }
    }

    /// Five pigeons, four holes: more conflicts than the budget admits.
    #[test]
    fn the_budget_ends_a_search() {
        let atom = |pigeon: u32, hole: u32| pigeon * 10 + hole;
        let mut clauses = Clauses::default();
        for pigeon in 0..5 {
            let holes =
                (0..4).map(|hole| Formula::Atom { atom: atom(pigeon, hole), negated: false });
            clauses.demand(&Formula::Or(holes.collect()), false);
            for other in 0..pigeon {
                for hole in 0..4 {
                    clauses.rule(&[atom(pigeon, hole), atom(other, hole)], None);
                }
            }
        }
        assert_eq!(clauses.solve(0, 3), Answer::Unknown);
        assert_eq!(clauses.solve(0, 10_000), Answer::Never);
    }
}
