//! Line numbers of bad lines: counted only where somebody wants to know them.

/// Counts line feeds along an input, run by run.
#[derive(Debug, Default)]
pub(super) struct Places {
    /// Line feeds before the run.
    lines: u64,
    /// Offset of the run.
    start: u64,
}

impl Places {
    /// Goes on behind a run of bytes.
    pub(super) fn pass(&mut self, run: &[u8]) {
        self.lines += feeds(run);
        self.start += run.len() as u64;
    }

    /// Number from 1 of the line that begins at `offset`, seen from a run that
    /// has not been passed. A line that began before the run is the one that
    /// the run goes on with.
    pub(super) fn line(&self, run: &[u8], offset: u64) -> u64 {
        let into = offset.saturating_sub(self.start);
        let into = usize::try_from(into).unwrap_or(usize::MAX).min(run.len());
        1 + self.lines + feeds(&run[..into])
    }
}

fn feeds(bytes: &[u8]) -> u64 {
    memchr::memchr_iter(b'\n', bytes).count() as u64
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
    }
}
