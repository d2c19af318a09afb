//! Reading: one thread does all, or several scan blocks of the input, and the
//! first merges what they found in input order.

use super::alerts::Alerts;
use super::blocks::Blocks;
use super::crew::{Crew, Done, Worker};
use super::live::Watch;
use super::places::Places;
use super::reader::{Next, Reader};
use crate::cli::failure::Failure;
use crate::cli::input::{Damage, Input, Source};
use crate::cli::progress::Progress;
use detect::runtime::engine::{Engine, Ruleset, Shard};
use detect::runtime::input::Lines;
use std::io;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

/// How the input is cut.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pieces {
    /// Bytes that one thread reads at once: they stay in the second-level cache.
    pub(super) chunk: usize,
    /// Bytes that a thread takes where there are several: with what its scan needs a
    /// block stays in the second-level cache, and the hand-over does not show.
    pub(super) block: usize,
}

impl Default for Pieces {
    fn default() -> Pieces {
        Pieces { chunk: 1 << 18, block: 1 << 19 }
    }
}

/// A scan under way.
pub(super) struct Drive<'d, R: Ruleset> {
    pub(super) engine: &'d mut Engine<R>,
    pub(super) alerts: &'d mut Alerts,
    pub(super) watch: Watch,
    pub(super) threads: usize,
    pub(super) pieces: Pieces,
    pub(super) strict: bool,
    pub(super) line_limit: usize,
    /// How long a source may be silent before time goes on without it.
    pub(super) idle: Option<Duration>,
}

impl<R: Ruleset> Drive<'_, R> {
    /// Scans all sources, one after the other, and ends the input.
    pub(super) fn run(&mut self, sources: &[Source]) -> Result<(), Failure> {
        let progress = Progress::new(sources);
        let mut base = 0;
        for source in sources {
            let input = source.open()?;
            self.alerts.begin(&source.name(), base);
            base += if self.threads == 1 {
                self.alone(source, input, &progress)?
            } else {
                self.together(source, input, base, &progress)?
            };
        }
        self.engine.finish(self.alerts);
        progress.end();
        Ok(())
    }

    /// Gives the bytes of the input.
    fn alone(
        &mut self,
        source: &Source,
        input: Input,
        progress: &Progress,
    ) -> Result<u64, Failure> {
        // Whoever writes to a pipe bit by bit waits for what comes of it.
        let watched = source.may_be_silent();
        let mut reader = Reader::new(source, input, self.pieces.chunk, self.idle);
        let mut places = Places::default();
        let mut bytes = 0;
        let broken = loop {
            let next = reader.next();
            if !matches!(next, Next::End | Next::Fault(_))
                && let Some(live) = self.watch.changed(self.engine.live())
            {
                self.engine.go_on_with(&live);
            }
            match next {
                Next::Bytes(chunk) => {
                    bytes += chunk.len() as u64;
                    self.alerts.run(&mut places, chunk, |alerts| self.engine.feed(chunk, alerts));
                    progress.at(reader.progress(), self.alerts.count());
                    if watched {
                        self.alerts.flush()?;
                    }
                    self.stop()?;
                }
                Next::Silence(elapsed) => self.silence(&mut places, elapsed)?,
                Next::End => break None,
                Next::Fault(error) => break Some(error),
            }
        };
        // What came before a fault was scanned; its last line may be cut.
        self.alerts.run(&mut places, &[], |alerts| self.engine.end_input(alerts));
        self.stop()?;
        if let Some(error) = broken {
            self.broken(source, &error, places.lines(), bytes)?;
        }
        Ok(bytes)
    }

    /// Lets time go on while the source is silent: from the latest event on, as fast as the
    /// wall clock. Where events are old, or come with a delay, their time goes on from there,
    /// so that none of those that follow is late for a pause shorter than the lateness.
    fn silence(&mut self, places: &mut Places, elapsed: Duration) -> Result<(), Failure> {
        if let Some(clock) = self.engine.clock() {
            let elapsed = i64::try_from(elapsed.as_millis()).unwrap_or(i64::MAX);
            let time = clock.saturating_add(elapsed);
            self.alerts.run(places, &[], |alerts| self.engine.tick(time, alerts));
        }
        self.alerts.show()?;
        self.stop()
    }

    /// Goes on behind a packed file that is damaged behind so many lines and bytes;
    /// what the system cannot read ends the scan.
    fn broken(
        &mut self,
        source: &Source,
        error: &io::Error,
        lines: u64,
        bytes: u64,
    ) -> Result<(), Failure> {
        let damage = Damage::of(error).ok_or_else(|| source.broken(error))?;
        self.alerts.damaged(damage, 1 + lines, bytes);
        self.stop()
    }

    /// Gives the bytes of the input, which begins at `base` among all inputs.
    fn together(
        &mut self,
        source: &Source,
        input: Input,
        base: u64,
        progress: &Progress,
    ) -> Result<u64, Failure> {
        let (keep_bad, places) = (self.alerts.keeps_bad(), self.alerts.wants_places());
        let blocks = Blocks::of(input, self.pieces.block);
        let worker =
            |shard: Shard| Worker { shard, buffer: blocks.buffer(), base, keep_bad, places };
        let mut workers = Vec::with_capacity(self.threads);
        for _ in 0..self.threads {
            let shard = self.engine.shard();
            workers.push(worker(shard.map_err(|error| Failure::File(error.to_string()))?));
        }
        let shard = self.engine.shard().map_err(|error| Failure::File(error.to_string()))?;
        let mut seams = Seams {
            lines: Lines::new(self.line_limit),
            places: Places::default(),
            shard,
            base,
            fault: None,
        };
        let watched = source.may_be_silent();
        let crew = Crew::new(&blocks, self.threads, self.engine.live());
        let own = workers.pop();
        thread::scope(|scope| {
            for mut worker in workers {
                let crew = &crew;
                scope.spawn(move || crew.work(&mut worker));
            }
            let merged = own.map_or(Ok(()), |mut own| {
                while let Some(done) = crew.next(&mut own) {
                    if let Some(live) = self.watch.changed(&crew.live()) {
                        crew.go_on_with(live);
                    }
                    self.merge(&mut seams, done)?;
                    if watched {
                        self.alerts.flush()?;
                    }
                    if seams.fault.is_some() {
                        break;
                    }
                    progress.at(blocks.progress(), self.alerts.count());
                }
                self.seam(&mut seams, &[], true)
            });
            crew.stop();
            merged
        })?;
        let bytes = seams.lines.offset();
        if let Some(error) = seams.fault {
            self.broken(source, &error, seams.places.lines(), bytes)?;
        }
        Ok(bytes)
    }

    /// Takes what was found in a block, in input order.
    fn merge(&mut self, seams: &mut Seams, done: Done) -> Result<(), Failure> {
        if !Arc::ptr_eq(&done.live, self.engine.live()) {
            self.engine.go_on_with(&done.live);
            seams.shard.go_on_with(&done.live);
        }
        self.seam(seams, &done.head, false)?;
        let mut merged = Ok(());
        self.alerts.numbered(seams.places.lines(), &done.numbers, |alerts| {
            merged = self.engine.merge(&done.partials, alerts);
        });
        merged.map_err(|error| Failure::File(format!("records between threads: {error}")))?;
        self.stop()?;
        seams.lines.pass(done.body.0);
        seams.places.skip(done.body.0, done.body.1);
        seams.fault = done.fault;
        self.seam(seams, &done.tail, false)
    }

    /// Goes on with the line that lies in two blocks; `last`: it ends here.
    fn seam(&mut self, seams: &mut Seams, piece: &[u8], last: bool) -> Result<(), Failure> {
        let Seams { lines, places, shard, base, .. } = seams;
        let (engine, alerts) = (&mut *self.engine, &mut *self.alerts);
        let keep_bad = alerts.keeps_bad();
        let mut merged = Ok(());
        alerts.run(places, piece, |alerts| {
            let before = lines.given();
            let mut found = Vec::new();
            let mut take = |run: &[u8], at: u64| found.push(shard.scan(run, *base + at, keep_bad));
            lines.feed(piece, &mut take);
            if last {
                lines.finish(&mut take);
            }
            // As many bytes as were read, not as were kept of a line above the limit.
            let mut read = lines.given() - before;
            for partials in &mut found {
                partials.counts.bytes = std::mem::take(&mut read);
                if merged.is_ok() {
                    merged = engine.merge(partials, alerts);
                }
            }
        });
        merged.map_err(|error| Failure::File(format!("records between threads: {error}")))?;
        self.stop()
    }

    /// Ends the scan where output or strictness asks for it.
    fn stop(&mut self) -> Result<(), Failure> {
        self.alerts.failure()?;
        match self.alerts.first_bad() {
            Some(message) if self.strict => {
                eprintln!("error: {message}");
                Err(Failure::Found)
            }
            _ => Ok(()),
        }
    }
}

/// Lines that lie in two blocks.
struct Seams {
    lines: Lines,
    places: Places,
    shard: Shard,
    /// Offset of the input among all inputs.
    base: u64,
    fault: Option<io::Error>,
}
