//! Threshold rules over a set of documents: those that a way says match the
//! query go through the runtime's head.

use super::{Conditions, Document, Way};
use bumpalo::Bump;
use detect_compiler::plan::Field;
use detect_runtime::head::{Env, Head, Hit, Losses, Settings, Whole};
use detect_runtime::plain::{Expr, Scope};
use detect_runtime::threshold::{Counter, ThresholdSpec};
use detect_runtime::value::{Cx, Value, Warnings};

/// What a rule counts.
pub(crate) struct Counted {
    pub(crate) fields: Vec<Field>,
    pub(crate) value: u64,
    pub(crate) cardinality: Option<(Field, u64)>,
}

/// Number of buckets that reach the threshold, with one window over all documents.
pub(crate) fn reached(
    way: &mut dyn Way,
    rule: &Conditions<'_>,
    counted: &Counted,
    documents: &[Document],
) -> usize {
    let spec = Box::leak(Box::new(ThresholdSpec {
        fields: counted.fields.len(),
        value: counted.value,
        cardinality: counted.cardinality.as_ref().map(|(_, value)| *value),
        interval: 300_000,
        lookback: 540_000,
    }));
    let settings = Settings { whole: Some(Whole::default()), ..Settings::default() };
    let (mut drafts, mut losses) = (Vec::new(), Losses::default());
    let warnings = Warnings::default();
    let mut head = Counter::new(spec);
    let arena = Bump::new();
    let mut env = Env {
        arena: &arena,
        settings: &settings,
        drafts: &mut drafts,
        losses: &mut losses,
        warnings: &warnings,
    };
    for number in way.matches(rule, documents) {
        let scope = Scope::new(
            &documents[number].parsed,
            Cx { arena: &arena, now: 0, warnings: &warnings },
        );
        let fields =
            counted.fields.iter().chain(counted.cardinality.iter().map(|(field, _)| field));
        let row: Vec<Value<'_>> = fields
            .map(|field| {
                let expr = Expr::Field { path: field.path.clone(), ty: field.ty };
                arena.alloc(expr).value(&scope)
            })
            .collect();
        let hit = Hit {
            time: number as i64,
            order: 0,
            position: number as u64,
            row: &row,
            terms: 0,
            lineages: 0,
            source: None,
        };
        head.hit(&hit, &mut env);
    }
    head.finish(&mut env);
    drafts.len()
}
