//! Files that change while a scan runs: what an event sees of one is all old or all
//! new, and once new it stays so.

use super::alerts::Alerts;
use super::drive::Drive;
use super::live::{LiveFiles, Watch};
use super::{Pieces, cold_start};
use crate::cli::input::Source;
use crate::cli::output::Format;
use detect::runtime::engine::{Engine, Live, Options};
use serde_json::Value as Json;
use std::cell::RefCell;
use std::fmt::Write as _;
use std::fs;
use std::io::{self, Write};
use std::path::PathBuf;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

/// Rules with exceptions and with indicators.
#[detect::ruleset(path = "tests/data/types")]
struct Rules;

/// Events, some 4,000 bytes each: more than the blocks that threads take ahead.
const EVENTS: usize = 1_600;

/// The files of a scan, in a folder of their own.
struct Place(PathBuf);

impl Place {
    fn new(name: &str) -> Place {
        let path = std::env::temp_dir().join(format!("detect-{}-{name}", std::process::id()));
        fs::create_dir_all(&path).expect("a temporary folder");
        let place = Place(path);
        place.say("v1", "build-01", "high", 73);
        let mut events = String::new();
        for id in 0..EVENTS {
            let host = if id % 2 == 0 { "build-01" } else { "build-2" };
            let _infallible = writeln!(
                events,
                "{{\"@timestamp\":\"2026-01-01T00:00:00Z\",\"_id\":\"{id}\",\"host\":{{\"name\":\"{host}\"}},\
                 \"process\":{{\"name\":\"sh\"}},\"event\":{{\"category\":[\"network\",\"file\"]}},\
                 \"destination\":{{\"ip\":\"198.51.100.7\",\"port\":443}},\
                 \"file\":{{\"hash\":{{\"sha256\":\"aa11\"}}}},\"message\":\"{:4000}\"}}",
                ""
            );
        }
        fs::write(place.path("events.ndjson"), events).expect("a temporary file");
        place
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    /// Writes all that can change: two indicators of one version, the host that is
    /// exempt, severity and risk.
    fn say(&self, version: &str, exempt: &str, severity: &str, risk: u8) {
        let name = format!("\"feed\":{{\"name\":\"{version}\"}}");
        let indicators = format!(
            "{{\"@timestamp\":\"2026-01-01T00:00:00Z\",\"threat\":{{\"indicator\":{{\"ip\":\"198.51.100.7\",\"port\":443}},{name}}}}}\n\
             {{\"@timestamp\":\"2026-01-01T00:00:00Z\",\"threat\":{{\"indicator\":{{\"file\":{{\"hash\":{{\"sha256\":\"aa11\"}}}}}},{name}}}}}\n"
        );
        let exceptions = format!(
            "[[item]]\nname = \"Build host\"\n\n[[item.entries]]\nfield = \"host.name\"\n\
             type = \"match\"\nvalue = \"{exempt}\"\n"
        );
        let state =
            format!("{{\"query.toml\":{{\"severity\":\"{severity}\",\"risk_score\":{risk}}}}}");
        let files = [("ti", indicators), ("query.exceptions.toml", exceptions), ("state", state)];
        for (file, text) in files {
            fs::write(self.path(file), text).expect("a temporary file");
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let _gone = fs::remove_dir_all(&self.0);
    }
}

/// The output: at its first bytes the files change, and the change is old enough to
/// be looked at.
struct Output<'p> {
    written: Rc<RefCell<Vec<u8>>>,
    place: Option<&'p Place>,
}

impl Write for Output<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if let Some(place) = self.place.take() {
            place.say("v2", "build-2", "critical", 99);
            std::thread::sleep(Duration::from_millis(250));
        }
        self.written.borrow_mut().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn scan(place: &'static Place, threads: usize) -> Vec<Json> {
    let files = LiveFiles {
        rules_state: Some(place.path("state")),
        exceptions: Some(place.0.clone()),
        indicators: vec![("ti-ours".to_owned(), place.path("ti"))],
        indicators_at: Some(1_767_225_600_000),
        with_deprecated: false,
    };
    let mut engine = Engine::<Rules>::new(Options::default()).expect("a table of this version");
    let watch = Watch::begin(&files, &Arc::default(), &mut engine).expect("files that can be read");
    let written = Rc::new(RefCell::new(Vec::new()));
    let output = Output { written: Rc::clone(&written), place: Some(place) };
    let mut alerts = Alerts::new(Box::new(output), Format::Ndjson, None, false).expect("no file");
    let mut drive = Drive {
        engine: &mut engine,
        alerts: &mut alerts,
        watch,
        threads,
        pieces: Pieces::default(),
        strict: false,
        line_limit: 1 << 20,
        idle: None,
    };
    drive.run(&[Source::File(place.path("events.ndjson"))]).expect("a scan");
    alerts.finish().expect("memory");
    let written = written.borrow();
    let lines = written.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
    lines.map(|line| serde_json::from_slice(line).expect("an alert")).collect()
}

/// Number of the event that an alert tells of.
fn event(alert: &Json) -> usize {
    alert["kibana.alert.ancestors"][0]["id"].as_str().and_then(|id| id.parse().ok()).expect("an id")
}

/// Splits what is said along the events into old and new; panics where it is mixed.
fn switch<'s>(said: &[(usize, &'s str)], old: &'s str, new: &'s str) -> (usize, usize) {
    let first_new = said.iter().position(|(_, what)| *what != old).expect("both are seen");
    assert!(first_new > 0, "the old one is seen");
    assert!(said[..first_new].iter().all(|(_, what)| *what == old));
    assert!(said[first_new..].iter().all(|(_, what)| *what == new), "the new one stays");
    assert!(said.is_sorted_by_key(|(event, _)| *event));
    (said[first_new - 1].0, said[first_new].0)
}

#[test]
fn a_cold_start_is_announced() {
    let mut engine = Engine::<Rules>::new(Options::default()).expect("a table of this version");
    let said = cold_start(&engine).expect("there are such rules");
    assert!(said.starts_with("note: 2 new-terms rules learn"), "{said}");
    let mut live = Live::clone(engine.live());
    live.rules.iter_mut().for_each(|rule| rule.on = false);
    engine.go_on_with(&Arc::new(live));
    assert_eq!(cold_start(&engine), None, "none of them runs");
}

#[test]
fn files_change_between_two_events() {
    for threads in [1, 2] {
        let place: &'static Place = Box::leak(Box::new(Place::new(&format!("live-{threads}"))));
        let alerts = scan(place, threads);
        let of = |rule: &str| {
            let named = move |alert: &&Json| alert["kibana.alert.rule.name"] == rule;
            alerts.iter().filter(named).collect::<Vec<_>>()
        };

        // Both indicators of an event are of one version.
        let feeds: Vec<(usize, &str)> = of("Indicator")
            .iter()
            .map(|alert| {
                let found = alert["threat.enrichments"].as_array().expect("enrichments");
                let names: Vec<&str> =
                    found.iter().filter_map(|one| one["feed"]["name"].as_str()).collect();
                // An address with its port, and a hash.
                assert_eq!(names.len(), 3, "{alert}");
                assert!(names.iter().all(|name| *name == names[0]), "{names:?}");
                (event(alert), names[0])
            })
            .collect();
        assert_eq!(feeds.len(), EVENTS, "no event is lost");
        let (old, new) = switch(&feeds, "v1", "v2");
        assert_eq!(old + 1, new);

        // Severity and risk go together, and every second event is exempt.
        let shells = of("Shell");
        let rated: Vec<(usize, &str)> = shells
            .iter()
            .map(|alert| {
                let severity = alert["kibana.alert.severity"].as_str().expect("a text");
                let risk = if severity == "high" { 73 } else { 99 };
                assert_eq!(alert["kibana.alert.risk_score"], risk);
                (event(alert), severity)
            })
            .collect();
        let (before, after) = switch(&rated, "high", "critical");
        // With the rating the exempt host changes, at the same event as the indicators.
        let hosts: Vec<(usize, &str)> = shells
            .iter()
            .map(|alert| (event(alert), alert["host"]["name"].as_str().expect("a text")))
            .collect();
        assert_eq!(switch(&hosts, "build-2", "build-01"), (before, after));
        assert!(before < new && after >= new, "{before} {after} {new}");
        fs::remove_dir_all(&place.0).expect("the temporary folder");
    }
}
