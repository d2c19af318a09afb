//! Rules of each kind with a trial of their own: the plain form of their conditions. Whole
//! rules are tried in the tests of the program.

use super::{Sample, Unsolved, of};
use crate::compile::Planned;
use crate::lower;
use crate::plan::{Body, Rows, plain};
use crate::rule::Rule;
use crate::schema::Schema;
use bumpalo::Bump;
use detect_runtime::event::reference::Document;
use detect_runtime::plain::{Form, Scope};
use detect_runtime::value::{Cx, Warnings};

fn planned(language: &str, query: &str) -> Planned {
    let kind = match language {
        "esql" | "eql" => language,
        _ => "query",
    };
    let text = format!(
        "[rule]\nname = \"n\"\ndescription = \"d\"\nrule_id = \"6a8f1f8e-90b7-44a1-a4a5-1d4a9e1f2c01\"\n\
         type = {kind:?}\nlanguage = {language:?}\nseverity = \"low\"\nrisk_score = 21\nquery = '''{query}'''\n"
    );
    let rule = Rule::parse("r.toml", &text).expect("a rule");
    let lowered = lower::compile(&rule, &Schema::builtin()).expect("it compiles");
    Planned { rule, lowered }
}

/// How many of the documents satisfy the rule's condition.
fn hits(planned: &Planned, sample: &Sample) -> usize {
    let cond = match &planned.lowered.plan.body {
        Body::Events(cond) => cond,
        Body::Pipeline(pipeline) => match &pipeline.rows {
            Rows::Events { filter, .. } => filter,
            Rows::Constants(_) => return 0,
        },
        other => panic!("no trial for {other:?}"),
    };
    let form: Form = plain::form(cond);
    let holds = |event: &&serde_json::Value| {
        let document = Document::parse(event.to_string().as_bytes()).expect("a document");
        let (arena, warnings) = (Bump::new(), Warnings::default());
        let cx = Cx { arena: &arena, now: 0, warnings: &warnings };
        form.holds(&Scope::new(&document, cx))
    };
    sample.events.iter().filter(holds).count()
}

#[test]
fn conditions() {
    for (language, query) in [
        ("kuery", "process.name: (sh or ba*) and not user.name: root"),
        ("kuery", "destination.port >= 1024 and destination.port < 1030 and not process.args: -x"),
        ("kuery", "source.ip: 10.0.0.0/8 and event.outcome: success"),
        ("lucene", "process.name:/c[a-z]+d/ AND NOT user.id:S-1-5-18"),
        (
            "eql",
            "process where process.name : (\"a*.exe\", \"b.exe\") and process.args : \"-x\" and process.args : \"-y\"",
        ),
        (
            "eql",
            "process where length(process.command_line) > 300 and not process.name regex \"[a-c].*\"",
        ),
        (
            "eql",
            "file where file.path != null and user.id != \"S-1-5-18\" and (file.size > 10 or file.name == \"x\")",
        ),
        (
            "esql",
            "from logs-* | where to_lower(process.name) == \"cmd.exe\" and process.pid in (4, 8) and not user.name like \"*$\"",
        ),
        (
            "esql",
            "from logs-* | where cidr_match(source.ip, \"10.0.0.0/8\") and coalesce(user.name, user.id) rlike \"a[0-9]+\"",
        ),
        (
            "esql",
            "from logs-* | where case(event.action == \"x\", user.name, host.name) == \"y\" and starts_with(process.name, \"p\")",
        ),
    ] {
        let planned = planned(language, query);
        let samples = of(&planned, &mut |sample| hits(&planned, sample) > 0);
        let samples = samples.unwrap_or_else(|why| panic!("{query}: {why}"));
        assert_eq!(hits(&planned, &samples.alert), 1, "{query}");
        assert_eq!(hits(&planned, &samples.miss), 0, "{query}");
    }
}

/// As many documents as the thresholds ask for.
#[test]
fn thresholds() {
    let planned = planned(
        "esql",
        "from logs-* | where event.action in (\"a\", \"b\", \"c\") \
         | stats n = count(*), hosts = count_distinct(host.name), actions = count_distinct(event.action), \
           bad = sum(case(event.outcome == \"failure\", 1, 0)), good = count(*) where event.outcome == \"success\" by user.name \
         | where n >= 6 and hosts > 2 and actions == 3 and bad >= 4 and good >= 1",
    );
    let users = |sample: &Sample| {
        let of = |path: &str| -> Vec<String> {
            let mut all: Vec<String> = sample
                .events
                .iter()
                .map(|e| e.pointer(path).map(ToString::to_string).unwrap_or_default())
                .collect();
            all.sort();
            all
        };
        let distinct = |path: &str| {
            let mut all = of(path);
            all.dedup();
            all.len()
        };
        let outcomes = of("/event/outcome");
        let count = |outcome: &str| outcomes.iter().filter(|own| own.contains(outcome)).count();
        hits(&planned, sample) == sample.events.len()
            && sample.events.len() >= 6
            && distinct("/host/name") > 2
            && distinct("/event/action") == 3
            && distinct("/user/name") == 1
            && count("failure") >= 4
            && count("success") >= 1
    };
    let samples = of(&planned, &mut |sample| users(sample));
    assert!(samples.is_ok(), "{samples:?}");
}

#[test]
fn what_cannot_be_is_told() {
    let never = planned("kuery", "process.name: a and not process.name: a");
    assert_eq!(of(&never, &mut |_| true), Err(Unsolved::Nothing));
    let silent = planned("kuery", "process.name: a");
    assert!(matches!(of(&silent, &mut |_| false), Err(Unsolved::Silent(1))));
    assert!(matches!(of(&silent, &mut |_| true), Err(Unsolved::Loud(_))));
}
