//! Line numbers of bad lines: counted only where somebody wants to know them.

/// Counts line feeds along an input, run by run, each byte once.
#[derive(Debug, Default)]
pub(super) struct Places {
    /// Line feeds before the place.
    lines: u64,
    /// Offset of the place.
    at: u64,
    /// Offset of the run at hand.
    start: u64,
}

impl Places {
    /// Places of a run that begins at an offset; lines are numbered from it on.
    pub(super) fn starting(offset: u64) -> Places {
        Places { lines: 0, at: offset, start: offset }
    }

    /// Goes on behind a run of bytes.
    pub(super) fn pass(&mut self, run: &[u8]) {
        self.advance(run, self.start + run.len() as u64);
        self.start = self.at;
    }

    /// Goes on behind a run that somebody else has counted.
    pub(super) fn skip(&mut self, bytes: u64, lines: u64) {
        self.lines += lines;
        self.at += bytes;
        self.start = self.at;
    }

    /// Number from 1 of the line that begins at `offset`, seen from a run that
    /// has not been passed. Offsets of one run come in order. A line that began
    /// before the run is the one that the run goes on with.
    pub(super) fn line(&mut self, run: &[u8], offset: u64) -> u64 {
        self.advance(run, offset);
        1 + self.lines
    }

    /// Line feeds so far.
    pub(super) fn lines(&self) -> u64 {
        self.lines
    }

    fn advance(&mut self, run: &[u8], to: u64) {
        let into = |offset: u64| {
            usize::try_from(offset.saturating_sub(self.start)).unwrap_or(usize::MAX).min(run.len())
        };
        if let Some(between) = run.get(into(self.at)..into(to)) {
            self.lines += memchr::memchr_iter(b'\n', between).count() as u64;
            self.at = self.at.max(to);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_numbered_across_runs() {
        let mut places = Places::default();
        let first = b"{}\n{}\n{\"a\"";
        assert_eq!(places.line(first, 0), 1);
        assert_eq!(places.line(first, 3), 2);
        assert_eq!(places.line(first, 6), 3);
        places.pass(first);
        let second = b":1}\nx\n";
        // The line of offset 6 ends in the second run.
        assert_eq!(places.line(second, 6), 3);
        assert_eq!(places.line(second, 14), 4);
        places.pass(second);
        assert_eq!((places.lines(), places.at), (4, 16));
    }

    #[test]
    fn a_run_may_be_counted_elsewhere() {
        let run = b"{}\nx\n";
        let mut elsewhere = Places::starting(100);
        assert_eq!(elsewhere.line(run, 103), 2);
        elsewhere.pass(run);
        let mut places = Places::default();
        places.skip(run.len() as u64, elsewhere.lines());
        assert_eq!(places.line(b"{}\n", 5), 3);
    }
}
