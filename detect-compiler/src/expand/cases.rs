//! `detect::rule_tests!`: the samples beside the rules as tests of the user's
//! crate.
//!
//! A file of samples becomes a module, a case a function. The text of the file is
//! part of the test program by `include_str!`, so cargo watches it; which case a
//! function runs is the number of its line.

use super::{Attribute, Place, facade, tracked};
use crate::rule::{File, read_folder};
use proc_macro2::{Ident, Span, TokenStream};
use quote::quote;
use serde_json::Value as Json;
use std::collections::HashSet;

/// Ends the name of a file of samples.
const ENDING: &str = ".tests.ndjson";

/// The arguments of `detect::rule_tests!(...)`.
#[derive(Clone)]
pub struct Cases {
    /// Where the rules are; what it says of rules that do not compile plays no part.
    pub place: Attribute,
    /// The struct that `#[detect::ruleset]` annotates.
    pub ruleset: syn::Path,
}

/// Expands the macro.
pub fn expand_cases(cases: &Cases) -> TokenStream {
    let place = Place::of(&cases.place);
    let read = place.and_then(|place| {
        let folder = read_folder(&place.root).map_err(|error| error.to_string())?;
        Ok((place, folder))
    });
    let (place, folder) = match read {
        Ok(read) => read,
        Err(message) => return syn::Error::new(Span::call_site(), message).to_compile_error(),
    };
    let (ruleset, facade) = (&cases.ruleset, facade(&cases.place));
    let variables = tracked::variables(&cases.place);
    let mut names = Names::default();
    let files = folder.samples().map(|file| {
        let stem = file.path.strip_suffix(ENDING).unwrap_or(&file.path);
        let name = names.take(stem, "rules");
        module(&name, file, &place, &facade)
    });
    quote! {
        #[cfg(test)]
        #[allow(dead_code, reason = "without samples nothing names it")]
        type RulesetUnderTest = #ruleset;

        #[cfg(test)]
        mod rule_tests {
            #variables
            #(#files)*
        }
    }
}

/// The tests of a file.
fn module(name: &Ident, file: &File, place: &Place, facade: &TokenStream) -> TokenStream {
    let text = String::from_utf8_lossy(&file.bytes);
    let path = tracked::path_of(place, &file.path);
    let shown = format!("{}/{}", place.given, file.path);
    let mut names = Names::besides("run");
    let lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
    let tests = lines.map(|(index, line)| {
        let number = index + 1;
        let case: Json = serde_json::from_str(line).unwrap_or_default();
        let name = names.take(case["name"].as_str().unwrap_or_default(), &format!("line_{number}"));
        quote! {
            #[test]
            fn #name() {
                run(#number);
            }
        }
    });
    quote! {
        mod #name {
            const CASES: &str = include_str!(#path);

            #[track_caller]
            fn run(line: usize) {
                let done = #facade::runtime::rule_test::run_line::<super::super::RulesetUnderTest>(CASES, line);
                if let Err(error) = done {
                    panic!("{}:{line}: {error}", #shown);
                }
            }

            #(#tests)*
        }
    }
}

/// Names of functions or modules, each once.
#[derive(Default)]
struct Names(HashSet<String>);

impl Names {
    /// With a name that is taken.
    fn besides(name: &str) -> Names {
        Names(HashSet::from([name.to_owned()]))
    }

    /// A name as near to the text as an identifier can be; `fallback` where nothing
    /// is left of it, a number behind it where it was taken before.
    fn take(&mut self, text: &str, fallback: &str) -> Ident {
        let mut name = snake(text);
        if name.is_empty() {
            fallback.clone_into(&mut name);
        }
        if name.starts_with(|c: char| c.is_ascii_digit()) || syn::parse_str::<Ident>(&name).is_err()
        {
            name.insert_str(0, "case_");
        }
        let mut unique = name.clone();
        let mut count = 1;
        while !self.0.insert(unique.clone()) {
            count += 1;
            unique = format!("{name}_{count}");
        }
        Ident::new(&unique, Span::call_site())
    }
}

/// Letters and digits of ASCII in lower case, everything else one underscore.
fn snake(text: &str) -> String {
    let words = text.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    words.map(str::to_ascii_lowercase).collect::<Vec<_>>().join("_")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_readable_and_unique() {
        let mut names = Names::besides("run");
        let rows = [
            ("scp below a shell, once", "scp_below_a_shell_once"),
            ("Scp below a shell: once!", "scp_below_a_shell_once_2"),
            ("match", "case_match"),
            ("3 ports", "case_3_ports"),
            ("\u{65e5}\u{672c}", "line_7"),
            ("", "line_7_2"),
            ("run", "run_2"),
        ];
        for (text, name) in rows {
            assert_eq!(names.take(text, "line_7"), name, "{text}");
        }
    }
}
