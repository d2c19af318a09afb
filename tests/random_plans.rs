//! Random queries: what the front end accepts is Rust that compiles (this file is the
//! crate that rustc is asked about), and means the same in reference mode.

use detect::runtime::engine::{Engine, Options};
use detect::runtime::head::{Settings, Whole};
use serde_json::{Value as Json, json};

detect_suite::random_plans!(Random);

/// Events with values of each kind in fields of each kind, also where they do not
/// belong, several, and none.
fn events() -> String {
    let mut state = 7u64;
    let mut below = |bound: u64| {
        state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        (state >> 33) % bound
    };
    let values = [
        json!("a"),
        json!("a b"),
        json!("b 17"),
        json!(["a", "b", "a"]),
        json!(3),
        json!(-2.5),
        json!([7, 1, 7]),
        json!("10.0.0.1"),
        json!("2026-01-01T00:00:00.123Z"),
        json!(true),
        json!(""),
        json!("1.2.3"),
        json!("48.1,11.5"),
        json!({ "lat": 48.5, "lon": 11.25 }),
        Json::Null,
    ];
    let fields = [
        "process.name",
        "process.pid",
        "process.args",
        "process.interactive",
        "user.name",
        "event.created",
        "event.type",
        "event.risk_score",
        "source.ip",
        "source.geo.location",
        "destination.port",
        "file.size",
        "host.name",
        "message",
        "unknown.field",
        "host.uptime",
    ];
    let mut lines = String::new();
    for number in 0..80u64 {
        let time = 1_767_225_600_000 + number * 7_000;
        let mut event = json!({ "@timestamp": time, "_id": number.to_string() });
        for field in fields {
            if below(4) > 0 {
                event[field] = values[below(values.len() as u64) as usize].clone();
            }
        }
        lines.push_str(&event.to_string());
        lines.push('\n');
    }
    lines
}

fn alerts(events: &str, options: Options) -> Vec<String> {
    let mut engine = Engine::<Random>::new(options).expect("a table of this version");
    let mut alerts = Vec::new();
    engine.feed(events.as_bytes(), &mut alerts);
    engine.finish(&mut alerts);
    alerts
}

#[test]
fn reference_mode_agrees() {
    let events = events();
    for whole in [None, Some(Whole::default())] {
        let settings = Settings { whole, ..Settings::default() };
        let options = Options { settings, ..Options::default() };
        let fast = alerts(&events, options.clone());
        let plain = alerts(&events, Options { reference: true, ..options });
        assert!(fast.len() > QUERIES.len(), "{} alerts", fast.len());
        let differs = fast.iter().zip(&plain).find(|(fast, plain)| fast != plain);
        if let Some((fast, plain)) = differs {
            let rule = |alert: &str| -> usize {
                let alert: Json = serde_json::from_str(alert).expect("JSON");
                alert["kibana.alert.rule.name"].as_str().expect("a name").parse().expect("a number")
            };
            panic!("{}\n{fast}\n{}\n{plain}", QUERIES[rule(fast)], QUERIES[rule(plain)]);
        }
        assert_eq!(fast.len(), plain.len());
    }
}
