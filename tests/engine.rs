//! What must not matter: how the input is cut into chunks, how many shards scan
//! it, where a run was stopped and taken up again, and how conditions are
//! evaluated.

use detect::runtime::engine::{Engine, Horizon, Options};
use detect::runtime::head::Settings;

/// The rules of the program.
#[detect::ruleset(path = "rules")]
struct Rules;

detect::rule_tests!();

fn events() -> Vec<u8> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/events.ndjson");
    std::fs::read(path).expect("the bundled example")
}

fn engine() -> Engine<Rules> {
    let settings = Settings { lateness: 60_000, ..Settings::default() };
    Engine::new(Options { settings, ..Options::default() }).expect("a table of this version")
}

fn in_one_piece(bytes: &[u8]) -> Vec<String> {
    let mut engine = engine();
    let mut alerts = Vec::new();
    engine.feed(bytes, &mut alerts);
    engine.finish(&mut alerts);
    alerts
}

/// Cuts spread over the input, the same in every run.
fn cuts(length: usize, pieces: usize, seed: u64) -> Vec<usize> {
    let mut state = seed;
    let mut cuts: Vec<usize> = (1..pieces)
        .map(|_| {
            state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
            (state >> 33) as usize % (length + 1)
        })
        .collect();
    cuts.extend([0, length]);
    cuts.sort_unstable();
    cuts
}

#[test]
fn the_example_alerts() {
    assert!(!in_one_piece(&events()).is_empty());
}

#[test]
fn reference_mode_gives_the_same_alerts() {
    let bytes = events();
    let expected = in_one_piece(&bytes);
    let settings = Settings { lateness: 60_000, ..Settings::default() };
    let options = Options { settings, ..Options::default() };
    let engine = || Engine::<Rules>::reference(options.clone()).expect("a table of this version");
    let (mut whole, mut alerts) = (engine(), Vec::new());
    whole.feed(&bytes, &mut alerts);
    whole.finish(&mut alerts);
    assert_eq!(alerts, expected, "alone");
    assert_eq!(whole.counts().unread, 0, "every line is read");
    let (mut owner, mut alerts) = (engine(), Vec::new());
    let partials = owner.shard().expect("a table of this version").scan(&bytes, 0, false);
    owner.merge(&partials, &mut alerts).expect("records of this process");
    owner.finish(&mut alerts);
    assert_eq!(alerts, expected, "through a shard");
}

#[test]
fn chunks_do_not_matter() {
    let bytes = events();
    let expected = in_one_piece(&bytes);
    for (pieces, seed) in [(2, 1), (7, 2), (100, 3), (1000, 4)] {
        let mut engine = engine();
        let mut alerts = Vec::new();
        for pair in cuts(bytes.len(), pieces, seed).windows(2) {
            engine.feed(&bytes[pair[0]..pair[1]], &mut alerts);
        }
        engine.finish(&mut alerts);
        assert_eq!(alerts, expected, "{pieces} pieces");
    }
}

#[test]
fn shards_do_not_matter() {
    let bytes = events();
    let expected = in_one_piece(&bytes);
    for shards in [1, 2, 3] {
        let mut engine = engine();
        let mut workers: Vec<_> =
            (0..shards).map(|_| engine.shard().expect("a table of this version")).collect();
        let mut alerts = Vec::new();
        let mut start = 0;
        let mut block = 0;
        while start < bytes.len() {
            // Blocks of some lines, dealt out in turn.
            let wanted = (start + 50_000).min(bytes.len());
            let end = bytes[wanted..].iter().position(|b| *b == b'\n');
            let end = end.map_or(bytes.len(), |at| wanted + at + 1);
            let worker = &mut workers[block % shards];
            let partials = worker.scan(&bytes[start..end], start as u64, false);
            engine.merge(&partials, &mut alerts).expect("records are whole");
            start = end;
            block += 1;
        }
        engine.finish(&mut alerts);
        assert_eq!(alerts, expected, "{shards} shards");
    }
}

#[test]
fn a_run_can_be_taken_up_again() {
    let bytes = events();
    let expected = in_one_piece(&bytes);
    for cut in cuts(bytes.len(), 12, 5) {
        let mut alerts = Vec::new();
        let mut first = engine();
        first.feed(&bytes[..cut], &mut alerts);
        let state = first.snapshot();
        drop(first);
        let mut second = engine();
        let taken = second.restore(&state).expect("a snapshot");
        assert_eq!(taken, second.table().rules.len());
        second.feed(&bytes[cut..], &mut alerts);
        second.finish(&mut alerts);
        assert_eq!(alerts, expected, "stopped at byte {cut}");
    }
}

#[test]
fn a_damaged_state_is_refused() {
    let bytes = events();
    let mut engine = engine();
    let mut alerts: Vec<String> = Vec::new();
    engine.feed(&bytes, &mut alerts);
    let state = engine.snapshot();
    for cut in cuts(state.len() - 1, 20, 6) {
        assert!(self::engine().restore(&state[..cut]).is_err(), "cut at {cut}");
    }
}

#[test]
fn events_too_far_ahead_do_not_reach_stateful_rules() {
    let bytes = events();
    let counts = |horizon: Option<Horizon>| {
        let options = Options { horizon, ..Options::default() };
        let mut engine = Engine::<Rules>::new(options).expect("a table of this version");
        let mut alerts: Vec<String> = Vec::new();
        engine.feed(&bytes, &mut alerts);
        engine.finish(&mut alerts);
        (engine.scan_counts().future, alerts.len())
    };
    let (none, all) = counts(None);
    let (future, fewer) = counts(Some(Horizon { clock: || 0, ahead: 1_000 }));
    assert_eq!(none, 0);
    assert!(future > 0 && fewer < all, "{future} of the future, {fewer} of {all} alerts");
    assert_eq!(counts(Some(Horizon { clock: || i64::MAX, ahead: 1_000 })), (0, all));
}
