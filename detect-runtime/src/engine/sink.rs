//! Where alerts and bad lines go.

use crate::alert::RuleInfo;
use crate::head::Draft;
use crate::input::BadLine;

/// One alert.
#[derive(Clone, Copy, Debug)]
pub struct Alert<'a> {
    /// Number of the rule in the ruleset.
    pub rule: usize,
    /// The rule.
    pub info: &'static RuleInfo,
    /// The alert document: one JSON object without line break.
    pub json: &'a str,
    /// `kibana.alert.uuid`.
    pub uuid: &'a str,
    /// A member of a sequence: other rules may read it, people need not.
    pub building_block: bool,
}

/// Takes what the engine hands out.
pub trait Sink {
    /// An alert, in the order of its cause.
    fn alert(&mut self, alert: &Alert<'_>);

    /// The alert before it is JSON; called first. Does nothing unless overridden.
    fn draft(&mut self, _rule: usize, _draft: &Draft) {}

    /// A line that is no event, or an event without the time that a rule needs; it was
    /// counted. Does nothing unless overridden.
    fn bad_line(&mut self, _bad: &BadLine, _line: &[u8]) {}
}

/// Collects the alert documents.
impl Sink for Vec<String> {
    fn alert(&mut self, alert: &Alert<'_>) {
        self.push(alert.json.to_owned());
    }
}
