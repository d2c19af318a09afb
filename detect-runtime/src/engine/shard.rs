//! The stateless part of an engine, as one thread or process runs it.

use super::Options;
use super::live::Live;
use super::partial::{self, Records};
use super::scanner::{ScanCounts, Scanner, Take};
use super::table::Table;
use crate::input::{BadLine, Counts, Fault, Line, each_line, one_line};
use crate::json::Reason;
use crate::json::layout::LayoutError;
use crate::json::prefilter::Search;
use crate::value::{WARNING_KINDS, Warnings};
use std::sync::Arc;

/// Turns lines into hits.
pub struct Shard {
    scanner: Scanner,
    pub(super) counts: Counts,
    line_limit: usize,
    /// Search before parse, where the ruleset allows it and not every line is
    /// wanted.
    search: Option<Search<'static>>,
    /// See [`partial::wakers`].
    wakers: Box<[u64]>,
}

/// What a shard found in one run of lines.
#[derive(Clone, Debug, Default)]
pub struct Partials {
    /// Hits as records.
    pub hits: Vec<u8>,
    /// What was read.
    pub counts: Counts,
    /// What the per-event part counted.
    pub scan: ScanCounts,
    /// Rules of which values became null, and how many by kind.
    pub warnings: Vec<(u32, [u64; WARNING_KINDS])>,
    /// Lines that are no events, and events that lack a time.
    pub bad: Vec<(BadLine, Vec<u8>)>,
}

impl Shard {
    pub(super) fn new(
        table: &'static Table,
        options: &Options,
        live: Arc<Live>,
    ) -> Result<Shard, LayoutError> {
        Ok(Shard {
            scanner: Scanner::new(table, options, live)?,
            counts: Counts::default(),
            line_limit: options.line_limit,
            search: (!options.walk_all && !options.reference)
                .then(|| Search::new(table.needles).ok())
                .flatten(),
            wakers: partial::wakers(table, options),
        })
    }

    /// Scans whole lines that begin at `offset` of the input; `keep_bad`: with the
    /// text of bad lines, for a dead-letter file.
    pub fn scan(&mut self, body: &[u8], offset: u64, keep_bad: bool) -> Partials {
        let mut bad = Vec::new();
        let before = (self.counts, *self.scan_counts());
        let wakers = core::mem::take(&mut self.wakers);
        let mut records = Records { wakers: &wakers, out: Vec::new(), event: None };
        self.run(body, offset, &mut records, &mut |line, bytes| {
            bad.push((*line, if keep_bad { bytes.to_vec() } else { Vec::new() }));
        });
        let hits = records.out;
        self.wakers = wakers;
        let counts = core::mem::replace(&mut self.counts, before.0);
        let scan = core::mem::replace(&mut self.scanner.counts, before.1);
        Partials {
            hits,
            counts: counts.since(&before.0),
            scan: scan.since(&before.1),
            warnings: self.scanner.take_warnings(),
            bad,
        }
    }

    /// Goes on with other states and exceptions of rules.
    pub fn go_on_with(&mut self, live: &Arc<Live>) {
        self.scanner.go_on_with(Arc::clone(live));
    }

    /// Warnings of a rule's per-event expressions in this shard.
    pub fn warnings(&self, rule: usize) -> Option<&Warnings> {
        self.scanner.warnings(rule)
    }

    pub(super) fn add(&mut self, partials: &Partials) {
        self.counts.add(&partials.counts);
        self.scanner.counts.add(&partials.scan);
    }

    pub(super) fn bytes(&self) -> u64 {
        self.counts.bytes
    }

    /// What is scanned of a line that lies in two chunks is not what was read of it:
    /// whoever cut the lines knows.
    pub(super) fn set_bytes(&mut self, bytes: u64) {
        self.counts.bytes = bytes;
    }

    pub(super) fn scan_counts(&self) -> &ScanCounts {
        &self.scanner.counts
    }

    /// Scans whole lines.
    pub(super) fn run(
        &mut self,
        body: &[u8],
        offset: u64,
        take: &mut dyn Take,
        bad_line: &mut dyn FnMut(&BadLine, &[u8]),
    ) {
        self.counts.bytes += body.len() as u64;
        self.scanner.look_at_clock();
        let Shard { scanner, counts, line_limit, search, .. } = self;
        let mut read = |line: Line<'_>| {
            counts.events += 1;
            let untimed = scanner.counts.untimed;
            let outcome = match line.bytes {
                Some(bytes) => scanner.line(bytes, line.offset, take),
                None => Err(Reason::TooLong.at(*line_limit)),
            };
            let (reason, at) = match outcome {
                Ok(()) if scanner.counts.untimed == untimed => return,
                Ok(()) => (Fault::Untimed, 0),
                Err(malformed) => {
                    counts.count(malformed.reason);
                    (Fault::Malformed(malformed.reason), malformed.offset)
                }
            };
            let bad = BadLine { reason, offset: line.offset, at };
            bad_line(&bad, line.bytes.unwrap_or_default());
        };
        match search {
            None => each_line(body, offset, *line_limit, read),
            Some(search) => {
                let unread = search.each_hit(body, |bytes, at| {
                    if let Some(line) = one_line(bytes, offset + at as u64, *line_limit) {
                        read(line);
                    }
                });
                counts.events += unread;
                counts.unread += unread;
            }
        }
    }
}

impl core::fmt::Debug for Shard {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Shard").field("counts", &self.counts).finish_non_exhaustive()
    }
}
