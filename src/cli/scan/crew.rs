//! Several threads on one input: each takes blocks and scans them, one merges what
//! they found in input order, and scans too while there is nothing to merge.
//!
//! A line that lies in two blocks is put together by the one that merges.

use super::blocks::{Blocks, Taken};
use super::places::Places;
use detect::runtime::engine::{Live, Partials, Shard};
use std::collections::BTreeMap;
use std::io;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

/// Blocks that are under way or wait for their turn, for each thread.
const AHEAD: u64 = 4;

/// What was found in a block.
pub(super) struct Done {
    /// The end of a line that began before the block; all of it if no line ends here.
    pub(super) head: Vec<u8>,
    /// How the rules stood for it.
    pub(super) live: Arc<Live>,
    /// What whole lines gave.
    pub(super) partials: Partials,
    /// Bytes and lines of them; lines are counted only if places are wanted.
    pub(super) body: (u64, u64),
    /// Number of each bad line among them, from 1.
    pub(super) numbers: Vec<u64>,
    /// The beginning of a line that ends behind the block.
    pub(super) tail: Vec<u8>,
    /// What went wrong behind the block's last byte.
    pub(super) fault: Option<io::Error>,
}

/// One thread's equipment.
pub(super) struct Worker {
    pub(super) shard: Shard,
    pub(super) buffer: Vec<u8>,
    /// Offset of the input among all inputs.
    pub(super) base: u64,
    /// The text of bad lines is wanted.
    pub(super) keep_bad: bool,
    /// Their line numbers are wanted.
    pub(super) places: bool,
}

impl Worker {
    fn scan(&mut self, taken: Taken, outcome: io::Result<()>, live: Arc<Live>) -> Done {
        self.shard.go_on_with(&live);
        let block = &self.buffer[..taken.length];
        let first = memchr::memchr(b'\n', block).map_or(block.len(), |end| end + 1);
        let (head, rest) = block.split_at(first);
        let end = memchr::memrchr(b'\n', rest).map_or(0, |end| end + 1);
        let (body, tail) = rest.split_at(end);
        let offset = taken.offset + first as u64;
        let partials = self.shard.scan(body, self.base + offset, self.keep_bad);
        let mut places = Places::starting(offset);
        let mut numbers = Vec::new();
        if self.places {
            let bad = partials.bad.iter();
            numbers.extend(bad.map(|(bad, _)| places.line(body, bad.offset - self.base)));
            places.pass(body);
        }
        Done {
            head: head.to_vec(),
            live,
            partials,
            body: (body.len() as u64, places.lines()),
            numbers,
            tail: tail.to_vec(),
            fault: outcome.err(),
        }
    }
}

/// What the threads share.
pub(super) struct Crew<'b> {
    blocks: &'b Blocks,
    order: Mutex<Order>,
    changed: Condvar,
    ahead: u64,
}

struct Order {
    /// How the rules stand for blocks from a number on, in the order of numbers.
    live: Vec<(u64, Arc<Live>)>,
    /// Scanned and not merged, by number.
    done: BTreeMap<u64, Done>,
    /// Blocks that were taken, or are about to be.
    claimed: u64,
    merged: u64,
    /// Claims that found the end.
    ended: u64,
    stopped: bool,
}

/// What the one that merges does next.
enum Next {
    Merge(Box<Done>),
    Scan,
    Wait,
    End,
}

impl<'b> Crew<'b> {
    pub(super) fn new(blocks: &'b Blocks, threads: usize, live: &Arc<Live>) -> Crew<'b> {
        let ahead = AHEAD * threads as u64;
        let order = Mutex::new(Order::new(Arc::clone(live)));
        Crew { blocks, order, changed: Condvar::new(), ahead }
    }

    /// How the rules stand for blocks that nobody took yet.
    pub(super) fn live(&self) -> Arc<Live> {
        let order = self.lock();
        order.live_of(order.claimed)
    }

    /// Goes on so from the next block that nobody took.
    pub(super) fn go_on_with(&self, live: Arc<Live>) {
        let mut order = self.lock();
        let from = order.claimed;
        order.live.push((from, live));
    }

    /// Scans blocks until there are none, or the scan stops.
    pub(super) fn work(&self, worker: &mut Worker) {
        loop {
            let mut order = self.lock();
            while !order.stopped && order.ended == 0 && !order.may_claim(self.ahead) {
                order = self.wait(order);
            }
            if order.stopped || order.ended > 0 {
                return;
            }
            order.claimed += 1;
            drop(order);
            self.one(worker);
        }
    }

    /// The next block in input order; scans itself while that is under way.
    pub(super) fn next(&self, worker: &mut Worker) -> Option<Done> {
        loop {
            let mut order = self.lock();
            match order.next(self.ahead) {
                Next::Merge(done) => {
                    self.changed.notify_all();
                    return Some(*done);
                }
                Next::Scan => {
                    drop(order);
                    self.one(worker);
                }
                Next::Wait => drop(self.wait(order)),
                Next::End => return None,
            }
        }
    }

    /// Ends the work of all threads.
    pub(super) fn stop(&self) {
        self.lock().stopped = true;
        self.changed.notify_all();
    }

    /// Takes and scans one block that was claimed.
    fn one(&self, worker: &mut Worker) {
        let done = self.blocks.next(&mut worker.buffer).map(|(taken, outcome)| {
            let live = self.lock().live_of(taken.number);
            (taken.number, worker.scan(taken, outcome, live))
        });
        let mut order = self.lock();
        match done {
            Some((number, done)) => drop(order.done.insert(number, done)),
            None => order.ended += 1,
        }
        drop(order);
        self.changed.notify_all();
    }

    fn lock(&self) -> MutexGuard<'_, Order> {
        self.order.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wait<'o>(&self, order: MutexGuard<'o, Order>) -> MutexGuard<'o, Order> {
        self.changed.wait(order).unwrap_or_else(PoisonError::into_inner)
    }
}

impl Order {
    fn new(live: Arc<Live>) -> Order {
        let live = vec![(0, live)];
        Order { live, done: BTreeMap::new(), claimed: 0, merged: 0, ended: 0, stopped: false }
    }

    /// A block's number is below the count of claims when it is taken, so what begins
    /// at that count holds for later blocks only.
    fn live_of(&self, number: u64) -> Arc<Live> {
        let known = self.live.partition_point(|(from, _)| *from <= number);
        Arc::clone(&self.live[known.saturating_sub(1)].1)
    }

    fn may_claim(&self, ahead: u64) -> bool {
        self.ended == 0 && self.claimed - self.merged < ahead
    }

    fn next(&mut self, ahead: u64) -> Next {
        if let Some(done) = self.done.remove(&self.merged) {
            self.merged += 1;
            return Next::Merge(Box::new(done));
        }
        if self.may_claim(ahead) {
            self.claimed += 1;
            return Next::Scan;
        }
        if self.claimed == self.merged + self.ended { Next::End } else { Next::Wait }
    }
}
