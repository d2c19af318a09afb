//! The plan: the one language-neutral, typed form of a rule.
//!
//! In: what a front end understood. Out: what the ruleset optimiser and the code
//! generator need. A front end decides what null, several values and case mean
//! and writes that down here as two-valued conditions and typed expressions; no
//! later stage asks which language a rule came from.

mod exceptions;
pub mod plain;

pub use exceptions::{Ask, Below, ExceptionShape, ShapeEntry};

use detect_runtime::functions::Function;
use detect_runtime::test::{Glob, Test};
use detect_runtime::value::{Owned, Type};

/// A rule's plan.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Index patterns that decide which events the rule sees; empty = all.
    pub index: Vec<String>,
    /// What happens with these events.
    pub body: Body,
    /// Process lineages that conditions of this plan refer to
    /// ([`Cond::DescendantOf`]), in order of their numbers.
    pub lineages: Vec<Cond>,
}

/// The stateful head of a plan, or its absence.
#[derive(Clone, Debug)]
pub enum Body {
    /// Every event for which the condition holds is an alert.
    Events(Cond),
    /// ES|QL.
    Pipeline(Pipeline),
    /// EQL `sequence`.
    Sequence(Sequence),
    /// EQL `sample`.
    Sample(Sample),
    /// Threshold rule.
    Threshold(Threshold),
    /// New-terms rule.
    NewTerms(NewTerms),
    /// Indicator-match rule.
    ThreatMatch(ThreatMatch),
}

/// A field by its full dotted path (`process.parent.name`; metadata fields are
/// `_id`, `_index`, `_version`, `_source`, `_ignored`).
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Field {
    /// The path.
    pub path: String,
    /// Its type in this ruleset's schema.
    pub ty: Type,
}

/// A two-valued condition on one event. `Not` is plain complement: three-valued
/// languages are brought to this form by pushing `NOT` down to the leaves.
#[derive(Clone, Debug)]
pub enum Cond {
    /// Always or never.
    Const(bool),
    /// Complement.
    Not(Box<Cond>),
    /// All hold; of none: true.
    And(Vec<Cond>),
    /// One holds; of none: false.
    Or(Vec<Cond>),
    /// Some value of the field passes the test (EQL and KQL as it stands;
    /// ES|QL adds [`Cond::Single`]).
    Any {
        /// The field.
        field: Field,
        /// The test.
        test: Test,
    },
    /// The field has a value (`objects`: an object counts as one).
    Exists {
        /// The field.
        field: Field,
        /// Whether an object at the path counts.
        objects: bool,
    },
    /// The field has exactly one value.
    Single(Field),
    /// Some field whose name matches passes the test (KQL `file.hash.*: x`);
    /// the pattern has `*` only.
    AnyField {
        /// Field name pattern.
        pattern: String,
        /// The test, or `None` for existence.
        test: Option<Test>,
    },
    /// A boolean expression over fields is true (not false, not null).
    Expr {
        /// The expression; its leaves are [`ExprKind::Field`].
        expr: Expr,
        /// How fields with several values are read.
        choice: Choice,
    },
    /// Some element of the array of objects at the path satisfies the
    /// condition; inside, paths that begin with `path` are read from that one
    /// element (`path` itself is the element), all others from the event.
    Element {
        /// Path of the array.
        path: String,
        /// The condition.
        cond: Box<Cond>,
    },
    /// The event's process descends from one that satisfied lineage `n` of the
    /// plan (Endpoint `descendant of`).
    DescendantOf(usize),
}

impl Cond {
    /// Visits the fields of the event that leaves read, not captured ones.
    pub fn each_field<'c>(&'c self, visit: &mut dyn FnMut(&'c Field)) {
        match self {
            Cond::Const(_) | Cond::AnyField { .. } | Cond::DescendantOf(_) => {}
            Cond::Not(inner) | Cond::Element { cond: inner, .. } => inner.each_field(visit),
            Cond::And(all) | Cond::Or(all) => all.iter().for_each(|cond| cond.each_field(visit)),
            Cond::Any { field, .. } | Cond::Exists { field, .. } | Cond::Single(field) => {
                visit(field);
            }
            Cond::Expr { expr, .. } => expr.each_field(visit),
        }
    }
}

/// How an expression reads a field with several values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Choice {
    /// As one multi-value (ES|QL).
    Whole,
    /// True if some choice of one value for each occurrence of a field makes it
    /// true; a field without value is null (EQL).
    Each,
}

/// An expression, typed.
#[derive(Clone, Debug)]
pub struct Expr {
    /// Type of the result.
    pub ty: Type,
    /// What it is.
    pub kind: ExprKind,
}

/// Kinds of expression.
#[derive(Clone, Debug)]
pub enum ExprKind {
    /// A constant.
    Const(Owned),
    /// A column of the row: number of its slot in the current frame.
    Slot(usize),
    /// A stored field of the event (only inside [`Cond::Expr`]).
    Field(Field),
    /// A field of the event that an earlier term of the same sequence matched
    /// (only inside [`Term::join`]).
    Captured {
        /// Number of the term.
        term: usize,
        /// The field.
        field: Field,
    },
    /// A call of a runtime function with arguments already cast.
    Call {
        /// The function.
        function: &'static Function,
        /// Its arguments.
        args: Vec<Expr>,
    },
    /// Three-valued `AND`, evaluated left to right as far as needed.
    And(Vec<Expr>),
    /// Three-valued `OR`, evaluated left to right as far as needed.
    Or(Vec<Expr>),
    /// Three-valued `NOT`.
    Not(Box<Expr>),
    /// `CASE`: the value of the first arm whose condition is true, else the
    /// last; arms that are not taken are not evaluated.
    Case {
        /// Condition and value.
        arms: Vec<(Expr, Expr)>,
        /// Otherwise.
        otherwise: Box<Expr>,
    },
    /// The first value that is not null; later ones are not evaluated.
    Coalesce(Vec<Expr>),
    /// A single text, number, ... tested with a constant test (LIKE, RLIKE):
    /// null in, null out; several values give null and a warning.
    Test {
        /// The value.
        input: Box<Expr>,
        /// Passes if one of these holds.
        tests: Vec<Test>,
    },
    /// A two-valued condition on the source event inside an expression (KQL(),
    /// MATCH, QSTR in aggregate filters): never null.
    Cond(Box<Cond>),
}

impl Expr {
    /// Calls `visit` for each direct operand, left to right as written.
    pub fn children<'e>(&'e self, visit: &mut dyn FnMut(&'e Expr)) {
        match &self.kind {
            ExprKind::Const(_)
            | ExprKind::Slot(_)
            | ExprKind::Field(_)
            | ExprKind::Captured { .. }
            | ExprKind::Cond(_) => {}
            ExprKind::Call { args: all, .. }
            | ExprKind::And(all)
            | ExprKind::Or(all)
            | ExprKind::Coalesce(all) => all.iter().for_each(visit),
            ExprKind::Not(inner) | ExprKind::Test { input: inner, .. } => visit(inner),
            ExprKind::Case { arms, otherwise } => {
                for (condition, value) in arms {
                    visit(condition);
                    visit(value);
                }
                visit(otherwise);
            }
        }
    }

    /// Visits the fields of the event that it reads, not captured ones.
    pub fn each_field<'e>(&'e self, visit: &mut dyn FnMut(&'e Field)) {
        match &self.kind {
            ExprKind::Field(field) => visit(field),
            ExprKind::Cond(cond) => cond.each_field(visit),
            _ => self.children(&mut |child| child.each_field(visit)),
        }
    }

    /// [`Expr::children`], to change them.
    pub fn children_mut(&mut self, visit: &mut dyn FnMut(&mut Expr)) {
        match &mut self.kind {
            ExprKind::Const(_)
            | ExprKind::Slot(_)
            | ExprKind::Field(_)
            | ExprKind::Captured { .. }
            | ExprKind::Cond(_) => {}
            ExprKind::Call { args: all, .. }
            | ExprKind::And(all)
            | ExprKind::Or(all)
            | ExprKind::Coalesce(all) => all.iter_mut().for_each(visit),
            ExprKind::Not(inner) | ExprKind::Test { input: inner, .. } => visit(inner),
            ExprKind::Case { arms, otherwise } => {
                for (condition, value) in arms {
                    visit(condition);
                    visit(value);
                }
                visit(otherwise);
            }
        }
    }
}

/// An ES|QL query. Columns live in numbered slots of a *frame*; KEEP, DROP and
/// RENAME only change names and so leave no trace but in `output`. STATS begins
/// a new frame, whose first slots are its aggregates and then its keys.
#[derive(Clone, Debug)]
pub struct Pipeline {
    /// Where rows come from.
    pub rows: Rows,
    /// The commands behind the filter, in order.
    pub stages: Vec<Stage>,
    /// Width of each frame in slots, one more than there are [`Stage::Stats`].
    pub frames: Vec<usize>,
    /// Columns of the result in order.
    pub output: Vec<Column>,
    /// Stored fields that are columns of the result too without having been
    /// named (`KEEP aws.*`, or no KEEP at all): an alert copies from its event
    /// those that fit one of these.
    pub rest: Vec<FieldPattern>,
    /// True if the top level has a STATS: alerts are rows, not events.
    pub aggregating: bool,
}

/// Names of stored fields.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldPattern {
    /// The name matches all of these.
    pub all_of: Vec<Glob>,
    /// And none of these.
    pub none_of: Vec<Glob>,
}

/// Source of a pipeline's rows.
#[derive(Clone, Debug)]
pub enum Rows {
    /// Events: those that satisfy `filter`.
    Events {
        /// What an event must satisfy: implied by the leading WHERE commands.
        filter: Cond,
        /// True if `filter` says all that the leading WHEREs say, so that these
        /// are not among the stages again. False where only a part could be
        /// brought into this form (behind MV_EXPAND, over computed columns).
        exact: bool,
        /// Field of each of the first slots; the other slots begin as null.
        slots: Vec<Field>,
    },
    /// ROW: one row of constants.
    Constants(Vec<Owned>),
}

/// A result column.
#[derive(Clone, Debug)]
pub struct Column {
    /// Its name.
    pub name: String,
    /// Its type.
    pub ty: Type,
    /// Its slot in the last frame.
    pub slot: usize,
}

/// A command that is left at run time.
#[derive(Clone, Debug)]
pub enum Stage {
    /// Keeps rows for which the expression is true.
    Where(Expr),
    /// Computes slots, left to right.
    Eval(Vec<(usize, Expr)>),
    /// One row per value of the slot; a null row stays.
    MvExpand(usize),
    /// Takes text apart into slots; all or none are set.
    Dissect {
        /// The text.
        input: Expr,
        /// The pattern as written, checked.
        pattern: String,
        /// Joins appended keys.
        separator: String,
        /// Key name in the pattern and its slot.
        outputs: Vec<(String, usize)>,
    },
    /// Takes text apart by the first of these patterns that matches.
    Grok {
        /// The text.
        input: Expr,
        /// Patterns as written, checked.
        patterns: Vec<String>,
        /// Captured name, type and slot.
        outputs: Vec<(String, Type, usize)>,
    },
    /// Groups and aggregates; begins a new frame.
    Stats(Stats),
    /// The same, joined back to each row.
    InlineStats {
        /// The computation.
        stats: Stats,
        /// What is computed of each group before it is joined back, over a row of the
        /// group: aggregates, then keys.
        computed: Vec<Expr>,
        /// Target slots in the frame of the rows: aggregates, keys, what is computed.
        into: Vec<usize>,
    },
    /// Orders rows, stable.
    Sort(Vec<SortKey>),
    /// The first rows, of each group if `by` is not empty.
    Limit {
        /// How many.
        count: u64,
        /// Grouping.
        by: Vec<Expr>,
    },
    /// Left join with a table given at run time.
    Lookup {
        /// Its name.
        table: String,
        /// Left expression and column of the table, all must be equal.
        on: Vec<(Expr, String)>,
        /// Column of the table, type, slot.
        outputs: Vec<(String, Type, usize)>,
        /// LOOKUP JOIN gives a row per match; ENRICH one with multi-values.
        multiply: bool,
    },
    /// Text from a command that the user names.
    Completion {
        /// The prompt.
        prompt: Expr,
        /// Target.
        slot: usize,
    },
    /// Keeps each row with this probability.
    Sample(f64),
}

/// STATS.
#[derive(Clone, Debug)]
pub struct Stats {
    /// The aggregates; results stand in slots 0.. of the new frame.
    pub aggregates: Vec<Aggregate>,
    /// The keys; they follow the aggregates. Without keys: one row, always.
    pub keys: Vec<Expr>,
}

/// One aggregate.
#[derive(Clone, Debug)]
pub struct Aggregate {
    /// Name in the runtime's table of aggregates (`count`, `values`, ...).
    pub name: &'static str,
    /// Arguments; constant parameters (`percentile`'s 95) last.
    pub args: Vec<Expr>,
    /// Only rows for which this is true.
    pub filter: Option<Expr>,
    /// Type of the result.
    pub ty: Type,
}

/// A sort key.
#[derive(Clone, Debug)]
pub struct SortKey {
    /// What to sort by.
    pub expr: Expr,
    /// Descending.
    pub descending: bool,
    /// Nulls before everything else.
    pub nulls_first: bool,
}

/// An EQL sequence. `runs` are expanded into copies.
#[derive(Clone, Debug)]
pub struct Sequence {
    /// The terms in order.
    pub terms: Vec<Term>,
    /// Clears the pending matches of its key.
    pub until: Option<Term>,
    /// Longest distance from first to last event, inclusive, in milliseconds.
    pub maxspan: Option<i64>,
    /// Field that orders events (`@timestamp`).
    pub timestamp: Field,
    /// Second order at equal times.
    pub tiebreaker: Option<Field>,
    /// `head`/`tail` in order written.
    pub limits: Vec<PipeLimit>,
}

/// `head N` or `tail N`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PipeLimit {
    /// The first N.
    Head(u64),
    /// The last N.
    Tail(u64),
}

/// A term of a sequence or sample.
#[derive(Clone, Debug)]
pub struct Term {
    /// What the event must satisfy by itself.
    pub cond: Cond,
    /// What it must satisfy together with events of earlier terms. Its
    /// expressions may have [`ExprKind::Captured`]. No lineages, no patterns of
    /// field names, no conditions inside expressions.
    pub join: Option<Cond>,
    /// Join keys; the same number in each term. `true` = optional.
    pub keys: Vec<(Field, bool)>,
    /// `![ ]`: no such event may occur here.
    pub missing: bool,
}

/// An EQL sample.
#[derive(Clone, Debug)]
pub struct Sample {
    /// The terms.
    pub terms: Vec<Term>,
    /// Most samples of one key; 1 for rules.
    pub per_key: u32,
    /// `head`/`tail` in order written.
    pub limits: Vec<PipeLimit>,
}

/// Threshold rule.
#[derive(Clone, Debug)]
pub struct Threshold {
    /// Events that count.
    pub filter: Cond,
    /// Grouping fields, 0 to 5.
    pub fields: Vec<Field>,
    /// At least so many events.
    pub value: u64,
    /// At least so many distinct values of a field.
    pub cardinality: Option<(Field, u64)>,
}

/// New-terms rule.
#[derive(Clone, Debug)]
pub struct NewTerms {
    /// Events that count.
    pub filter: Cond,
    /// The 1 to 3 fields.
    pub fields: Vec<Field>,
    /// Length of the history in milliseconds (`now-7d` is 7 days).
    pub history: i64,
}

/// Indicator-match rule.
#[derive(Clone, Debug)]
pub struct ThreatMatch {
    /// Events that are looked at.
    pub filter: Cond,
    /// Indicators that count.
    pub indicator_filter: Cond,
    /// Index patterns of the indicators; the user names files for them.
    pub indicator_index: Vec<String>,
    /// Path of the indicator object (`threat.indicator`).
    pub indicator_path: String,
    /// OR of AND groups.
    pub mapping: Vec<Vec<MappingEntry>>,
}

/// An entry of a threat mapping.
#[derive(Clone, Debug)]
pub struct MappingEntry {
    /// Field of the event.
    pub field: Field,
    /// Field of the indicator.
    pub indicator: Field,
    /// The values must differ.
    pub negate: bool,
}
