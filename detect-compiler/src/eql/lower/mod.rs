//! From the syntax tree to the plan: queries, sequences and samples here,
//! conditions in [`condition`], expressions in [`expression`], tests of one
//! field against a constant in [`leaf`].

mod condition;
mod expression;
mod fold;
mod leaf;
mod scope;

use super::ast::{self, Base, EventQuery, Key, Node, Query};
use super::error::{EqlError, EqlErrorKind};
use super::{Compiled, Context, Dialect, Unmapped};
use crate::diagnostic::Problem;
use crate::plan::{Body, Cond, Expr, ExprKind, Field, PipeLimit, Sample, Sequence, Term};
use detect_runtime::test::{Fold, Test};
use detect_runtime::value::Type;
use scope::Scope;

/// Most terms of a sequence after `runs` is written out, as many as a hit has bits.
const MAX_TERMS: usize = 255;

/// Lowers a query.
pub(super) fn query(
    text: &str,
    query: &Query,
    context: &Context<'_>,
) -> Result<Compiled, Vec<Problem>> {
    let mut lower = Lower::new(context);
    let limits: Vec<PipeLimit> = query.pipes.iter().map(|pipe| limit(*pipe)).collect();
    let (body, stages) = match &query.base {
        Base::Event(event) => {
            let cond = lower.event(event, &mut Scope::default());
            (Body::Events(cond), vec![event.span.clone()])
        }
        Base::Sequence(sequence) => {
            let spans = sequence.terms.iter().chain(&sequence.until).map(|t| t.span.clone());
            (Body::Sequence(lower.sequence(sequence, limits.clone())), spans.collect())
        }
        Base::Sample(sample) => {
            let spans = sample.terms.iter().map(|term| term.span.clone()).collect();
            (Body::Sample(lower.sample(sample, limits.clone())), spans)
        }
    };
    let stages = stages.into_iter().map(|span| text[span].to_owned()).collect();
    let is_event = matches!(body, Body::Events(_));
    let limits = if is_event { limits } else { Vec::new() };
    lower.finish(|lower| Compiled {
        body,
        lineages: lower.lineages,
        limits,
        stages,
        warnings: lower.warnings,
    })
}

/// Lowers a bare expression.
pub(super) fn expression(node: &Node, context: &Context<'_>) -> Result<Expr, Vec<Problem>> {
    let mut lower = Lower::new(context);
    let expr = lower.expression(node, &mut Scope::default());
    lower.finish(|_| expr)
}

/// What lowering carries along. Errors are collected; a part with an error
/// lowers to a constant so that the others are looked at as well.
struct Lower<'c> {
    context: &'c Context<'c>,
    lineages: Vec<Cond>,
    errors: Vec<EqlError>,
    warnings: Vec<Problem>,
}

impl<'c> Lower<'c> {
    fn new(context: &'c Context<'c>) -> Lower<'c> {
        Lower { context, lineages: Vec::new(), errors: Vec::new(), warnings: Vec::new() }
    }

    fn finish<T>(self, result: impl FnOnce(Lower<'c>) -> T) -> Result<T, Vec<Problem>> {
        if self.errors.is_empty() {
            return Ok(result(self));
        }
        Err(self.errors.iter().map(Problem::of).collect())
    }

    fn endpoint(&self) -> bool {
        self.context.dialect == Dialect::Endpoint
    }

    fn strict(&self) -> bool {
        self.context.unmapped == Unmapped::Refuse
    }

    /// How `:` and `~` compare letters.
    fn fold(&self) -> Fold {
        if self.endpoint() { Fold::Full } else { Fold::Ascii }
    }

    fn event(&mut self, event: &EventQuery, scope: &mut Scope) -> Cond {
        let cond = self.condition(&event.condition, scope);
        self.with_category(event.category.as_deref(), cond)
    }

    fn with_category(&self, category: Option<&str>, cond: Cond) -> Cond {
        match category {
            None => cond,
            Some(category) => and(vec![self.category(category), cond]),
        }
    }

    fn category(&self, category: &str) -> Cond {
        let is = |name: &str| Cond::Any {
            field: self.field(self.context.category_field),
            test: Test::Equals { text: name.to_owned(), fold: Fold::None },
        };
        if self.endpoint() && category == "dns" {
            let question = self.field("dns.question.name");
            let shipped = Cond::Exists { field: question, objects: false };
            return Cond::Or(vec![is("dns"), Cond::And(vec![is("network"), shipped])]);
        }
        is(category)
    }

    /// A field as the schema has it.
    fn field(&self, path: &str) -> Field {
        let schema = self.context.schema;
        Field { path: schema.stored(path).to_owned(), ty: schema.lookup(path).ty }
    }
}

/// Sequences and samples.
impl Lower<'_> {
    fn sequence(&mut self, sequence: &ast::Sequence, limits: Vec<PipeLimit>) -> Sequence {
        self.check_sequence(sequence);
        let mut scope = Scope::default();
        let mut terms = Vec::new();
        for term in &sequence.terms {
            let lowered = self.term(&sequence.keys, term, &mut scope);
            if let Some(alias) = &term.alias {
                scope.aliases.push((alias.clone(), terms.len()));
            }
            let copies = (term.runs as usize).min(MAX_TERMS + 1 - terms.len().min(MAX_TERMS));
            terms.extend(std::iter::repeat_n(lowered, copies));
        }
        if terms.len() > MAX_TERMS {
            self.sequence_error(
                format!("a sequence has at most {MAX_TERMS} events"),
                sequence.span.clone(),
            );
        }
        let until =
            sequence.until.as_ref().map(|until| self.term(&sequence.keys, until, &mut scope));
        let timestamp = Field { path: self.context.timestamp_field.to_owned(), ty: Type::Date };
        self.check_key_types(sequence.terms.iter().chain(&sequence.until), &sequence.keys);
        Sequence {
            terms,
            until,
            maxspan: sequence.maxspan,
            timestamp,
            tiebreaker: self.context.tiebreaker_field.map(|path| self.field(path)),
            limits,
        }
    }

    fn check_sequence(&mut self, sequence: &ast::Sequence) {
        let span = sequence.span.clone();
        let keyed = sequence.terms.iter().chain(&sequence.until);
        self.check_key_counts(keyed);
        let count: usize = sequence.terms.iter().map(|term| term.runs as usize).sum();
        if sequence.terms.iter().all(|term| term.missing) {
            self.sequence_error("a sequence needs an event that occurs".to_owned(), span.clone());
        } else if count < 2 {
            self.sequence_error("a sequence has at least two events".to_owned(), span.clone());
        }
        if sequence.maxspan.is_none() && sequence.terms.iter().any(|term| term.missing) {
            self.sequence_error("a missing event needs `with maxspan`".to_owned(), span);
        }
    }

    fn sample(&mut self, sample: &ast::Sample, limits: Vec<PipeLimit>) -> Sample {
        self.check_key_counts(sample.terms.iter());
        let first = sample.terms.first();
        if sample.keys.is_empty() && first.is_none_or(|term| term.keys.is_empty()) {
            self.sequence_error("a sample needs a join key".to_owned(), sample.span.clone());
        }
        if sample.terms.len() < 2 {
            self.sequence_error("a sample has at least two events".to_owned(), sample.span.clone());
        }
        self.check_key_types(sample.terms.iter(), &sample.keys);
        let mut scope = Scope::default();
        let terms =
            sample.terms.iter().map(|term| self.term(&sample.keys, term, &mut scope)).collect();
        Sample { terms, per_key: 1, limits }
    }

    fn check_key_counts<'t>(&mut self, terms: impl Iterator<Item = &'t ast::Term>) {
        let mut expected = None;
        for term in terms {
            let expected = *expected.get_or_insert(term.keys.len());
            if term.keys.len() != expected {
                let problem = format!("{} join keys here, {expected} before", term.keys.len());
                self.sequence_error(problem, term.span.clone());
            }
        }
    }

    /// Keys of one position must be comparable; rules may rely on names that no
    /// table types, so only a closed schema is checked.
    fn check_key_types<'t>(&mut self, terms: impl Iterator<Item = &'t ast::Term>, shared: &[Key]) {
        if !self.strict() {
            return;
        }
        let mut first: Vec<leaf::Kind> = Vec::new();
        for term in terms {
            let keys: Vec<&Key> = shared.iter().chain(&term.keys).collect();
            for (position, key) in keys.iter().enumerate() {
                let field = self.context.schema.lookup(&key.path);
                if !field.known {
                    continue;
                }
                let kind = leaf::Kind::of(field.ty);
                match first.get(position) {
                    None => first.resize(position + 1, kind),
                    Some(other) if *other != kind => {
                        let problem =
                            format!("`{}` has another type than the key it joins", key.path);
                        self.errors.push(EqlErrorKind::Type(problem).at(&key.span));
                    }
                    Some(_) => {}
                }
            }
        }
    }

    fn term(&mut self, shared: &[Key], term: &ast::Term, scope: &mut Scope) -> Term {
        let keys = shared.iter().chain(&term.keys).map(|key| self.key(key)).collect();
        let (join, own): (Vec<&Node>, Vec<&Node>) =
            conjuncts(&term.event.condition).into_iter().partition(|node| scope.captures(node));
        let own = own.into_iter().map(|node| self.condition(node, scope)).collect();
        let cond = self.with_category(term.event.category.as_deref(), and(own));
        let join: Vec<Cond> = join
            .into_iter()
            .map(|node| {
                let cond = self.condition(node, scope);
                self.check_join(&cond, &node.span);
                cond
            })
            .collect();
        let join = (!join.is_empty()).then(|| and(join));
        Term { cond, join, keys, missing: term.missing }
    }

    /// Refuses what a join cannot answer from values of fields, see [`Term::join`].
    fn check_join(&mut self, cond: &Cond, span: &ast::Span) {
        let what = match cond {
            Cond::Not(inner) => return self.check_join(inner, span),
            Cond::And(all) | Cond::Or(all) => {
                return all.iter().for_each(|cond| self.check_join(cond, span));
            }
            Cond::DescendantOf(_) => "`descendant of` in one clause with an alias",
            Cond::Element { cond, .. } => return self.check_join(cond, span),
            Cond::Expr { expr, .. } if has_condition(expr) => {
                "a condition inside an expression with an alias"
            }
            _ => return,
        };
        self.errors.push(EqlErrorKind::Unsupported(what).at(span));
    }

    fn key(&mut self, key: &Key) -> (Field, bool) {
        if !key.optional || !self.strict() {
            self.check_field(&key.path, &key.span);
        }
        (self.field(&key.path), key.optional)
    }

    fn sequence_error(&mut self, problem: String, span: ast::Span) {
        self.errors.push(EqlErrorKind::Sequence(problem).at(&span));
    }
}

fn has_condition(expr: &Expr) -> bool {
    let mut found = matches!(expr.kind, ExprKind::Cond(_));
    expr.children(&mut |child| found |= has_condition(child));
    found
}

/// The operands of the top-level `and`.
fn conjuncts(node: &Node) -> Vec<&Node> {
    match &node.kind {
        ast::Kind::And(all) => all.iter().flat_map(conjuncts).collect(),
        _ => vec![node],
    }
}

/// `and` without needless nesting.
fn and(all: Vec<Cond>) -> Cond {
    let mut flat = Vec::with_capacity(all.len());
    for cond in all {
        match cond {
            Cond::And(inner) => flat.extend(inner),
            Cond::Const(true) => {}
            other => flat.push(other),
        }
    }
    match flat.len() {
        0 => Cond::Const(true),
        1 => flat.remove(0),
        _ => Cond::And(flat),
    }
}

/// `or` without needless nesting.
fn or(all: Vec<Cond>) -> Cond {
    let mut flat = Vec::with_capacity(all.len());
    for cond in all {
        match cond {
            Cond::Or(inner) => flat.extend(inner),
            Cond::Const(false) => {}
            other => flat.push(other),
        }
    }
    match flat.len() {
        0 => Cond::Const(false),
        1 => flat.remove(0),
        _ => Cond::Or(flat),
    }
}

fn not(cond: Cond) -> Cond {
    Cond::Not(Box::new(cond))
}

fn limit(pipe: ast::Pipe) -> PipeLimit {
    match pipe {
        ast::Pipe::Head(n) => PipeLimit::Head(n),
        ast::Pipe::Tail(n) => PipeLimit::Tail(n),
    }
}
