//! Which rules say the same, and which one says less than another.
//!
//! `A implies B` is asked as `can A and not B hold` of [`solve`](super::solve), together
//! with the [facts](super::facts). Of seven million pairs of 2,641 rules few are asked:
//! some models of A are made first, and B must hold in each of them. A model says what is
//! true of one possible event, so a B that fails there is not implied.

use super::Relation;
use super::atoms::Atoms;
use super::facts::{Facts, Truth};
use super::shape::Shape;
use super::solve::{Answer, Clauses};
use super::values::index_within;
use crate::compile::Planned;
use crate::ruleset::Formula;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Models of each rule that others are tried on.
const MODELS: usize = 4;

/// A rule as far as it is compared.
pub(super) struct Subject<'p> {
    /// Its number.
    pub(super) rule: usize,
    pub(super) planned: &'p Planned,
    pub(super) shape: Shape<'p>,
    /// Of each condition.
    pub(super) formulas: Vec<Formula>,
}

impl<'p> Subject<'p> {
    /// All rules that have conditions, over the same atoms.
    pub(super) fn all(rules: &[&'p Planned], atoms: &mut Atoms) -> Vec<Subject<'p>> {
        let subject = |(rule, planned): (usize, &&'p Planned)| {
            let shape = Shape::of(planned)?;
            let plan = &planned.lowered.plan;
            let formulas = shape.conditions.iter().map(|cond| atoms.formula(cond, plan)).collect();
            Some(Subject { rule, planned, shape, formulas })
        };
        rules.iter().enumerate().filter_map(subject).collect()
    }

    fn index(&self) -> &[String] {
        &self.planned.lowered.plan.index
    }
}

/// What was found about pairs.
#[derive(Debug, Default)]
pub(super) struct Pairs {
    pub(super) relations: Vec<Relation>,
    /// Pairs that the budget did not do for.
    pub(super) undecided: Vec<(usize, usize)>,
    /// Rules whose condition no event meets.
    pub(super) never: Vec<usize>,
    /// Pairs that were asked, of all.
    pub(super) asked: usize,
}

impl Pairs {
    /// Compares all rules with each other.
    pub(super) fn of(
        subjects: &[Subject<'_>],
        atoms: &Atoms,
        facts: &Facts,
        budget: usize,
    ) -> Pairs {
        let search = Search { subjects, atoms, facts, budget };
        let models = each(subjects.len(), &|number| search.models(number));
        let never = models
            .iter()
            .zip(subjects)
            .filter(|(models, _)| models.is_none())
            .map(|(_, subject)| subject.rule)
            .collect();
        let mut groups: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
        for (number, subject) in subjects.iter().enumerate() {
            // Whatever never holds implies everything; it is told by itself. Retired
            // rules are off.
            if models[number].is_some() && !subject.planned.rule.deprecated() {
                groups.entry(&subject.shape.words).or_default().push(number);
            }
        }
        let groups: Vec<Vec<usize>> = groups.into_values().filter(|all| all.len() > 1).collect();
        let work: Vec<(usize, &[usize])> =
            groups.iter().flat_map(|all| all.iter().map(move |one| (*one, &all[..]))).collect();
        let none = Vec::new();
        let implied = each(work.len(), &|place| {
            let (narrow, all) = work[place];
            search.implied(narrow, all, models[narrow].as_ref().unwrap_or(&none))
        });
        let mut pairs = Pairs { never, ..Pairs::default() };
        let mut holds = BTreeSet::new();
        for ((narrow, _), answers) in work.iter().zip(implied) {
            pairs.asked += answers.len();
            for (broad, answer) in answers {
                match answer {
                    Some(true) => drop(holds.insert((*narrow, broad))),
                    Some(false) => {}
                    None => pairs.undecided.push((subjects[*narrow].rule, subjects[broad].rule)),
                }
            }
        }
        for &(narrow, broad) in &holds {
            let both = holds.contains(&(broad, narrow));
            let relation = relation(&subjects[narrow], &subjects[broad], both);
            pairs.relations.extend(relation);
        }
        pairs
    }
}

/// What to say of a pair whose first condition implies the second.
fn relation(narrow: &Subject<'_>, broad: &Subject<'_>, both: bool) -> Option<Relation> {
    let (a, b) = (narrow.rule, broad.rule);
    let there = index_within(narrow.index(), broad.index());
    let back = index_within(broad.index(), narrow.index());
    let (least, other) = (&narrow.shape.least, &broad.shape.least);
    let same = both && least == other;
    if same && there && back {
        return (a < b).then_some(Relation::Equal(a, b));
    }
    let fewer = least.iter().zip(other).all(|(high, low)| high >= low);
    if narrow.shape.monotone && there && fewer {
        return Some(Relation::Narrower { narrow: a, broad: b });
    }
    (same && !there && !back && a < b).then_some(Relation::Elsewhere(a, b))
}

struct Search<'s> {
    subjects: &'s [Subject<'s>],
    atoms: &'s Atoms,
    facts: &'s Facts,
    budget: usize,
}

impl Search<'_> {
    /// Some models of a rule's first condition; `None` if a condition that it needs can
    /// never hold.
    fn models(&self, number: usize) -> Option<Vec<Truth>> {
        let subject = &self.subjects[number];
        let mut models = Vec::new();
        for (place, (formula, needed)) in
            subject.formulas.iter().zip(&subject.shape.needed).enumerate()
        {
            let mut clauses = Clauses::default();
            clauses.demand(formula, false);
            self.facts.demand(self.atoms, &mut clauses);
            let turns = if place == 0 { MODELS } else { 1 };
            for turn in 0..turns {
                match clauses.solve(turn, self.budget) {
                    Answer::Never if *needed => return None,
                    Answer::Model(model) if place == 0 => {
                        let mut truth = Truth::of(&model, self.atoms);
                        self.facts.close(&mut truth);
                        // Facts by way of atoms of other rules may say more than the
                        // search knew.
                        if formula.holds(&mut |atom| truth.holds(atom)) {
                            models.push(truth);
                        }
                    }
                    _ => {}
                }
            }
        }
        Some(models)
    }

    /// The rules of the group whose conditions may be implied, and whether they are.
    fn implied(
        &self,
        narrow: usize,
        group: &[usize],
        models: &[Truth],
    ) -> Vec<(usize, Option<bool>)> {
        let subject = &self.subjects[narrow];
        let candidate = |other: &usize| {
            let formula = self.subjects[*other].formulas.first();
            let holds = |truth: &Truth| {
                formula.is_some_and(|formula| formula.holds(&mut |atom| truth.holds(atom)))
            };
            *other != narrow && models.iter().all(holds)
        };
        let candidates = group.iter().copied().filter(candidate);
        candidates
            .map(|other| {
                let broad = &self.subjects[other].formulas;
                let mut answer = Some(true);
                for (narrow, broad) in subject.formulas.iter().zip(broad) {
                    match self.implies(narrow, broad) {
                        Some(true) => {}
                        Some(false) => return (other, Some(false)),
                        None => answer = None,
                    }
                }
                (other, answer)
            })
            .collect()
    }

    fn implies(&self, narrow: &Formula, broad: &Formula) -> Option<bool> {
        implies(narrow, broad, self.atoms, self.facts, self.budget)
    }
}

/// Whether one formula implies another under the facts; `None` beyond the budget.
pub(super) fn implies(
    narrow: &Formula,
    broad: &Formula,
    atoms: &Atoms,
    facts: &Facts,
    budget: usize,
) -> Option<bool> {
    if narrow == broad {
        return Some(true);
    }
    let mut clauses = Clauses::default();
    // What fails in the broad one decides fastest: usually each way to fail is refuted
    // by propagation.
    clauses.demand(broad, true);
    clauses.demand(narrow, false);
    facts.demand(atoms, &mut clauses);
    match clauses.solve(0, budget) {
        Answer::Never => Some(true),
        Answer::Model(_) => Some(false),
        Answer::Unknown => None,
    }
}

/// Results of a function for 0, 1, ..., on all cores.
fn each<T: Send>(count: usize, make: &(dyn Fn(usize) -> T + Sync)) -> Vec<T> {
    let next = AtomicUsize::new(0);
    let done = Mutex::new(Vec::with_capacity(count));
    let work = || {
        let mut own = Vec::new();
        loop {
            let number = next.fetch_add(1, Ordering::Relaxed);
            if number >= count {
                break;
            }
            own.push((number, make(number)));
        }
        if let Ok(mut done) = done.lock() {
            done.append(&mut own);
        }
    };
    let threads = std::thread::available_parallelism().map_or(1, |cores| cores.get().min(8));
    std::thread::scope(|scope| {
        for _ in 1..threads {
            scope.spawn(work);
        }
        work();
    });
    let mut done = done.into_inner().unwrap_or_default();
    done.sort_unstable_by_key(|(number, _)| *number);
    done.into_iter().map(|(_, result)| result).collect()
}
