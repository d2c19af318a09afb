use super::super::{Options, plans};
use super::*;
use crate::rule::{File, Folder};

/// `NAME | extra TOML | index | query`
fn stratum_of(rules: &[(&str, &str, &str, &str)]) -> Vec<(String, u32)> {
    let file = |(id, extra, index, query): &(&str, &str, &str, &str)| File {
        path: format!("{id}.toml"),
        bytes: format!(
            "[rule]\nname = \"{id}\"\ndescription = \"d\"\nrule_id = \"{id}\"\ntype = \"query\"\n\
             severity = \"low\"\nrisk_score = 21\nlanguage = \"kuery\"\nindex = [\"{index}\"]\n\
             {extra}\nquery = '''{query}'''\n"
        )
        .into_bytes(),
    };
    let folder = Folder { files: rules.iter().map(file).collect() };
    let options = Options { runtime: quote::quote!(runtime), ..Options::default() };
    let plans = plans(&folder, &options);
    assert!(plans.refused.is_empty(), "{:?}", plans.refused);
    let strata = strata(&plans.rules);
    plans.rules.iter().map(|rule| rule.rule.id.value.clone()).zip(strata).collect()
}

const ALERT: &str = ".alerts-security.*";

#[test]
fn rules_stand_above_those_that_feed_them() {
    let rows: &[(&str, &str, &str, &str, u32)] = &[
        ("a", "", "logs-*", "process.name: x", 0),
        ("everything", "", "*", "process.name: x", 0),
        // Only what `a` says satisfies it, so nothing above feeds it.
        ("b", "", ALERT, "kibana.alert.rule.name: a", 1),
        // The highest name first: the order is not that of ids.
        ("z", "tags = [\"T\"]", ".internal.alerts-security*", "kibana.alert.rule.rule_id: b", 2),
        ("c", "", ALERT, "kibana.alert.rule.tags: T and host.name: h", 3),
        ("d", "", ALERT, "kibana.alert.rule.name: c and not kibana.alert.rule.tags: T", 4),
    ];
    let given: Vec<_> = rows.iter().map(|row| (row.0, row.1, row.2, row.3)).collect();
    let mut expected: Vec<_> = rows.iter().map(|row| (row.0.to_owned(), row.4)).collect();
    expected.sort();
    assert_eq!(stratum_of(&given), expected);
}

#[test]
fn a_cycle_is_one_stratum() {
    let found = stratum_of(&[
        ("a", "tags = [\"Ring\"]", ALERT, "kibana.alert.rule.tags: Ring"),
        ("b", "tags = [\"Ring\"]", ALERT, "kibana.alert.rule.tags: Ring"),
        ("under", "", ALERT, "kibana.alert.rule.name: nobody"),
        ("over", "", ALERT, "kibana.alert.rule.name: (a or b)"),
    ]);
    let of = |id: &str| found.iter().find(|(known, _)| known == id).expect("a rule").1;
    assert_eq!(of("a"), of("b"));
    assert!(of("over") > of("a"), "{found:?}");
    assert_ne!(of("under"), of("a"));
}

#[test]
fn what_an_alert_may_change_is_not_known() {
    // The name comes from the event: it may be anything.
    let found = stratum_of(&[
        ("named", "rule_name_override = \"message\"", ALERT, "kibana.alert.rule.rule_id: x"),
        ("reader", "", ALERT, "kibana.alert.rule.name: whatever"),
        ("fixed", "", ALERT, "kibana.alert.rule.name: other"),
    ]);
    let of = |id: &str| found.iter().find(|(known, _)| known == id).expect("a rule").1;
    assert!(of("reader") > of("named") && of("fixed") > of("named"), "{found:?}");
}
