//! The two ways to evaluate the conditions of an event: compiled, and in
//! reference mode. What comes before (candidates) and behind (hits) is the same.

use super::reference::Forms;
use super::table::{Condition, Flag};
use crate::event::Event;
use crate::event::reference::Document;
use crate::exception::{ExceptionSpec, Items};
use crate::matcher::Probe;
use crate::plain::{Form, Scope};
use crate::value::{Cx, Warnings};

/// Answers for one event.
pub(super) trait Evaluator<'a> {
    /// The event.
    fn event(&self) -> &Event<'a>;

    /// Arena, tick and warnings.
    fn cx(&self) -> Cx<'a>;

    /// Where warnings go from now on.
    fn warn(&mut self, warnings: &'a Warnings);

    /// What `now()` is from now on, in milliseconds.
    fn set_now(&mut self, now: i64);

    /// Says in which of its rule's lineages (a bit each) the event's process
    /// descends; for the conditions that run next.
    fn assume(&mut self, lineages: u64);

    /// Whether a condition holds, by its number.
    fn holds(&mut self, number: u32, condition: &Condition) -> bool;

    /// Whether a condition's truth is known, because an equal one was evaluated.
    fn is_known(&self, _number: u32) -> bool {
        false
    }

    /// Whether an item exempts the event.
    fn exempt(&self, spec: &ExceptionSpec, items: &Items) -> bool;

    /// Whether the condition of a rule's flag, by its number in the rule, holds.
    /// The rule's condition ran last.
    fn flag(&mut self, rule: u32, number: usize, flag: &Flag) -> bool;
}

impl<'a> Evaluator<'a> for Probe<'_, 'a> {
    #[inline]
    fn event(&self) -> &Event<'a> {
        Probe::event(self)
    }

    #[inline]
    fn cx(&self) -> Cx<'a> {
        self.cx
    }

    #[inline]
    fn warn(&mut self, warnings: &'a Warnings) {
        self.cx.warnings = warnings;
    }

    #[inline]
    fn set_now(&mut self, now: i64) {
        self.cx.now = now;
    }

    #[inline]
    fn assume(&mut self, lineages: u64) {
        Probe::assume(self, lineages);
    }

    #[inline]
    fn holds(&mut self, number: u32, condition: &Condition) -> bool {
        self.evaluate(number, condition.holds)
    }

    #[inline]
    fn is_known(&self, number: u32) -> bool {
        self.equal(number).is_some_and(|first| self.known(first).is_some())
    }

    #[inline]
    fn exempt(&self, spec: &ExceptionSpec, items: &Items) -> bool {
        (spec.exempts)(Probe::event(self), items)
    }

    #[inline]
    fn flag(&mut self, _rule: u32, _number: usize, flag: &Flag) -> bool {
        // The rule's condition ran last: its local numbers are in force.
        (flag.holds)(self)
    }
}

/// Walks plain forms over a document.
pub(super) struct Walk<'a> {
    forms: Forms<'a>,
    document: &'a Document,
    event: &'a Event<'a>,
    cx: Cx<'a>,
    lineages: u64,
}

impl<'a> Walk<'a> {
    pub(super) fn new(
        forms: Forms<'a>,
        document: &'a Document,
        event: &'a Event<'a>,
        cx: Cx<'a>,
    ) -> Walk<'a> {
        Walk { forms, document, event, cx, lineages: 0 }
    }

    fn walk(&self, form: Option<&'a Form>) -> bool {
        let lineages = self.lineages;
        let descends = self.cx.arena.alloc(move |number: u32| lineages >> number & 1 == 1);
        let scope = Scope::new(self.document, self.cx).with_lineages(descends);
        form.is_some_and(|form| form.holds(&scope))
    }
}

impl<'a> Evaluator<'a> for Walk<'a> {
    fn event(&self) -> &Event<'a> {
        self.event
    }

    fn cx(&self) -> Cx<'a> {
        self.cx
    }

    fn warn(&mut self, warnings: &'a Warnings) {
        self.cx.warnings = warnings;
    }

    fn set_now(&mut self, now: i64) {
        self.cx.now = now;
    }

    fn assume(&mut self, lineages: u64) {
        self.lineages = lineages;
    }

    fn holds(&mut self, number: u32, _condition: &Condition) -> bool {
        self.walk(self.forms.condition(number))
    }

    fn exempt(&self, spec: &ExceptionSpec, items: &Items) -> bool {
        spec.walk(self.event, items)
    }

    fn flag(&mut self, rule: u32, number: usize, _flag: &Flag) -> bool {
        self.walk(self.forms.flag(rule, number))
    }
}
