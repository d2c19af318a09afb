//! Budgets of memory for all rules together.

use super::{START, action, engine, err, event, odd, options, printed, program};
use detect::runtime::engine::{Engine, Options};
use detect::runtime::head::Settings;

const BUDGET: usize = 300_000;

fn bounded() -> Engine<crate::Rules> {
    let options = options();
    let settings = Settings { max_memory: Some(BUDGET), ..options.settings };
    engine(Options { settings, ..options })
}

/// Failed logons on ever other hosts, all within one window.
fn flood(hosts: u32) -> String {
    (0..hosts)
        .map(|n| action(n, i64::from(n) / 100, &format!("host-{n:06}"), "logon-failed"))
        .collect()
}

fn evicted(engine: &Engine<crate::Rules>, name: &str) -> u64 {
    let rules = engine.table().rules.iter().zip(engine.rule_counts());
    let mut of = rules.filter(|(rule, _)| rule.info.name == name);
    of.next().expect("the rule").1.losses.evicted
}

pub(super) fn all_rules_hold_to_their_memory() {
    let (mut free, mut bounded) = (engine(options()), bounded());
    let events = flood(20_000);
    let mut alerts = Vec::new();
    free.feed(events.as_bytes(), &mut alerts);
    assert!(free.memory() > 4 * BUDGET, "{} bytes without a bound", free.memory());
    for (number, chunk) in events.as_bytes().chunks(50_000).enumerate() {
        bounded.feed(chunk, &mut alerts);
        // What 256 hits may add until it is measured again.
        assert!(bounded.memory() < BUDGET + 256 * 1_000, "{} in {number}", bounded.memory());
    }
    assert!(evicted(&bounded, "Failed logons") > 10_000);
    assert_eq!(evicted(&free, "Failed logons"), 0);
}

/// One rule's flood does not push out what another knows, and what the flooded rule
/// keeps is the newest.
pub(super) fn the_largest_gives_up_its_oldest() {
    let mut engine = bounded();
    let mut alerts = Vec::new();
    // A rule that knows one term, and a group that is about to alert.
    engine.feed(odd(1, 0, "h1").as_bytes(), &mut alerts);
    let old = [action(2, 1, "old", "logon-failed"), action(3, 1, "old", "logon-failed")].concat();
    engine.feed(old.as_bytes(), &mut alerts);
    engine.feed(flood(20_000).as_bytes(), &mut alerts);
    let new = [1, 2, 3].map(|n| action(n, 230, "new", "logon-failed")).concat();
    engine.feed(new.as_bytes(), &mut alerts);
    engine.feed(action(4, 231, "old", "logon-failed").as_bytes(), &mut alerts);
    engine.feed(odd(5, 232, "h1").as_bytes(), &mut alerts);
    engine.tick(START + 3_600_000, &mut alerts);
    let of = |name: &str, host: &str| {
        let host = format!("\"host.name\":\"{host}\"");
        let name = format!("\"kibana.alert.rule.name\":\"{name}\"");
        alerts.iter().filter(|alert| alert.contains(&host) && alert.contains(&name)).count()
    };
    assert_eq!((of("Failed logons", "new"), of("Failed logons", "old")), (1, 0));
    assert_eq!(of("First alert of a host", "h1"), 1);
    assert_eq!(evicted(&engine, "First alert of a host"), 0);
}

pub(super) fn the_program_counts_what_went() {
    let args = ["scan", "-", "--format", "ndjson", "--max-memory", "300KB"];
    let mut events = flood(20_000);
    events.push_str(&event(1, 230, "h", &[("process.name", "odd")]));
    let one = program(&args, &events);
    let said = err(&one);
    let evicted = said.lines().find(|line| line.starts_with("evicted")).expect("a line");
    assert!(!evicted.ends_with(" 0"), "{evicted}");
    assert_eq!(printed(&one, "Odd program").len(), 1);
    let two = program(&[&args[..], &["--threads", "3"]].concat(), &events);
    assert_eq!(two.stdout, one.stdout, "whatever the threads");
    let line = |text: String| text.lines().find(|l| l.starts_with("evicted")).map(str::to_owned);
    assert_eq!(line(err(&two)), line(said), "and so are the losses");
}
