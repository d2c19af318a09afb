//! A stranger's crate that embeds rules (see [`scratch`]): what leads to a build of
//! its own, what rustc says, and what must not matter to the alerts: which other
//! rules there are, and how rules and their files are called.

mod scratch;

use scratch::{Crate, LISTS_ITS_RULES};
use serde_json::Value as Json;
use std::fs;
use std::path::Path;

fn rule(id: u8, query: &str) -> String {
    format!(
        "[rule]\nname = \"Rule {id}\"\ndescription = \"x\"\nrule_id = \"{id}\"\ntype = \"query\"\n\
         language = \"kuery\"\nseverity = \"low\"\nrisk_score = 1\nquery = '{query}'\n"
    )
}

/// One change of the folder, by what does it.
type Change = fn(&Crate);

#[test]
fn what_changes_is_built_and_nothing_else() {
    let own = Crate::new("rebuilt", &[], LISTS_ITS_RULES);
    own.write("rules/a.toml", &rule(1, "process.name: a"));
    let steps: &[(&str, bool, Change)] = &[
        ("the first build", true, |_| {}),
        ("nothing", false, |_| {}),
        ("a file changed", true, |own| own.write("rules/a.toml", &rule(1, "process.name: b"))),
        ("a file added", true, |own| own.write("rules/b.toml", &rule(2, "process.name: b"))),
        ("an old file added", true, |own| {
            own.bring_old("rules/c.toml", &rule(3, "process.name: c"));
        }),
        ("a file replaced by an old one", true, |own| {
            own.bring_old("rules/c.toml", &rule(3, "process.name: d"));
        }),
        ("nothing again", false, |_| {}),
        ("a file removed", true, |own| own.remove("rules/b.toml")),
        ("exceptions added", true, |own| {
            own.write(
                "rules/a.exceptions.toml",
                "[[item]]\nname = \"x\"\n[[item.entries]]\nfield = \"host.name\"\n\
                 type = \"match\"\nvalue = \"x\"\n",
            );
        }),
        ("samples added", true, |own| own.write("rules/a.tests.ndjson", "")),
        ("samples changed", true, |own| own.write("rules/a.tests.ndjson", "\n")),
        ("types of fields added", true, |own| {
            own.write("rules/detect-fields.toml", "[fields]\n\"acme.x\" = \"keyword\"\n");
        }),
        ("a profile added", true, |own| {
            own.write(
                "rules/detect-profile.toml",
                "[fields.\"process.name\"]\npresence = 0.5\nlength = 4\n",
            );
        }),
        ("exceptions removed", true, |own| own.remove("rules/a.exceptions.toml")),
        ("nothing at last", false, |_| {}),
    ];
    for (what, compiled, change) in steps {
        change(&own);
        let built = own.build(&[]);
        assert!(built.success, "{what}: {:#?}", built.errors);
        assert_eq!(built.compiled, *compiled, "{what}");
        assert_eq!(built.warnings, [""; 0], "{what}");
        assert_eq!(built.run(None).lines().collect::<Vec<_>>(), own.rules(), "{what}");
    }
    // Time stamps alone cannot show this one.
    let by_content = &[("DETECT_RULES_WATCH", "content")];
    own.build(by_content);
    own.overwrite_old("rules/a.toml", &rule(1, "process.name: e"));
    let built = own.build(by_content);
    assert!(built.compiled, "a file overwritten in its place with an older time");
    assert_eq!(built.run(None).lines().collect::<Vec<_>>(), own.rules());
}

#[test]
fn a_warning_sums_up_what_was_left_out() {
    let files = [
        ("rules/good.toml", rule(1, "process.name: a")),
        ("rules/broken.toml", rule(2, "process.name: (a")),
        ("rules/doubtful.toml", rule(3, "proces.nmae: a").replace("kuery", "lucene")),
    ];
    for (features, expected) in [(&[][..], 0), (&["warnings"], 1)] {
        let own = Crate::new("warned", features, LISTS_ITS_RULES);
        files.iter().for_each(|(path, text)| own.write(path, text));
        let built = own.build(&[]);
        assert!(built.success, "{:#?}", built.errors);
        assert_eq!(built.warnings.len(), expected, "{:#?}", built.warnings);
        for warning in &built.warnings {
            assert!(warning.contains("1 rules left out"), "{warning}");
            assert!(warning.contains("rules/broken.toml:9:"), "{warning}");
        }
    }
}

/// All messages of all rules come in one build, each with its place in the file.
#[test]
fn broken_rules_stop_the_build() {
    let own = Crate::new("stopped", &[], &LISTS_ITS_RULES.replace(", on_error = \"skip\"", ""));
    own.write("rules/a.toml", &rule(1, "process.name: (a"));
    own.write("rules/b.toml", &rule(2, "process.name > > b"));
    let built = own.build(&[]);
    assert!(!built.success);
    let all = built.errors.join("\n");
    for place in ["--> rules/a.toml:9:", "--> rules/b.toml:9:"] {
        assert!(all.contains(place), "{all}");
    }
}

/// Only a call that says so reads variables, and each of them is watched.
#[test]
fn a_variable_chooses_the_rules() {
    let with_variable =
        LISTS_ITS_RULES.replace(", on_error = \"skip\"", ", env = \"SCRATCH_RULES\"");
    let own = Crate::new("chosen", &[], &with_variable);
    own.write("rules/a.toml", &rule(1, "process.name: a"));
    own.write("other/b.toml", &rule(2, "process.name: b"));
    own.write("other/broken.toml", &rule(3, "process.name: (a"));
    let names = |variables: &[(&str, &str)]| {
        let built = own.build(variables);
        assert!(built.success, "{variables:?}: {:#?}", built.errors);
        let printed = built.run(None);
        let names = printed.lines().filter_map(|line| line.split(' ').next());
        (built.compiled, names.map(str::to_owned).collect::<Vec<_>>())
    };
    let files = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
    assert_eq!(names(&[]), (true, files(&["a.toml"])));
    let chosen = ("SCRATCH_RULES", "other");
    let stopped = own.build(&[chosen]);
    assert!(stopped.errors.iter().any(|error| error.contains("--> other/broken.toml:9:")));
    let skip = ("DETECT_ON_ERROR", "skip");
    assert_eq!(names(&[chosen, skip]), (true, files(&["b.toml", "broken.toml"])));
    assert!(!names(&[chosen, skip]).0, "nothing changed");
    let absolute = own.path("rules");
    let absolute = ("SCRATCH_RULES", absolute.to_str().expect("UTF-8"));
    assert_eq!(names(&[absolute]), (true, files(&["a.toml"])));
    // The variable of the program is none of this call's.
    assert_eq!(names(&[absolute, ("DETECT_RULES", "other")]), (false, files(&["a.toml"])));
    assert_eq!(names(&[]), (true, files(&["a.toml"])));
}

/// Scans a file with three rulesets and prints the alerts, each behind the name of
/// its ruleset.
const SCANS: &str = r#"
use detect::{Engine, Options, Ruleset};

mod alone {
    #[detect::ruleset(path = "rules/alone")]
    pub struct Rules;
}
mod among_others {
    #[detect::ruleset(path = "rules/among_others")]
    pub struct Rules;
}
mod renamed {
    #[detect::ruleset(path = "rules/renamed")]
    pub struct Rules;
}

fn main() {
    let bytes = std::fs::read(std::env::args().nth(1).expect("a file")).expect("events");
    scan::<alone::Rules>("alone", &bytes);
    scan::<among_others::Rules>("among_others", &bytes);
    scan::<renamed::Rules>("renamed", &bytes);
}

fn scan<R: Ruleset>(name: &str, bytes: &[u8]) {
    let mut engine = Engine::<R>::new(Options::default()).expect("a table of this version");
    let mut alerts: Vec<String> = Vec::new();
    engine.feed(bytes, &mut alerts);
    engine.finish(&mut alerts);
    for alert in alerts {
        println!("{name} {alert}");
    }
}
"#;

/// Copies the rules of a folder of the project; `change` gives new names (empty: as it
/// was) and texts.
fn copy(own: &Crate, from: &str, to: &str, change: impl Fn(usize, &str) -> (String, String)) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(from);
    let mut paths: Vec<_> =
        fs::read_dir(folder).expect("rules").flatten().map(|entry| entry.path()).collect();
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "toml"));
    paths.sort();
    for (number, path) in paths.iter().enumerate() {
        let text = fs::read_to_string(path).expect("a rule");
        let (name, text) = change(number, &text);
        let name = if name.is_empty() {
            path.file_name().expect("a file").to_str().expect("UTF-8").to_owned()
        } else {
            name
        };
        own.write(&format!("rules/{to}/{name}"), &text);
    }
}

#[test]
fn other_rules_and_names_do_not_matter() {
    let own = Crate::new("metamorphic", &[], SCANS);
    let as_it_is = |_: usize, text: &str| (String::new(), text.to_owned());
    copy(&own, "rules/linux", "alone", as_it_is);
    copy(&own, "rules/linux", "among_others/linux", as_it_is);
    copy(&own, "tests/data/types", "among_others/types", as_it_is);
    copy(&own, "tests/data/sleep", "among_others/sleep", as_it_is);
    // The order of rules is that of their ids: here it is reversed.
    let id = |number: usize| format!("ffffffff-0000-4000-8000-00000000000{}", 9 - number);
    copy(&own, "rules/linux", "renamed", |number, text| {
        let line = text.lines().find(|line| line.starts_with("rule_id")).expect("an id");
        let text = text.replace(line, &format!("rule_id = \"{}\"", id(number)));
        (format!("{}.toml", 9 - number), text)
    });
    let built = own.build(&[]);
    assert!(built.success, "{:#?}", built.errors);
    let events = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/events.ndjson");
    let printed = built.run(events.to_str());
    let of = |ruleset: &str| -> Vec<Json> {
        let alerts = printed.lines().filter_map(|line| line.strip_prefix(ruleset));
        alerts.map(|alert| serde_json::from_str(alert).expect("JSON")).collect()
    };
    let alone = of("alone ");
    assert!(alone.len() > 5, "{} alerts", alone.len());
    let rule_id = |alert: &Json| alert["kibana.alert.rule.rule_id"].clone();
    let mut among_others = of("among_others ");
    let all = among_others.len();
    among_others.retain(|alert| alone.iter().any(|own| rule_id(own) == rule_id(alert)));
    assert!(among_others.len() < all, "no other rule alerts");
    assert_eq!(among_others, alone, "among other rules");
    // Identities hang on the id, and rules of one event alert in the order of ids.
    assert_eq!(without_identity(of("renamed ")), without_identity(alone), "renamed");
}

/// Alerts as sorted texts, without what a rule's id is part of.
fn without_identity(alerts: Vec<Json>) -> Vec<String> {
    let strip = |mut alert: Json| {
        let members = alert.as_object_mut().expect("an alert is an object");
        for name in ["kibana.alert.uuid", "kibana.alert.rule.rule_id", "kibana.alert.rule.uuid"] {
            assert!(members.remove(name).is_some(), "{name}");
        }
        alert.to_string()
    };
    let mut texts: Vec<String> = alerts.into_iter().map(strip).collect();
    texts.sort();
    texts
}
