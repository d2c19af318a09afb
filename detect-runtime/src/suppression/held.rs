//! Alerts that wait for the end of their run, in the state.

use crate::head::{Content, Draft, Source};
use crate::state::{Decode, DecodeError, Encode, Reader};
use crate::value::Owned;
use std::sync::Arc;

const NONE: u8 = 0;
const EVENT: u8 = 1;
const ROW: u8 = 2;
const SEQUENCE: u8 = 3;
const THRESHOLD: u8 = 4;
const NEW_TERMS: u8 = 5;

/// Appends a draft. Those of indicator matches do not wait.
pub(super) fn encode(draft: Option<&Draft>, out: &mut Vec<u8>) {
    let Some(Draft { time, content, .. }) = draft else { return out.push(NONE) };
    match content {
        Content::Event(event) => {
            out.push(EVENT);
            source(event, out);
        }
        Content::Row { columns, source: event, window } => {
            out.push(ROW);
            columns.encode(out);
            event.is_some().encode(out);
            if let Some(event) = event {
                source(event, out);
            }
            window.0.encode(out);
            window.1.encode(out);
            window.2.encode(out);
        }
        Content::Sequence { events, keys } => {
            out.push(SEQUENCE);
            (events.len() as u64).encode(out);
            for event in events {
                event.is_some().encode(out);
                if let Some(event) = event {
                    source(event, out);
                }
            }
            keys.encode(out);
        }
        Content::Threshold { terms, count, cardinality, span } => {
            out.push(THRESHOLD);
            terms.encode(out);
            count.encode(out);
            cardinality.encode(out);
            span.0.encode(out);
            span.1.encode(out);
        }
        Content::NewTerms { event, terms } => {
            out.push(NEW_TERMS);
            source(event, out);
            terms.encode(out);
        }
        Content::Threat { .. } => return out.push(NONE),
    }
    time.encode(out);
}

/// Reads a draft.
pub(super) fn decode(from: &mut Reader<'_>) -> Result<Option<Draft>, DecodeError> {
    let content = match from.byte()? {
        NONE => return Ok(None),
        EVENT => Content::Event(pull_source(from)?),
        ROW => Content::Row {
            columns: owned(from)?,
            source: if bool::decode(from)? { Some(pull_source(from)?) } else { None },
            window: (i64::decode(from)?, i64::decode(from)?, u32::decode(from)?),
        },
        SEQUENCE => {
            let mut events = Vec::new();
            for _ in 0..from.length()? {
                events.push(if bool::decode(from)? { Some(pull_source(from)?) } else { None });
            }
            Content::Sequence { events, keys: owned(from)? }
        }
        THRESHOLD => Content::Threshold {
            terms: owned(from)?,
            count: u64::decode(from)?,
            cardinality: Option::decode(from)?,
            span: (i64::decode(from)?, i64::decode(from)?),
        },
        NEW_TERMS => Content::NewTerms { event: pull_source(from)?, terms: owned(from)? },
        tag => return Err(DecodeError::Tag { what: "held alert", tag }),
    };
    Ok(Some(Draft { time: i64::decode(from)?, content, suppression: None }))
}

fn owned(from: &mut Reader<'_>) -> Result<Box<[Owned]>, DecodeError> {
    Vec::decode(from).map(Into::into)
}

fn source(event: &Source, out: &mut Vec<u8>) {
    event.line.encode(out);
    event.index.encode(out);
}

fn pull_source(from: &mut Reader<'_>) -> Result<Arc<Source>, DecodeError> {
    let length = from.length()?;
    let line = from.take(length)?.into();
    Ok(Arc::new(Source { line, index: Box::decode(from)? }))
}
