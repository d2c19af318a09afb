//! The progress bar: on a terminal only.

use super::input::Source;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::cell::Cell;
use std::io::IsTerminal;

/// Progress through a list of sources.
pub(crate) struct Progress {
    bar: Option<ProgressBar>,
    /// Packed bytes of the sources before the current one.
    before: Cell<u64>,
    /// Packed bytes read of the current source when it was last looked at.
    last: Cell<u64>,
}

impl Progress {
    /// A bar as long as all files together, if standard error is a terminal.
    pub(crate) fn new(sources: &[Source]) -> Progress {
        let bar = std::io::stderr().is_terminal().then(|| bar(sources));
        Progress { bar, before: Cell::new(0), last: Cell::new(0) }
    }

    /// Says how far the current source was read, in packed bytes.
    pub(crate) fn at(&self, now: u64, alerts: u64) {
        let Some(bar) = &self.bar else { return };
        if now < self.last.get() {
            self.before.set(self.before.get() + self.last.get());
        }
        self.last.set(now);
        bar.set_position(self.before.get() + now);
        bar.set_message(format!("{alerts} alerts"));
    }

    /// Takes the bar away.
    pub(crate) fn end(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

fn bar(sources: &[Source]) -> ProgressBar {
    let size = |source: &Source| match source {
        Source::File(path) => path.metadata().ok().map(|metadata| metadata.len()),
        Source::Standard => None,
    };
    let total: Option<u64> = sources.iter().map(size).sum();
    let (bar, template) = match total {
        Some(total) => (
            ProgressBar::new(total),
            "{bar:32} {percent:>3} %  {bytes}/{total_bytes}  {bytes_per_sec}  {eta} left  {msg}",
        ),
        None => (ProgressBar::new_spinner(), "{spinner} {bytes}  {bytes_per_sec}  {msg}"),
    };
    bar.set_draw_target(ProgressDrawTarget::stderr_with_hz(10));
    match ProgressStyle::with_template(template) {
        Ok(style) => bar.with_style(style),
        Err(_) => bar,
    }
}
