//! The rules that are compiled into the program.

/// `rules/`, or what `DETECT_RULES` names at build time. Their long texts are in the
/// packed rule files already.
#[detect::ruleset(path = "rules", env = "DETECT_RULES", texts = false)]
pub(crate) struct Rules;
