//! HyperLogLog over 64-bit fingerprints (Flajolet et al. 2007; 64-bit hashes as
//! in Heule et al. 2013) with the estimator of Ertl, "New cardinality estimation
//! algorithms for HyperLogLog sketches" (2017), section 3: unbiased over the whole
//! range, so that no bias table and no switch to linear counting is needed.

use crate::state::{Decode, DecodeError, Encode, Reader};

/// A sketch of 2^precision registers. The standard error of the estimate is
/// 1.04 / sqrt(2^precision): 0.81 % at precision 14, which the default threshold
/// of 3,000 gives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HyperLogLog {
    precision: u8,
    registers: Box<[u8]>,
}

impl HyperLogLog {
    /// An empty sketch; the precision is held within 4 to 18.
    pub fn new(precision: u8) -> HyperLogLog {
        let precision = precision.clamp(4, 18);
        HyperLogLog { precision, registers: vec![0; 1 << precision].into() }
    }

    /// The precision that Elasticsearch takes for a precision threshold: room for
    /// the threshold in a table with load factor 3/4 and 4 bytes an entry.
    pub fn precision_for(threshold: u64) -> u8 {
        let entries = (threshold.max(1) * 4).div_ceil(3);
        (64 - (entries * 4).leading_zeros()).clamp(4, 18) as u8
    }

    /// Adds a fingerprint.
    pub fn insert(&mut self, fingerprint: u64) {
        let p = u32::from(self.precision);
        let index = (fingerprint >> (64 - p)) as usize;
        let rank = ((fingerprint << p).leading_zeros().min(64 - p) + 1) as u8;
        self.raise(index, rank);
    }

    fn raise(&mut self, index: usize, rank: u8) {
        if let Some(register) = self.registers.get_mut(index) {
            *register = rank.max(*register);
        }
    }

    /// Union; of two precisions the lower one remains.
    pub fn merge(&mut self, other: &HyperLogLog) {
        if other.precision < self.precision {
            let mut folded = HyperLogLog::new(other.precision);
            folded.fold(self);
            *self = folded;
        }
        self.fold(other);
    }

    /// Takes registers of the same or a higher precision: the index bits that
    /// fall away become the first bits of the rank.
    fn fold(&mut self, other: &HyperLogLog) {
        let lost = u32::from(other.precision - self.precision);
        for (index, &rank) in other.registers.iter().enumerate().filter(|(_, rank)| **rank > 0) {
            let low = (index & ((1 << lost) - 1)) as u32;
            let rank = match low {
                0 => rank + lost as u8,
                _ => (lost - (32 - low.leading_zeros()) + 1) as u8,
            };
            self.raise(index >> lost, rank);
        }
    }

    /// The estimated number of distinct fingerprints.
    pub fn estimate(&self) -> u64 {
        let q = 64 - usize::from(self.precision);
        let mut histogram = vec![0u32; q + 2];
        for &register in &self.registers {
            histogram[usize::from(register).min(q + 1)] += 1;
        }
        let m = self.registers.len() as f64;
        let mut z = m * tau(1.0 - f64::from(histogram[q + 1]) / m);
        for &count in histogram[1..=q].iter().rev() {
            z = 0.5 * (z + f64::from(count));
        }
        z += m * sigma(f64::from(histogram[0]) / m);
        (m * m / (2.0 * core::f64::consts::LN_2 * z)).round() as u64
    }

    /// Bytes on the heap.
    pub fn heap(&self) -> usize {
        self.registers.len()
    }
}

/// Ertl 2017, algorithm 5.
fn sigma(mut x: f64) -> f64 {
    if x == 1.0 {
        return f64::INFINITY;
    }
    let (mut y, mut z) = (1.0, x);
    loop {
        x *= x;
        let before = z;
        z += x * y;
        y += y;
        if z == before {
            return z;
        }
    }
}

/// Ertl 2017, algorithm 6.
fn tau(mut x: f64) -> f64 {
    if x == 0.0 || x == 1.0 {
        return 0.0;
    }
    let (mut y, mut z) = (1.0, 1.0 - x);
    loop {
        x = x.sqrt();
        let before = z;
        y *= 0.5;
        z -= (1.0 - x).powi(2) * y;
        if z == before {
            return z / 3.0;
        }
    }
}

impl Encode for HyperLogLog {
    fn encode(&self, out: &mut Vec<u8>) {
        out.push(self.precision);
        out.extend_from_slice(&self.registers);
    }
}

impl Decode for HyperLogLog {
    fn decode(from: &mut Reader<'_>) -> Result<HyperLogLog, DecodeError> {
        let precision = from.byte()?;
        if !(4..=18).contains(&precision) {
            return Err(DecodeError::Tag { what: "sketch precision", tag: precision });
        }
        let highest = 64 - precision + 1;
        let registers = from.take(1 << precision)?.iter().map(|rank| *rank.min(&highest)).collect();
        Ok(HyperLogLog { precision, registers })
    }
}
