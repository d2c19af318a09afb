//! What the optimiser made of a rule among all others: guards, witnesses with what they
//! are expected to cost, the order of evaluation, what is shared.

use super::event::name;
use crate::cli::failure::Failure;
use detect_compiler::compile::{self, Options, Plans};
use detect_compiler::expand::OnError;
use detect_compiler::page::Entry;
use detect_compiler::rule::Folder;
use detect_compiler::ruleset;
use detect_compiler::ruleset::explain::{Choice, Explanation};
use detect_compiler::ruleset::statistics::Statistics;
use serde_json::{Value as Json, json};
use std::fmt::Write as _;
use std::io::{self, Write};

/// Choices that were not taken and shared atoms that are shown of each.
const SHOWN: usize = 8;

/// Explains every condition of the rule.
///
/// # Errors
/// If the folder's `detect-profile.toml` is none.
pub(super) fn explain(entry: &Entry, folder: &Folder, as_json: bool) -> Result<(), Failure> {
    let options = Options { on_error: OnError::Skip, ..Options::default() };
    let mut plans = compile::plans(folder, &options);
    let number = place(&mut plans, entry);
    let profile = |error: ruleset::statistics::ProfileError| {
        Failure::Usage(format!("detect-profile.toml: {error}"))
    };
    let statistics = match &plans.profile {
        Some(text) => Statistics::with_profile(text).map_err(profile)?,
        None => Statistics::default(),
    };
    let optimised = compile::optimise(&plans).map_err(profile)?;
    let conditions = optimised.rules.get(number).map_or(0..0, |rule| rule.conditions.clone());
    let all: Vec<Explanation> = conditions
        .filter_map(|condition| ruleset::explain::explain(&optimised, condition, &statistics))
        .collect();
    let mut out = io::stdout().lock();
    let shown = if as_json {
        let all: Vec<Json> = all.iter().map(json).collect();
        format!("{:#}\n", json!({ "rules": plans.rules.len(), "conditions": all }))
    } else {
        all.iter().map(|one| text(one, plans.rules.len())).collect()
    };
    out.write_all(shown.as_bytes()).and_then(|()| out.flush()).map_err(Failure::output)
}

/// Number of the rule among the plans; a rule of no folder comes behind them.
fn place(plans: &mut Plans, entry: &Entry) -> usize {
    let own = &entry.planned.rule;
    let known = plans
        .rules
        .iter()
        .position(|planned| planned.rule.path == own.path && planned.rule.source == own.source);
    known.unwrap_or_else(|| {
        plans.rules.push(entry.planned.clone());
        plans.rules.len() - 1
    })
}

fn text(explanation: &Explanation, rules: usize) -> String {
    let mut out = String::new();
    let roles: Vec<String> = explanation.roles.iter().map(|role| name(*role)).collect();
    // Writing to a String cannot fail.
    let mut line = |text: &str| {
        let _infallible = writeln!(out, "{text}");
    };
    line(&format!("{} (among {rules} rules)", roles.join(", ")));
    line(&format!("  guard: {}", explanation.guard));
    match &explanation.witness {
        None => line("  witness: none; it runs whenever the guard holds"),
        Some(witness) => {
            line(&format!("  witness, {:.2} ns an event: one of", witness.cost));
            witness.tests.iter().for_each(|test| line(&format!("    {test}")));
            if let Some(residue) = &witness.residue {
                line(&format!("  or by its guard alone: {residue}"));
            }
        }
    }
    if !explanation.others.is_empty() {
        line("  witnesses that cost more:");
        for other in explanation.others.iter().take(SHOWN) {
            line(&format!("    {:>8.2} ns  {}", other.cost, other.tests.join(" or ")));
        }
    }
    line(&format!("  order, {:.0} ns a run:", explanation.cost));
    for step in &explanation.steps {
        let chance = step.chance * 100.0;
        line(&format!("    {:>6.0} ns  holds {chance:>3.0} %  {}", step.cost, step.text));
    }
    if explanation.equal > 0 {
        line(&format!("  evaluated once with {} equal conditions", explanation.equal));
    }
    if !explanation.shared.is_empty() {
        line("  shared with other rules:");
        for (test, rules) in &explanation.shared {
            line(&format!("    {rules:>5} rules  {test}"));
        }
    }
    out
}

fn json(explanation: &Explanation) -> Json {
    let choice = |choice: &Choice| {
        json!({
            "tests": choice.tests,
            "residue": choice.residue,
            "ns_per_event": choice.cost,
        })
    };
    let steps: Vec<Json> = explanation
        .steps
        .iter()
        .map(|step| json!({ "text": step.text, "ns": step.cost, "chance": step.chance }))
        .collect();
    let shared: Vec<Json> = explanation
        .shared
        .iter()
        .map(|(test, rules)| json!({ "test": test, "rules": rules }))
        .collect();
    json!({
        "roles": explanation.roles.iter().map(|role| name(*role)).collect::<Vec<_>>(),
        "guard": explanation.guard,
        "witness": explanation.witness.as_ref().map(choice),
        "others": explanation.others.iter().map(choice).collect::<Vec<_>>(),
        "steps": steps,
        "ns_per_run": explanation.cost,
        "shared": shared,
        "equal": explanation.equal,
    })
}
