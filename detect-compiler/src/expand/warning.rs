//! What rustc says of a ruleset that compiles: one warning for all rules that were
//! left out and all lints.
//!
//! A macro on the stable compiler cannot warn. It can use a deprecated item, the
//! note of which is the text. That would break a build with `-D warnings`, so the
//! caller asks for it.

use crate::compile::Compiled;
use crate::diagnostic::Report;
use proc_macro2::TokenStream;
use quote::quote;
use std::fmt::Write as _;

/// Lines that the text has at most: `detect check` shows the rest, and the places.
const LINES: usize = 40;

/// A use of a deprecated constant, or nothing where there is nothing to say.
pub(super) fn of(compiled: &Compiled) -> TokenStream {
    let Some(text) = text(compiled) else { return TokenStream::new() };
    quote! {
        const _: () = {
            #[deprecated(note = #text)]
            const RULESET: () = ();
            RULESET
        };
    }
}

fn text(compiled: &Compiled) -> Option<String> {
    let refused = compiled.refused.iter().flat_map(Report::lines);
    let warned = compiled.warnings.iter().flat_map(Report::lines);
    let lints: usize = compiled.warnings.iter().map(|report| report.problems.len()).sum();
    let lines: Vec<String> = refused.chain(warned).collect();
    if lines.is_empty() {
        return None;
    }
    let left_out = compiled.refused.len();
    let mut text = format!("{left_out} rules left out, {lints} warnings about others");
    for line in lines.iter().take(LINES) {
        let _infallible = write!(text, "\n    {line}");
    }
    if let Some(more @ 1..) = lines.len().checked_sub(LINES) {
        let _infallible = write!(text, "\n    and {more} more: `detect check` shows all");
    }
    Some(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compile::{Options, compile};
    use crate::expand::OnError;
    use crate::rule::{File, Folder};

    fn compiled(queries: &[&str]) -> Compiled {
        let file = |(number, query): (usize, &&str)| File {
            path: format!("{number}.toml"),
            bytes: format!(
                "[rule]\nname = \"x\"\ndescription = \"x\"\nrule_id = \"{number}\"\n\
                 type = \"esql\"\nseverity = \"low\"\nrisk_score = 1\n\
                 query = 'from logs-* metadata _id | {query}'\n"
            )
            .into_bytes(),
        };
        let folder = Folder { files: queries.iter().enumerate().map(file).collect() };
        let options =
            Options { on_error: OnError::Skip, below: "rules".to_owned(), ..Options::default() };
        compile(&folder, &options).expect("what does not compile is skipped")
    }

    #[test]
    fn nothing_to_say() {
        assert_eq!(text(&compiled(&["where process.name == \"a\""])), None);
    }

    #[test]
    fn one_line_a_problem() {
        let said = text(&compiled(&[
            "wher process.name == \"a\"",
            "where process.name == \"a\"",
            "where proces.name == \"a\"",
        ]))
        .expect("something is wrong");
        let lines: Vec<&str> = said.lines().collect();
        assert!(lines[0].starts_with("1 rules left out, "), "{said}");
        assert!(lines[1].starts_with("    rules/0.toml:8:"), "{said}");
        assert!(lines[1].contains("wher"), "{said}");
        assert!(lines.iter().all(|line| !line.contains("1.toml")), "{said}");
    }

    #[test]
    fn long_lists_end() {
        let said = text(&compiled(&["wher x == 1"; 60])).expect("all are wrong");
        assert_eq!(said.lines().count(), 2 + LINES, "{said}");
        assert!(said.ends_with("and 20 more: `detect check` shows all"), "{said}");
    }
}
