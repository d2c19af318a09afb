//! The columns in sight and the slots behind them.

use crate::diagnostic::nearest;
use crate::esql::analysis::{AggregateCall, Analysed, AnalysisError, Resolver, Typer};
use crate::esql::ast::{NamePattern, NamePiece, Span};
use crate::esql::{Context, Names};
use crate::plan::{Expr, ExprKind, Field};
use crate::schema::Mapping;
use detect_runtime::functions::lookup;
use detect_runtime::value::Type;
use std::collections::HashMap;

/// Metadata columns and their types.
pub(crate) const METADATA: [(&str, Type); 8] = [
    ("_id", Type::Keyword),
    ("_index", Type::Keyword),
    ("_version", Type::Long),
    ("_source", Type::Source),
    ("_score", Type::Double),
    ("_ignored", Type::Keyword),
    ("_index_mode", Type::Keyword),
    ("_size", Type::Integer),
];

/// A column.
#[derive(Clone, Debug)]
pub(crate) struct Column {
    pub(crate) name: String,
    pub(crate) ty: Type,
    pub(crate) slot: usize,
}

/// A member of the list of columns.
#[derive(Clone, Debug)]
pub(crate) enum Entry {
    Column(Column),
    /// All stored fields that no other entry names and these patterns let through.
    Open(Open),
}

/// Stored fields that are columns without having been named.
#[derive(Clone, Debug, Default)]
pub(crate) struct Open {
    /// A name must match all of these (one a KEEP).
    pub(crate) all_of: Vec<NamePattern>,
    /// And none of these (DROP, and names that became columns of their own).
    pub(crate) none_of: Vec<NamePattern>,
}

impl Open {
    fn admits(&self, name: &str) -> bool {
        self.all_of.iter().all(|pattern| pattern.matches(name))
            && !self.none_of.iter().any(|pattern| pattern.matches(name))
    }
}

/// What a slot of the first frame holds.
#[derive(Clone, Debug)]
pub(crate) enum Origin {
    /// A stored field.
    Field(Field),
    /// An expression over earlier slots.
    Computed(Expr),
    /// One value of another slot (MV_EXPAND).
    Expanded(usize),
    /// Anything else.
    Opaque,
}

/// Columns and slots of the current frame.
pub(crate) struct Columns<'a> {
    pub(crate) cx: &'a Context<'a>,
    /// Types of fields that no table knows.
    inferred: HashMap<String, Type>,
    pub(crate) entries: Vec<Entry>,
    /// What each slot of the frame holds.
    pub(crate) slots: Vec<Origin>,
    /// Slot of each stored field that was asked for.
    fields: HashMap<String, usize>,
    /// Slots of points and how they are computed, before everything else.
    pub(crate) points: Vec<(usize, Expr)>,
    /// The command behind which the document is gone.
    pub(crate) gone: Option<&'static str>,
}

impl<'a> Columns<'a> {
    pub(crate) fn new(cx: &'a Context<'a>, inferred: HashMap<String, Type>) -> Columns<'a> {
        Columns {
            cx,
            inferred,
            entries: Vec::new(),
            slots: Vec::new(),
            fields: HashMap::new(),
            points: Vec::new(),
            gone: None,
        }
    }

    /// STATS: no columns yet, slots for aggregates and keys. Gives the slots of
    /// the frame before.
    pub(crate) fn begin_frame(&mut self, width: usize) -> Vec<Origin> {
        self.entries.clear();
        self.fields.clear();
        self.gone = Some("STATS");
        std::mem::replace(&mut self.slots, (0..width).map(|_| Origin::Opaque).collect())
    }

    /// A new slot.
    pub(crate) fn fresh(&mut self, origin: Origin) -> usize {
        self.slots.push(origin);
        self.slots.len() - 1
    }

    /// The slot of a stored field.
    pub(crate) fn field(&mut self, path: &str) -> (usize, Type) {
        let ty = self.field_type(path);
        if let Some(slot) = self.fields.get(path) {
            return (*slot, ty);
        }
        let slot = self.fresh(Origin::Field(Field { path: path.to_owned(), ty }));
        let slot = if ty == Type::GeoPoint { self.point(path, slot) } else { slot };
        self.fields.insert(path.to_owned(), slot);
        (slot, ty)
    }

    /// A point may be written as an object: then it has no value of its own, and its
    /// coordinates have.
    fn point(&mut self, path: &str, slot: usize) -> usize {
        let Some(function) = lookup("point_of") else { return slot };
        let coordinate = |columns: &mut Columns<'_>, name: &str| {
            let (path, ty) = (format!("{path}.{name}"), Type::Double);
            let slot = columns.fresh(Origin::Field(Field { path, ty }));
            Expr { ty, kind: ExprKind::Slot(slot) }
        };
        let args = vec![coordinate(self, "lat"), coordinate(self, "lon")];
        let ty = Type::GeoPoint;
        let written = Expr { ty, kind: ExprKind::Slot(slot) };
        let object = Expr { ty, kind: ExprKind::Call { function, args } };
        let either = Expr { ty, kind: ExprKind::Coalesce(vec![written, object]) };
        let slot = self.fresh(Origin::Computed(either.clone()));
        self.points.push((slot, either));
        slot
    }

    fn field_type(&self, path: &str) -> Type {
        if let Some((_, ty)) = METADATA.iter().find(|(name, _)| *name == path) {
            return *ty;
        }
        let known = self.cx.schema.lookup(path);
        let inferred = self.inferred.get(path).filter(|_| !known.known);
        inferred.copied().unwrap_or(known.ty)
    }

    /// The column entry of that name.
    pub(crate) fn named(&self, name: &str) -> Option<&Column> {
        self.entries.iter().find_map(|entry| match entry {
            Entry::Column(column) if column.name == name => Some(column),
            _ => None,
        })
    }

    fn open(&self, name: &str) -> bool {
        let metadata = METADATA.iter().any(|(known, _)| *known == name);
        !metadata
            && self.entries.iter().any(|entry| match entry {
                Entry::Open(open) => open.admits(name),
                Entry::Column(_) => false,
            })
    }

    /// Whether the name is a column, or a stored field that a table of fields knows or
    /// that was read before.
    pub(crate) fn is_in_sight(&self, name: &str) -> bool {
        self.named(name).is_some()
            || self.open(name)
                && (self.cx.schema.lookup(name).known || self.fields.contains_key(name))
    }

    /// The type that a name's uses ask for.
    pub(crate) fn type_of_unknown(&self, name: &str) -> Type {
        self.field_type(name)
    }

    /// The column of that name, which becomes an entry of its own.
    pub(crate) fn find(&mut self, name: &str, span: Span) -> Analysed<Column> {
        if let Some(column) = self.named(name) {
            return Ok(column.clone());
        }
        if !self.open(name) {
            return Err(self.unknown(name, span));
        }
        let (slot, ty) = self.field(name);
        let column = Column { name: name.to_owned(), ty, slot };
        self.define(column.clone());
        Ok(column)
    }

    fn unknown(&self, name: &str, span: Span) -> AnalysisError {
        let columns = self.entries.iter().filter_map(|entry| match entry {
            Entry::Column(column) => Some(column.name.as_str()),
            Entry::Open(_) => None,
        });
        let near = nearest(name, columns).map(str::to_owned);
        AnalysisError::Column { name: name.to_owned(), near, span }
    }

    /// Appends a column; one of the same name goes.
    pub(crate) fn define(&mut self, column: Column) {
        self.forget(&column.name);
        self.entries.push(Entry::Column(column));
    }

    /// Removes a column.
    pub(crate) fn forget(&mut self, name: &str) {
        let pattern = literal(name);
        self.entries.retain(|entry| !matches!(entry, Entry::Column(column) if column.name == name));
        for entry in &mut self.entries {
            if let Entry::Open(open) = entry
                && open.admits(name)
            {
                open.none_of.push(pattern.clone());
            }
        }
    }

    /// Gives a column another slot, at its place.
    pub(crate) fn replace(&mut self, name: &str, slot: usize) {
        for entry in &mut self.entries {
            if let Entry::Column(column) = entry
                && column.name == name
            {
                column.slot = slot;
            }
        }
    }

    /// KEEP: each column at the place of the most specific pattern that matches
    /// it (a name, then a pattern, then `*`), of equals the last.
    pub(crate) fn keep(&mut self, patterns: &[NamePattern]) -> Analysed<()> {
        for pattern in patterns {
            if let Some(name) = pattern.literal() {
                self.find(name, pattern.span)?;
            } else if !pattern.is_everything() && !self.any_match(pattern) {
                return Err(self.unknown(&shown(pattern), pattern.span));
            }
        }
        let rank = |pattern: &NamePattern| match (pattern.literal(), pattern.is_everything()) {
            (Some(_), _) => 0,
            (None, false) => 1,
            (None, true) => 2,
        };
        let entries = std::mem::take(&mut self.entries);
        let mut kept: Vec<Vec<Entry>> = vec![Vec::new(); patterns.len()];
        for entry in entries {
            match entry {
                Entry::Column(column) => {
                    let matching =
                        patterns.iter().enumerate().filter(|(_, p)| p.matches(&column.name));
                    // The last of the best rank.
                    let best = matching.min_by_key(|(index, p)| (rank(p), usize::MAX - index));
                    if let Some((index, _)) = best {
                        kept[index].push(Entry::Column(column));
                    }
                }
                Entry::Open(open) => {
                    for (index, pattern) in patterns.iter().enumerate() {
                        if pattern.literal().is_none() {
                            let mut open = open.clone();
                            if !pattern.is_everything() {
                                open.all_of.push(pattern.clone());
                            }
                            kept[index].push(Entry::Open(open));
                        }
                    }
                }
            }
        }
        self.entries = kept.into_iter().flatten().collect();
        Ok(())
    }

    fn any_match(&self, pattern: &NamePattern) -> bool {
        self.entries.iter().any(|entry| match entry {
            Entry::Column(column) => pattern.matches(&column.name),
            Entry::Open(_) => true,
        })
    }

    /// DROP.
    pub(crate) fn drop_columns(&mut self, patterns: &[NamePattern]) -> Analysed<()> {
        for pattern in patterns {
            match pattern.literal() {
                Some(name) if self.named(name).is_none() && !self.open(name) => {
                    return Err(self.unknown(name, pattern.span));
                }
                Some(_) => {}
                None if !self.any_match(pattern) => {
                    return Err(self.unknown(&shown(pattern), pattern.span));
                }
                None => {}
            }
        }
        for pattern in patterns {
            self.entries.retain(
                |entry| !matches!(entry, Entry::Column(column) if pattern.matches(&column.name)),
            );
            for entry in &mut self.entries {
                if let Entry::Open(open) = entry {
                    open.none_of.push(pattern.clone());
                }
            }
        }
        Ok(())
    }

    /// RENAME of one column: it keeps its place, another of the new name goes.
    pub(crate) fn rename(&mut self, from: &NamePattern, to: &NamePattern) -> Analysed<()> {
        let (Some(old), Some(new)) = (from.literal(), to.literal()) else {
            let span = if from.literal().is_none() { from.span } else { to.span };
            let reason = "RENAME takes names without wildcards".into();
            return Err(AnalysisError::Value { reason, span });
        };
        self.find(old, from.span)?;
        if old == new {
            return Ok(());
        }
        self.forget(new);
        for entry in &mut self.entries {
            if let Entry::Column(column) = entry
                && column.name == old
            {
                new.clone_into(&mut column.name);
            }
        }
        Ok(())
    }

    /// Slot and type of a column without making it an entry.
    pub(crate) fn read(&mut self, name: &str, span: Span) -> Analysed<(usize, Type)> {
        if let Some(column) = self.named(name) {
            return Ok((column.slot, column.ty));
        }
        if !self.open(name) {
            return Err(self.unknown(name, span));
        }
        Ok(self.field(name))
    }
}

impl Resolver for Columns<'_> {
    fn column(&mut self, _: &Typer<'_>, name: &str, span: Span) -> Analysed<Expr> {
        let (slot, ty) = self.read(name, span)?;
        // A column that is constant is as good as its value.
        if let Some(Origin::Computed(value)) = self.slots.get(slot)
            && matches!(value.kind, ExprKind::Const(_))
        {
            return Ok(value.clone());
        }
        Ok(Expr { ty, kind: ExprKind::Slot(slot) })
    }

    fn aggregate(&mut self, _: &Typer<'_>, call: &AggregateCall<'_>) -> Analysed<Expr> {
        Err(AnalysisError::StrayAggregate { name: call.name.text.clone(), span: call.span })
    }

    fn stored(&mut self, _: &Typer<'_>, name: &str, span: Span) -> Analysed<Field> {
        let (slot, ty) = self.read(name, span)?;
        match self.slots.get(slot) {
            Some(Origin::Field(field)) => Ok(field.clone()),
            _ => Err(AnalysisError::Type { expected: "a stored field".into(), found: ty, span }),
        }
    }

    fn document_gone(&self) -> Option<&'static str> {
        self.gone
    }
}

/// The pattern that only this name matches.
pub(crate) fn literal(name: &str) -> NamePattern {
    NamePattern { pieces: vec![NamePiece::Literal(name.to_owned())], span: Span::default() }
}

fn shown(pattern: &NamePattern) -> String {
    pattern
        .pieces
        .iter()
        .map(|piece| match piece {
            NamePiece::Any => "*",
            NamePiece::Literal(text) => text,
        })
        .collect()
}

/// The columns that FROM gives.
pub(crate) fn of_source(columns: &mut Columns<'_>) {
    match columns.cx.names {
        Names::Open => columns.entries.push(Entry::Open(Open::default())),
        Names::Closed => {
            let schema = columns.cx.schema;
            let mut names: Vec<String> = schema
                .names()
                .filter(|name| {
                    !matches!(schema.lookup(name).mapping, Mapping::Object | Mapping::Nested)
                })
                .map(str::to_owned)
                .collect();
            names.sort();
            for name in names {
                let (slot, ty) = columns.field(&name);
                columns.entries.push(Entry::Column(Column { name, ty, slot }));
            }
        }
    }
}
