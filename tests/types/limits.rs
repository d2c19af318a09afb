//! What bounds the alerts of a rule: the history of new terms, `max_signals`,
//! `head` and `tail`.

use super::{Rules, alerts_of, engine, engine_with, ids, number};
use detect::runtime::engine::Engine;
use detect::runtime::head::{Settings, Whole};
use std::fmt::Write as _;

const DAY: i64 = 86_400_000;

/// A login at a time of the clock.
fn login(id: &str, time: i64, user: &str) -> String {
    format!(
        "{{\"@timestamp\":{time},\"_id\":\"{id}\",\"event\":{{\"action\":\"login\"}},\
         \"user\":{{\"name\":\"{user}\"}},\"host\":{{\"name\":\"h\"}}}}\n"
    )
}

/// The rule looks back seven days.
#[test]
fn new_terms_learn_before_they_alert() {
    let cold = || engine_with(Settings::default());
    let events = login("first", 0, "ada")
        + &login("again", DAY, "ada")
        + &login("bo", 6 * DAY, "bo")
        + &login("new", 7 * DAY, "cy")
        + &login("known", 7 * DAY + 1, "bo")
        + &login("forgotten", 9 * DAY, "ada");
    let mut engine = cold();
    let mut alerts = Vec::new();
    engine.feed(events.as_bytes(), &mut alerts);
    let rule = number(engine.table(), "new_terms.toml");
    // ada and bo were new while the rule learned.
    assert_eq!(engine.rule_counts()[rule].losses.learning, 2);
    engine.finish(&mut alerts);
    assert_eq!(ids(&alerts), ["new", "forgotten"]);

    // History that reaches back far enough; what it saw too long ago is new.
    let mut engine = cold();
    engine.learn((login("", 0, "ada") + &login("", 3 * DAY, "bo")).as_bytes());
    let events = login("ada", 8 * DAY, "ada") + &login("bo", 8 * DAY, "bo");
    assert_eq!(ids(&alerts_of(engine, events.as_bytes())), ["ada"]);

    // History that does not reach so far back: complete only if that is said.
    for (complete, expected) in [(false, &[][..]), (true, &["cy"])] {
        let mut engine =
            engine_with(Settings { history_complete: complete, ..Settings::default() });
        engine.learn(login("", 0, "ada").as_bytes());
        let events = login("ada", DAY, "ada") + &login("cy", DAY, "cy");
        assert_eq!(ids(&alerts_of(engine, events.as_bytes())), expected, "{complete}");
    }
}

fn matches(rows: impl IntoIterator<Item = (i64, &'static str)>, action: &str) -> String {
    let mut events = String::new();
    for (index, (time, user)) in rows.into_iter().enumerate() {
        let _infallible = writeln!(
            events,
            "{{\"@timestamp\":{time},\"_id\":\"{index}\",\"event\":{{\"action\":\"{action}\"}},\
             \"user\":{{\"name\":\"{user}\"}},\"host\":{{\"id\":\"h\"}}}}"
        );
    }
    events
}

/// Alerts and what was cut, of a rule with `max_signals = 2` and an interval of five
/// minutes.
fn capped(engine: &mut Engine<Rules>, events: &str) -> (Vec<String>, u64) {
    let mut alerts = Vec::new();
    engine.feed(events.as_bytes(), &mut alerts);
    engine.finish(&mut alerts);
    let rule = number(engine.table(), "capped.toml");
    (ids(&alerts), engine.rule_counts()[rule].losses.capped)
}

#[test]
fn max_signals_cuts_a_run_where_it_is_asked_for() {
    let run = 300_000;
    // The first run ends with its tick; what comes late belongs to the run at hand.
    let times = [1, 2, run, run + 1, run - 5, run + 2, 3 * run];
    let events = matches(times.map(|time| (time, "ada")), "capped");
    let (all, cut) = capped(&mut engine(), &events);
    assert_eq!((all.len(), cut), (7, 0), "off by default");
    let asked = Settings { max_signals: true, ..Settings::default() };
    let (ids, cut) = capped(&mut engine_with(asked.clone()), &events);
    assert_eq!((ids, cut), (["0", "1", "3", "4", "6"].map(str::to_owned).to_vec(), 2));
    // One window over all input is one run.
    let whole = Settings { whole: Some(Whole { now: None }), ..asked.clone() };
    let (ids, cut) = capped(&mut engine_with(whole), &events);
    assert_eq!((ids.len(), cut), (2, 5));

    // The count goes on after a restart.
    let mut begun = engine_with(asked.clone());
    let (first, second) = events.split_at(events.match_indices('\n').nth(1).expect("lines").0 + 1);
    let mut alerts: Vec<String> = Vec::new();
    begun.feed(first.as_bytes(), &mut alerts);
    let state = begun.snapshot();
    let mut resumed = engine_with(asked);
    resumed.restore(&state).expect("a state of this version");
    let (ids, cut) = capped(&mut resumed, second);
    assert_eq!((ids, cut), (["3", "4", "6"].map(str::to_owned).to_vec(), 2));
}

/// A sequence counts once, whatever its members are; what suppression absorbed counts.
#[test]
fn max_signals_counts_matches() {
    let asked = Settings { max_signals: true, ..Settings::default() };
    let events = matches((0..9).map(|n| (n * 1000, "ada")), "capped_run");
    let alerts = alerts_of(engine_with(asked.clone()), events.as_bytes());
    let shells = alerts.iter().filter(|alert| !alert.contains("kibana.alert.group.index")).count();
    assert_eq!((shells, alerts.len()), (2, 6), "two members each");

    let users = ["ada", "ada", "ada", "bo", "cy"];
    let events =
        matches(users.iter().enumerate().map(|(n, user)| (1 + n as i64, *user)), "capped_sup");
    let alerts = alerts_of(engine_with(asked), events.as_bytes());
    assert_eq!(ids(&alerts), ["0"], "three matches, two of them absorbed");
}

/// `head` and `tail` act where there is one window over all input.
#[test]
fn head_and_tail() {
    let events = matches((1..=6).map(|n| (n * 1000, "ada")), "piped");
    let whole = Settings { whole: Some(Whole { now: None }), ..Settings::default() };
    let pairs = |settings| {
        let alerts = alerts_of(engine_with(settings), events.as_bytes());
        let members: Vec<String> =
            alerts.into_iter().filter(|alert| alert.contains("kibana.alert.group.index")).collect();
        ids(&members)
    };
    // Pairs (0,1) (1,2) (2,3) (3,4) (4,5); `tail 3`, then `head 2`.
    assert_eq!(pairs(whole), ["2", "3", "3", "4"]);
    assert_eq!(pairs(Settings::default()).len(), 10, "a stream gives all");
}
