//! Quantiles: exact over a small number of values, a t-digest beyond.
//!
//! The digest is the merging one of Dunning and Ertl, "Computing extremely
//! accurate quantiles using t-digests" (2019), with the scale function k1. Its
//! centroids hold at most pi / COMPRESSION * sqrt(q (1 - q)) of all values around
//! quantile q, so a quantile's rank is off by at most half of that: 0.08 % of all
//! values at the median, and less towards both ends. Elasticsearch uses the same
//! compression here.

use crate::state::{Decode, DecodeError, Encode, Reader};
use core::f64::consts::PI;

/// Up to so many values quantiles are exact.
pub const EXACT_QUANTILES: usize = 2_000;

const COMPRESSION: f64 = 1_000.0;

/// Values waiting to be merged into the centroids.
const BUFFER: usize = 2_000;

/// A mergeable sketch of a distribution.
#[derive(Clone, Debug, Default)]
pub struct Digest(Option<Box<Inner>>);

#[derive(Clone, Debug, Default)]
struct Inner {
    /// Sorted by mean; empty while exact.
    centroids: Vec<Centroid>,
    /// Values not yet merged, in any order; all of them while exact.
    buffer: Vec<f64>,
    least: f64,
    greatest: f64,
}

#[derive(Clone, Copy, Debug, PartialEq)]
struct Centroid {
    mean: f64,
    weight: f64,
}

impl Digest {
    /// Adds a value.
    pub fn add(&mut self, value: f64) {
        let inner = self.inner();
        inner.see(value, value);
        inner.buffer.push(value);
        if inner.buffer.len() > BUFFER {
            inner.compress(&[]);
        }
    }

    /// Takes another digest's values.
    pub fn merge(&mut self, other: &Digest) {
        let Some(theirs) = &other.0 else { return };
        let inner = self.inner();
        inner.see(theirs.least, theirs.greatest);
        inner.buffer.extend_from_slice(&theirs.buffer);
        if inner.buffer.len() > BUFFER || !theirs.centroids.is_empty() {
            inner.compress(&theirs.centroids);
        }
    }

    /// The quantile `q` of 0 to 1: between two values linear in the rank
    /// `q (n - 1)`. `None` over no value.
    pub fn quantile(&self, q: f64) -> Option<f64> {
        self.settled().map(|inner| inner.quantile(q))
    }

    /// The median of the distances from the median.
    pub fn median_absolute_deviation(&self) -> Option<f64> {
        let inner = self.settled()?;
        let median = inner.quantile(0.5);
        let mut distances =
            Inner { least: f64::INFINITY, greatest: f64::NEG_INFINITY, ..Inner::default() };
        if inner.centroids.is_empty() {
            distances.buffer = inner.buffer.iter().map(|value| (value - median).abs()).collect();
            distances.buffer.sort_unstable_by(f64::total_cmp);
        } else {
            let moved = |c: &Centroid| Centroid { mean: (c.mean - median).abs(), ..*c };
            let centroids: Vec<Centroid> = inner.centroids.iter().map(moved).collect();
            for centroid in &centroids {
                distances.see(centroid.mean, centroid.mean);
            }
            distances.compress(&centroids);
        }
        Some(distances.quantile(0.5))
    }

    /// Bytes on the heap.
    pub fn heap(&self) -> usize {
        self.0.as_ref().map_or(0, |inner| {
            size_of::<Inner>()
                + inner.buffer.capacity() * size_of::<f64>()
                + inner.centroids.capacity() * size_of::<Centroid>()
        })
    }

    fn inner(&mut self) -> &mut Inner {
        self.0.get_or_insert_with(|| {
            Box::new(Inner {
                least: f64::INFINITY,
                greatest: f64::NEG_INFINITY,
                ..Inner::default()
            })
        })
    }

    /// A copy that quantiles can be read from: sorted while exact, else without
    /// buffer.
    fn settled(&self) -> Option<Inner> {
        let mut inner = (**self.0.as_ref()?).clone();
        if inner.centroids.is_empty() {
            inner.buffer.sort_unstable_by(f64::total_cmp);
        } else {
            inner.compress(&[]);
        }
        Some(inner)
    }
}

impl Inner {
    fn see(&mut self, least: f64, greatest: f64) {
        self.least = self.least.min(least);
        self.greatest = self.greatest.max(greatest);
    }

    /// Merges buffer and `others` into the centroids.
    fn compress(&mut self, others: &[Centroid]) {
        let mut all = core::mem::take(&mut self.centroids);
        all.extend_from_slice(others);
        all.extend(self.buffer.drain(..).map(|mean| Centroid { mean, weight: 1.0 }));
        self.buffer.shrink_to(0);
        all.sort_by(|a, b| a.mean.total_cmp(&b.mean));
        let total: f64 = all.iter().map(|centroid| centroid.weight).sum();
        let mut before = 0.0;
        let mut limit = total * quantile_limit(0.0);
        let mut merged: Vec<Centroid> = Vec::with_capacity(COMPRESSION as usize + 8);
        for next in all {
            match merged.last_mut() {
                Some(last) if before + last.weight + next.weight <= limit => {
                    last.weight += next.weight;
                    last.mean += (next.mean - last.mean) * next.weight / last.weight;
                }
                last => {
                    if let Some(last) = last {
                        before += last.weight;
                        limit = total * quantile_limit(before / total);
                    }
                    merged.push(next);
                }
            }
        }
        self.centroids = merged;
    }

    fn quantile(&self, q: f64) -> f64 {
        let q = q.clamp(0.0, 1.0);
        if self.centroids.is_empty() {
            return exact_quantile(&self.buffer, q);
        }
        let total: f64 = self.centroids.iter().map(|centroid| centroid.weight).sum();
        let rank = q * (total - 1.0);
        // Each centroid's mean is the value at the middle rank of its weight; the
        // least and greatest value stand at ranks 0 and total - 1.
        let (mut left_rank, mut left) = (0.0, self.least);
        let mut before = 0.0;
        for centroid in &self.centroids {
            let middle = before + (centroid.weight - 1.0) / 2.0;
            if rank <= middle {
                return between(left_rank, left, middle, centroid.mean, rank);
            }
            (left_rank, left) = (middle, centroid.mean);
            before += centroid.weight;
        }
        between(left_rank, left, total - 1.0, self.greatest, rank)
    }
}

/// How far a centroid that begins at quantile `q` may reach: one unit of the
/// scale function k1(q) = COMPRESSION / (2 pi) * asin(2 q - 1).
fn quantile_limit(q: f64) -> f64 {
    let k = COMPRESSION / (2.0 * PI) * (2.0 * q - 1.0).clamp(-1.0, 1.0).asin() + 1.0;
    let angle = (k * 2.0 * PI / COMPRESSION).min(PI / 2.0);
    f64::midpoint(angle.sin(), 1.0)
}

fn between(left_rank: f64, left: f64, right_rank: f64, right: f64, rank: f64) -> f64 {
    if right_rank <= left_rank {
        return right;
    }
    left + (rank - left_rank) / (right_rank - left_rank) * (right - left)
}

fn exact_quantile(sorted: &[f64], q: f64) -> f64 {
    let Some(last) = sorted.len().checked_sub(1) else { return f64::NAN };
    let index = q * last as f64;
    let lower = index.floor();
    let (left, right) = (sorted[lower as usize], sorted[(lower as usize + 1).min(last)]);
    left + (index - lower) * (right - left)
}

impl Encode for Digest {
    fn encode(&self, out: &mut Vec<u8>) {
        let Some(inner) = &self.0 else {
            0u64.encode(out);
            0u64.encode(out);
            return;
        };
        inner.buffer.encode(out);
        (inner.centroids.len() as u64).encode(out);
        for centroid in &inner.centroids {
            centroid.mean.encode(out);
            centroid.weight.encode(out);
        }
        if !inner.centroids.is_empty() {
            inner.least.encode(out);
            inner.greatest.encode(out);
        }
    }
}

impl Decode for Digest {
    fn decode(from: &mut Reader<'_>) -> Result<Digest, DecodeError> {
        let mut inner = Inner {
            least: f64::INFINITY,
            greatest: f64::NEG_INFINITY,
            buffer: Vec::decode(from)?,
            centroids: Vec::new(),
        };
        for _ in 0..from.length()? {
            let centroid = Centroid { mean: f64::decode(from)?, weight: f64::decode(from)? };
            inner.centroids.push(centroid);
        }
        if !inner.centroids.is_empty() {
            inner.see(f64::decode(from)?, f64::decode(from)?);
        }
        for index in 0..inner.buffer.len() {
            let value = inner.buffer[index];
            inner.see(value, value);
        }
        let empty = inner.buffer.is_empty() && inner.centroids.is_empty();
        Ok(Digest((!empty).then(|| Box::new(inner))))
    }
}
