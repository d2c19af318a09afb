//! Search for documents that satisfy a rule: goals, taken apart until they are wishes of
//! single fields.
//!
//! What can only be done one way is done first; of alternatives the first that works is
//! taken, and when that leads nowhere the next. What the search cannot take apart it hopes
//! for: the fields that are read get values, and whoever asked for samples tries them.

use super::aggregates::{self, Counted, Demand};
use super::columns::{Column, Place, column};
use super::outcome::Outcome;
use super::wishes::{Asked, Wish};
use crate::plan::{Cond, Expr, ExprKind, Field, Pipeline, Stage};
use detect_runtime::test::{Fold, Order, Test};
use detect_runtime::value::Type;
use std::collections::BTreeMap;
use std::rc::Rc;

/// What one document has to satisfy.
pub(super) type Wishes = BTreeMap<String, Wish>;

/// A goal for one document.
#[derive(Clone, Debug)]
pub(super) enum Goal<'p> {
    /// The condition holds or does not.
    Cond(&'p Cond, bool),
    /// The expression at the place has the outcome.
    Expr(&'p Expr, Place, Outcome),
    /// The field has the outcome.
    Field(&'p Field, Outcome),
    /// The aggregate is met by documents of this kind, or by a kind of its own.
    Kind(Option<usize>, Rc<Counted<'p>>),
}

/// How far a search has come.
#[derive(Clone, Debug, Default)]
pub(super) struct State<'p> {
    /// Document and goal.
    pub(super) goals: Vec<(usize, Goal<'p>)>,
    choices: Vec<Rc<[Vec<(usize, Goal<'p>)>]>>,
    pub(super) docs: Vec<Wishes>,
    pub(super) demands: Vec<Demand<'p>>,
    /// Goals for documents of every kind.
    pub(super) everywhere: Vec<Goal<'p>>,
}

/// A search.
pub(super) struct Search<'p> {
    pub(super) pipeline: Option<&'p Pipeline>,
    /// Goals of every further kind of document.
    pub(super) base: Vec<Goal<'p>>,
    /// Fields of documents that have one value in common.
    pub(super) ties: Vec<Vec<(usize, &'p Field)>>,
    /// Fields that all documents have in common.
    pub(super) common: Vec<&'p Field>,
    /// Steps that are left.
    pub(super) budget: usize,
}

impl<'p> Search<'p> {
    /// Gives states without open goals to `found` until it says that it is enough. True if
    /// it did.
    pub(super) fn run(
        &mut self,
        mut state: State<'p>,
        found: &mut dyn FnMut(&State<'p>) -> bool,
    ) -> bool {
        loop {
            while let Some((doc, goal)) = state.goals.pop() {
                if self.budget == 0 {
                    return false;
                }
                self.budget -= 1;
                if !self.apply(&mut state, doc, goal) {
                    return false;
                }
            }
            let fewest = state.choices.iter().enumerate().min_by_key(|(_, all)| all.len());
            let Some((at, _)) = fewest else { break };
            let choice = state.choices.swap_remove(at);
            let Some((last, first)) = choice.split_last() else { return false };
            if let Some(free) = choice.iter().find(|goals| state.free(goals)) {
                state.goals.extend(free.iter().cloned());
                continue;
            }
            for goals in first {
                let mut next = state.clone();
                next.goals.extend(goals.iter().cloned());
                if self.run(next, found) {
                    return true;
                }
                if self.budget == 0 {
                    return false;
                }
            }
            state.goals.extend(last.iter().cloned());
        }
        self.tie(&mut state) && found(&state)
    }

    /// Brings common values together.
    fn tie(&self, state: &mut State<'p>) -> bool {
        let mut ties: Vec<Vec<(usize, &Field)>> = self.ties.clone();
        let all = 0..state.docs.len();
        ties.extend(self.common.iter().map(|field| all.clone().map(|doc| (doc, *field)).collect()));
        for tie in &ties {
            let Some((_, field)) = tie.first() else { continue };
            let mut together = Wish::new(field.ty);
            for (doc, field) in tie {
                let Some(wish) = state.docs.get(*doc).and_then(|doc| doc.get(&field.path)) else {
                    continue;
                };
                together.pass.extend(wish.pass.iter().cloned());
                together.fail.extend(wish.fail.iter().cloned());
                together.absent |= wish.absent;
                together.length = together.length.max(wish.length);
                together.count = together.count.max(wish.count);
            }
            // Without a value there is nothing in common, but that may be what is wanted.
            together.present = !together.absent;
            together.single = together.present && together.count < 2;
            if !together.settle(&field.path) {
                return false;
            }
            for (doc, field) in tie {
                let values = together.values.clone();
                let wish = state.wish(*doc, field);
                wish.present |= together.present;
                wish.values = values;
            }
        }
        true
    }

    fn apply(&mut self, state: &mut State<'p>, doc: usize, goal: Goal<'p>) -> bool {
        match goal {
            Goal::Cond(cond, holds) => state.cond(doc, cond, holds),
            Goal::Expr(expr, at, wanted) => self.expr(state, doc, expr, at, wanted),
            Goal::Field(field, wanted) => state.field(doc, field, &wanted),
            Goal::Kind(kind, counted) => aggregates::kind(&self.base, state, kind, &counted),
        }
    }

    fn expr(
        &mut self,
        state: &mut State<'p>,
        doc: usize,
        expr: &'p Expr,
        at: Place,
        wanted: Outcome,
    ) -> bool {
        let goal = |expr: &'p Expr, wanted: Outcome| (doc, Goal::Expr(expr, at, wanted));
        match &expr.kind {
            ExprKind::Slot(slot) => return self.slot(state, doc, *slot, at, wanted),
            ExprKind::Field(field) => return state.field(doc, field, &wanted),
            // Documents of a sequence are numbered as its terms.
            ExprKind::Captured { term, field } => return state.field(*term, field, &wanted),
            _ => {}
        }
        if let Some(value) = super::fixed::value(expr) {
            return wanted.holds(&value);
        }
        let wanted = wanted.of_condition();
        let each = |all: &'p [Expr], wanted: &Outcome| -> Vec<(usize, Goal<'p>)> {
            all.iter().map(|one| goal(one, wanted.clone())).collect()
        };
        let alone = |goals: Vec<(usize, Goal<'p>)>| goals.into_iter().map(|goal| vec![goal]);
        match (&expr.kind, &wanted) {
            (ExprKind::And(all), Outcome::True | Outcome::Present)
            | (ExprKind::Or(all), Outcome::False | Outcome::NotTrue) => {
                let wanted =
                    if matches!(wanted, Outcome::Present) { Outcome::True } else { wanted };
                state.goals.extend(each(all, &wanted).into_iter().rev());
            }
            (ExprKind::Or(all), Outcome::True | Outcome::Present) => {
                return state.choose(alone(each(all, &Outcome::True)));
            }
            (ExprKind::And(all), Outcome::False | Outcome::NotTrue) => {
                return state.choose(alone(each(all, &wanted)));
            }
            (ExprKind::Not(inner), Outcome::NotTrue) => {
                let outcomes = [Outcome::True, Outcome::Null];
                return state.choose(outcomes.map(|wanted| vec![goal(inner, wanted)]));
            }
            (ExprKind::Not(inner), Outcome::True | Outcome::False) => {
                let truth = matches!(wanted, Outcome::False);
                state.goals.push(goal(inner, Outcome::truth(truth)));
            }
            (ExprKind::Not(inner), _) => state.goals.push(goal(inner, wanted)),
            (ExprKind::Cond(cond), _) => {
                let holds = matches!(wanted, Outcome::True | Outcome::Present);
                state.goals.push((doc, Goal::Cond(cond, holds)));
            }
            (ExprKind::Test { input, tests }, _) => {
                let tests: Rc<[Rc<Asked>]> = tests.iter().cloned().map(Asked::new).collect();
                return tested(state, &goal, input, tests, &wanted);
            }
            (ExprKind::Case { arms, otherwise }, _) => {
                let mut ways = Vec::new();
                let mut before = Vec::new();
                for (when, then) in arms {
                    let mut way: Vec<_> = before.clone();
                    way.push(goal(when, Outcome::True));
                    way.push(goal(then, wanted.clone()));
                    before.push(goal(when, Outcome::NotTrue));
                    ways.push(way);
                }
                before.push(goal(otherwise, wanted));
                ways.push(before);
                return state.choose(ways);
            }
            (ExprKind::Coalesce(all), Outcome::Null) => state.goals.extend(each(all, &wanted)),
            (ExprKind::Coalesce(all), _) => {
                let mut before = Vec::new();
                let ways: Vec<_> = all
                    .iter()
                    .map(|one| {
                        let mut way: Vec<_> = before.clone();
                        way.push(goal(one, wanted.clone()));
                        before.push(goal(one, Outcome::Null));
                        way
                    })
                    .collect();
                return state.choose(ways);
            }
            (ExprKind::Call { function, args }, _) => {
                return super::calls::call(state, &goal, function.name, args, &wanted);
            }
            _ => {}
        }
        true
    }

    fn slot(
        &mut self,
        state: &mut State<'p>,
        doc: usize,
        slot: usize,
        at: Place,
        wanted: Outcome,
    ) -> bool {
        let Some(pipeline) = self.pipeline else { return false };
        match column(pipeline, slot, at) {
            Column::Field(field) => state.field(doc, field, &wanted),
            Column::Computed(expr, at) => {
                state.goals.push((doc, Goal::Expr(expr, at, wanted)));
                true
            }
            Column::Captured(stage, name) => captured(state, pipeline, doc, stage, name, &wanted),
            Column::Aggregate(stage, number) => {
                aggregates::wanted(state, pipeline, doc, stage, number, &wanted)
            }
            Column::Given => true,
            Column::Null => wanted.holds(&detect_runtime::value::Owned::Null),
        }
    }
}

/// Of a value and the tests that it is put to.
pub(super) fn tested<'p>(
    state: &mut State<'p>,
    goal: &dyn Fn(&'p Expr, Outcome) -> (usize, Goal<'p>),
    input: &'p Expr,
    tests: Rc<[Rc<Asked>]>,
    wanted: &Outcome,
) -> bool {
    let outcome = match wanted {
        Outcome::True => Outcome::Passes(tests),
        Outcome::False => Outcome::Fails(tests),
        Outcome::NotTrue => {
            let outcomes = [Outcome::Fails(tests), Outcome::Null];
            return state.choose(outcomes.map(|wanted| vec![goal(input, wanted)]));
        }
        Outcome::Null => Outcome::Null,
        _ => Outcome::Present,
    };
    state.goals.push(goal(input, outcome));
    true
}

/// An output of DISSECT or GROK: the text that is taken apart has to hold it.
fn captured<'p>(
    state: &mut State<'p>,
    pipeline: &'p Pipeline,
    doc: usize,
    stage: usize,
    name: &str,
    wanted: &Outcome,
) -> bool {
    let (input, texts) = match pipeline.stages.get(stage) {
        Some(Stage::Dissect { input, pattern, .. }) => {
            (input, super::captures::of_dissect(pattern, name, wanted))
        }
        Some(Stage::Grok { input, patterns, .. }) => {
            (input, super::captures::of_grok(patterns, name, wanted))
        }
        _ => return false,
    };
    let at = Place::before(stage);
    if matches!(wanted, Outcome::Null | Outcome::NotTrue) {
        state.goals.push((doc, Goal::Expr(input, at, Outcome::Null)));
        return true;
    }
    // What the rule asks of the whole text stands around what is taken out of it.
    state.choose(texts.into_iter().map(|text| {
        let piece = detect_runtime::test::Piece::Literal(text);
        let any = detect_runtime::test::Piece::Any;
        let glob = detect_runtime::test::Glob(vec![any.clone(), piece, any]);
        let test = Test::Glob { glob, fold: Fold::None };
        vec![(doc, Goal::Expr(input, at, Outcome::passes([test])))]
    }))
}

impl<'p> State<'p> {
    /// One document, and what it has to satisfy.
    pub(super) fn of(goals: impl IntoIterator<Item = Goal<'p>>) -> State<'p> {
        let goals = goals.into_iter().map(|goal| (0, goal)).collect();
        State { goals, docs: vec![Wishes::new()], ..State::default() }
    }

    /// Goals of every kind of document beside those of the rule's filter.
    pub(super) fn everywhere(&self) -> impl Iterator<Item = Goal<'p>> + '_ {
        self.everywhere.iter().cloned()
    }

    pub(super) fn wish(&mut self, doc: usize, field: &Field) -> &mut Wish {
        while self.docs.len() <= doc {
            self.docs.push(Wishes::new());
        }
        let ty = field.ty;
        self.docs[doc].entry(field.path.clone()).or_insert_with(|| Wish::new(ty))
    }

    /// One of these ways; false if there is none.
    pub(super) fn choose(
        &mut self,
        ways: impl IntoIterator<Item = Vec<(usize, Goal<'p>)>>,
    ) -> bool {
        let mut ways: Vec<Vec<(usize, Goal<'p>)>> = ways.into_iter().collect();
        match ways.len() {
            0 => return false,
            1 => self.goals.extend(ways.pop().into_iter().flatten()),
            _ => self.choices.push(ways.into()),
        }
        true
    }

    /// Whether the goals only keep values away that no field has: then taking them is no
    /// decision.
    fn free(&self, goals: &[(usize, Goal<'p>)]) -> bool {
        goals.iter().all(|(doc, goal)| match goal {
            Goal::Cond(Cond::Any { field, .. }, false) => {
                self.docs.get(*doc).and_then(|doc| doc.get(&field.path)).is_none_or(|w| !w.wanted())
            }
            Goal::Cond(Cond::Not(inner), true) => self.free(&[(*doc, Goal::Cond(inner, false))]),
            _ => false,
        })
    }

    fn cond(&mut self, doc: usize, cond: &'p Cond, holds: bool) -> bool {
        match cond {
            Cond::Const(truth) => return *truth == holds,
            Cond::Not(inner) => self.goals.push((doc, Goal::Cond(inner, !holds))),
            Cond::And(all) | Cond::Or(all) => {
                let goals = all.iter().map(|one| (doc, Goal::Cond(one, holds)));
                if matches!(cond, Cond::And(_)) == holds {
                    self.goals.extend(goals.rev());
                } else {
                    return self.choose(goals.map(|goal| vec![goal]));
                }
            }
            Cond::Any { field, test } => {
                let wish = self.wish(doc, field);
                let asked = Asked::new(test.clone());
                if holds {
                    wish.pass.push(asked);
                } else {
                    wish.fail.push(asked);
                }
                return wish.settle(&field.path);
            }
            Cond::Exists { field, .. } => {
                let wanted = if holds { Outcome::Present } else { Outcome::Null };
                return self.field(doc, field, &wanted);
            }
            Cond::Single(field) if holds => {
                let wish = self.wish(doc, field);
                wish.single = true;
                return wish.settle(&field.path);
            }
            Cond::Single(field) => {
                let many = Goal::Field(field, Outcome::Count(Order::Greater, 1));
                let none = Goal::Field(field, Outcome::Null);
                return self.choose([vec![(doc, none)], vec![(doc, many)]]);
            }
            Cond::AnyField { pattern, test } if holds => {
                let name = match pattern.as_str() {
                    "*" => "message".to_owned(),
                    pattern => pattern.replace('*', "any"),
                };
                let wish =
                    self.docs[doc].entry(name.clone()).or_insert_with(|| Wish::new(Type::Keyword));
                wish.present = true;
                wish.pass.extend(test.iter().cloned().map(Asked::new));
                return wish.settle(&name);
            }
            // No other field has such a value unless it is asked for.
            Cond::AnyField { .. } => {}
            Cond::Expr { expr, .. } => {
                let wanted = if holds { Outcome::True } else { Outcome::NotTrue };
                self.goals.push((doc, Goal::Expr(expr, Place::before(0), wanted)));
            }
            // An object at the path is an array of one.
            Cond::Element { cond, .. } => self.goals.push((doc, Goal::Cond(cond, holds))),
            Cond::DescendantOf(_) => return !holds,
        }
        true
    }

    fn field(&mut self, doc: usize, field: &'p Field, wanted: &Outcome) -> bool {
        // The whole document is never without text.
        if field.ty == Type::Source {
            return true;
        }
        let wanted = wanted.as_tests();
        match &wanted {
            Outcome::Passes(tests) if tests.len() > 1 => {
                return self.choose(tests.iter().map(|one| {
                    let one = Outcome::Passes([one.clone()].into());
                    vec![(doc, Goal::Field(field, one))]
                }));
            }
            Outcome::NotTrue => {
                let not = Outcome::passes([Test::Boolean(false)]);
                let ways = [Outcome::Null, not].map(|way| vec![(doc, Goal::Field(field, way))]);
                return self.choose(ways);
            }
            _ => {}
        }
        if field.path == "@timestamp" && super::documents::usual_time(&wanted) {
            return true;
        }
        let wish = self.wish(doc, field);
        match wanted {
            Outcome::Passes(tests) => {
                wish.single = true;
                wish.pass.extend(tests.iter().cloned());
            }
            Outcome::Fails(tests) => {
                wish.single = true;
                wish.fail.extend(tests.iter().cloned());
            }
            Outcome::Null => wish.absent = true,
            Outcome::Length(Order::Less | Order::LessEqual, _) => wish.present = true,
            Outcome::Length(order, length) => {
                wish.single = true;
                let least = length + i64::from(order == Order::Greater);
                wish.length = wish.length.max(usize::try_from(least).unwrap_or_default());
            }
            Outcome::Count(Order::Less | Order::LessEqual, _) => wish.present = true,
            Outcome::Count(order, count) => {
                let least = count + i64::from(order == Order::Greater);
                wish.count = wish.count.max(usize::try_from(least).unwrap_or_default());
            }
            _ => wish.present = true,
        }
        if wish.absent && wish.wanted() {
            return false;
        }
        wish.settle(&field.path)
    }
}
