//! In which order rules over alerts run.
//!
//! In: all rules with their plans. Out: a stratum for each, 0 for rules that read no
//! alerts. A rule stands above all whose alerts might satisfy one of its conditions;
//! what an alert says of its rule (name, id, type, tags, tactics ...) is known here, so a
//! condition on these rules most of them out, and what else it says may be anything.
//! Rules that might feed one another round a cycle share a stratum. Must not know what
//! the engine does with it.

use super::Planned;
use crate::lower::AlertOutline;
use crate::plan::{Cond, plain};
use crate::ruleset;
use detect_runtime::event::reference::Document;
use detect_runtime::matcher::{ALERTS, admit};
use detect_runtime::plain::Scope;
use detect_runtime::value::{Cx, Warnings};

/// The stratum of each rule.
pub(super) fn strata(rules: &[Planned]) -> Vec<u32> {
    let readers: Vec<usize> = (0..rules.len()).filter(|&rule| reads_alerts(&rules[rule])).collect();
    let above = Feeds::over(rules, &readers);
    let mut strata = vec![0; rules.len()];
    let mut order: Vec<usize> = (0..readers.len()).collect();
    // What feeds a rule has fewer rules below it, unless both lie on one cycle.
    order.sort_by_key(|&reader| (above.below(reader), above.first_of_cycle(reader)));
    let (mut stratum, mut cycle) = (0, None);
    for reader in order {
        let first = above.first_of_cycle(reader);
        if cycle != Some(first) {
            stratum += 1;
            cycle = Some(first);
        }
        strata[readers[reader]] = stratum;
    }
    strata
}

/// Whether a rule names the index of alerts; one without any index does not.
fn reads_alerts(rule: &Planned) -> bool {
    let index = &rule.lowered.plan.index;
    admit(index.iter().map(String::as_str), ALERTS)
}

/// Which of the readers feed which, over any number of steps; each feeds itself.
struct Feeds {
    /// By reader, a bit for each reader that feeds it.
    fed_by: Vec<Vec<u64>>,
}

impl Feeds {
    fn over(rules: &[Planned], readers: &[usize]) -> Feeds {
        let words = readers.len().div_ceil(64);
        let mut fed_by = vec![vec![0u64; words]; readers.len()];
        for (source, &rule) in readers.iter().enumerate() {
            let alert = Known::of(&rules[rule]);
            for (reader, &by) in readers.iter().enumerate() {
                if source == reader || alert.may_satisfy(&rules[by]) {
                    fed_by[reader][source / 64] |= 1 << (source % 64);
                }
            }
        }
        // Warshall's closure, a row at a time.
        for middle in 0..readers.len() {
            let row = fed_by[middle].clone();
            for fed in &mut fed_by {
                if fed[middle / 64] >> (middle % 64) & 1 != 0 {
                    fed.iter_mut().zip(&row).for_each(|(word, more)| *word |= more);
                }
            }
        }
        Feeds { fed_by }
    }

    fn feeds(&self, source: usize, reader: usize) -> bool {
        self.fed_by[reader][source / 64] >> (source % 64) & 1 != 0
    }

    /// How many feed a reader, itself included.
    fn below(&self, reader: usize) -> u32 {
        self.fed_by[reader].iter().map(|word| word.count_ones()).sum()
    }

    /// The first reader that feeds this one and is fed by it.
    fn first_of_cycle(&self, reader: usize) -> usize {
        let on_cycle = |other: &usize| self.feeds(*other, reader) && self.feeds(reader, *other);
        (0..=reader).find(on_cycle).unwrap_or(reader)
    }
}

/// What all alerts of a rule say.
struct Known {
    outline: AlertOutline,
    document: Document,
}

impl Known {
    fn of(rule: &Planned) -> Known {
        let outline = AlertOutline::of(&rule.rule, &rule.lowered);
        let document = Document::parse(outline.text.as_bytes());
        Known { outline, document: document.unwrap_or(Document::Null) }
    }

    /// Whether an alert might satisfy a condition of a rule.
    fn may_satisfy(&self, rule: &Planned) -> bool {
        let mut conditions = ruleset::conditions(&rule.lowered.plan).into_iter();
        conditions.any(|(_, cond)| self.truth(cond) != Some(false))
    }

    /// Whether the condition holds for all alerts (true), for none, or for some.
    fn truth(&self, cond: &Cond) -> Option<bool> {
        match cond {
            Cond::Const(truth) => Some(*truth),
            Cond::Not(inner) => self.truth(inner).map(|truth| !truth),
            Cond::And(all) => self.decided(all, false),
            Cond::Or(all) => self.decided(all, true),
            Cond::AnyField { .. } | Cond::Element { .. } | Cond::DescendantOf(_) => None,
            Cond::Any { .. } | Cond::Exists { .. } | Cond::Single(_) | Cond::Expr { .. } => {
                self.leaf(cond)
            }
        }
    }

    /// One of the parts decides with this truth, or all with the other.
    fn decided(&self, all: &[Cond], by: bool) -> Option<bool> {
        let mut open = false;
        for part in all {
            match self.truth(part) {
                Some(truth) if truth == by => return Some(by),
                Some(_) => {}
                None => open = true,
            }
        }
        (!open).then_some(!by)
    }

    fn leaf(&self, cond: &Cond) -> Option<bool> {
        let mut known = true;
        cond.each_field(&mut |field| known &= self.outline.knows(&field.path));
        if !known {
            return None;
        }
        let (arena, warnings) = (bumpalo::Bump::new(), Warnings::default());
        let cx = Cx { arena: &arena, now: 0, warnings: &warnings };
        let form = plain::form(cond);
        Some(form.holds(&Scope::new(&self.document, cx)))
    }
}

#[cfg(test)]
mod tests;
