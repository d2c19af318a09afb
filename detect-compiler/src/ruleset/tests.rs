//! The fast way against the plain meaning, on random rules and random events
//! that are made of the rules' own pieces.

use super::statistics::Statistics;
use super::{Options, Role, Ruleset, build};
use crate::plan::{Body, Cond, Field, Plan};
use bumpalo::Bump;
use detect_runtime::event::{Event, FieldId};
use detect_runtime::json::layout::{self, Layout};
use detect_runtime::json::projector::Projector;
use detect_runtime::matcher::{Memory, Probe, Tables};
use detect_runtime::test::{Fold, Glob, Number, Order, Piece, Test};
use detect_runtime::value::{Cx, Type, Warnings};
use proptest::prelude::*;

/// Fields of the random rules; the first two are guard fields.
const FIELDS: [&str; 4] = ["event.category", "event.action", "process.name", "process.args"];

/// Pieces of literals and values: equal ones, ones that differ in case, in one
/// letter, in what folds to ASCII (Kelvin sign, long s), or are short.
const PIECES: [&str; 20] = [
    "a",
    "A",
    "b",
    "ab",
    "aab",
    "/usr/bin/",
    "c:\\Windows\\",
    ".exe",
    ".EXE",
    "k",
    "\u{212a}",
    "\u{17f}",
    "s",
    "é",
    "É",
    "powershell",
    " Task",
    "task ",
    "10.1.2.3",
    "4688",
];

/// Regular expressions: with literals of either case, choices, and without
/// anything to look for.
const EXPRESSIONS: [&str; 7] = [
    "(?i)power.*",
    ".*shell[a-z]*",
    "(?:powershell|/usr/bin/.*)",
    "a?b+",
    "(?i:task)|.*46[0-9]8",
    "(?i).*kaab.*",
    "",
];

fn text(pieces: std::ops::Range<usize>) -> impl Strategy<Value = String> {
    prop::collection::vec(prop::sample::select(&PIECES[..]), pieces).prop_map(|all| all.concat())
}

fn fold() -> impl Strategy<Value = Fold> {
    prop::sample::select(vec![Fold::None, Fold::Ascii, Fold::Full])
}

fn glob() -> impl Strategy<Value = Glob> {
    let piece = prop_oneof![
        3 => text(1..3).prop_map(Piece::Literal),
        2 => Just(Piece::Any),
        1 => Just(Piece::One),
    ];
    prop::collection::vec(piece, 0..6).prop_map(Glob)
}

fn token() -> impl Strategy<Value = String> {
    prop::sample::select(vec!["task", "powershell", "k", "usr", "bin", "é", "4688"])
        .prop_map(str::to_owned)
}

fn block() -> impl Strategy<Value = Test> {
    let bits = prop::sample::select(vec![96u8, 104, 112, 120, 128]);
    (prop::sample::select(vec![[10, 1, 2, 3], [10, 1, 2, 4], [10, 1, 9, 9]]), bits).prop_map(
        |(v4, bits)| {
            let mut address = [0; 16];
            address[10..12].fill(0xff);
            address[12..].copy_from_slice(&v4);
            Test::Cidr { address, bits }
        },
    )
}

fn test() -> impl Strategy<Value = Test> {
    let order = prop::sample::select(vec![Order::Equal, Order::Less, Order::GreaterEqual]);
    prop_oneof![
        4 => (text(0..3), fold()).prop_map(|(text, fold)| Test::Equals { text, fold }),
        6 => (glob(), fold()).prop_map(|(glob, fold)| Test::Glob { glob, fold }),
        1 => prop::sample::select(&EXPRESSIONS[..])
            .prop_map(|pattern| Test::Regex { pattern: pattern.to_owned() }),
        1 => prop::collection::vec(token(), 1..3).prop_map(Test::AnyToken),
        1 => prop::collection::vec(token(), 1..3).prop_map(Test::Phrase),
        1 => token().prop_map(|token| {
            Test::TokenGlob(Glob(vec![Piece::Literal(token), Piece::Any]))
        }),
        1 => order.prop_map(|order| Test::Number { order, number: Number::Long(4688) }),
        1 => block(),
    ]
}

fn field() -> impl Strategy<Value = Field> {
    prop::sample::select(&FIELDS[..])
        .prop_map(|path| Field { path: path.to_owned(), ty: Type::Keyword })
}

fn cond() -> impl Strategy<Value = Cond> {
    let leaf = prop_oneof![
        8 => (field(), test()).prop_map(|(field, test)| Cond::Any { field, test }),
        1 => field().prop_map(|field| Cond::Exists { field, objects: false }),
        1 => field().prop_map(Cond::Single),
        1 => any::<bool>().prop_map(Cond::Const),
    ];
    leaf.prop_recursive(4, 24, 8, |inner| {
        prop_oneof![
            inner.clone().prop_map(|cond| Cond::Not(Box::new(cond))),
            prop::collection::vec(inner.clone(), 0..8).prop_map(Cond::And),
            prop::collection::vec(inner, 0..8).prop_map(Cond::Or),
        ]
    })
}

/// Values of each of [`FIELDS`].
type Values = Vec<Vec<String>>;

fn values() -> impl Strategy<Value = Values> {
    prop::collection::vec(prop::collection::vec(text(0..4), 0..3), FIELDS.len())
}

fn line(values: &Values) -> Vec<u8> {
    let mut object = serde_json::Map::new();
    for (path, values) in FIELDS.iter().zip(values) {
        object.insert((*path).to_owned(), values.clone().into());
    }
    serde_json::Value::Object(object).to_string().into_bytes()
}

fn compile(conds: &[Cond]) -> Ruleset {
    let plans: Vec<Plan> = conds
        .iter()
        .map(|cond| Plan {
            index: Vec::new(),
            body: Body::Events(cond.clone()),
            lineages: Vec::new(),
        })
        .collect();
    let rules: Vec<(usize, &Plan)> = plans.iter().enumerate().collect();
    let fields = FIELDS.iter().map(|path| ((*path).to_owned(), layout::Flags::NONE)).collect();
    let options = Options { statistics: Statistics::builtin(), fields };
    build(&rules, &options)
}

/// The meaning of a condition, value by value.
fn plain(cond: &Cond, ruleset: &Ruleset, event: &Event<'_>) -> bool {
    let number = |field: &Field| -> FieldId { ruleset.fields.get(&field.path).unwrap() };
    match cond {
        Cond::Const(truth) => *truth,
        Cond::Not(inner) => !plain(inner, ruleset, event),
        Cond::And(all) => all.iter().all(|cond| plain(cond, ruleset, event)),
        Cond::Or(all) => all.iter().any(|cond| plain(cond, ruleset, event)),
        Cond::Any { field, test } => event.values(number(field)).any(|raw| test.holds(raw)),
        Cond::Exists { field, .. } => event.count(number(field)) > 0,
        Cond::Single(field) => event.is_single(number(field), field.ty.keeps_distinct()),
        _ => unreachable!("not generated"),
    }
}

/// A ruleset at work on one event after the other.
struct Trial {
    ruleset: Ruleset,
    layout: Vec<u8>,
    tables: Tables,
    memory: Memory,
}

impl Trial {
    fn new(ruleset: Ruleset) -> Trial {
        let layout = layout::build(ruleset.fields.specs()).unwrap();
        let tables = Tables::new(Vec::leak(ruleset.tables.clone()));
        Trial { ruleset, layout, tables, memory: Memory::new(&tables) }
    }

    /// Candidates, and per condition its truth by the fast and the plain way.
    fn run(&mut self, conds: &[Cond], line: &[u8]) -> (Vec<u32>, Vec<(bool, bool)>) {
        let arena = Bump::new();
        let mut projector = Projector::new(Layout::new(&self.layout).unwrap());
        let event = projector.project(line, &arena).unwrap();
        let warnings = Warnings::default();
        let cx = Cx { arena: &arena, now: 0, warnings: &warnings };
        let mut probe = Probe::new(&self.tables, &mut self.memory, &event, cx);
        let mut candidates = Vec::new();
        probe.candidates(None, &mut candidates);
        let truths = conds
            .iter()
            .enumerate()
            .map(|(rule, cond)| {
                let number = self.ruleset.condition(rule, Role::Body).unwrap();
                probe.enter(number as u32);
                let formula = &self.ruleset.conditions[number].formula;
                let fast = formula.holds(&mut |atom| probe.has(atom));
                (fast, plain(cond, &self.ruleset, &event))
            })
            .collect();
        (candidates, truths)
    }
}

fn check(conds: &[Cond], events: &[Values]) -> Result<(), TestCaseError> {
    let mut trial = Trial::new(compile(conds));
    for values in events {
        let (candidates, truths) = trial.run(conds, &line(values));
        for (number, (fast, plain)) in truths.iter().enumerate() {
            prop_assert_eq!(fast, plain, "condition {} on {:?}", number, values);
            prop_assert!(
                !plain || candidates.contains(&(number as u32)),
                "condition {} holds and is no candidate on {:?}",
                number,
                values
            );
        }
        prop_assert!(candidates.windows(2).all(|pair| pair[0] < pair[1]));
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn random_conditions(
        conds in prop::collection::vec(cond(), 1..12),
        events in prop::collection::vec(values(), 1..8),
    ) {
        check(&conds, &events)?;
    }

    /// Many tests on one field: the shared search, not the one-by-one way.
    #[test]
    fn one_field_many_tests(
        tests in prop::collection::vec(test(), 4..40),
        events in prop::collection::vec(values(), 1..8),
    ) {
        let field = Field { path: "process.args".to_owned(), ty: Type::Keyword };
        let any = |test: &Test| Cond::Any { field: field.clone(), test: test.clone() };
        let mut conds: Vec<Cond> = tests.iter().map(any).collect();
        conds.push(Cond::Or(tests.iter().map(any).collect()));
        conds.push(Cond::Not(Box::new(Cond::Or(tests.iter().map(any).collect()))));
        check(&conds, &events)?;
    }
}

#[test]
fn same_rules_same_bytes() {
    let any = |path: &str, text: &str| Cond::Any {
        field: Field { path: path.to_owned(), ty: Type::Keyword },
        test: Test::Equals { text: text.to_owned(), fold: Fold::Ascii },
    };
    let conds: Vec<Cond> = (0..50)
        .map(|number| {
            Cond::And(vec![
                any("event.category", "process"),
                any("process.name", &format!("tool{number}")),
            ])
        })
        .collect();
    assert_eq!(compile(&conds).tables, compile(&conds).tables);
}

/// Inputs on which a search that backtracks, or verifies at each position,
/// would not come to an end: a value of a mebibyte, an array of 100,000.
#[test]
fn long_values_and_arrays() {
    let any = |pattern: &str| {
        let mut pieces = Vec::new();
        for (number, literal) in pattern.split('*').enumerate() {
            if number > 0 {
                pieces.push(Piece::Any);
            }
            if !literal.is_empty() {
                pieces.push(Piece::Literal(literal.to_owned()));
            }
        }
        Cond::Any {
            field: Field { path: "process.args".to_owned(), ty: Type::Keyword },
            test: Test::Glob { glob: Glob(pieces), fold: Fold::Ascii },
        }
    };
    let patterns =
        ["*a*a*a*a*b", "*aaaaaaab*", "*aaaa*aaaa*b*", "b*aaaa", "*aab", "*baaa*", "*aaaaaaaaaaaa*"];
    let conds: Vec<Cond> = patterns.iter().map(|pattern| any(pattern)).collect();
    let mut trial = Trial::new(compile(&conds));
    let args = FIELDS.iter().position(|path| *path == "process.args").unwrap();
    let mut values: Values = vec![Vec::new(); FIELDS.len()];
    for all in [vec!["a".repeat(1 << 20)], vec!["aaaaaaaaaaaa".to_owned(); 100_000]] {
        values[args] = all;
        let (candidates, _) = trial.run(&[], &line(&values));
        assert_eq!(candidates, [6]);
    }
}
