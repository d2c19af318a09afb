//! From the files of a folder to the tokens of a ruleset: the stages in their
//! order.
//!
//! In: a [`Folder`] in memory. Out: tokens, and what was left out. Must not know
//! where the files lie nor what a macro is.

mod strata;

use crate::code;
use crate::diagnostic::Report;
use crate::expand::OnError;
use crate::lower;
use crate::plan::{Ask, ShapeEntry, plain};
use crate::rule::{Folder, Rule};
use crate::ruleset::statistics::{ProfileError, Statistics};
use crate::ruleset::{self, Ruleset};
use crate::schema::Schema;
use detect_runtime::json::layout::{Flags, LayoutError};
use detect_runtime::state::Encode;
use proc_macro2::TokenStream;
use std::collections::HashSet;
use std::fmt::Write as _;

/// How a folder is compiled.
#[derive(Clone, Debug)]
pub struct Options {
    /// What happens to rules that do not compile.
    pub on_error: OnError,
    /// Lints that are silent.
    pub allow: Vec<String>,
    /// Path of the runtime crate in the generated code.
    pub runtime: TokenStream,
    /// Stands before the paths of files in messages (`rules`).
    pub below: String,
    /// Whether rules carry their long texts (note, setup, query) for full alerts.
    pub texts: bool,
}

/// Any rule that does not compile stops, all lints speak, rules carry their texts; the
/// runtime has no name, which is enough where no code is wanted.
impl Default for Options {
    fn default() -> Options {
        Options {
            on_error: OnError::Stop,
            allow: Vec::new(),
            runtime: TokenStream::new(),
            below: String::new(),
            texts: true,
        }
    }
}

/// A compiled ruleset.
#[derive(Debug)]
pub struct Compiled {
    /// Items of the generated module.
    pub tokens: TokenStream,
    /// Paths of all files that were read, below the folder.
    pub files: Vec<String>,
    /// Warnings of rules that compile.
    pub warnings: Vec<Report>,
    /// Reports on rules that were left out.
    pub refused: Vec<Report>,
}

/// Why there are no tokens.
#[derive(Debug)]
pub enum Failure {
    /// Rules do not compile.
    Rules(Vec<Report>),
    /// The fields do not fit the projector's table.
    Layout(LayoutError),
    /// `detect-profile.toml` is no profile.
    Profile(ProfileError),
}

/// One rule with its plan.
#[derive(Clone, Debug)]
pub struct Planned {
    /// The rule.
    pub rule: Rule,
    /// What the front end made of it.
    pub lowered: lower::Compiled,
}

/// The rules of a folder as plans, and reports on those that have none.
#[derive(Debug)]
pub struct Plans {
    /// Rules that compile, sorted by id and then by path.
    pub rules: Vec<Planned>,
    /// Reports on the others, and on files that are no rules.
    pub refused: Vec<Report>,
    /// Warnings.
    pub warnings: Vec<Report>,
    /// The folder's field types.
    pub schema: Schema,
    /// Hash of the folder's field types.
    pub fields_hash: u64,
    /// Text of the folder's profile.
    pub profile: Option<String>,
}

/// Runs the front ends over a folder. All rules are tried, whatever becomes of
/// the others.
pub fn plans(folder: &Folder, options: &Options) -> Plans {
    let read = folder.ruleset();
    let mut plans = Plans {
        rules: Vec::new(),
        refused: read.refused,
        warnings: Vec::new(),
        schema: read.schema,
        fields_hash: read.fields_hash,
        profile: read.profile,
    };
    match options.on_error {
        OnError::Stop => plans.refused.extend(read.duplicates),
        OnError::Skip => plans.warnings.extend(read.duplicates),
    }
    for rule in read.rules {
        match lower::compile(&rule, &plans.schema) {
            Ok(lowered) => {
                let warnings: Vec<_> = rule
                    .warnings
                    .iter()
                    .chain(&lowered.warnings)
                    .filter(|problem| !allowed(problem.lint, &rule, &options.allow))
                    .cloned()
                    .collect();
                if !warnings.is_empty() {
                    plans.warnings.push(rule.report(warnings));
                }
                plans.rules.push(Planned { rule, lowered });
            }
            Err(reports) => plans.refused.extend(reports),
        }
    }
    let key = |planned: &Planned| (planned.rule.id.value.clone(), planned.rule.path.clone());
    plans.rules.sort_by_key(key);
    let reports = plans.refused.iter_mut().chain(&mut plans.warnings);
    reports.for_each(|report| {
        if !options.below.is_empty() {
            report.path = format!("{}/{}", options.below, report.path).into();
        }
    });
    plans
}

/// Whether `allow` silences a lint: `lint` does for all rules, `lint:rule id` for one.
pub fn allowed(lint: Option<&str>, rule: &Rule, allow: &[String]) -> bool {
    lint.is_some_and(|lint| {
        allow.iter().any(|entry| match entry.split_once(':') {
            Some((name, id)) => name == lint && id == rule.id.value,
            None => entry == lint,
        })
    })
}

/// Compiles a folder.
///
/// # Errors
/// [`Failure::Rules`] with every message of every rule, unless rules that do not
/// compile may be skipped.
pub fn compile(folder: &Folder, options: &Options) -> Result<Compiled, Failure> {
    let plans = plans(folder, options);
    if options.on_error == OnError::Stop && !plans.refused.is_empty() {
        return Err(Failure::Rules(plans.refused));
    }
    let ruleset = optimise(&plans).map_err(Failure::Profile)?;
    let mut rules = code_rules(&plans, &ruleset, options.texts);
    let refused: Vec<code::Refused> = plans
        .refused
        .iter()
        .map(|report| code::Refused {
            path: report.path.to_string(),
            reason: report.reason().to_owned(),
        })
        .collect();
    let mut files: Vec<(String, u64)> =
        folder.files.iter().map(|file| (file.path.clone(), file.content_hash())).collect();
    files.sort();
    let tokens = code::generate(code::Input {
        rules: &mut rules,
        ruleset: &ruleset,
        refused: &refused,
        files: &files,
        runtime: options.runtime.clone(),
    })
    .map_err(Failure::Layout)?;
    Ok(Compiled {
        tokens,
        files: files.into_iter().map(|(path, _)| path).collect(),
        warnings: plans.warnings,
        refused: plans.refused,
    })
}

/// Runs the optimiser over all plans.
///
/// # Errors
/// [`ProfileError`] if the folder's profile is none.
pub fn optimise(plans: &Plans) -> Result<Ruleset, ProfileError> {
    let inputs: Vec<_> = plans
        .rules
        .iter()
        .enumerate()
        .map(|(number, planned)| (number, &planned.lowered.plan))
        .collect();
    let lineages = plans.rules.iter().any(|planned| !planned.lowered.plan.lineages.is_empty());
    let mut fields: Vec<&str> = code::engine_fields();
    if lineages {
        fields.extend(code::lineage_fields());
    }
    let overrides = plans.rules.iter().filter_map(|p| p.rule.timestamp_override.as_deref());
    fields.extend(overrides);
    let mut fields: Vec<(String, Flags)> =
        fields.into_iter().map(|path| (path.to_owned(), Flags::NONE)).collect();
    let shapes = plans.rules.iter().flat_map(|planned| &planned.lowered.exceptions.shapes);
    fields.extend(shapes.flat_map(|shape| &shape.entries).filter_map(asked));
    let statistics = match &plans.profile {
        Some(profile) => Statistics::with_profile(profile)?,
        None => Statistics::default(),
    };
    Ok(ruleset::build(&inputs, &ruleset::Options { statistics, fields }))
}

/// The field that an exception reads.
fn asked(entry: &ShapeEntry) -> Option<(String, Flags)> {
    match &entry.ask {
        Ask::Value(field) => Some((field.path.clone(), Flags::NONE)),
        Ask::Exists(field, objects) => {
            Some((field.path.clone(), if *objects { Flags::OBJECT } else { Flags::NONE }))
        }
        Ask::Nested(path, _) => Some((path.clone(), Flags::ELEMENTS)),
        Ask::Pattern(_) => None,
    }
}

fn code_rules(plans: &Plans, ruleset: &Ruleset, texts: bool) -> Vec<code::Rule> {
    let mut names = HashSet::new();
    let strata = strata::strata(&plans.rules);
    plans
        .rules
        .iter()
        .zip(&ruleset.rules)
        .zip(strata)
        .map(|((planned, entry), stratum)| {
            let Planned { rule, lowered } = planned;
            let plain = entry
                .conditions
                .clone()
                .filter_map(|number| ruleset.conditions.get(number))
                .map(|condition| {
                    let mut bytes = Vec::new();
                    if let Some(role) = condition.roles.first()
                        && let Some(cond) = ruleset::condition_of(&lowered.plan, *role)
                    {
                        plain::form(cond).encode(&mut bytes);
                    }
                    bytes
                })
                .collect();
            code::Rule {
                name: item_name(rule, &mut names),
                plan: lowered.plan.clone(),
                schedule: code::Schedule {
                    interval: rule.schedule.interval,
                    lookback: rule.schedule.lookback,
                },
                timestamp_override: rule.timestamp_override.clone(),
                info: lower::info_tokens(rule, lowered, plans.fields_hash, texts),
                meaning: rule.meaning_hash(plans.fields_hash),
                stratum,
                exceptions: (lowered.exceptions.shapes.clone(), lowered.exceptions.items.clone()),
                plain,
            }
        })
        .collect()
}

/// A name for a rule's items: its id with `_`, and for a repeated id the hash of
/// its path.
fn item_name(rule: &Rule, names: &mut HashSet<String>) -> String {
    let word = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '_' };
    let mut name: String = "r".chars().chain(rule.id.value.chars().map(word)).collect();
    if !names.insert(name.clone()) {
        let hash = detect_runtime::alert::content_hash(rule.path.as_bytes());
        let _infallible = write!(name, "_{hash:016x}");
        names.insert(name.clone());
    }
    name
}

#[cfg(test)]
mod tests;
