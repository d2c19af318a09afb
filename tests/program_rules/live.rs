//! Files beside the rules: indicators, values of exceptions, states.

use super::{Json, Scratch, action, command, err, event, printed, program, started};
use std::io::Write as _;
use std::path::PathBuf;

const SCAN: [&str; 4] = ["scan", "-", "--format", "ndjson"];

fn opened(id: u32, hash: &str) -> String {
    event(id, 60, "h1", &[("event.action", "opened"), ("file.hash.sha256", hash)])
}

fn indicator(time: &str, hash: &str) -> String {
    format!(
        "{{\"@timestamp\":\"{time}\",\"threat\":{{\"indicator\":{{\"file\":{{\"hash\":{{\"sha256\":\"{hash}\"}}}}}}}}}}\n"
    )
}

/// Ids of the events behind alerts.
fn ids(alerts: &[Json]) -> Vec<&str> {
    alerts.iter().filter_map(|alert| alert["kibana.alert.ancestors"][0]["id"].as_str()).collect()
}

pub(super) fn indicators_are_given() {
    let text = indicator("2025-12-20T00:00:00Z", "aa") + &indicator("2025-11-01T00:00:00Z", "bb");
    let (first, second) = (
        Scratch::new("ti-first.ndjson", &text),
        Scratch::new("ti-second.ndjson", &(indicator("2025-12-20T00:00:00Z", "cc") + "no JSON\n")),
    );
    let events = [opened(1, "aa"), opened(2, "bb"), opened(3, "cc"), opened(4, "dd")].concat();
    let (one, two) = (format!("ti-first={}", first.path()), format!("ti-two={}", second.path()));
    let at = ["--indicators-at", "2026-01-01T00:00:00Z"];
    // Old indicators do not count, by the time that is said to be now.
    for (more, expected) in [
        (&[][..], &[][..]),
        (&["--indicators", &one, at[0], at[1]], &["1"]),
        (&["--indicators", &one, at[0], "2025-11-10T00:00:00Z"], &["1", "2"]),
        (&["--indicators", &one, "--indicators", &two, at[0], at[1]], &["1", "3"]),
    ] {
        for mode in [&["--threads", "1"][..], &["--threads", "3"], &["--reference"]] {
            let scan = program(&[&SCAN[..], more, mode].concat(), &events);
            assert_eq!(ids(&printed(&scan, "Indicated hash")), expected, "{more:?} {mode:?}");
            let broken = err(&scan).contains("warning: 1 indicators are no JSON objects");
            assert_eq!(broken, more.contains(&two.as_str()), "{}", err(&scan));
        }
    }
    for (wrong, said, code) in [
        ("elsewhere=/dev/null", "no rule reads indicators of this name; they read: ti-*", 2),
        ("ti-first", "expected NAME=FILE", 2),
        ("ti-first=/no/such/file", "/no/such/file", 3),
    ] {
        let scan = program(&[&SCAN[..], &["--indicators", wrong]].concat(), &events);
        assert_eq!(scan.status.code(), Some(code), "{wrong}: {}", err(&scan));
        assert!(err(&scan).contains(said), "{wrong}: {}", err(&scan));
    }
}

/// A folder with the exceptions of one rule.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str, text: &str) -> Folder {
        let path = std::env::temp_dir().join(format!("detect-{}-{name}", std::process::id()));
        std::fs::create_dir_all(&path).expect("a scratch folder");
        let folder = Folder(path);
        folder.say(text);
        folder
    }

    fn say(&self, text: &str) {
        std::fs::write(self.0.join("watched.exceptions.toml"), text).expect("a scratch file");
    }

    fn path(&self) -> &str {
        self.0.to_str().expect("a path of UTF-8")
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _gone = std::fs::remove_dir_all(&self.0);
    }
}

fn item(field: &str, kind: &str, value: &str) -> String {
    format!(
        "[[item]]\nname = \"Item\"\n\n[[item.entries]]\nfield = \"{field}\"\ntype = \"{kind}\"\n{value}\n"
    )
}

fn watched() -> String {
    let hosts = ["build", "web-1", "web-2", "db"];
    (1u32..).zip(hosts).map(|(id, host)| action(id, 60 + i64::from(id), host, "watched")).collect()
}

pub(super) fn exceptions_are_given() {
    let folder = Folder::new("exceptions", "");
    let events = watched();
    // Without the folder the items of the build count.
    let scan = program(&SCAN, &events);
    assert_eq!(ids(&printed(&scan, "Watched action")), ["2", "3", "4"]);
    let two = item("host.name", "match", "value = \"db\"")
        + &item("host.name", "wildcard", "value = \"web*\"");
    let expired = item("host.name", "match", "value = \"db\"")
        .replace("\n\n", "\nexpire_time = \"2025-12-31T00:00:00Z\"\n\n");
    for (text, expected) in [
        (String::new(), &["1", "2", "3", "4"][..]),
        (two, &["1"]),
        (item("host.name", "match_any", "value = [\"db\", \"build\"]"), &["2", "3"]),
        (expired, &["1", "2", "3", "4"]),
    ] {
        folder.say(&text);
        for mode in [&["--threads", "1"][..], &["--threads", "3"], &["--reference"]] {
            let scan =
                program(&[&SCAN[..], mode, &["--exceptions", folder.path()]].concat(), &events);
            assert_eq!(ids(&printed(&scan, "Watched action")), expected, "{text} {mode:?}");
        }
    }
    for (text, said) in [
        (
            item("user.name", "match", "value = \"x\""),
            "no item of the build asks for: user.name like a value; build again",
        ),
        (
            item("host.name", "exists", ""),
            "no item of the build asks for: host.name present; build again",
        ),
        (item("host.name", "list", "list = \"x\""), "value lists"),
        ("[[item".to_owned(), "watched.exceptions.toml"),
    ] {
        folder.say(&text);
        let scan = program(&[&SCAN[..], &["--exceptions", folder.path()]].concat(), &events);
        assert_eq!(scan.status.code(), Some(3), "{text}: {}", err(&scan));
        assert!(err(&scan).contains(said), "{text}: {}", err(&scan));
        assert!(scan.stdout.is_empty(), "nothing is scanned");
    }
}

/// A file that changes while the program runs and does not fit is told and counted;
/// the items before it stay, and the next file counts.
pub(super) fn a_changed_file_must_fit() {
    let folder = Folder::new("changed", &item("host.name", "match", "value = \"db\""));
    let args = [&SCAN[..], &["--exceptions", folder.path()]].concat();
    let mut child = started(&mut command(&args));
    let mut pipe = child.stdin.take().expect("a pipe");
    let steps = [
        None,
        Some(item("user.name", "match", "value = \"x\"")),
        Some(item("host.name", "match", "value = \"web-1\"")),
    ];
    for (step, id) in steps.iter().zip((0..).step_by(10)) {
        if let Some(text) = step {
            std::thread::sleep(std::time::Duration::from_millis(1500));
            folder.say(text);
            std::thread::sleep(std::time::Duration::from_millis(300));
        }
        let events = action(id, 60, "db", "watched") + &action(id + 1, 60, "web-1", "watched");
        pipe.write_all(events.as_bytes()).expect("the program reads");
        pipe.flush().expect("the program reads");
    }
    drop(pipe);
    let scan = child.wait_with_output().expect("the program ends");
    assert_eq!(ids(&printed(&scan, "Watched action")), ["1", "11", "20"]);
    let said = err(&scan);
    assert!(
        said.contains("user.name like a value; build again; the rules go on as before"),
        "{said}"
    );
    assert!(said.contains("refused     1\n"), "{said}");
}

pub(super) fn states_are_given() {
    let (events, path) = (watched(), "watched.toml");
    let id = "00000000-0000-4000-8000-000000000121";
    let rows = [
        (format!("{{\"{id}\":{{\"severity\":\"critical\"}}}}"), Ok(("critical", 21))),
        (format!("{{\"{path}\":{{\"risk_score\":99,\"enabled\":true}}}}"), Ok(("low", 99))),
        (format!("{{\"{path}\":{{\"enabled\":false}}}}"), Ok(("", 0))),
        ("{\"nobody\":{}}".to_owned(), Err("no rule has the id or path `nobody`")),
        (format!("{{\"{id}\":{{\"risk_score\":101}}}}"), Err("`risk_score` cannot be 101")),
        (format!("{{\"{id}\":{{\"severity\":\"dire\"}}}}"), Err("`severity` cannot be \"dire\"")),
        (format!("{{\"{id}\":{{\"colour\":\"red\"}}}}"), Err("unknown member `colour`")),
        (format!("{{\"{id}\":true}}"), Err("expected an object")),
        ("[".to_owned(), Err("state.json")),
    ];
    for (text, expected) in rows {
        let file = Scratch::new("state.json", &text);
        let scan = program(&[&SCAN[..], &["--rules-state", file.path()]].concat(), &events);
        match expected {
            Ok((severity, risk)) => {
                let alerts = printed(&scan, "Watched action");
                assert_eq!(alerts.is_empty(), severity.is_empty(), "{text}");
                for alert in alerts {
                    assert_eq!(alert["kibana.alert.severity"], severity, "{text}");
                    assert_eq!(alert["kibana.alert.risk_score"], risk, "{text}");
                }
            }
            Err(said) => {
                assert_eq!(scan.status.code(), Some(3), "{text}: {}", err(&scan));
                assert!(err(&scan).contains(said), "{text}: {}", err(&scan));
            }
        }
    }
}
