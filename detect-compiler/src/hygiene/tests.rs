//! Claims against the plain form: on rules written for it, on random rules and random
//! documents, and on all public rules with documents made of their own literals.

use super::atoms::Atoms;
use super::facts::Facts;
use super::pairs::implies;
use super::{BUDGET, Blind, Data, Hygiene, Relation};
use crate::compile::Planned;
use crate::lower;
use crate::plan::{Body, Cond, Field, Plan, plain};
use crate::rule::{File, Folder, Rule, read_folder};
use crate::ruleset;
use crate::schema::Schema;
use bumpalo::Bump;
use detect_runtime::event::reference::Document;
use detect_runtime::plain::{Form, Scope};
use detect_runtime::test::{Fold, Glob, Number, Order, Piece, Test};
use detect_runtime::text::glob;
use detect_runtime::value::{Cx, Type, Warnings};
use proptest::prelude::*;
use std::path::Path;

fn holds(form: &Form, document: &Document) -> bool {
    let (arena, warnings) = (Bump::new(), Warnings::default());
    form.holds(&Scope::new(document, Cx { arena: &arena, now: 0, warnings: &warnings }))
}

fn planned(source: &str) -> Planned {
    let rule = Rule::parse("rule.toml", source).expect("a rule");
    let lowered = lower::compile(&rule, &Schema::builtin()).expect("a plan");
    Planned { rule, lowered }
}

/// A rule of a type around a query, with more members.
fn rule(id: &str, rule_type: &str, language: &str, members: &str, query: &str) -> Planned {
    let language = match rule_type {
        "esql" | "eql" => String::new(),
        _ => format!("language = \"{language}\"\n"),
    };
    let name = if rule_type == "esql" { "esql" } else { "eql" };
    let own = if language.is_empty() { format!("language = \"{name}\"\n") } else { language };
    planned(&format!(
        "[rule]\nname = \"{id}\"\ndescription = \"d\"\nrule_id = \"{id}\"\ntype = \"{rule_type}\"\n\
         severity = \"low\"\nrisk_score = 21\n{own}{members}\nquery = '''{query}'''\n"
    ))
}

fn relations(rules: &[Planned]) -> Vec<Relation> {
    let rules: Vec<&Planned> = rules.iter().collect();
    Hygiene::of(&rules, &Folder::default(), &Data::default()).relations
}

/// Two KQL queries: the first implies the second, and the other way round.
#[test]
fn queries_beside_each_other() {
    let rows = [
        ("process.name: cmd.exe", "process.name: (cmd.exe or sh)", true, false),
        ("process.name: cmd.exe", "process.name: *.exe", true, false),
        ("process.name: CMD.exe", "process.name: cmd.exe", false, false),
        ("process.name: a and event.code: 1", "event.code: 1", true, false),
        ("process.name: a or process.name: b", "process.name: (b or a)", true, true),
        ("not (process.name: a or event.code: 1)", "not process.name: a", true, false),
        ("not process.name: *", "not process.name: a", true, false),
        ("process.name: a", "process.name: *", true, false),
        // A field may have both.
        ("process.name: a and process.name: b", "process.name: a", true, false),
        ("process.name: a", "not process.name: b", false, false),
        ("process.pid > 5", "process.pid >= 5", true, false),
        ("process.pid > 5 and process.pid < 3", "process.pid > 4", true, false),
        ("process.pid: 7", "process.pid > 5", true, false),
        ("source.ip: \"10.1.0.0/16\"", "source.ip: \"10.0.0.0/8\"", true, false),
        ("source.ip: 10.1.2.3", "source.ip: \"10.0.0.0/8\"", true, false),
        (
            "process.name: a and (event.code: 1 or event.code: 2)",
            "(process.name: a and event.code: 1) or (process.name: a and event.code: 2)",
            true,
            true,
        ),
    ];
    for (a, b, there, back) in rows {
        let rules = [rule("a", "query", "kuery", "", a), rule("b", "query", "kuery", "", b)];
        let expected = match (there, back) {
            (true, true) => vec![Relation::Equal(0, 1)],
            (true, false) => vec![Relation::Narrower { narrow: 0, broad: 1 }],
            (false, true) => vec![Relation::Narrower { narrow: 1, broad: 0 }],
            (false, false) => vec![],
        };
        assert_eq!(relations(&rules), expected, "{a} / {b}");
    }
}

/// ES|QL reads one value: there two equalities exclude each other.
#[test]
fn languages_and_kinds_beside_each_other() {
    let esql = |id: &str, query: &str| rule(id, "esql", "", "", query);
    let head = "from logs-* metadata _id, _index, _version | where ";
    let a = esql("a", &format!("{head} process.name == \"a\""));
    let b = esql("b", &format!("{head} process.name != \"b\""));
    let c = esql("c", &format!("{head} process.name is not null"));
    let index = "index = [\"logs-*\"]";
    let d = rule("d", "query", "kuery", index, "process.name: a");
    let e = rule("e", "eql", "eql", index, "any where process.name in (\"a\", \"b\")");
    let found = relations(&[a, b, c, d, e]);
    let narrower = |narrow, broad| Relation::Narrower { narrow, broad };
    // ES|QL's equality is folded in no language here, EQL's is.
    let expected = [
        narrower(0, 1),
        narrower(0, 2),
        narrower(0, 3),
        narrower(0, 4),
        narrower(1, 2),
        narrower(3, 4),
    ];
    for one in expected {
        assert!(found.contains(&one), "{one:?} is not in {found:?}");
    }
    // Several values: not implied.
    assert!(!found.contains(&narrower(3, 1)), "{found:?}");
}

#[test]
fn heads_and_indices() {
    let threshold = |id: &str, least: u32, query: &str| {
        let members = format!("[rule.threshold]\nfield = [\"host.id\"]\nvalue = {least}\n");
        planned(&format!(
            "[rule]\nname = \"{id}\"\ndescription = \"d\"\nrule_id = \"{id}\"\ntype = \"threshold\"\n\
             severity = \"low\"\nrisk_score = 21\nlanguage = \"kuery\"\nquery = '''{query}'''\n{members}"
        ))
    };
    let high = threshold("a", 10, "event.code: 1 and process.name: a");
    let low = threshold("b", 5, "event.code: 1");
    let narrower = Relation::Narrower { narrow: 0, broad: 1 };
    assert_eq!(relations(&[high.clone(), low]), [narrower]);
    let more = threshold("b", 20, "event.code: 1");
    assert_eq!(relations(&[high, more]), [], "it needs more events");

    let at = |id: &str, index: &str| rule(id, "query", "kuery", index, "process.name: a");
    let (one, all) = (at("a", "index = [\"logs-a-*\"]"), at("b", "index = [\"logs-*\"]"));
    let other = at("c", "index = [\"winlogbeat-*\"]");
    assert_eq!(relations(&[one.clone(), all]), [narrower]);
    assert_eq!(relations(&[one, other]), [Relation::Elsewhere(0, 1)]);

    let sequence = |id: &str, second: &str| {
        let query = format!(
            "sequence by host.id with maxspan=1m [process where process.name == \"a\"] \
             [process where {second}]"
        );
        rule(id, "eql", "eql", "", &query)
    };
    let a = sequence("a", "process.name == \"b\" or process.name == \"c\"");
    let b = sequence("b", "process.name in (\"c\", \"b\")");
    assert_eq!(relations(&[a.clone(), b]), [Relation::Equal(0, 1)]);
    let broad = sequence("b", "process.name in (\"c\", \"b\", \"d\")");
    assert_eq!(relations(&[a, broad]), [], "more events may go another way");
}

#[test]
fn rules_by_themselves() {
    let head = "from logs-* metadata _id, _index, _version | where ";
    let never = format!("{head} process.name == \"a\" and process.name == \"b\"");
    let rules = [
        rule("never", "esql", "", "", &never),
        rule("sampled", "query", "kuery", "index = [\"logs-a.b-*\"]", "process.name: a"),
        rule("other", "query", "kuery", "", "event.dataset: x.y and dns.question.name: z"),
    ];
    let rules: Vec<&Planned> = rules.iter().collect();
    let cases = "{\"name\":\"n\",\"rule_id\":\"sampled\",\"events\":[],\"expect\":\"match\"}\n";
    let file = File { path: "sampled.tests.ndjson".into(), bytes: cases.into() };
    let folder = Folder { files: vec![file] };
    let hygiene = Hygiene::of(&rules, &folder, &Data::default());
    assert_eq!(hygiene.never, [0]);
    assert_eq!(hygiene.unsampled, [0, 2]);
    assert_eq!(hygiene.samples[1].alerts, 1);
    assert!(hygiene.blind.is_empty(), "nothing is known of the data");
    assert!(hygiene.relations.is_empty(), "what never holds is not compared");

    let blind = |data: &Data| {
        Hygiene::of(&rules, &folder, data)
            .blind
            .into_iter()
            .filter(|(n, _)| *n > 0)
            .collect::<Vec<_>>()
    };
    let mut named = Data::default();
    named.name("a.b");
    assert_eq!(blind(&named), [(2, Blind::Values)]);
    let mut named = Data::default();
    named.name("x.y");
    assert_eq!(blind(&named), [(1, Blind::Index)]);
    let mut events = Data::default();
    let event = br#"{"process.name":"a","event":{"dataset":"x.y"}}"#;
    assert!(events.event(event).is_ok());
    assert_eq!(blind(&events), [(2, Blind::Fields(vec!["dns.question.name".into()]))]);
    assert!(events.event(br#"{"dns":{"question":[{"name":"q"}]}}"#).is_ok());
    assert_eq!(blind(&events), []);
    assert!(events.event(b"no event").is_err());
}

const FIELDS: [&str; 3] = ["process.name", "process.pid", "source.ip"];
const TEXTS: [&str; 12] =
    ["a", "A", "ab", "aB", "b", "abab", "5", "7", "10.1.2.3", "10.2.0.1", "true", "\u{212a}"];
const PATTERNS: [&str; 8] = ["a*", "*b", "*a*", "A*B", "?b", "a?*", "1?.*", "*"];

fn test() -> impl Strategy<Value = Test> {
    let fold = || prop::sample::select(vec![Fold::None, Fold::Ascii, Fold::Full]);
    let order = || {
        prop::sample::select(vec![
            Order::Equal,
            Order::Less,
            Order::LessEqual,
            Order::Greater,
            Order::GreaterEqual,
        ])
    };
    let address = |text: &str| detect_runtime::text::address(text).unwrap_or_default();
    prop_oneof![
        4 => (prop::sample::select(&TEXTS[..]), fold())
            .prop_map(|(text, fold)| Test::Equals { text: text.into(), fold }),
        4 => (prop::sample::select(&PATTERNS[..]), fold())
            .prop_map(|(pattern, fold)| Test::Glob { glob: glob::plain(pattern), fold }),
        2 => (order(), 4i64..8)
            .prop_map(|(order, n)| Test::Number { order, number: Number::Long(n) }),
        1 => (order(), prop::sample::select(&TEXTS[..]))
            .prop_map(|(order, text)| Test::TextOrder { order, text: text.into() }),
        1 => (order(), 4_000_000i128..8_000_000)
            .prop_map(|(order, nanos)| Test::DateOrder { order, nanos }),
        1 => prop::sample::select(vec![104u8, 112, 128])
            .prop_map(move |bits| Test::Cidr { address: address("10.1.2.3"), bits }),
        1 => order().prop_map(move |order| Test::AddressOrder { order, address: address("10.1.9.9") }),
        1 => prop::collection::vec(prop::sample::select(vec!["a", "ab", "b"]), 1..3)
            .prop_map(|all| Test::AnyToken(all.into_iter().map(str::to_owned).collect())),
        1 => Just(Test::Regex { pattern: "(?i)a.*".into() }),
        1 => any::<bool>().prop_map(Test::Boolean),
    ]
}

fn cond() -> impl Strategy<Value = Cond> {
    let field = |ty: Type| {
        prop::sample::select(&FIELDS[..]).prop_map(move |path| Field { path: path.into(), ty })
    };
    let leaf = prop_oneof![
        8 => (field(Type::Keyword), test()).prop_map(|(field, test)| Cond::Any { field, test }),
        1 => (field(Type::Keyword), any::<bool>())
            .prop_map(|(field, objects)| Cond::Exists { field, objects }),
        2 => field(Type::Keyword).prop_map(Cond::Single),
        1 => field(Type::Long).prop_map(Cond::Single),
    ];
    leaf.prop_recursive(3, 14, 3, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 1..4).prop_map(Cond::And),
            prop::collection::vec(inner.clone(), 1..4).prop_map(Cond::Or),
            inner.prop_map(|cond| Cond::Not(Box::new(cond))),
        ]
    })
}

/// A document: per field up to three values, each a text or the same as a number or
/// boolean where it is one.
fn document() -> impl Strategy<Value = String> {
    let value = (prop::sample::select(&TEXTS[..]), any::<bool>()).prop_map(|(text, bare)| {
        let plain = bare && (text.parse::<i64>().is_ok() || text == "true");
        if plain { text.to_owned() } else { format!("\"{text}\"") }
    });
    let values = prop::collection::vec(value, 0..3).prop_map(|all| format!("[{}]", all.join(",")));
    prop::collection::vec(values, FIELDS.len()).prop_map(|all| {
        let member = |(path, values): (&&str, &String)| format!("\"{path}\":{values}");
        let members: Vec<String> = FIELDS.iter().zip(&all).map(member).collect();
        format!("{{{}}}", members.join(","))
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1500))]

    /// What is claimed holds on every document; the second condition is made of the first
    /// one half of the time, so that there is something to claim.
    #[test]
    fn claims_hold_on_documents(
        narrow in cond(),
        other in cond(),
        weaker in any::<bool>(),
        documents in prop::collection::vec(document(), 40),
    ) {
        let broad = if weaker { Cond::Or(vec![other.clone(), narrow.clone()]) } else { other };
        let narrow = if weaker { Cond::And(vec![narrow, cond_of(&broad)]) } else { narrow };
        let plan = Plan { index: Vec::new(), body: Body::Events(Cond::Const(true)), lineages: Vec::new() };
        let mut atoms = Atoms::default();
        let (a, b) = (atoms.formula(&narrow, &plan), atoms.formula(&broad, &plan));
        let facts = Facts::of(&atoms);
        let claims = [
            implies(&a, &b, &atoms, &facts, BUDGET) == Some(true),
            implies(&b, &a, &atoms, &facts, BUDGET) == Some(true),
        ];
        prop_assert!(!weaker || claims[0], "{narrow:?} {broad:?}");
        let (a, b) = (plain::form(&narrow), plain::form(&broad));
        for text in &documents {
            let document = Document::parse(text.as_bytes()).expect("a document");
            let (a, b) = (holds(&a, &document), holds(&b, &document));
            prop_assert!(!(claims[0] && a && !b), "{text}: {narrow:?} => {broad:?}");
            prop_assert!(!(claims[1] && b && !a), "{text}: {broad:?} => {narrow:?}");
        }
    }
}

/// The first operand of a choice.
fn cond_of(cond: &Cond) -> Cond {
    match cond {
        Cond::Or(all) => all.first().cloned().unwrap_or(Cond::Const(true)),
        other => other.clone(),
    }
}

/// Documents that a condition may hold for: of each field some texts that its tests ask
/// for, a few combinations of them.
fn documents(conditions: &[&Cond]) -> Vec<Document> {
    let mut fields: Vec<(String, Vec<String>)> = Vec::new();
    for cond in conditions {
        collect(cond, false, &mut fields);
    }
    let most = fields.iter().map(|(_, values)| values.len()).max().unwrap_or(0).clamp(1, 24);
    let document = |turn: usize, many: bool| {
        let members = fields.iter().enumerate().map(|(place, (path, values))| {
            let one = values[(turn + place * (turn / most)) % values.len()].clone();
            let other = values[(turn * 5 + place) % values.len()].clone();
            let mut all = vec![Document::Text(one)];
            if many {
                all.push(Document::Text(other));
            }
            (path.clone(), Document::Array(all))
        });
        Document::Object(members.collect())
    };
    (0..most * 2).flat_map(|turn| [document(turn, false), document(turn, true)]).collect()
}

fn collect(cond: &Cond, negated: bool, fields: &mut Vec<(String, Vec<String>)>) {
    match cond {
        Cond::Not(inner) => collect(inner, !negated, fields),
        Cond::And(all) | Cond::Or(all) => all.iter().for_each(|one| collect(one, negated, fields)),
        Cond::Any { field, test } if !negated => {
            if let Some(text) = example(test) {
                match fields.iter_mut().find(|(path, _)| *path == field.path) {
                    Some((_, values)) => values.push(text),
                    None => fields.push((field.path.clone(), vec![text])),
                }
            }
        }
        _ => {}
    }
}

/// A text that passes.
fn example(test: &Test) -> Option<String> {
    let of_glob = |glob: &Glob| -> String {
        let piece = |piece: &Piece| match piece {
            Piece::Literal(text) => text.clone(),
            Piece::Any => String::new(),
            Piece::One => "x".to_owned(),
        };
        glob.0.iter().map(piece).collect()
    };
    Some(match test {
        Test::Equals { text, .. } | Test::TextOrder { text, .. } => text.clone(),
        Test::Glob { glob, .. } | Test::TokenGlob(glob) => of_glob(glob),
        Test::Boolean(truth) => truth.to_string(),
        Test::Number { number: Number::Long(number), .. } => number.to_string(),
        Test::Cidr { address, .. } => detect_runtime::value::address::print(*address),
        Test::AnyToken(all) | Test::Phrase(all) => all.join(" "),
        _ => return None,
    })
}

/// All public rules: claims are few, decided within the budget, and hold on documents of
/// the rules' own literals.
#[test]
fn claims_about_public_rules() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/corpus");
    let mut files = Vec::new();
    for name in ["detection-rules", "endpoint-rules"] {
        let Ok(folder) = read_folder(&root.join(name)) else {
            println!("skipped: ../shared/corpus/{name} is not there");
            return;
        };
        files.extend(folder.files.into_iter().map(|file| {
            let path = format!("{name}/{}", file.path);
            File { path, ..file }
        }));
    }
    let folder = Folder { files };
    let read = folder.ruleset();
    let rules: Vec<Planned> = read
        .rules
        .into_iter()
        .filter_map(|rule| {
            let lowered = lower::compile(&rule, &read.schema).ok()?;
            Some(Planned { rule, lowered })
        })
        .collect();
    let refs: Vec<&Planned> = rules.iter().collect();
    let started = std::time::Instant::now();
    let hygiene = Hygiene::of(&refs, &folder, &Data::default());
    println!(
        "{} rules compared, {} pairs asked, {} related, {} undecided, {} never, {:.2} s",
        hygiene.compared,
        hygiene.asked,
        hygiene.relations.len(),
        hygiene.undecided.len(),
        hygiene.never.len(),
        started.elapsed().as_secs_f64()
    );
    assert!(hygiene.undecided.is_empty(), "{:?}", hygiene.undecided);
    let name = |rule: usize| rules[rule].rule.path.to_string();
    let mut held = 0;
    for relation in &hygiene.relations {
        let (a, b, both) = match *relation {
            Relation::Equal(a, b) | Relation::Elsewhere(a, b) => (a, b, true),
            Relation::Narrower { narrow, broad } => (narrow, broad, false),
        };
        println!("{relation:?} {} / {}", name(a), name(b));
        let of = |rule: usize| ruleset::conditions(&rules[rule].lowered.plan);
        for ((_, one), (_, other)) in of(a).into_iter().zip(of(b)) {
            let (narrow, broad) = (plain::form(one), plain::form(other));
            for document in documents(&[one, other]) {
                let (a, b) = (holds(&narrow, &document), holds(&broad, &document));
                held += usize::from(a);
                assert!(!a || b, "{relation:?}: {document}");
                assert!(!both || a == b, "{relation:?}: {document}");
            }
        }
    }
    println!("{held} documents met the narrower condition");
    assert!(hygiene.relations.is_empty() || held > 0);
}
