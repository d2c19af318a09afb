//! What follows from a descriptor once and for all.

use super::{SequenceSpec, TermSpec};
use crate::key::KeyColumn;

/// A sequence with its terms sorted by role.
#[derive(Debug)]
pub(super) struct Shape {
    /// Positive terms in order: number of the term, key group.
    pub(super) positive: Vec<(usize, usize)>,
    pub(super) missing: Vec<Missing>,
    /// Bit and key group.
    pub(super) until: Option<(u64, usize)>,
    /// Different lists of key fields; keys of an event are made once for each.
    pub(super) groups: Vec<&'static [KeyColumn]>,
    pub(super) leading: bool,
    pub(super) trailing: bool,
    /// Whether joins read earlier events.
    pub(super) captures: bool,
    /// See [`SequenceSpec::wakers`].
    pub(super) wake: u64,
}

/// A missing term.
#[derive(Debug)]
pub(super) struct Missing {
    pub(super) mask: u64,
    pub(super) group: usize,
    pub(super) place: Place,
}

/// Where a missing term stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// Before the first positive term.
    Leading,
    /// Behind the positive term of this number, before the next.
    Middle(u16),
    /// Behind the last positive term.
    Trailing,
}

impl Shape {
    pub(super) fn of(spec: &SequenceSpec) -> Shape {
        let mut shape = Shape {
            positive: Vec::new(),
            missing: Vec::new(),
            until: None,
            groups: Vec::new(),
            leading: false,
            trailing: false,
            captures: spec.terms.iter().any(|t| !t.captured.is_empty()),
            wake: spec.wakers(),
        };
        let all = spec.terms.iter().filter(|t| !t.missing).count();
        for (number, term) in spec.terms.iter().enumerate() {
            let group = shape.group(term.keys);
            if term.missing {
                let place = match shape.positive.len() {
                    0 => Place::Leading,
                    n if n == all => Place::Trailing,
                    n => Place::Middle((n - 1) as u16),
                };
                shape.leading |= place == Place::Leading;
                shape.trailing |= place == Place::Trailing;
                shape.missing.push(Missing { mask: term.mask(), group, place });
            } else {
                shape.positive.push((number, group));
            }
        }
        shape.until = spec.until.map(|u| (1 << u.bit, shape.group(u.keys)));
        shape
    }

    fn group(&mut self, keys: &'static [KeyColumn]) -> usize {
        self.groups.iter().position(|g| *g == keys).unwrap_or_else(|| {
            self.groups.push(keys);
            self.groups.len() - 1
        })
    }
}

impl TermSpec {
    pub(super) fn mask(&self) -> u64 {
        1u64.checked_shl(u32::from(self.bit)).unwrap_or(0)
    }
}
