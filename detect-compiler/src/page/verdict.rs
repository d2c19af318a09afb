//! Why an event matches or not: the rule's conditions in their plain form over it, each
//! predicate with what it saw.

use crate::plan::{Plan, plain};
use crate::ruleset::{self, Role};
use detect_runtime::event::reference::Document;
use detect_runtime::matcher::{admit, index_of};
use detect_runtime::plain::{Form, Trace, traces};

/// The conditions of a rule, made ready for events.
#[derive(Clone, Debug)]
pub struct Conditions {
    roles: Vec<Role>,
    forms: Vec<Form>,
    index: Vec<String>,
}

/// What a rule says of one event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// The event's index, as far as it says.
    pub index: Option<String>,
    /// Whether the rule's index patterns admit it; what names no index is admitted.
    pub admitted: bool,
    /// What each condition says, whether or not the event is admitted.
    pub conditions: Vec<(Role, Trace)>,
}

impl Conditions {
    /// The conditions of a plan.
    pub fn of(plan: &Plan) -> Conditions {
        let all = ruleset::conditions(plan);
        Conditions {
            roles: all.iter().map(|(role, _)| *role).collect(),
            forms: all.iter().map(|(_, cond)| plain::form(cond)).collect(),
            index: plan.index.clone(),
        }
    }

    /// Asks all of them about an event; see [`traces`] for what one event does not tell.
    pub fn verdict(&self, document: &Document) -> Verdict {
        let index = index_of(document);
        let patterns = || self.index.iter().map(String::as_str);
        let admitted =
            self.index.is_empty() || index.as_ref().is_none_or(|name| admit(patterns(), name));
        let conditions = self.roles.iter().copied().zip(traces(&self.forms, document)).collect();
        Verdict { index, admitted, conditions }
    }
}

impl Verdict {
    /// Whether the condition of this role holds.
    pub fn holds(&self, role: Role) -> bool {
        self.conditions.iter().any(|(own, trace)| *own == role && trace.holds)
    }

    /// Whether the event is one of those that the rule is about: its index is admitted,
    /// and the rule's condition holds, of a sequence or a sample that of some term.
    pub fn matches(&self) -> bool {
        let about = |role: &Role| matches!(role, Role::Body | Role::Term(_));
        self.admitted && self.conditions.iter().any(|(role, trace)| about(role) && trace.holds)
    }
}
