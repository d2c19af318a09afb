//! How the input is cut into pieces, how many threads scan it, and whether it is packed,
//! must not matter: alerts, dead letters and counts are the same bytes and numbers.

use super::Pieces;
use super::alerts::Alerts;
use super::drive::Drive;
use super::live::{LiveFiles, Watch};
use crate::cli::EXAMPLE;
use crate::cli::input::Source;
use crate::cli::output::Format;
use crate::cli::ruleset::Rules;
use detect::runtime::engine::{Engine, Options, ScanCounts};
use detect::runtime::head::Settings;
use detect::runtime::input::Counts;
use proptest::prelude::*;
use std::cell::RefCell;
use std::fs;
use std::io::{self, Write};
use std::path::PathBuf;
use std::rc::Rc;
use std::sync::Arc;

/// Longest line that is read.
const LIMIT: usize = 8_000;

/// Lines that are not as they should be, and what stands between lines.
fn odd() -> Vec<Vec<u8>> {
    let shm = br#""host":{"os":{"type":"linux"}},"event":{"type":"start","action":"exec"},"process":{"executable":"/dev/shm/x"}"#;
    let with = |before: &[u8], after: &[u8]| [before, shm, after].concat();
    vec![
        b"\n".to_vec(),
        b"\r\n\r\n".to_vec(),
        b" \t \n".to_vec(),
        b"[1]\n".to_vec(),
        b"{\"a\":1\n".to_vec(),
        b"\0\n".to_vec(),
        b"{\"process\":\xff}\n".to_vec(),
        with(b"{", b"}\n"),
        with(b"{\"@timestamp\":\"soon\",", b"}\r\n"),
        with(b"{\"@timestamp\":\"2026-03-02T08:30:00Z\",\"n\":\"\\ud800\",", b"}\n"),
        with(b"{\"@timestamp\":\"2026-03-02T08:30:00Z\",", b",\"event\":{\"type\":\"end\"}}\n"),
        with(b"{\"@timestamp\":\"2026-03-02T08:30:00Z\",", b"\n"),
        [&b"{\"long\":\""[..], &vec![b'x'; LIMIT], b"\"}\n"].concat(),
        [&b"{\"deep\":"[..], &[b'['; 200], &[b']'; 200], b"}\n"].concat(),
    ]
}

/// Some lines of the example in their order, with odd ones between; the last may be cut.
fn streams() -> impl Strategy<Value = Vec<u8>> {
    let example = fs::read(EXAMPLE).expect("the bundled example");
    let lines: Vec<Vec<u8>> =
        example.split_inclusive(|b| *b == b'\n').map(<[u8]>::to_vec).collect();
    let odd = odd();
    let places = prop::collection::vec((0.0..1.0, 0..odd.len()), 0..16);
    (0..lines.len() - 60, 20..60usize, places, 0..200usize).prop_map(
        move |(first, length, places, cut)| {
            let mut all = lines[first..first + length].to_vec();
            for (place, number) in places {
                let at: f64 = place * all.len() as f64;
                all.insert(at as usize, odd[number].clone());
            }
            let mut bytes = all.concat();
            // Sometimes whole, sometimes without its line feed, sometimes cut.
            bytes.truncate(bytes.len() - cut.saturating_sub(100).min(bytes.len()));
            bytes
        },
    )
}

/// What comes out of a scan.
#[derive(Debug, PartialEq)]
struct Outcome {
    alerts: String,
    letters: String,
    counts: Counts,
    scan: ScanCounts,
    rules: Vec<(u64, u64, u64)>,
}

impl Outcome {
    fn of(engine: &Engine<Rules>, alerts: String, letters: String) -> Outcome {
        let rules = engine.rule_counts().iter();
        Outcome {
            alerts,
            letters,
            counts: *engine.counts(),
            scan: *engine.scan_counts(),
            rules: rules.map(|rule| (rule.matches, rule.alerts, rule.losses.late)).collect(),
        }
    }
}

fn engine(walk_all: bool) -> Engine<Rules> {
    let settings = Settings { lateness: 60_000, ..Settings::default() };
    let options = Options { settings, walk_all, line_limit: LIMIT, ..Options::default() };
    Engine::new(options).expect("a table of this version")
}

#[derive(Clone, Default)]
struct Written(Rc<RefCell<Vec<u8>>>);

impl Write for Written {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.borrow_mut().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Files that are removed at the end.
struct Files(PathBuf);

impl Files {
    fn new(name: &str) -> Files {
        let path = std::env::temp_dir().join(format!("detect-{}-{name}", std::process::id()));
        fs::create_dir_all(&path).expect("a temporary folder");
        Files(path)
    }

    /// A scan of the bytes as the program does it.
    fn scan(
        &self,
        bytes: &[u8],
        packed: bool,
        threads: usize,
        pieces: Pieces,
        bury: bool,
    ) -> Outcome {
        let (path, letters) = (self.0.join("events"), self.0.join("letters"));
        let stored =
            if packed { zstd::encode_all(bytes, 1).expect("memory") } else { bytes.to_vec() };
        fs::write(&path, stored).expect("a temporary file");
        let mut engine = engine(bury);
        let watch = Watch::begin(&LiveFiles::default(), &Arc::default(), &mut engine);
        let written = Written::default();
        let dead_letter = bury.then_some(letters.as_path());
        let mut alerts = Alerts::new(Box::new(written.clone()), Format::Ndjson, dead_letter, false)
            .expect("a temporary file");
        let mut drive = Drive {
            engine: &mut engine,
            alerts: &mut alerts,
            watch: watch.expect("there are no such files"),
            threads,
            pieces,
            strict: false,
            line_limit: LIMIT,
            idle: None,
        };
        drive.run(&[Source::File(path)]).expect("a scan");
        alerts.finish().expect("memory");
        let letters =
            if bury { fs::read_to_string(letters).expect("letters") } else { String::new() };
        let alerts = String::from_utf8(written.0.take()).expect("alerts are text");
        Outcome::of(&engine, alerts, letters)
    }
}

impl Drop for Files {
    fn drop(&mut self) {
        let _gone = fs::remove_dir_all(&self.0);
    }
}

/// A scan of the bytes as an embedder does it, cut at these shares of them.
fn fed(bytes: &[u8], cuts: &[f64], walk_all: bool) -> Outcome {
    let mut engine = engine(walk_all);
    let mut at: Vec<usize> = cuts.iter().map(|cut| (cut * bytes.len() as f64) as usize).collect();
    at.extend([0, bytes.len()]);
    at.sort_unstable();
    let mut alerts: Vec<String> = Vec::new();
    for pair in at.windows(2) {
        engine.feed(&bytes[pair[0]..pair[1]], &mut alerts);
    }
    engine.finish(&mut alerts);
    let alerts = alerts.iter().flat_map(|alert| [alert.as_str(), "\n"]).collect();
    Outcome::of(&engine, alerts, String::new())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn pieces_and_threads_do_not_matter(
        bytes in streams(),
        cuts in prop::collection::vec(0.0..1.0, 0..40),
        chunk in 1..40_000usize,
        block in 1..40_000usize,
        threads in 2..5usize,
        packed: bool,
    ) {
        let files = Files::new("pieces");
        let usual = Pieces::default();
        let length = bytes.len() as u64;
        for bury in [false, true] {
            let whole = files.scan(&bytes, false, 1, usual, bury);
            let mut as_fed = fed(&bytes, &cuts, bury);
            as_fed.letters.clone_from(&whole.letters);
            prop_assert_eq!(whole.counts.bytes, length);
            prop_assert_eq!(&as_fed, &whole, "fed");
            // Blocks of a few bytes are as many hand-overs.
            let pieces = Pieces { chunk, block: block.max(bytes.len() / 4_000 + 1) };
            prop_assert_eq!(&files.scan(&bytes, packed, 1, pieces, bury), &whole, "in chunks");
            let together = files.scan(&bytes, packed, threads, pieces, bury);
            prop_assert_eq!(&together, &whole, "{} threads", threads);
        }
    }
}

/// The property is about something: the odd lines are counted, and there are alerts.
#[test]
fn the_streams_have_alerts_and_losses() {
    let bytes = [fs::read(EXAMPLE).expect("the bundled example"), odd().concat()].concat();
    let files = Files::new("pieces-whole");
    let whole = files.scan(&bytes, true, 3, Pieces { chunk: 1_000, block: 777 }, true);
    assert!(whole.alerts.lines().count() > 5 && whole.letters.lines().count() > 5, "{whole:?}");
    assert!(whole.counts.unparsable() > 5, "{:?}", whole.counts);
}
