//! A pipe that stays open: time goes on without it.

use super::{action, command, odd};
use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

/// Longer than any silence that is waited for; a loaded machine is slow.
const LONG: Duration = Duration::from_mins(1);

/// A scan of a pipe, and the lines that it prints.
fn scan(idle: &str) -> (Child, Receiver<String>) {
    let args = ["scan", "-", "-q", "--format", "ndjson", "--allowed-lateness", "0s"];
    let mut child = command(&args)
        .args(["--idle-timeout", idle])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("the program starts");
    let out = BufReader::new(child.stdout.take().expect("a pipe"));
    let (to, lines) = channel();
    std::thread::spawn(move || {
        for line in out.lines().map_while(Result::ok) {
            if to.send(line).is_err() {
                return;
            }
        }
    });
    (child, lines)
}

/// Just before a tick: the window ends a second later.
fn events() -> String {
    let failed = |id, seconds| action(id, seconds, "h1", "logon-failed");
    [odd(1, 296, "h1"), failed(2, 297), failed(3, 298), failed(4, 299)].concat()
}

fn wait_for(lines: &Receiver<String>, name: &str, patience: Duration) -> bool {
    let started = std::time::Instant::now();
    while let Some(left) = patience.checked_sub(started.elapsed()) {
        match lines.recv_timeout(left) {
            Ok(line) if line.contains(&format!("\"kibana.alert.rule.name\":\"{name}\"")) => {
                return true;
            }
            Ok(_) => {}
            Err(_) => return false,
        }
    }
    false
}

/// Windows end and rules over alerts get what they wait for although nothing comes; what
/// comes later is read as if nothing had been.
pub(super) fn a_silent_pipe_lets_time_go_on() {
    let (mut child, lines) = scan("100ms");
    let mut input = child.stdin.take().expect("a pipe");
    input.write_all(events().as_bytes()).expect("it reads");
    input.flush().expect("it reads");
    assert!(wait_for(&lines, "Failed logons", LONG), "the window ends");
    assert!(wait_for(&lines, "Program, then logons", LONG), "so do rules over alerts");
    // Two hours later: no pause is so long.
    input.write_all(odd(9, 7_500, "h9").as_bytes()).expect("it reads");
    input.flush().expect("it reads");
    assert!(wait_for(&lines, "Odd program", LONG), "it goes on");
    drop(input);
    assert!(child.wait().expect("it ends").success());
}

/// Told not to, it waits for events or the end.
pub(super) fn a_silent_pipe_may_be_waited_for() {
    let (mut child, lines) = scan("0s");
    let mut input = child.stdin.take().expect("a pipe");
    input.write_all(events().as_bytes()).expect("it reads");
    input.flush().expect("it reads");
    assert!(wait_for(&lines, "Odd program", LONG), "what needs no time comes at once");
    assert!(!wait_for(&lines, "Failed logons", Duration::from_secs(3)), "no time goes by");
    drop(input);
    assert!(wait_for(&lines, "Failed logons", LONG), "the end of the input ends windows");
    assert!(child.wait().expect("it ends").success());
}
