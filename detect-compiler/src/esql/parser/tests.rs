use super::parse;
use crate::diagnostic::Complaint;
use std::path::Path;

/// A query and how its tree prints.
const ACCEPTED: &[(&str, &str)] = &[
    ("FROM a,b-* metadata _id, _index", "FROM a, b-* METADATA _id, _index"),
    ("from cluster:logs-*::failures // x", "FROM cluster:logs-*::failures"),
    ("from \"a b\", <logs-{now/d}>", "FROM a b, <logs-{now/d}>"),
    ("from a /* x /* nested */ y */ , b", "FROM a, b"),
    ("FROM (FROM a | WHERE b), c", "FROM (FROM a | WHERE `b`), c"),
    ("SET time_zone = \"+01:00\"; ROW a = 1", "SET time_zone = \"+01:00\"; ROW `a` = 1"),
    ("row a = 1, b = [1, -2], \"x\"", "ROW `a` = 1, `b` = [1, -2], \"x\""),
    ("row x = 1.5e3, y = .5, z = 1.", "ROW `x` = 1500.0, `y` = 0.5, `z` = 1.0"),
    (r#"row a = """c:\x\""""""#, r#"ROW `a` = "c:\\x\\\"\"""#),
    (r#"row a = "\t\"\\""#, r#"ROW `a` = "\t\"\\""#),
    ("from a | where x == 1 and y or not z", "FROM a | WHERE ((`x` == 1) AND `y`) OR (NOT `z`)"),
    ("from a | where not x in (1, 2)", "FROM a | WHERE NOT (`x` IN (1, 2))"),
    ("from a | where x not in (1)", "FROM a | WHERE `x` NOT IN (1)"),
    ("from a | where a == b is null", "FROM a | WHERE (`a` == `b`) IS NULL"),
    ("from a | where -x::int > 1 - 2 - 3", "FROM a | WHERE (-(`x`::int)) > ((1 - 2) - 3)"),
    (
        "from a | where x::string::version is not null",
        "FROM a | WHERE ((`x`::string)::version) IS NOT NULL",
    ),
    (
        "from a | where x like \"*\" or y rlike (\"a\", \"b\")",
        "FROM a | WHERE (`x` LIKE \"*\") OR (`y` RLIKE (\"a\", \"b\"))",
    ),
    ("from a | where source.`as`.number : \"x\"", "FROM a | WHERE `source.as.number`:\"x\""),
    ("from a | where @timestamp > now() - 5m", "FROM a | WHERE `@timestamp` > (now() - 5 minutes)"),
    ("from a | where f(x, {\"a\": 1, \"b\": {}})", "FROM a | WHERE f(`x`, {\"a\": 1, \"b\": {}})"),
    ("from a | where 1 + 2 * 3 % 4 == 5", "FROM a | WHERE (1 + ((2 * 3) % 4)) == 5"),
    ("from a | stats by b", "FROM a | STATS  BY `b`"),
    (
        "from a | stats c = count(*) where x > 1, max(y) by z, w = f(v)",
        "FROM a | STATS `c` = count(*) WHERE `x` > 1, max(`y`) BY `z`, `w` = f(`v`)",
    ),
    (
        "from a | inline stats count() | inlinestats max(b)",
        "FROM a | INLINE STATS count() | INLINE STATS max(`b`)",
    ),
    ("from a | keep a.b*, *, `x y`.c", "FROM a | KEEP `a.b`*, *, `x y.c`"),
    ("from a | drop *_x", "FROM a | DROP *`_x`"),
    ("from a | rename a as b, c = d", "FROM a | RENAME `a` AS `b`, `d` AS `c`"),
    ("from a | sort a desc nulls last, b", "FROM a | SORT `a` DESC NULLS LAST, `b` ASC"),
    ("from a | limit 5 by b, c", "FROM a | LIMIT 5 BY `b`, `c`"),
    ("from a | mv_expand b.c", "FROM a | MV_EXPAND `b.c`"),
    (
        "from a | dissect m \"%{x}\" append_separator=\",\"",
        "FROM a | DISSECT `m` \"%{x}\" `append_separator` = \",\"",
    ),
    ("from a | grok m \"%{INT:x}\", \"b\"", "FROM a | GROK `m` \"%{INT:x}\", \"b\""),
    ("from a | enrich p on x with n = y, z", "FROM a | ENRICH p ON `x` WITH `n` = `y`, `z`"),
    ("from a | lookup join t on x, y", "FROM a | LOOKUP JOIN t ON `x`, `y`"),
    (
        "from a | lookup join t on x == y and z > 1",
        "FROM a | LOOKUP JOIN t ON (`x` == `y`) AND (`z` > 1)",
    ),
    ("from a | change_point v on k as t, p", "FROM a | CHANGE_POINT `v` ON `k` AS `t`, `p`"),
    (
        "from a | completion c = p with {\"inference_id\": \"m\"}",
        "FROM a | COMPLETION `c` = `p` WITH {\"inference_id\": \"m\"}",
    ),
    ("from a | sample 0.1", "FROM a | SAMPLE 0.1"),
    (
        "from a | fork (where x | limit 1) (sort y)",
        "FROM a | FORK (WHERE `x` | LIMIT 1) (SORT `y` ASC)",
    ),
];

#[test]
fn queries_parse() {
    for (query, printed) in ACCEPTED {
        match parse(query) {
            Ok(tree) => assert_eq!(tree.to_string(), *printed, "{query}"),
            Err(errors) => panic!("{query}: {errors:?}"),
        }
    }
}

#[test]
fn every_broken_query_names_its_errors() {
    let cases = include_str!("broken.txt");
    for case in cases.split("\n\n").map(str::trim).filter(|case| !case.is_empty()) {
        let (query, expected) = case.split_once("\n---\n").unwrap_or((case, ""));
        let found: Vec<String> = match parse(query) {
            Ok(tree) => vec![format!("parsed: {tree}")],
            Err(errors) => errors
                .iter()
                .map(|error| {
                    let place = &query[error.span()];
                    let help = error.help().map_or(String::new(), |help| format!(" ({help})"));
                    format!("`{place}`: {error}{help}")
                })
                .collect(),
        };
        assert_eq!(found.join("\n"), expected, "\n{query}");
    }
}

#[test]
fn nesting_has_a_limit_that_the_stack_bears() {
    for query in [
        format!("row a = {}1{}", "(".repeat(10_000), ")".repeat(10_000)),
        format!("row a = {}1", "-".repeat(10_000)),
        format!("row a = 1{}", " + 1".repeat(10_000)),
        format!("row a = {}true", "not ".repeat(10_000)),
        format!("from {}", "(from ".repeat(10_000)),
        format!("row a = {}", "f(".repeat(10_000)),
        format!("row a = 1{}", "::int".repeat(10_000)),
        format!("from a | {}", "fork (".repeat(10_000)),
    ] {
        assert!(parse(&query).is_err());
    }
    let wide = format!("row a = true{}", " and true".repeat(10_000));
    assert!(parse(&wide).is_ok());
    let deep = format!("row a = {}1{}", "(".repeat(60), ")".repeat(60));
    assert!(parse(&deep).is_ok());
}

#[test]
fn corpus_parses() {
    let corpus = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared/corpus"));
    let Ok(queries) = crate::esql::corpus::queries(corpus) else {
        eprintln!("skipped: no corpus at {}", corpus.display());
        return;
    };
    assert!(queries.len() > 100);
    for (path, query) in queries {
        if let Err(errors) = parse(&query) {
            panic!("{path}: {errors:?}");
        }
    }
}
