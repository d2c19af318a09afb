//! The descriptor of a sequence rule.

use crate::key::KeyColumn;
use crate::value::{Cx, Value};

/// A sequence rule, as constant data.
#[derive(Clone, Copy, Debug)]
pub struct SequenceSpec {
    /// The terms in order, `runs` expanded, missing terms included.
    pub terms: &'static [TermSpec],
    /// What empties the slots of its key.
    pub until: Option<UntilSpec>,
    /// Longest distance from first to last event in milliseconds, inclusive.
    pub maxspan: Option<i64>,
    /// Length of the rule's window in milliseconds: how long a pending sequence
    /// without maxspan lives.
    pub lookback: i64,
    /// The rule's time is not the one that orders events: they may come to it with
    /// different delays.
    pub delayed: bool,
    /// Position in the row of what orders events of equal time.
    pub tiebreaker: Option<u16>,
    /// `head`/`tail` in the order written. They act where there is one window
    /// over all input; a stream reports every completion.
    pub limits: &'static [Limit],
}

impl SequenceSpec {
    /// Bits of the terms that make something pending where nothing is: the first
    /// positive one and the missing ones before it.
    pub fn wakers(&self) -> u64 {
        let leading = self.terms.iter().take_while(|term| term.missing).count();
        self.terms.iter().take(leading + 1).fold(0, |all, term| all | term.mask())
    }
}

/// A term of a sequence.
#[derive(Clone, Copy, Debug)]
pub struct TermSpec {
    /// Bit of [`Hit::terms`](crate::head::Hit::terms).
    pub bit: u8,
    /// Key fields; the same number in each term and in `until`.
    pub keys: &'static [KeyColumn],
    /// `![ ]`: no such event may occur here.
    pub missing: bool,
    /// What the event must satisfy together with earlier ones.
    pub join: Option<Join>,
    /// Positions in the row that joins of later terms read.
    pub captured: &'static [u16],
}

/// `until`.
#[derive(Clone, Copy, Debug)]
pub struct UntilSpec {
    /// Bit of [`Hit::terms`](crate::head::Hit::terms).
    pub bit: u8,
    /// Key fields.
    pub keys: &'static [KeyColumn],
}

/// Condition over the captured values of earlier terms (first argument, by
/// number of the term) and the row of the current event.
pub type Join = for<'a> fn(&[&'a [Value<'a>]], &'a [Value<'a>], &Cx<'a>) -> bool;

/// `head N` or `tail N`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Limit {
    /// The first N.
    Head(u64),
    /// The last N.
    Tail(u64),
}

impl Limit {
    /// Applies limits from left to right.
    pub fn apply<T>(limits: &[Limit], results: &mut Vec<T>) {
        for limit in limits {
            match limit {
                Limit::Head(n) => results.truncate(usize::try_from(*n).unwrap_or(usize::MAX)),
                Limit::Tail(n) => {
                    let n = usize::try_from(*n).unwrap_or(usize::MAX);
                    results.drain(..results.len().saturating_sub(n));
                }
            }
        }
    }
}
