//! The ES|QL rules of the corpora as one ruleset, for sets of documents with the rows
//! that each query must give.

use crate::{corpora, csv_spec};
use detect_compiler::compile::{self, Options, Plans};
use detect_compiler::expand::OnError;
use detect_compiler::plan::{Body, Expr, ExprKind, FieldPattern, Pipeline, Rows, Stage, Stats};
use detect_compiler::rule::{File, Folder, read_folder};
use detect_runtime::test::Piece;
use proc_macro2::{Ident, TokenStream};
use quote::quote;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// The struct with its implementation of `Ruleset`, and what the columns of each rule
/// are beside the named ones.
pub(crate) fn ruleset(name: &Ident, root: &Path) -> TokenStream {
    let folders = corpora::at_hand(root).into_iter().map(|corpus| corpus.join("detection-rules"));
    let folders: Vec<PathBuf> = folders.collect();
    let mut rules = Folder::default();
    for folder in &folders {
        rules.files.extend(esql_rules(folder).files);
    }
    let options = Options {
        on_error: OnError::Skip,
        runtime: quote!(::detect::runtime),
        ..Options::default()
    };
    rules.files.push(assumed_types(root));
    let plans = compile::plans(&rules, &options);
    let (rest, of_metadata) = (rest(&plans), of_metadata(&plans));
    let compiled = match compile::compile(&rules, &options) {
        Ok(compiled) => compiled,
        Err(failure) => {
            let message = format!("{failure:?}");
            return quote!(compile_error!(#message););
        }
    };
    let generated = compiled.tokens;
    let body = crate::rules::implementation(name, &generated);
    let files = rules.files.iter().flat_map(|file| folders.iter().map(|f| f.join(&file.path)));
    let tracked = files.filter(|path| path.is_file()).filter_map(|path| {
        let path = path.to_str()?;
        Some(quote!(
            const _: &[u8] = include_bytes!(#path);
        ))
    });
    quote!(#body #rest #of_metadata #(#tracked)*)
}

/// The types that the sets assume for fields of no table, as a ruleset's own.
fn assumed_types(root: &Path) -> File {
    let mut types = BTreeMap::new();
    for folder in csv_spec::folders(root) {
        let sets = folder.join("triggers/esql.ndjson");
        for line in std::fs::read_to_string(sets).unwrap_or_default().lines() {
            let set: serde_json::Value = serde_json::from_str(line).unwrap_or_default();
            for (field, ty) in set["types"].as_object().into_iter().flatten() {
                types.insert(field.clone(), ty.as_str().unwrap_or_default().to_owned());
            }
        }
    }
    let lines = types.iter().map(|(field, ty)| format!("{field:?} = {ty:?}\n"));
    let bytes = format!("[fields]\n{}", lines.collect::<String>()).into_bytes();
    File { path: "detect-fields.toml".to_owned(), bytes }
}

/// The rule files with an ES|QL query, without suppression: the sets say what rows the
/// query gives.
fn esql_rules(folder: &Path) -> Folder {
    let mut rules = read_folder(folder).unwrap_or_default();
    rules.files.retain_mut(|file| {
        let Some(mut table) = parsed(file) else { return false };
        let Some(rule) = table.get_mut("rule").and_then(toml::Value::as_table_mut) else {
            return false;
        };
        let esql = rule.get("language").and_then(toml::Value::as_str) == Some("esql");
        if esql && rule.remove("alert_suppression").is_some() {
            file.bytes = table.to_string().into_bytes();
        }
        esql
    });
    rules
}

fn parsed(file: &File) -> Option<toml::Table> {
    std::str::from_utf8(&file.bytes).ok()?.parse().ok()
}

/// `REST`: path of a rule, and the patterns of the stored fields that are columns of its
/// rows without having been named: all of the first, none of the second.
fn rest(plans: &Plans) -> TokenStream {
    let rows = plans.rules.iter().filter_map(|planned| {
        let Body::Pipeline(pipeline) = &planned.lowered.plan.body else { return None };
        let path = planned.rule.path.to_string();
        let patterns = pipeline.rest.iter().map(|FieldPattern { all_of, none_of }| {
            let all_of = all_of.iter().map(|glob| text(&glob.0));
            let none_of = none_of.iter().map(|glob| text(&glob.0));
            quote!((&[#(#all_of),*], &[#(#none_of),*]))
        });
        Some(quote!((#path, &[#(#patterns),*])))
    });
    quote!(static REST: &[(&str, &[(&[&str], &[&str])])] = &[#(#rows),*];)
}

/// Names of fields have no `*` of their own.
fn text(pieces: &[Piece]) -> String {
    let piece = |piece: &Piece| match piece {
        Piece::Literal(text) => text.clone(),
        _ => "*".to_owned(),
    };
    pieces.iter().map(piece).collect()
}

/// `OF_METADATA`: path of a rule, and the columns of its rows that are made from the
/// values of a document's metadata, which sets may leave out.
fn of_metadata(plans: &Plans) -> TokenStream {
    let rows = plans.rules.iter().filter_map(|planned| {
        let Body::Pipeline(pipeline) = &planned.lowered.plan.body else { return None };
        let path = planned.rule.path.to_string();
        let slots = Metadata::slots(pipeline);
        let columns = pipeline.output.iter().filter(|column| slots.contains(&column.slot));
        let columns = columns.map(|column| &column.name);
        Some(quote!((#path, &[#(#columns),*])))
    });
    quote!(static OF_METADATA: &[(&str, &[&str])] = &[#(#rows),*];)
}

/// Follows the values of metadata through a pipeline.
struct Metadata {
    /// Slots of the current frame that hold such values.
    slots: BTreeSet<usize>,
}

impl Metadata {
    /// Those of the last frame.
    fn slots(pipeline: &Pipeline) -> BTreeSet<usize> {
        let Rows::Events { slots, .. } = &pipeline.rows else { return BTreeSet::new() };
        let of_event = slots.iter().enumerate().filter(|(_, field)| field.path.starts_with('_'));
        let mut found = Metadata { slots: of_event.map(|(slot, _)| slot).collect() };
        for stage in &pipeline.stages {
            found.stage(stage);
        }
        found.slots
    }

    fn stage(&mut self, stage: &Stage) {
        match stage {
            Stage::Eval(computed) => {
                for (slot, expr) in computed {
                    self.set(*slot, self.shows(expr));
                }
            }
            Stage::Dissect { input, outputs, .. } => {
                let shows = self.shows(input);
                outputs.iter().for_each(|(_, slot)| self.set(*slot, shows));
            }
            Stage::Grok { input, outputs, .. } => {
                let shows = self.shows(input);
                outputs.iter().for_each(|(_, _, slot)| self.set(*slot, shows));
            }
            Stage::Stats(stats) => {
                let all = self.results(stats);
                self.slots = (0..all.len()).filter(|slot| all[*slot]).collect();
            }
            Stage::InlineStats { stats, computed, into } => {
                let mut results = self.results(stats);
                let slots = (0..results.len()).filter(|slot| results[*slot]).collect();
                let group = Metadata { slots };
                results.extend(computed.iter().map(|expr| group.shows(expr)));
                for (slot, shows) in into.iter().zip(results) {
                    self.set(*slot, shows);
                }
            }
            _ => {}
        }
    }

    /// For each aggregate and key whether it hangs on metadata; counts do not.
    fn results(&self, stats: &Stats) -> Vec<bool> {
        let aggregates = stats.aggregates.iter().map(|aggregate| {
            let counts = matches!(aggregate.name, "count" | "count_distinct");
            !counts && aggregate.args.iter().any(|arg| self.shows(arg))
        });
        aggregates.chain(stats.keys.iter().map(|key| self.shows(key))).collect()
    }

    fn set(&mut self, slot: usize, shows: bool) {
        if shows {
            self.slots.insert(slot);
        } else {
            self.slots.remove(&slot);
        }
    }

    /// Whether the value hangs on metadata.
    fn shows(&self, expr: &Expr) -> bool {
        match &expr.kind {
            ExprKind::Slot(slot) => self.slots.contains(slot),
            ExprKind::Field(field) => field.path.starts_with('_'),
            _ => {
                let mut any = false;
                expr.children(&mut |child| any |= self.shows(child));
                any
            }
        }
    }
}
