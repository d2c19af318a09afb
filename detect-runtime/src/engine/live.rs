//! What may change about rules while an engine runs, without a new build and
//! outside the hash of a rule's meaning: on or off, severity and risk, the values
//! of exceptions, indicators.
//!
//! All of it is one [`Live`], which is replaced as a whole between two events
//! ([`Engine::go_on_with`](super::Engine::go_on_with)): no event sees half of a
//! change. The embedder watches its files and says when.

use super::table::{HeadSpec, Rule, Table};
use crate::alert::Rating;
use crate::event::reference::Reader;
use crate::exception::{ExceptionError, Items};
use crate::indicator::{Builder, Indicators};
use crate::json::layout::{Layout, LayoutError};
use crate::plain::{Form, Scope};
use crate::state::{self, Decode, DecodeError};
use crate::value::{Cx, Warnings};
use bumpalo::Bump;
use std::sync::Arc;
use thiserror::Error;

/// The changeable part of all rules.
#[derive(Clone, Debug)]
pub struct Live {
    /// By number of the rule.
    pub rules: Box<[LiveRule]>,
}

/// The changeable part of a rule.
#[derive(Clone, Debug)]
pub struct LiveRule {
    /// Whether it runs. A rule that is off evaluates nothing, learns nothing and
    /// gives no alert; what state it has stays.
    pub on: bool,
    /// Severity and risk of its alerts, before mapping.
    pub rating: Rating,
    /// The values of its exceptions.
    pub exceptions: Arc<Items>,
    /// The indicators of an indicator-match rule.
    pub indicators: Arc<Indicators>,
}

impl Live {
    /// All rules on, rated as their files say, with the exceptions of the build and
    /// without indicators.
    ///
    /// # Errors
    /// [`ExceptionError`] if the constants are damaged.
    pub fn new(table: &Table) -> Result<Live, ExceptionError> {
        let rules = table.rules.iter().map(|rule| {
            let exceptions = match rule.exceptions {
                Some(spec) => Arc::new(Items::built(spec)?),
                None => Arc::default(),
            };
            let rating = rule.info.rating();
            Ok::<_, ExceptionError>(LiveRule {
                on: true,
                rating,
                exceptions,
                indicators: Arc::default(),
            })
        });
        Ok(Live { rules: rules.collect::<Result<_, _>>()? })
    }

    /// Whether a rule runs.
    pub(super) fn is_on(&self, rule: usize) -> bool {
        self.rules.get(rule).is_some_and(|rule| rule.on)
    }

    /// Whether some rule that runs asks for process lineages.
    pub(super) fn follows_processes(&self, table: &Table) -> bool {
        let mut rules = table.rules.iter().zip(&self.rules);
        rules.any(|(rule, live)| rule.lineages.1 > 0 && live.on)
    }
}

/// Why a rule takes no indicators.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum FeedError {
    /// It is no indicator-match rule.
    #[error("the rule matches no indicators")]
    NoThreat,
    /// Its constants are damaged.
    #[error("the rule's condition on indicators is damaged: {0}")]
    Damaged(#[from] DecodeError),
    /// The ruleset's constants are damaged.
    #[error(transparent)]
    Layout(#[from] LayoutError),
}

/// What became of the lines of indicator files.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FeedCounts {
    /// Lines that are documents.
    pub documents: u64,
    /// Documents that the rule can match.
    pub kept: u64,
    /// Lines that are no JSON object.
    pub malformed: u64,
}

/// Reads indicator files for one rule: documents that satisfy the rule's
/// condition on indicators and none of its exceptions.
#[derive(Debug)]
pub struct Feed {
    rule: &'static Rule,
    exceptions: Arc<Items>,
    form: Form,
    layout: Layout<'static>,
    now: i64,
    builder: Builder,
    counts: FeedCounts,
}

impl Feed {
    /// An empty feed; `now` is what the rule's condition means by that word, in
    /// milliseconds since 1970.
    ///
    /// # Errors
    /// [`FeedError`].
    pub fn new(
        table: &'static Table,
        rule: usize,
        exceptions: &Arc<Items>,
        now: i64,
    ) -> Result<Feed, FeedError> {
        let rule = table.rules.get(rule).ok_or(FeedError::NoThreat)?;
        let HeadSpec::Threat(spec) = rule.head else { return Err(FeedError::NoThreat) };
        Ok(Feed {
            rule,
            exceptions: Arc::clone(exceptions),
            form: Form::decode(&mut state::Reader::new(spec.filter))?,
            layout: Layout::new(table.layout)?,
            now,
            builder: Builder::new(spec),
            counts: FeedCounts::default(),
        })
    }

    /// Takes a file of NDJSON. Its name stands for the index of documents that name
    /// none.
    pub fn file(&mut self, name: &str, bytes: &[u8]) {
        let Feed { rule, exceptions, form, layout, now, builder, counts } = self;
        builder.file(name);
        let mut events = Reader::new(*layout);
        let (mut arena, warnings) = (Bump::new(), Warnings::default());
        for line in bytes.split(|byte| *byte == b'\n').filter(|line| !line.trim_ascii().is_empty())
        {
            arena.reset();
            let taken = builder.line(line, &mut |document| {
                let cx = Cx { arena: &arena, now: *now, warnings: &warnings };
                let mut exempt = || {
                    let Some(spec) = rule.exceptions else { return false };
                    let event = events.read(line, &arena);
                    event.is_ok_and(|event| (spec.exempts)(&event, exceptions))
                };
                form.holds(&Scope::new(document, cx).indexed(name)) && !exempt()
            });
            match taken {
                Ok(()) => counts.documents += 1,
                Err(_) => counts.malformed += 1,
            }
        }
    }

    /// The set, and what became of the lines.
    pub fn finish(self) -> (Indicators, FeedCounts) {
        let set = self.builder.finish();
        let kept = set.len() as u64;
        (set, FeedCounts { kept, ..self.counts })
    }
}
