//! Answers to COMPLETION from a program that the user names.

use detect::runtime::table::Complete;
use std::io::{Read, Write};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::channel;
use std::thread;
use std::time::Duration;

/// Longest answer in bytes; what is beyond it is not read.
const MOST: u64 = 1 << 20;

/// A program that is run once for each distinct prompt.
pub(super) struct Program {
    /// Its name and arguments.
    words: Vec<String>,
    limit: Duration,
}

impl Program {
    /// The command's words are separated by blanks; no shell reads them.
    pub(super) fn new(command: &str, limit: Duration) -> Program {
        Program { words: command.split_whitespace().map(str::to_owned).collect(), limit }
    }

    fn start(&self) -> Option<Child> {
        let (name, arguments) = self.words.split_first()?;
        let mut command = Command::new(name);
        command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped());
        command.stderr(Stdio::null()).spawn().ok()
    }
}

impl Complete for Program {
    /// None if the program does not start, fails, or is not done in time.
    fn complete(&self, prompt: &str) -> Option<Box<str>> {
        let mut child = self.start()?;
        let (mut input, mut output) = (child.stdin.take()?, child.stdout.take()?);
        let prompt = prompt.to_owned();
        // A program may answer before it has read all: writing and reading go side by side.
        thread::spawn(move || drop(input.write_all(prompt.as_bytes())));
        let (send, receive) = channel();
        thread::spawn(move || {
            let mut text = String::new();
            let read = output.by_ref().take(MOST).read_to_string(&mut text);
            drop(send.send(read.ok().map(|_| text)));
        });
        let answer = receive.recv_timeout(self.limit).ok().flatten();
        if answer.is_none() {
            drop(child.kill());
        }
        let ended = child.wait().ok()?;
        answer.filter(|_| ended.success()).map(|text| text.trim_end_matches('\n').into())
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn answers() {
        for (command, millis, expected) in [
            ("cat", 10_000, Some("hello\nthere")),
            ("sleep 5", 50, None),
            ("false", 10_000, None),
            ("no-such-program-anywhere", 10_000, None),
            ("", 10_000, None),
        ] {
            let program = Program::new(command, Duration::from_millis(millis));
            assert_eq!(program.complete("hello\nthere").as_deref(), expected, "{command}");
        }
    }
}
