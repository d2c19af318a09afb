//! A head's surroundings for tests: arena, settings, and what it gave out.

use super::{Draft, Env, Head, Hit, Lent, Losses, Settings, Source};
use crate::value::{Value, Warnings};
use bumpalo::Bump;
use std::sync::Arc;

/// Everything that an [`Env`] lends.
#[derive(Default)]
pub(crate) struct Trial {
    arena: Bump,
    pub(crate) settings: Settings,
    pub(crate) drafts: Vec<Draft>,
    pub(crate) losses: Losses,
    warnings: Warnings,
}

/// A hit whose event is the text of its name.
#[derive(Clone, Debug, Default)]
pub(crate) struct Event {
    pub(crate) name: String,
    pub(crate) time: i64,
    pub(crate) order: i64,
    pub(crate) position: u64,
    pub(crate) terms: u64,
}

impl Trial {
    pub(crate) fn new(settings: Settings) -> Trial {
        Trial { settings, ..Trial::default() }
    }

    pub(crate) fn env(&mut self) -> Env<'_> {
        self.arena.reset();
        Env {
            arena: &self.arena,
            settings: &self.settings,
            drafts: &mut self.drafts,
            losses: &mut self.losses,
            warnings: &self.warnings,
        }
    }

    /// Feeds one event.
    pub(crate) fn hit(&mut self, head: &mut dyn Head, event: &Event, row: &[Value<'_>]) {
        event.lend(row, |hit| head.hit(hit, &mut self.env()));
    }
}

impl Event {
    /// Calls with the hit that this event makes.
    pub(crate) fn lend(&self, row: &[Value<'_>], with: impl FnOnce(&Hit<'_>)) {
        let lent = Lent::new(self.name.as_bytes(), "");
        with(&Hit {
            time: self.time,
            order: self.order,
            position: self.position,
            row,
            terms: self.terms,
            lineages: 0,
            source: Some(&lent),
        });
    }
}

/// Name of a [`Event`] that a draft holds.
pub(crate) fn name(source: &Arc<Source>) -> String {
    String::from_utf8_lossy(&source.line).into_owned()
}
