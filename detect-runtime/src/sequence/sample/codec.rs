//! State of a sample rule on disk.

use super::{Candidates, Kept, SampleSpec, Sampler, key_bytes};
use crate::head::Source;
use crate::key::values;
use crate::state::{Decode, DecodeError, Encode, Reader};
use std::sync::Arc;

pub(super) fn encode(sampler: &Sampler, out: &mut Vec<u8>) {
    sampler.clock.encode(out);
    sampler.swept.encode(out);
    (sampler.keys.len() as u64).encode(out);
    for (key, candidates) in &sampler.keys {
        blob(key, out);
        candidates.quiet.encode(out);
        for list in &candidates.terms {
            (list.len() as u64).encode(out);
            for kept in list {
                kept.time.encode(out);
                kept.position.encode(out);
                blob(&kept.source.line, out);
                kept.source.index.encode(out);
            }
        }
    }
}

pub(super) fn decode(
    spec: &'static SampleSpec,
    from: &mut Reader<'_>,
) -> Result<Sampler, DecodeError> {
    let mut new = Sampler::new(spec);
    new.clock = i64::decode(from)?;
    new.swept = i64::decode(from)?;
    for _ in 0..from.length()? {
        let key: Box<[u8]> = bytes(from)?.into();
        values(&key)?;
        let quiet: Option<i64> = Option::decode(from)?;
        let mut terms = Vec::new();
        for _ in spec.terms {
            let length = from.length()?;
            terms.push((0..length).map(|_| kept(from)).collect::<Result<Vec<_>, _>>()?);
        }
        if let Some(end) = quiet {
            new.due.insert((end, key.clone()));
        }
        let events: usize = terms.iter().flatten().map(Kept::bytes).sum();
        let fresh = key_bytes(&key, terms.len()) + events;
        if new.keys.insert(key, Candidates { terms, quiet }).is_none() {
            new.heap += fresh;
        } else {
            return Err(DecodeError::Tag { what: "key that was there before", tag: 0 });
        }
    }
    Ok(new)
}

fn blob(bytes: &[u8], out: &mut Vec<u8>) {
    (bytes.len() as u64).encode(out);
    out.extend_from_slice(bytes);
}

fn bytes<'b>(from: &mut Reader<'b>) -> Result<&'b [u8], DecodeError> {
    let length = from.length()?;
    from.take(length)
}

fn kept(from: &mut Reader<'_>) -> Result<Kept, DecodeError> {
    Ok(Kept {
        time: i64::decode(from)?,
        position: u64::decode(from)?,
        source: Arc::new(Source { line: bytes(from)?.into(), index: Box::decode(from)? }),
    })
}
