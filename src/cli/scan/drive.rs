//! Reading: one thread does all, or one reads, several scan, and the first
//! merges what they found in input order.

use super::alerts::Alerts;
use super::live::Watch;
use super::places::Places;
use crate::cli::failure::Failure;
use crate::cli::input::{Input, Source};
use crate::cli::progress::Progress;
use crate::cli::ruleset::Rules;
use detect::runtime::engine::{Engine, Live, Partials, Shard};
use detect::runtime::input::Lines;
use std::io::{self, Read};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;

/// Bytes that are read at once by one thread: they stay in the second-level cache.
const CHUNK: usize = 1 << 18;

/// Bytes of a run that is handed to another thread: large enough that the
/// hand-over does not show.
const RUN: usize = 1 << 21;

/// A scan under way.
pub(super) struct Drive<'d> {
    pub(super) engine: &'d mut Engine<Rules>,
    pub(super) alerts: &'d mut Alerts,
    pub(super) watch: Watch,
    pub(super) threads: usize,
    pub(super) strict: bool,
    pub(super) line_limit: usize,
}

impl Drive<'_> {
    /// Scans all sources, one after the other, and ends the input.
    pub(super) fn run(&mut self, sources: &[Source]) -> Result<(), Failure> {
        let progress = Progress::new(sources);
        for source in sources {
            let input = source.open()?;
            self.alerts.begin(&source.name(), self.engine.counts().bytes);
            if self.threads == 1 {
                self.alone(source, input, &progress)?;
            } else {
                self.together(source, input, &progress)?;
            }
        }
        self.engine.finish(self.alerts);
        progress.end();
        Ok(())
    }

    fn alone(
        &mut self,
        source: &Source,
        mut input: Input,
        progress: &Progress,
    ) -> Result<(), Failure> {
        let mut buffer = vec![0; CHUNK];
        let mut places = Places::default();
        let broken = loop {
            match fill(&mut input, &mut buffer) {
                Ok(0) => break None,
                Ok(length) => {
                    if let Some(live) = self.watch.changed(self.engine.live()) {
                        self.engine.go_on_with(&live);
                    }
                    self.alerts.run(&mut places, &buffer[..length], |alerts| {
                        self.engine.feed(&buffer[..length], alerts);
                    });
                    progress.at(&input, self.alerts.count());
                    self.stop()?;
                }
                Err(error) => break Some(error),
            }
        };
        // What came before a fault was scanned; its last line may be cut.
        self.alerts.run(&mut places, &[], |alerts| self.engine.end_input(alerts));
        self.stop()?;
        match broken {
            Some(error) => Err(source.broken(&error)),
            None => Ok(()),
        }
    }

    fn together(
        &mut self,
        source: &Source,
        mut input: Input,
        progress: &Progress,
    ) -> Result<(), Failure> {
        let workers = self.threads - 1;
        let mut shards = Vec::with_capacity(workers);
        for _ in 0..workers {
            let shard = self.engine.shard();
            shards.push(shard.map_err(|error| Failure::File(error.to_string()))?);
        }
        let keep_bad = self.alerts.keeps_bad();
        let base = self.engine.counts().bytes;
        let mut places = Places::default();
        let mut outcome = Ok(());
        let mut broken = None;
        thread::scope(|scope| {
            let lanes: Vec<Lane> =
                shards.into_iter().map(|shard| Lane::start(scope, shard, base, keep_bad)).collect();
            // The owner comes to it when it takes the runs that were scanned so.
            let mut live = Arc::clone(self.engine.live());
            let mut queue = Queue { lanes, sent: 0, taken: 0 };
            let mut lines = Lines::new(self.line_limit);
            let mut buffer = vec![0; RUN];
            while outcome.is_ok() {
                let length = match fill(&mut input, &mut buffer) {
                    Ok(0) => break,
                    Ok(length) => length,
                    Err(error) => {
                        broken = Some(error);
                        break;
                    }
                };
                live = self.watch.changed(&live).unwrap_or(live);
                let mut runs = Vec::new();
                lines.feed(&buffer[..length], &mut |run, at| runs.push((run.to_vec(), at)));
                for (run, at) in runs {
                    let job = Job { run, at, live: Arc::clone(&live) };
                    outcome = queue.send(job, |done| self.merge(&mut places, &done));
                    if outcome.is_err() {
                        break;
                    }
                }
                progress.at(&input, self.alerts.count());
            }
            let mut last = None;
            lines.finish(&mut |run, at| last = Some((run.to_vec(), at)));
            if let (Some((run, at)), true) = (last, outcome.is_ok()) {
                let job = Job { run, at, live: Arc::clone(&live) };
                outcome = queue.send(job, |done| self.merge(&mut places, &done));
            }
            if outcome.is_ok() {
                outcome = queue.drain(|done| self.merge(&mut places, &done));
            }
        });
        outcome?;
        match broken {
            Some(error) => Err(source.broken(&error)),
            None => Ok(()),
        }
    }

    /// Takes what a worker found, in input order.
    fn merge(&mut self, places: &mut Places, done: &Done) -> Result<(), Failure> {
        if !Arc::ptr_eq(&done.live, self.engine.live()) {
            self.engine.go_on_with(&done.live);
        }
        let mut merged = Ok(());
        self.alerts.run(places, &done.run, |alerts| {
            merged = self.engine.merge(&done.partials, alerts);
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

/// A run of lines to scan, and how the rules stand for it.
struct Job {
    run: Vec<u8>,
    at: u64,
    live: Arc<Live>,
}

/// A run of lines with what was found in it.
struct Done {
    run: Vec<u8>,
    live: Arc<Live>,
    partials: Partials,
}

/// A worker with its two ends.
struct Lane {
    send: SyncSender<Job>,
    receive: Receiver<Done>,
}

impl Lane {
    fn start<'scope>(
        scope: &'scope thread::Scope<'scope, '_>,
        mut shard: Shard,
        base: u64,
        keep_bad: bool,
    ) -> Lane {
        let (send, runs) = sync_channel::<Job>(2);
        let (done, receive) = sync_channel(2);
        scope.spawn(move || {
            for Job { run, at, live } in runs {
                shard.go_on_with(&live);
                let partials = shard.scan(&run, base + at, keep_bad);
                if done.send(Done { run, live, partials }).is_err() {
                    return;
                }
            }
        });
        Lane { send, receive }
    }
}

/// Runs go round the lanes in turn, and are taken back in the same order.
struct Queue {
    lanes: Vec<Lane>,
    sent: usize,
    taken: usize,
}

impl Queue {
    fn send(
        &mut self,
        job: Job,
        take: impl FnMut(Done) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        if self.sent - self.taken >= 2 * self.lanes.len() {
            self.take(take)?;
        }
        let lane = &self.lanes[self.sent % self.lanes.len()];
        self.sent += 1;
        lane.send.send(job).map_err(|_| lost())
    }

    fn drain(&mut self, mut take: impl FnMut(Done) -> Result<(), Failure>) -> Result<(), Failure> {
        while self.taken < self.sent {
            self.take(&mut take)?;
        }
        Ok(())
    }

    fn take(&mut self, mut take: impl FnMut(Done) -> Result<(), Failure>) -> Result<(), Failure> {
        let lane = &self.lanes[self.taken % self.lanes.len()];
        self.taken += 1;
        take(lane.receive.recv().map_err(|_| lost())?)
    }
}

fn lost() -> Failure {
    Failure::File("a worker thread ended early".to_owned())
}

/// Reads until the buffer is full or the input ends.
fn fill(input: &mut Input, buffer: &mut [u8]) -> io::Result<usize> {
    loop {
        match input.read(buffer) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            other => return other,
        }
    }
}
