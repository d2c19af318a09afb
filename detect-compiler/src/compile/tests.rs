use super::{Options, plans};
use crate::rule::{File, Folder};

fn rule(id: &str) -> File {
    let text = format!(
        "[rule]\nname = \"{id}\"\ndescription = \"d\"\nrule_id = \"{id}\"\ntype = \"esql\"\n\
         severity = \"low\"\nrisk_score = 21\nlanguage = \"esql\"\n\
         query = '''from logs-* | where event.type == \"start\" and user.name != \"x\"'''\n"
    );
    File { path: format!("{id}.toml"), bytes: text.into_bytes() }
}

/// Rule and lint of each warning.
fn warned(allow: &[&str]) -> Vec<String> {
    let folder = Folder { files: vec![rule("a"), rule("b")] };
    let options = Options {
        allow: allow.iter().map(|&lint| lint.to_owned()).collect(),
        runtime: quote::quote!(runtime),
        ..Options::default()
    };
    let plans = plans(&folder, &options);
    let of = |report: &crate::diagnostic::Report| {
        let path = report.path.trim_end_matches(".toml").to_owned();
        let lints = report.problems.iter().filter_map(|problem| problem.lint);
        lints.map(move |lint| format!("{path} {lint}")).collect::<Vec<_>>()
    };
    plans.warnings.iter().flat_map(of).collect()
}

#[test]
fn a_lint_is_silent_for_one_rule_or_for_all() {
    const ARRAY: &str = "array_comparison";
    let all = [
        "a array_comparison",
        "a negation_drops_missing",
        "b array_comparison",
        "b negation_drops_missing",
    ];
    assert_eq!(warned(&[]), all);
    assert_eq!(warned(&[ARRAY]), [all[1], all[3]]);
    assert_eq!(warned(&["array_comparison:b"]), [all[0], all[1], all[3]]);
    assert_eq!(warned(&["array_comparison:a", "negation_drops_missing"]), [all[2]]);
    assert_eq!(warned(&["array", "array_comparison:", "a"]), all, "no names of lints");
}
