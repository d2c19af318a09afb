//! What a slot of a pipeline holds at a place: walked back from there to where it was
//! written last.

use crate::plan::{Expr, Field, Pipeline, Rows, Stage, Stats};

/// A place in a pipeline: before stage `stage`, and in an EVAL before its entry `entry`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) stage: usize,
    entry: usize,
}

/// Entry of the places where an INLINE STATS computes over a row of a group.
const OF_GROUP: usize = usize::MAX;

impl Place {
    /// Before a stage.
    pub(super) fn before(stage: usize) -> Place {
        Place { stage, entry: 0 }
    }
}

/// What a slot holds.
pub(super) enum Column<'p> {
    /// A field of the event.
    Field(&'p Field),
    /// The value of an expression at a place.
    Computed(&'p Expr, Place),
    /// An output of DISSECT or GROK in this stage, by its name.
    Captured(usize, &'p str),
    /// Aggregate `.1` of the STATS in stage `.0`.
    Aggregate(usize, usize),
    /// A column of a table, or what a command answers.
    Given,
    /// Nothing was written to it.
    Null,
}

/// What the slot holds at the place.
pub(super) fn column(pipeline: &Pipeline, slot: usize, at: Place) -> Column<'_> {
    if at.entry == OF_GROUP
        && let Some(Stage::InlineStats { stats, .. }) = pipeline.stages.get(at.stage)
    {
        return of_group(stats, at.stage, slot);
    }
    if let Some(Stage::Eval(all)) = pipeline.stages.get(at.stage)
        && let Some(found) = written(all, slot, at.stage, at.entry)
    {
        return found;
    }
    for (number, stage) in pipeline.stages.iter().enumerate().take(at.stage).rev() {
        match stage {
            Stage::Eval(all) => {
                if let Some(found) = written(all, slot, number, all.len()) {
                    return found;
                }
            }
            Stage::Dissect { outputs, .. } => {
                if let Some((name, _)) = outputs.iter().find(|(_, own)| *own == slot) {
                    return Column::Captured(number, name);
                }
            }
            Stage::Grok { outputs, .. } => {
                if let Some((name, ..)) = outputs.iter().find(|(.., own)| *own == slot) {
                    return Column::Captured(number, name);
                }
            }
            Stage::Stats(stats) => return of_group(stats, number, slot),
            Stage::InlineStats { stats, computed, into } => {
                let Some(place) = into.iter().position(|own| *own == slot) else { continue };
                let width = stats.aggregates.len() + stats.keys.len();
                return match place.checked_sub(width).and_then(|own| computed.get(own)) {
                    Some(expr) => Column::Computed(expr, Place { stage: number, entry: OF_GROUP }),
                    None => of_group(stats, number, place),
                };
            }
            Stage::Lookup { outputs, .. } if outputs.iter().any(|(.., own)| *own == slot) => {
                return Column::Given;
            }
            Stage::Completion { slot: own, .. } if *own == slot => return Column::Given,
            _ => {}
        }
    }
    match &pipeline.rows {
        Rows::Events { slots, .. } => slots.get(slot).map_or(Column::Null, Column::Field),
        Rows::Constants(_) => Column::Given,
    }
}

/// Column of a row of a group: aggregates, then keys.
fn of_group(stats: &Stats, stage: usize, slot: usize) -> Column<'_> {
    match slot.checked_sub(stats.aggregates.len()) {
        None => Column::Aggregate(stage, slot),
        Some(key) => match stats.keys.get(key) {
            Some(expr) => Column::Computed(expr, Place::before(stage)),
            None => Column::Null,
        },
    }
}

fn written(all: &[(usize, Expr)], slot: usize, stage: usize, before: usize) -> Option<Column<'_>> {
    let entries = all.iter().enumerate().take(before);
    let (entry, (_, expr)) = entries.rev().find(|(_, (own, _))| *own == slot)?;
    Some(Column::Computed(expr, Place { stage, entry }))
}

/// The STATS of a stage.
pub(super) fn stats(pipeline: &Pipeline, stage: usize) -> Option<&Stats> {
    match pipeline.stages.get(stage)? {
        Stage::Stats(stats) | Stage::InlineStats { stats, .. } => Some(stats),
        _ => None,
    }
}

/// What DISSECT or GROK of a stage takes apart.
pub(super) fn input(pipeline: &Pipeline, stage: usize) -> Option<&Expr> {
    match pipeline.stages.get(stage)? {
        Stage::Dissect { input, .. } | Stage::Grok { input, .. } => Some(input),
        _ => None,
    }
}
