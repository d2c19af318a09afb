//! Samples beside rules: which rules have any.

use crate::rule::{Folder, Rule};
use serde_json::Value as Json;
use std::collections::HashMap;

/// Cases of a rule.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Samples {
    /// That must alert.
    pub alerts: usize,
    /// That must not.
    pub silent: usize,
}

/// Cases by the id of their rule, and its path where they name one.
#[derive(Debug, Default)]
pub(super) struct Cases(HashMap<(String, Option<String>), Samples>);

impl Cases {
    /// Reads the files of cases of a folder. A line that is no case counts for nothing:
    /// `detect test` says what is wrong with it.
    pub(super) fn of(folder: &Folder) -> Cases {
        let mut cases = Cases::default();
        for file in folder.samples() {
            for line in file.bytes.split(|byte| *byte == b'\n') {
                let Ok(case) = serde_json::from_slice::<Json>(line) else { continue };
                let text = |name: &str| case.get(name).and_then(Json::as_str).map(str::to_owned);
                let Some(id) = text("rule_id") else { continue };
                let samples = cases.0.entry((id, text("path"))).or_default();
                match text("expect").as_deref() {
                    Some("match") => samples.alerts += 1,
                    Some("no-match") => samples.silent += 1,
                    _ => {}
                }
            }
        }
        cases
    }

    /// Those of a rule.
    pub(super) fn rule(&self, rule: &Rule) -> Samples {
        let mut sum = Samples::default();
        for path in [None, Some(rule.path.to_string())] {
            if let Some(samples) = self.0.get(&(rule.id.value.clone(), path)) {
                sum.alerts += samples.alerts;
                sum.silent += samples.silent;
            }
        }
        sum
    }
}
