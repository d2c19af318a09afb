//! Samples made of the rules' own literals, for each public ES|QL rule: the compiled engine
//! and reference mode agree on each, a rule alerts on the one and not on the other. Skipped,
//! saying so, where `../shared` is not there.
//!
//! `tests/data/samples.txt` names the rules that have no samples, with the reason.

#[cfg(not(shared_corpus))]
#[test]
fn every_rule_has_samples() {
    println!("skipped: ../shared/corpus is not there");
}

#[cfg(shared_corpus)]
mod compiled {
    use detect::runtime::engine::Ruleset;
    use detect::runtime::rule_test::Case;
    use detect_compiler::compile::{self, Options};
    use detect_compiler::expand::OnError;
    use detect_compiler::rule::read_folder;
    use detect_compiler::samples::{self, Sample, Samples, Unsolved};
    use std::collections::BTreeMap;
    use std::path::Path;

    detect_suite::esql_rules!(Rules);

    /// How many rules of which there are must have both samples, in hundredths.
    const LEAST: usize = 80;

    /// Path and reason of the rules without samples; the first line says of how many rules.
    fn reasons() -> (usize, BTreeMap<String, String>) {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/samples.txt");
        let text = std::fs::read_to_string(path).expect("the table of reasons");
        let (first, rest) = text.split_once('\n').expect("a first line");
        let row = |line: &str| line.split_once('\t').map(|(a, b)| (a.to_owned(), b.to_owned()));
        (first.parse().expect("a number"), rest.lines().filter_map(row).collect())
    }

    /// Alerts of the rule, in both modes.
    fn alerts(case: &str, path: &str) -> usize {
        let case = Case::parse(case).expect("a case");
        let compiled = case.alerts::<Rules>(false).expect("it runs");
        let reference = case.alerts::<Rules>(true).expect("it runs");
        assert_eq!(compiled, reference, "{path}: both modes agree");
        compiled
    }

    fn line(sample: &Sample, planned: &compile::Planned) -> String {
        sample.line(&planned.rule)
    }

    #[test]
    fn every_rule_has_samples() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/corpus/detection-rules");
        let folder = read_folder(&root).expect("the corpus");
        let options = Options { on_error: OnError::Skip, texts: false, ..Options::default() };
        let plans = compile::plans(&folder, &options);
        let known = |path: &str| Rules::table().rules.iter().any(|rule| rule.info.path == path);
        let rules = plans.rules.iter().filter(|planned| known(&planned.rule.path));
        let mut unsolved: BTreeMap<String, Unsolved> = BTreeMap::new();
        let mut solved = 0;
        for planned in rules {
            let path = planned.rule.path.to_string();
            let mut trial = |sample: &Sample| alerts(&line(sample, planned), &path) > 0;
            match samples::of(planned, &mut trial) {
                Ok(Samples { alert, miss }) => {
                    println!("{path}\t{} events, {}", alert.events.len(), miss.name);
                    Case::parse(&line(&alert, planned)).unwrap().run::<Rules>().expect("it alerts");
                    Case::parse(&line(&miss, planned)).unwrap().run::<Rules>().expect("silent");
                    solved += 1;
                }
                Err(why) => drop(unsolved.insert(path.clone(), why)),
            }
        }
        let total = solved + unsolved.len();
        for (path, why) in &unsolved {
            println!("{path}\t{why}");
        }
        println!("{solved} of {total} rules have both samples");
        assert!(solved * 100 >= total * LEAST, "{solved} of {total}");
        let (of, reasons) = reasons();
        // Other rules than those of the table have other reasons.
        if of == total {
            let listed: Vec<&String> = reasons.keys().collect();
            let found: Vec<&String> = unsolved.keys().collect();
            assert_eq!(found, listed, "rules without samples, and those of the table");
        }
    }
}
