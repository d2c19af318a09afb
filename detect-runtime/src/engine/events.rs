//! The head of rules without state: a hit is an alert.

use crate::head::{Content, Draft, Env, Head, Hit};
use crate::state::{DecodeError, Reader};

/// Turns each hit into a draft.
pub(super) struct Events;

impl Head for Events {
    fn hit(&mut self, hit: &Hit<'_>, env: &mut Env<'_>) {
        env.drafts.push(Draft {
            time: hit.time,
            content: Content::Event(hit.share()),
            suppression: None,
        });
    }

    fn tick(&mut self, _time: i64, _env: &mut Env<'_>) {}

    fn finish(&mut self, _env: &mut Env<'_>) {}

    fn encode(&self, _out: &mut Vec<u8>) {}

    fn decode(&mut self, _from: &mut Reader<'_>) -> Result<(), DecodeError> {
        Ok(())
    }

    fn memory(&self) -> usize {
        0
    }
}
