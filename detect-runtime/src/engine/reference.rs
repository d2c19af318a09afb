//! Reference mode: the conditions of a ruleset as trees, and documents that
//! serde_json parsed.

use super::table::Table;
use crate::event::Event;
use crate::event::reference::{Document, Reader};
use crate::json::Malformed;
use crate::json::layout::{Layout, LayoutError};
use crate::matcher::admit;
use crate::plain::{self, Form, Trace};
use crate::state::{self, Decode};
use bumpalo::Bump;

/// The plain forms of a ruleset, ready to be walked.
#[derive(Debug)]
pub struct Reference {
    table: &'static Table,
    reader: Reader<'static>,
    /// By number of the condition.
    conditions: Vec<Form>,
    /// By rule and number of the flag in it.
    flags: Vec<Vec<Form>>,
}

/// What a condition says of an event, predicate by predicate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Traced {
    /// Number of the condition in [`Table::conditions`]; terms of a sequence with
    /// equal conditions share one.
    pub condition: usize,
    /// See [`Condition::bits`](super::Condition::bits).
    pub bits: u64,
    /// What every predicate saw.
    pub trace: Trace,
}

impl Reference {
    /// Makes the forms of a table ready.
    ///
    /// # Errors
    /// [`LayoutError::Foreign`] if the table was written by another version.
    pub fn new(table: &'static Table) -> Result<Reference, LayoutError> {
        let decode = |plain: &'static [u8]| {
            Form::decode(&mut state::Reader::new(plain)).map_err(|_| LayoutError::Foreign)
        };
        let flags = table
            .rules
            .iter()
            .map(|rule| rule.flags.iter().map(|flag| decode(flag.plain)).collect::<Result<_, _>>());
        Ok(Reference {
            table,
            reader: Reader::new(Layout::new(table.layout)?),
            conditions: table
                .conditions
                .iter()
                .map(|condition| decode(condition.plain))
                .collect::<Result<_, _>>()?,
            flags: flags.collect::<Result<_, _>>()?,
        })
    }

    /// What the conditions of a rule say of the event on a line, in the order of
    /// their numbers: every predicate is looked at, also where the outcome is
    /// clear without it. Index patterns are not applied, `descendant of` is taken
    /// as false: the event alone does not tell.
    ///
    /// # Errors
    /// [`Malformed`] if the line is no event.
    pub fn trace(&self, rule: usize, line: &[u8]) -> Result<Vec<Traced>, Malformed> {
        let document = Document::parse(line)?;
        let numbered = self.table.conditions.iter().enumerate();
        let own = || numbered.clone().filter(|(_, condition)| condition.rule as usize == rule);
        let forms = own().filter_map(|(number, _)| self.conditions.get(number));
        Ok(own()
            .zip(plain::traces(forms, &document))
            .map(|((number, condition), trace)| Traced {
                condition: number,
                bits: condition.bits,
                trace,
            })
            .collect())
    }

    /// The event of a document for the rows of heads, and the forms.
    pub(super) fn event<'a>(
        &'a mut self,
        document: &Document,
        line: &'a [u8],
        arena: &'a Bump,
    ) -> (Event<'a>, Forms<'a>) {
        let Reference { table, reader, conditions, flags } = self;
        (reader.event(document, line, arena), Forms { table, conditions, flags })
    }
}

/// The forms alone.
#[derive(Clone, Copy)]
pub(super) struct Forms<'a> {
    table: &'static Table,
    conditions: &'a [Form],
    flags: &'a [Vec<Form>],
}

impl<'a> Forms<'a> {
    /// Appends the numbers of the conditions whose rule's index patterns admit the
    /// event, rising.
    pub(super) fn candidates(&self, index: Option<&str>, out: &mut Vec<u32>) {
        let admitted = |patterns: &[&str]| {
            index.is_none_or(|index| patterns.is_empty() || admit(patterns.iter().copied(), index))
        };
        let admits: Vec<bool> =
            self.table.rules.iter().map(|rule| admitted(rule.info.index)).collect();
        let numbered = (0u32..).zip(self.table.conditions);
        let own = numbered
            .filter(|(_, condition)| admits.get(condition.rule as usize).copied().unwrap_or(false));
        out.extend(own.map(|(number, _)| number));
    }

    /// The form of a condition.
    pub(super) fn condition(&self, number: u32) -> Option<&'a Form> {
        self.conditions.get(number as usize)
    }

    /// The form of a rule's flag.
    pub(super) fn flag(&self, rule: u32, number: usize) -> Option<&'a Form> {
        self.flags.get(rule as usize)?.get(number)
    }
}
