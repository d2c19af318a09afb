//! Rows through stages: one at a time as far as stages are independent of other
//! rows, whole tables behind that.

use super::{Program, Resources, Stage, limit, lookup, sort, stats};
use crate::aggregate::fingerprint;
use crate::value::{Cx, Value};

/// A row of a table between two stages.
#[derive(Debug)]
pub struct Row<'a> {
    /// Its slots.
    pub values: &'a mut [Value<'a>],
    /// Which row of the input it comes from; behind STATS the number of its group.
    pub origin: u32,
    /// Encoded key of the last STATS, if there was one.
    pub key: Option<&'a [u8]>,
}

/// Runs a whole program over rows of frame 0, which may be shorter than the frame,
/// and gives the output columns of each result row.
pub fn run_all<'a>(
    program: &Program,
    rows: impl IntoIterator<Item = impl AsRef<[Value<'a>]>>,
    cx: &Cx<'a>,
    resources: &Resources,
) -> Vec<&'a [Value<'a>]> {
    let width = program.frames.first().copied().unwrap_or(0);
    let rows = rows.into_iter().enumerate().map(|(origin, row)| Row {
        values: widened(row.as_ref(), width, cx),
        origin: origin as u32,
        key: None,
    });
    let frames = program.frames.get(1..).unwrap_or(&[]);
    run_table(program.stages, frames, rows.collect(), cx, resources)
        .iter()
        .map(|row| &*cx.arena.alloc_slice_fill_iter(output(program, row.values)))
        .collect()
}

/// The output columns of a row of the last frame.
pub(crate) fn output<'a>(
    program: &Program,
    row: &[Value<'a>],
) -> impl ExactSizeIterator<Item = Value<'a>> {
    program.output.iter().map(|column| row.get(column.slot).copied().unwrap_or_default())
}

/// A copy of a row with room for `width` slots.
pub(crate) fn widened<'a>(row: &[Value<'a>], width: usize, cx: &Cx<'a>) -> &'a mut [Value<'a>] {
    let values = cx.arena.alloc_slice_fill_copy(width.max(row.len()), Value::Null);
    values[..row.len()].copy_from_slice(row);
    values
}

/// Runs stages that look at one row only; `sink` gets what comes out. A breaker
/// ends the run as if it were the last stage.
pub fn run_rows<'a>(
    stages: &[Stage],
    row: &mut [Value<'a>],
    cx: &Cx<'a>,
    resources: &Resources,
    sink: &mut dyn FnMut(&mut [Value<'a>]),
) {
    let Some((stage, rest)) = stages.split_first() else {
        return sink(row);
    };
    match *stage {
        Stage::Where(holds) => {
            if holds(row, cx) {
                run_rows(rest, row, cx, resources, sink);
            }
        }
        Stage::Eval(compute) => {
            compute(row, cx);
            run_rows(rest, row, cx, resources, sink);
        }
        Stage::MvExpand(slot) => match row.get(slot) {
            Some(Value::Multi(values)) => {
                for value in *values {
                    // A later stage may write slots that the next value's row reads.
                    let row = cx.arena.alloc_slice_copy(row);
                    row[slot] = *value;
                    run_rows(rest, row, cx, resources, sink);
                }
            }
            _ => run_rows(rest, row, cx, resources, sink),
        },
        Stage::Lookup(spec) => {
            lookup::join(spec, row, cx, resources, &mut |row| {
                run_rows(rest, row, cx, resources, sink);
            });
        }
        Stage::Completion { prompt, slot } => {
            complete(prompt(row, cx), slot, row, cx, resources);
            run_rows(rest, row, cx, resources, sink);
        }
        Stage::Sample(probability) => {
            if sampled(row, probability) {
                run_rows(rest, row, cx, resources, sink);
            }
        }
        Stage::Stats(_) | Stage::InlineStats { .. } | Stage::Sort(_) | Stage::Limit { .. } => {
            sink(row);
        }
    }
}

/// Runs stages over a table. `frames` are the widths of the frames that the STATS
/// among them begin.
pub fn run_table<'a>(
    mut stages: &[Stage],
    mut frames: &[usize],
    mut rows: Vec<Row<'a>>,
    cx: &Cx<'a>,
    resources: &Resources,
) -> Vec<Row<'a>> {
    while let Some((stage, rest)) = stages.split_first() {
        stages = rest;
        match *stage {
            Stage::Where(holds) => rows.retain(|row| holds(row.values, cx)),
            Stage::Eval(compute) => rows.iter_mut().for_each(|row| compute(row.values, cx)),
            Stage::Sample(probability) => rows.retain(|row| sampled(row.values, probability)),
            Stage::Completion { prompt, slot } => {
                for row in &mut rows {
                    complete(prompt(row.values, cx), slot, row.values, cx, resources);
                }
            }
            Stage::MvExpand(_) | Stage::Lookup(_) => {
                let mut multiplied = Vec::with_capacity(rows.len());
                for row in rows {
                    let (origin, key) = (row.origin, row.key);
                    run_rows(core::slice::from_ref(stage), row.values, cx, resources, &mut |row| {
                        let values = cx.arena.alloc_slice_copy(row);
                        multiplied.push(Row { values, origin, key });
                    });
                }
                rows = multiplied;
            }
            Stage::Stats(spec) => {
                let width = frames.first().copied().unwrap_or(0);
                frames = frames.get(1..).unwrap_or(&[]);
                rows = stats::group(spec, width, &rows, cx);
            }
            Stage::InlineStats { stats, computed, into } => {
                stats::join_back(stats, computed, into, &mut rows, cx);
            }
            Stage::Sort(keys) => sort::sort(keys, &mut rows, cx),
            Stage::Limit { count, by } => limit::limit(count, by, &mut rows, cx),
        }
    }
    rows
}

fn complete<'a>(
    prompt: Value<'a>,
    slot: usize,
    row: &mut [Value<'a>],
    cx: &Cx<'a>,
    resources: &Resources,
) {
    let answer = match prompt {
        Value::Text(prompt) => resources.complete(prompt),
        _ => None,
    };
    if let Some(target) = row.get_mut(slot) {
        *target = answer.map_or(Value::Null, |answer| cx.text(&answer));
    }
}

fn sampled(row: &[Value<'_>], probability: f64) -> bool {
    let hash = row.iter().fold(0, |hash: u64, value| {
        // Position matters: the multiplier is the golden ratio's, as in Fibonacci hashing.
        hash.rotate_left(9).wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ fingerprint(value)
    });
    ((hash.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 11) as f64) < probability * (1u64 << 53) as f64
}
