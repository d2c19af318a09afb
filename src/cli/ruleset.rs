//! The rules that are compiled into the program.

/// `rules/`, or what `DETECT_RULES` names at build time.
#[detect::ruleset(path = "rules", env = "DETECT_RULES")]
pub(crate) struct Rules;
