//! What nobody reads goes; slots are numbered without gaps.
//!
//! Runs from the last stage to the first: what only computes slots that nothing
//! behind it reads disappears, and with it what it alone read. Filters,
//! groupings, orders and stages that multiply rows stay. In the end the first
//! frame has the stored fields that are read in its first slots, the others have
//! their aggregates and then their keys there.

use super::columns::Origin;
use crate::plan::{Expr, ExprKind, Pipeline, Rows, Stage, Stats};
use detect_runtime::value::Type;
use std::collections::{BTreeMap, BTreeSet};

/// The pipeline with only what its output needs; `first` says what the slots of
/// its first frame hold.
pub(super) fn pruned(mut pipeline: Pipeline, first: &[Origin]) -> Pipeline {
    let mut frames = split(std::mem::take(&mut pipeline.stages));
    let mut read: BTreeSet<usize> = pipeline.output.iter().map(|column| column.slot).collect();
    let mut done: Vec<(Option<Stats>, Vec<Stage>)> = Vec::with_capacity(frames.len());
    let mut widths = Vec::with_capacity(frames.len());
    while let Some((stats, stages)) = frames.pop() {
        let live = Live::of(stages, read);
        let mut numbers = Numbers::default();
        let mut stats = stats;
        read = BTreeSet::new();
        if let Some(stats) = &mut stats {
            read = begin(stats, &live.read, &mut numbers);
        } else {
            live.read.iter().for_each(|slot| numbers.next(*slot));
        }
        let mut stages = live.stages;
        for stage in &mut stages {
            written(stage, &mut |slot| numbers.next(*slot));
        }
        numbers.alias(&live.aliases);
        for stage in &mut stages {
            numbers.apply(stage);
        }
        // The next frame's STATS reads this one.
        if let Some((Some(next), _)) = done.last_mut() {
            stats_expressions(next, &mut |expr| numbers.renumber(expr));
        }
        if done.is_empty() {
            pipeline.output.iter_mut().for_each(|column| numbers.set(&mut column.slot));
        }
        if stats.is_none() {
            source(&mut pipeline.rows, first, &live.read);
        }
        widths.push(numbers.width);
        done.push((stats, stages));
    }
    widths.reverse();
    pipeline.frames = widths;
    for (stats, stages) in done.into_iter().rev() {
        pipeline.stages.extend(stats.map(Stage::Stats));
        pipeline.stages.extend(stages);
    }
    pipeline
}

/// The stages of each frame, behind the STATS that begins it.
fn split(stages: Vec<Stage>) -> Vec<(Option<Stats>, Vec<Stage>)> {
    let mut frames = vec![(None, Vec::new())];
    for stage in stages {
        match (stage, frames.last_mut()) {
            (Stage::Stats(stats), _) => frames.push((Some(stats), Vec::new())),
            (stage, Some((_, stages))) => stages.push(stage),
            (_, None) => {}
        }
    }
    frames
}

/// Drops aggregates that nobody reads, numbers the others and the keys, and
/// gives the slots that they read of the frame before.
fn begin(stats: &mut Stats, read: &BTreeSet<usize>, numbers: &mut Numbers) -> BTreeSet<usize> {
    let all = stats.aggregates.len();
    let mut index = 0;
    stats.aggregates.retain(|_| {
        let kept = read.contains(&index);
        if kept {
            numbers.next(index);
        }
        index += 1;
        kept
    });
    (all..all + stats.keys.len()).for_each(|key| numbers.next(key));
    let mut before = BTreeSet::new();
    stats_expressions(stats, &mut |expr| slots(expr, &mut before));
    before
}

/// Drops what INLINE STATS need not join back, and numbers the row of a group anew.
fn join_back(
    stats: &mut Stats,
    computed: &mut Vec<Expr>,
    into: &mut Vec<usize>,
    read: &BTreeSet<usize>,
) {
    let keys = stats.aggregates.len()..stats.aggregates.len() + stats.keys.len();
    let mut kept: BTreeSet<usize> =
        (0..into.len()).filter(|slot| keys.contains(slot) || read.contains(&into[*slot])).collect();
    for (expr, slot) in computed.iter().zip(keys.end..) {
        if kept.contains(&slot) {
            slots(expr, &mut kept);
        }
    }
    let mut numbers = Numbers::default();
    kept.iter().for_each(|slot| numbers.next(*slot));
    let mut slot = 0..;
    stats.aggregates.retain(|_| slot.next().is_some_and(|slot| kept.contains(&slot)));
    let mut slot = keys.end..;
    computed.retain(|_| slot.next().is_some_and(|slot| kept.contains(&slot)));
    let mut slot = 0..;
    into.retain(|_| slot.next().is_some_and(|slot| kept.contains(&slot)));
    computed.iter_mut().for_each(|expr| numbers.renumber(expr));
}

/// Fields or constants that the rows begin with.
fn source(rows: &mut Rows, first: &[Origin], read: &BTreeSet<usize>) {
    match rows {
        Rows::Events { slots, .. } => {
            *slots = read
                .iter()
                .filter_map(|slot| match first.get(*slot) {
                    Some(Origin::Field(field)) => Some(field.clone()),
                    _ => None,
                })
                .collect();
        }
        Rows::Constants(constants) => {
            let all = std::mem::take(constants);
            *constants = read.iter().filter_map(|slot| all.get(*slot).cloned()).collect();
        }
    }
}

/// The stages of one frame that are needed.
struct Live {
    stages: Vec<Stage>,
    /// Slots that are read before any of these stages has written them.
    read: BTreeSet<usize>,
    /// Slots that share the place of another.
    aliases: BTreeMap<usize, usize>,
}

impl Live {
    fn of(stages: Vec<Stage>, read: BTreeSet<usize>) -> Live {
        let mut live =
            Live { stages: Vec::with_capacity(stages.len()), read, aliases: BTreeMap::new() };
        for stage in stages.into_iter().rev() {
            live.take(stage);
        }
        live.stages.reverse();
        live
    }

    fn take(&mut self, mut stage: Stage) {
        match &mut stage {
            Stage::Eval(computed) => {
                let expanded = match self.stages.last() {
                    Some(Stage::MvExpand(slot)) => Some(*slot),
                    _ => None,
                };
                let mut kept = Vec::with_capacity(computed.len());
                for (slot, expr) in std::mem::take(computed).into_iter().rev() {
                    if !self.read.remove(&slot) {
                        continue;
                    }
                    // MV_EXPAND of a column whose list nobody wants any more works in place.
                    if let ExprKind::Slot(old) = expr.kind
                        && expanded == Some(slot)
                        && self.read.insert(old)
                    {
                        self.aliases.insert(slot, old);
                        continue;
                    }
                    slots(&expr, &mut self.read);
                    kept.push((slot, expr));
                }
                kept.reverse();
                if kept.is_empty() {
                    return;
                }
                *computed = kept;
            }
            Stage::InlineStats { stats, computed, into } => {
                if !into.iter().any(|slot| self.read.contains(slot)) {
                    return;
                }
                join_back(stats, computed, into, &self.read);
                self.note(&mut stage);
            }
            Stage::Dissect { outputs, .. } => {
                outputs.retain(|(_, slot)| self.read.contains(slot));
                if outputs.is_empty() {
                    return;
                }
                self.note(&mut stage);
            }
            Stage::Grok { outputs, .. } => {
                if !outputs.iter().any(|(_, _, slot)| self.read.contains(slot)) {
                    return;
                }
                // A conversion that fails makes all columns null, read or not.
                outputs.retain(|(_, ty, slot)| *ty != Type::Keyword || self.read.contains(slot));
                self.note(&mut stage);
            }
            Stage::Completion { slot, .. } => {
                if !self.read.contains(slot) {
                    return;
                }
                self.note(&mut stage);
            }
            _ => self.note(&mut stage),
        }
        self.stages.push(stage);
    }

    fn note(&mut self, stage: &mut Stage) {
        written(stage, &mut |slot| {
            self.read.remove(slot);
        });
        read_slots(stage, &mut |slot| {
            self.read.insert(*slot);
        });
        expressions(stage, &mut |expr| slots(expr, &mut self.read));
    }
}

/// Old numbers to new ones.
#[derive(Default)]
struct Numbers {
    of: BTreeMap<usize, usize>,
    width: usize,
}

impl Numbers {
    fn next(&mut self, slot: usize) {
        if !self.of.contains_key(&slot) {
            self.of.insert(slot, self.width);
            self.width += 1;
        }
    }

    fn alias(&mut self, aliases: &BTreeMap<usize, usize>) {
        for slot in aliases.keys() {
            let mut target = *slot;
            while let Some(next) = aliases.get(&target) {
                target = *next;
            }
            if let Some(number) = self.of.get(&target).copied() {
                self.of.insert(*slot, number);
            }
        }
    }

    fn set(&self, slot: &mut usize) {
        if let Some(number) = self.of.get(slot) {
            *slot = *number;
        }
    }

    fn apply(&self, stage: &mut Stage) {
        written(stage, &mut |slot| self.set(slot));
        read_slots(stage, &mut |slot| self.set(slot));
        expressions(stage, &mut |expr| self.renumber(expr));
    }

    fn renumber(&self, expr: &mut Expr) {
        if let ExprKind::Slot(slot) = &mut expr.kind {
            self.set(slot);
        }
        expr.children_mut(&mut |child| self.renumber(child));
    }
}

fn slots(expr: &Expr, found: &mut BTreeSet<usize>) {
    if let ExprKind::Slot(slot) = expr.kind {
        found.insert(slot);
    }
    expr.children(&mut |child| slots(child, found));
}

/// The slots that a stage sets.
fn written(stage: &mut Stage, visit: &mut dyn FnMut(&mut usize)) {
    match stage {
        Stage::Eval(computed) => computed.iter_mut().map(|(slot, _)| slot).for_each(visit),
        Stage::Dissect { outputs, .. } => outputs.iter_mut().map(|(_, slot)| slot).for_each(visit),
        Stage::Grok { outputs, .. } | Stage::Lookup { outputs, .. } => {
            outputs.iter_mut().map(|(_, _, slot)| slot).for_each(visit);
        }
        Stage::InlineStats { into, .. } => into.iter_mut().for_each(visit),
        Stage::Completion { slot, .. } => visit(slot),
        Stage::Where(_)
        | Stage::MvExpand(_)
        | Stage::Stats(_)
        | Stage::Sort(_)
        | Stage::Limit { .. }
        | Stage::Sample(_) => {}
    }
}

/// The slots that a stage reads other than through expressions.
fn read_slots(stage: &mut Stage, visit: &mut dyn FnMut(&mut usize)) {
    if let Stage::MvExpand(slot) = stage {
        visit(slot);
    }
}

/// The expressions that a stage evaluates over its frame.
fn expressions(stage: &mut Stage, visit: &mut dyn FnMut(&mut Expr)) {
    match stage {
        Stage::Where(expr)
        | Stage::Dissect { input: expr, .. }
        | Stage::Grok { input: expr, .. }
        | Stage::Completion { prompt: expr, .. } => visit(expr),
        Stage::Eval(computed) => computed.iter_mut().for_each(|(_, expr)| visit(expr)),
        Stage::Stats(stats) | Stage::InlineStats { stats, .. } => stats_expressions(stats, visit),
        Stage::Sort(keys) => keys.iter_mut().for_each(|key| visit(&mut key.expr)),
        Stage::Limit { by, .. } => by.iter_mut().for_each(visit),
        Stage::Lookup { on, .. } => on.iter_mut().for_each(|(expr, _)| visit(expr)),
        Stage::MvExpand(_) | Stage::Sample(_) => {}
    }
}

fn stats_expressions(stats: &mut Stats, visit: &mut dyn FnMut(&mut Expr)) {
    for aggregate in &mut stats.aggregates {
        aggregate.args.iter_mut().for_each(&mut *visit);
        aggregate.filter.iter_mut().for_each(&mut *visit);
    }
    stats.keys.iter_mut().for_each(visit);
}
