//! A ruleset that a bench makes ready by itself and takes events through.
//!
//! Formulas are walked as trees here; generated code has no tree to walk, but
//! building it takes rustc minutes, and what matching costs does not hang on it.

use bumpalo::Bump;
use core::hint::black_box;
use detect_compiler::compile::{self, Options, Plans, optimise};
use detect_compiler::expand::OnError;
use detect_compiler::rule::read_folder;
use detect_compiler::ruleset::Ruleset;
use detect_runtime::event::{Event, Raw};
use detect_runtime::json::layout::{Layout, build};
use detect_runtime::json::projector::Projector;
use detect_runtime::matcher::{Memory, Probe, Tables};
use detect_runtime::value::{Cx, Warnings};
use std::path::Path;

/// The plans of all public rules, or `None` if they are not there.
pub(crate) fn public_plans(shared: &Path) -> Option<Plans> {
    let folder = read_folder(&shared.join("corpus")).ok()?;
    let options = Options { on_error: OnError::Skip, ..Options::default() };
    Some(compile::plans(&folder, &options))
}

/// How far an event goes.
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd)]
pub(crate) enum Depth {
    /// Fields only.
    Project,
    /// Guards and witnesses.
    Candidates,
    /// Conditions of the candidates.
    Conditions,
}

/// A ruleset ready to run.
pub(crate) struct Trial {
    pub(crate) ruleset: Ruleset,
    pub(crate) layout: Vec<u8>,
    pub(crate) tables: Tables,
    /// Fields of `_index`, else of the three parts of a data stream's name.
    origin: [Option<u16>; 4],
}

/// What came out.
#[derive(Default)]
pub(crate) struct Work {
    pub(crate) candidates: usize,
    pub(crate) evaluated: usize,
    pub(crate) matches: usize,
}

impl Trial {
    /// Every so many-th rule, `count` in all.
    pub(crate) fn of(all: &Plans, count: usize) -> Trial {
        let step = (all.rules.len() / count.max(1)).max(1);
        let some = Plans {
            rules: all.rules.iter().step_by(step).take(count).cloned().collect(),
            refused: Vec::new(),
            warnings: Vec::new(),
            schema: all.schema.clone(),
            fields_hash: all.fields_hash,
            profile: None,
        };
        let ruleset = optimise(&some).expect("there is no profile to be wrong");
        let layout = build(ruleset.fields.specs()).expect("the paths are good");
        let tables = Tables::new(Vec::leak(ruleset.tables.clone()));
        let origin = ["_index", "data_stream.type", "data_stream.dataset", "data_stream.namespace"]
            .map(|path| ruleset.fields.get(path));
        Trial { ruleset, layout, tables, origin }
    }

    /// Memory for a run.
    pub(crate) fn memory(&self) -> Memory {
        Memory::new(&self.tables)
    }

    /// A projector for the ruleset's fields.
    pub(crate) fn projector(&self) -> Projector<'_> {
        Projector::new(Layout::new(&self.layout).expect("the table is ours"))
    }

    /// The name of the event's index, as the engine puts it together.
    pub(crate) fn index<'a>(&self, event: &Event<'a>) -> Option<&'a str> {
        let [index, kind, dataset, namespace] = self.origin;
        let first = |field: Option<u16>| event.raw(field?, 0).map(Raw::text);
        first(index).or_else(|| {
            let name = [first(kind)?, "-", first(dataset)?, "-", first(namespace)?];
            let arena = event.arena();
            let length = name.iter().map(|piece| piece.len()).sum();
            let mut text = bumpalo::collections::String::with_capacity_in(length, arena);
            name.iter().for_each(|piece| text.push_str(piece));
            Some(text.into_bump_str())
        })
    }

    /// Takes lines as far as `depth`.
    pub(crate) fn run(
        &self,
        lines: &[&[u8]],
        depth: Depth,
        projector: &mut Projector<'_>,
        memory: &mut Memory,
    ) -> Work {
        let mut arena = Bump::new();
        let warnings = Warnings::default();
        let (mut work, mut candidates) = (Work::default(), Vec::new());
        for line in lines {
            arena.reset();
            let event = projector.project(line, &arena).expect("a good event");
            if depth == Depth::Project {
                black_box(event.present());
                continue;
            }
            let cx = Cx { arena: &arena, now: 0, warnings: &warnings };
            let mut probe = Probe::new(&self.tables, memory, &event, cx);
            candidates.clear();
            probe.candidates(self.index(&event), &mut candidates);
            work.candidates += candidates.len();
            if depth == Depth::Conditions {
                for &number in &candidates {
                    let formula = &self.ruleset.conditions[number as usize].formula;
                    let holds =
                        probe.evaluate(number, |probe| formula.holds(&mut |atom| probe.has(atom)));
                    work.matches += usize::from(holds);
                }
                work.evaluated += probe.evaluated() as usize;
            }
        }
        work
    }
}
