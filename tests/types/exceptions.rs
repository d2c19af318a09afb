//! Exceptions: their values change while the rules run, and the function that was
//! generated for their fields and operators says what a walk over these says.

use super::{Rules, engine, ids, number};
use detect::runtime::engine::{Engine, Live, Options};
use detect::runtime::exception::{Ask, ExceptionSpec, Item, Items};
use detect::runtime::head::Settings;
use detect::runtime::test::{Fold, Glob, Piece, Test};
use proptest::prelude::*;
use serde_json::{Value as Json, json};
use std::sync::Arc;

#[test]
fn values_of_exceptions_change_while_the_rules_run() {
    let mut engine = engine();
    let table = engine.table();
    let query = number(table, "query.toml");
    let spec = table.rules[query].exceptions.expect("it was built with exceptions");
    let shape = |words: &str| {
        let at = spec.shapes.iter().position(|shape| shape.words.contains(words));
        at.expect("a shape of the file") as u32
    };
    let host = |name: &str| Item {
        shape: shape("host.name like a value"),
        expires: None,
        tests: vec![vec![Test::Equals { text: name.to_owned(), fold: Fold::None }]],
    };
    let event = |id: u32, host: &str| {
        format!(
            "{{\"@timestamp\":{id},\"_id\":\"{id}\",\"process\":{{\"name\":\"bash\"}},\
             \"host\":{{\"name\":\"{host}\"}}}}\n"
        )
    };
    let mut alerts = Vec::new();
    engine.feed((event(1, "build-01") + &event(2, "build-02")).as_bytes(), &mut alerts);
    assert_eq!(ids(&alerts), ["2"]);
    let mut live = Live::clone(engine.live());
    let items = Items::new(spec, &[host("build-02"), host("build-03")]).expect("they fit");
    live.rules[query].exceptions = Arc::new(items);
    engine.go_on_with(&Arc::new(live));
    let events = event(3, "build-01") + &event(4, "build-02") + &event(5, "build-03");
    engine.feed(events.as_bytes(), &mut alerts);
    assert_eq!(ids(&alerts), ["2", "3"]);
}

/// The rule whose exceptions ask everything.
const RULE: &str = "exempt.toml";

/// A value of an item: texts are `x` or `y`, numbers 1 or 2.
fn test() -> impl Strategy<Value = Test> {
    let text = prop::sample::select(&["x", "y", "1", "2"][..]);
    prop_oneof![
        text.clone().prop_map(|text| Test::Equals { text: text.to_owned(), fold: Fold::None }),
        text.prop_map(|text| Test::Glob {
            glob: Glob(vec![Piece::Any, Piece::Literal(text.to_owned())]),
            fold: Fold::None,
        }),
    ]
}

/// Items over the shapes that were compiled.
fn items(spec: &'static ExceptionSpec) -> impl Strategy<Value = Vec<Item>> {
    let list = || prop::collection::vec(test(), 0..3);
    let item = (0..spec.shapes.len(), prop::option::weighted(0.3, 0..4i128)).prop_flat_map(
        move |(shape, expires)| {
            let lists = spec.shapes[shape].entries.iter().map(|entry| match entry.ask {
                Ask::Value(_) | Ask::Pattern(_) => 1,
                Ask::Exists(..) => 0,
                Ask::Nested(_, below) => below.iter().filter(|below| below.value).count(),
            });
            let lists: usize = lists.sum();
            prop::collection::vec(list(), lists).prop_map(move |tests| Item {
                shape: shape as u32,
                expires: expires.map(|seconds| seconds * 1_000_000_000),
                tests,
            })
        },
    );
    prop::collection::vec(item, 0..5)
}

fn event() -> impl Strategy<Value = Json> {
    let text = || {
        prop_oneof![Just(json!("x")), Just(json!("y")), Just(json!(["z", "y"])), Just(Json::Null),]
    };
    let element = (text(), text(), prop::option::of(text())).prop_map(|(name, value, old)| {
        let mut element = json!({ "name": name, "value": value });
        if let Some(old) = old {
            element["old"] = old;
        }
        element
    });
    let hashes = prop::collection::vec(element, 0..3);
    let labels = (text(), text()).prop_map(|(a, b)| json!({ "a": a, "b": b }));
    let maybe = || prop::option::of(text());
    (0..4i64, maybe(), maybe(), 0..4i64, hashes, prop::option::of(labels), any::<bool>()).prop_map(
        |(second, host, user, pid, hashes, labels, address)| {
            let mut event = json!({
                "@timestamp": second * 1000,
                "event": { "action": "exempt" },
                "process": { "pid": pid },
                "file": { "hashes": hashes },
            });
            let named = [("host", host), ("user", user)];
            for (object, name) in named.into_iter().filter_map(|(o, name)| Some((o, name?))) {
                event[object]["name"] = name;
            }
            if let Some(labels) = labels {
                event["labels"] = labels;
            }
            if address {
                event["host"]["ip"] = json!("10.0.0.1");
            }
            event
        },
    )
}

/// Numbers of the events on which the rule alerts with these items.
fn alerts(items: &[Item], lines: &str, reference: bool) -> Vec<String> {
    let settings = Settings { lateness: 10_000, ..Settings::default() };
    let options = Options { settings, reference, ..Options::default() };
    let mut engine = Engine::<Rules>::new(options).expect("a table of this version");
    let rule = number(engine.table(), RULE);
    let spec = engine.table().rules[rule].exceptions.expect("it was built with exceptions");
    let mut live = Live::clone(engine.live());
    live.rules[rule].exceptions = Arc::new(Items::new(spec, items).expect("they fit"));
    engine.go_on_with(&Arc::new(live));
    let mut alerts = Vec::new();
    engine.feed(lines.as_bytes(), &mut alerts);
    engine.finish(&mut alerts);
    ids(&alerts)
}

fn spec() -> &'static ExceptionSpec {
    let table = engine().table();
    table.rules[number(table, RULE)].exceptions.expect("it was built with exceptions")
}

proptest! {
    #![proptest_config(super::random::config(300))]

    #[test]
    fn generated_exceptions_say_what_their_plain_form_says(
        items in items(spec()),
        events in prop::collection::vec(event(), 1..20),
    ) {
        let mut lines = String::new();
        for (id, event) in events.iter().enumerate() {
            let mut event = event.clone();
            event["_id"] = id.to_string().into();
            lines.push_str(&event.to_string());
            lines.push('\n');
        }
        let fast = alerts(&items, &lines, false);
        prop_assert_eq!(&fast, &alerts(&items, &lines, true), "{:?}\n{}", items, lines);
        if items.is_empty() {
            prop_assert_eq!(fast.len(), events.len());
        }
    }
}
