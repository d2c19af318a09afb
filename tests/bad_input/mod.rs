//! Input that is not as it should be: what each kind does to the counts, the
//! dead-letter file and the exit code, the same for any number of threads and in
//! reference mode. (Lines that are no JSON: `each_kind_of_bad_line`.)

use super::{EXAMPLE, Scratch, detect, err, out};
use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::Value as Json;
use std::fs;
use std::io::Write;

/// A process that the rule about shared memory minds, with room for more members.
fn event(more: &str) -> String {
    format!(
        r#"{{"@timestamp":"2026-01-01T00:00:00Z","event":{{"type":"start","action":"exec"}},"host":{{"os":{{"type":"linux"}}}}{more}}}"#
    )
}

/// The same with the member that makes the rule hold.
pub(crate) fn good() -> String {
    event(r#","process":{"executable":"/dev/shm/x"}"#)
}

/// A process that the rule about file transfers minds, which counts in windows and
/// so needs a time.
pub(crate) fn transfer(time: &str) -> String {
    format!(
        r#"{{{time}"event":{{"type":"start","action":"exec"}},"host":{{"os":{{"type":"linux"}}}},"process":{{"name":"scp","executable":"/usr/bin/scp","parent":{{"name":"bash","executable":"/bin/bash"}}}},"agent":{{"id":"a"}}}}"#
    )
}

/// A file event that the rule about SSH keys minds, which alerts for each event.
fn keys(time: &str) -> String {
    format!(
        r#"{{{time}"event":{{"category":"file","type":"creation","action":"creation"}},"host":{{"os":{{"type":"linux"}}}},"file":{{"name":"authorized_keys"}},"process":{{"name":"x","executable":"/opt/x"}}}}"#
    )
}

/// A member with so many arrays in each other.
fn nested(depth: usize) -> String {
    format!(r#","a":{}{}"#, "[".repeat(depth), "]".repeat(depth))
}

/// One input and what must become of it.
struct Row {
    name: &'static str,
    input: Vec<u8>,
    alerts: usize,
    events: u64,
    /// Line of the summary that counts it, if it is a loss.
    count: &'static str,
    /// Lines, offsets and reasons in the dead-letter file.
    buried: Vec<(u64, u64, &'static str)>,
}

fn row(name: &'static str, input: impl Into<Vec<u8>>, alerts: usize, events: u64) -> Row {
    Row { name, input: input.into(), alerts, events, count: "unparsable  0\n", buried: Vec::new() }
}

/// What is no fault: it is read like any other event.
fn readable() -> Vec<Row> {
    let good = good();
    let two = |first: &str| format!("{first}\n{good}\n");
    let nested_and_dotted =
        r#","process":{"executable":"/bin/x"},"process.executable":"/dev/shm/x""#;
    vec![
        row("unterminated last line", format!("{good}\n{good}"), 2, 2),
        row("carriage returns", format!("{good}\r\n{good}\r\n"), 2, 2),
        row("byte-order mark", format!("\u{feff}{good}\n{good}\n"), 2, 2),
        row("empty lines", format!("\n\r\n  \t\n{good}\n\n\n{good}\n\n"), 2, 2),
        row("nothing", "", 0, 0),
        row("blank lines alone", "\n\r\n \n", 0, 0),
        // The values of both members count.
        row(
            "key twice",
            two(&event(r#","process":{"executable":"/bin/x","executable":"/dev/shm/x"}"#)),
            1,
            2,
        ),
        row(
            "object twice",
            two(&event(r#","process":{"executable":"/dev/shm/x"},"process":{"pid":1}"#)),
            2,
            2,
        ),
        row("nested and dotted", two(&event(nested_and_dotted)), 1, 2),
        row(
            "same value twice",
            two(&event(
                r#","process":{"executable":"/dev/shm/x"},"process.executable":"/dev/shm/x""#,
            )),
            2,
            2,
        ),
        row(
            "number above a double",
            two(&event(r#","process":{"executable":"/dev/shm/x","pid":1e999}"#)),
            2,
            2,
        ),
        row(
            "number above a long",
            two(&event(
                r#","process":{"executable":"/dev/shm/x","pid":-99999999999999999999999999}"#,
            )),
            2,
            2,
        ),
        row(
            "number below the smallest",
            two(&event(r#","process":{"executable":"/dev/shm/x","pid":1e-999}"#)),
            2,
            2,
        ),
        row(
            "lone surrogate",
            two(&event(r#","process":{"executable":"/dev/shm/x","name":"\ud800"}"#)),
            2,
            2,
        ),
        row(
            "lone surrogate in the value asked for",
            two(&event(r#","process":{"executable":"/dev/shm/\udc00"}"#)),
            2,
            2,
        ),
        row(
            "NUL as an escape",
            two(&event(r#","process":{"executable":"/dev/shm/\u0000"}"#)),
            2,
            2,
        ),
        row(
            "value written with escapes",
            two(&event(r#","process":{"executable":"\u002fdev\/shm\u002Fx"}"#)),
            2,
            2,
        ),
        row(
            "name written with escapes",
            two(&event(r#","proc\u0065ss":{"e\u0078ecutable":"/dev/shm/x"}"#)),
            2,
            2,
        ),
        row("nesting of 128", two(&event(&nested(127))), 1, 2),
        // A rule whose alerts are single events needs no time.
        row("no time", two(&keys(r#""@timestamp":"yesterday","#)), 2, 2),
    ]
}

/// What is a loss: counted, buried, and the end of a strict scan.
fn losses() -> Vec<Row> {
    let good = good();
    let rest = format!("{good}\n");
    let untimed = |name, time: &str| Row {
        count: "untimed     1\n",
        buried: vec![(2, rest.len() as u64, "no readable time")],
        ..row(name, format!("{rest}{}\n{good}\n", transfer(time)), 2, 3)
    };
    let unparsable = |name, line: &[u8], count, reason| Row {
        count,
        buried: vec![(2, rest.len() as u64, reason)],
        ..row(name, [rest.as_bytes(), line, b"\n", good.as_bytes()].concat(), 2, 3)
    };
    vec![
        untimed("no time", ""),
        untimed("time that is none", r#""@timestamp":"yesterday","#),
        untimed("time of another type", r#""@timestamp":{"a":1},"#),
        Row {
            count: "untimed     1\n",
            buried: vec![(2, rest.len() as u64, "no readable time")],
            ..row(
                "no time, a rule of rows",
                format!("{rest}{}\n{good}", good.replace("2026-01", "soon")),
                2,
                3,
            )
        },
        untimed("time out of range", r#""@timestamp":"99999999999-01-01T00:00:00Z","#),
        unparsable(
            "NUL between members",
            b"{\"a\":1,\0\"b\":2}",
            "unparsable  1 (1 unexpected character)\n",
            "unexpected character",
        ),
        unparsable(
            "NUL alone",
            b"\0",
            "unparsable  1 (1 not a JSON object)\n",
            "not a JSON object",
        ),
        unparsable(
            "byte-order mark in the middle",
            "\u{feff}{}".as_bytes(),
            "unparsable  1 (1 not a JSON object)\n",
            "not a JSON object",
        ),
        unparsable(
            "nesting of 129",
            event(&nested(128)).as_bytes(),
            "unparsable  1 (1 nesting too deep)\n",
            "nesting too deep",
        ),
        Row {
            count: "unparsable  1 (1 unterminated object or array)\n",
            buried: vec![(2, rest.len() as u64, "unterminated object or array")],
            ..row("last line cut", format!("{rest}{{\"a\":1"), 1, 2)
        },
    ]
}

/// Alerts, exit code, and what standard error says.
fn scan(path: &str, more: &[&str]) -> (usize, Option<i32>, String) {
    let output = detect(&[&["scan", path, "--format", "ndjson"], more].concat());
    (out(&output).lines().count(), output.status.code(), err(&output))
}

#[test]
fn odd_input_is_read_and_losses_are_counted() {
    let letters = Scratch::new("odd.dead", b"");
    for Row { name, input, alerts, events, count, buried } in readable().into_iter().chain(losses())
    {
        let file = Scratch::new("odd.ndjson", &input);
        for how in [&["--threads", "1"][..], &["--threads", "3"], &["--reference"]] {
            let bury = [how, &["--dead-letter", letters.path()]].concat();
            let (found, code, said) = scan(file.path(), &bury);
            assert_eq!((found, code), (alerts, Some(0)), "{name} {how:?}: {said}");
            assert!(said.contains(&format!("events      {events}\n")), "{name} {how:?}: {said}");
            assert!(said.contains(count), "{name} {how:?}: {said}");
            let written = fs::read_to_string(&letters.0).expect("the dead letters");
            let written: Vec<Json> =
                written.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
            let places: Vec<(u64, u64, &str)> = written.iter().map(place).collect();
            assert_eq!(places, buried, "{name} {how:?}");
            assert!(written.iter().all(|letter| letter["file"] == file.path()), "{name} {how:?}");

            let (_, code, said) = scan(file.path(), &[how, &["--strict"]].concat());
            assert_eq!(code, Some(i32::from(!buried.is_empty())), "{name} {how:?}: {said}");
            for (line, _, reason) in &buried {
                let message = format!("error: {}:{line}:", file.path());
                assert!(said.contains(&message) && said.contains(reason), "{name}: {said}");
            }
        }
    }
}

fn place(letter: &Json) -> (u64, u64, &str) {
    let number = |name: &str| letter[name].as_u64().expect("a number");
    (number("line"), number("offset"), letter["reason"].as_str().expect("a reason"))
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).expect("memory");
    encoder.finish().expect("memory")
}

/// A packed file that was cut or spoilt: what came before is scanned, the next file
/// too, one line says so.
#[test]
fn damaged_packed_files() {
    let text = fs::read(EXAMPLE).expect("the example");
    let zstandard = zstd::encode_all(&text[..], 1).expect("memory");
    let letters = Scratch::new("damaged.dead", b"");
    let next = Scratch::new(
        "damaged-next.ndjson",
        format!("{}\n", good().replace("/x", "/next")).as_bytes(),
    );
    for (name, packed) in [("gz", gzip(&text)), ("zst", zstandard)] {
        let mut corrupt = packed.clone();
        corrupt[packed.len() - 2000..][..500].fill(0xff);
        let cut = packed[..packed.len() - 2000].to_vec();
        for (bytes, reason) in [(cut, "packed file cut short"), (corrupt, "packed file corrupt")] {
            let file = Scratch::new(&format!("damaged.ndjson.{name}"), &bytes);
            let mut alerts = None;
            for threads in ["1", "3"] {
                let files = [file.path(), next.path()];
                let args = [&["scan"][..], &files, &["--format", "ndjson", "--threads", threads]];
                let args = args.concat();
                let bury = detect(&[&args[..], &["--dead-letter", letters.path()]].concat());
                assert_eq!(bury.status.code(), Some(0), "{name}, {reason}: {}", err(&bury));
                let warning = format!("warning: `{}`: {reason}", file.path());
                assert!(err(&bury).starts_with(&warning), "{}", err(&bury));
                assert!(
                    err(&bury).contains(&format!("damaged     1 (1 {reason})")),
                    "{}",
                    err(&bury)
                );
                assert!(out(&bury).contains("/dev/shm/next"), "the next file is read");
                assert_eq!(*alerts.get_or_insert_with(|| out(&bury)), out(&bury), "{threads}");
                let written = fs::read_to_string(&letters.0).expect("the dead letters");
                let damage = written.lines().find(|line| line.contains(reason)).expect("buried");
                let damage: Json = serde_json::from_str(damage).expect("JSON");
                assert_eq!(damage["file"], file.path());
                // The place is the one behind what was unpacked.
                let (line, offset, _) = place(&damage);
                let before = &text[..usize::try_from(offset).expect("small")];
                let lines = before.split(|byte| *byte == b'\n').count() as u64;
                assert!(lines > 1, "{name}, {reason}, {threads} threads: nothing was unpacked");
                assert_eq!(line, lines, "{name}, {reason}, {threads} threads");

                let strict = detect(&[&args[..], &["--strict"]].concat());
                assert_eq!(strict.status.code(), Some(1), "{}", err(&strict));
                assert!(err(&strict).starts_with("error: "), "{}", err(&strict));
            }
        }
    }
}
