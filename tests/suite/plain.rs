//! The plain way: conditions as trees over documents, heads of the runtime.

use super::{Conditions, Document, Joined, NOW, Way, epoch, text};
use bumpalo::Bump;
use detect_compiler::plan::{Cond, Field, PipeLimit, Sample, Sequence, plain};
use detect_runtime::event::reference;
use detect_runtime::head::{Draft, Env, Head, Hit, Lent, Losses, Settings, Whole};
use detect_runtime::key::KeyColumn;
use detect_runtime::plain::{Form, Scope};
use detect_runtime::sequence::{
    Join, Limit, Machine, SampleSpec, SampleTerm, Sampler, SequenceSpec, TermSpec, UntilSpec,
};
use detect_runtime::state::{Decode, Encode, Reader};
use detect_runtime::value::{Cx, Owned, Type, Value, Warnings};
use std::cell::RefCell;

/// Evaluates plain forms, which have gone through their bytes.
pub(crate) struct Plain;

impl Way for Plain {
    fn name(&self) -> &'static str {
        "plain"
    }

    fn matches(&mut self, rule: &Conditions<'_>, documents: &[Document]) -> Vec<usize> {
        let form = through_bytes(&plain::form(rule.cond));
        let holds = |document: &Document| holds(&form, &document.parsed, &[]);
        (0..documents.len()).filter(|number| holds(&documents[*number])).collect()
    }

    fn sequences(&mut self, sequence: &Sequence, documents: &[Document]) -> Vec<Joined> {
        let mut row = Row::new(&sequence.timestamp);
        let mut forms = Vec::new();
        let mut joins = Vec::new();
        let terms: Vec<TermSpec> = sequence
            .terms
            .iter()
            .enumerate()
            .map(|(number, term)| TermSpec {
                bit: bit(&mut forms, through_bytes(&plain::form(&term.cond))),
                keys: row.keys(&term.keys),
                missing: term.missing,
                join: term.join.as_ref().map(|join| joining(&mut joins, number, join)),
                captured: &[LINE],
            })
            .collect();
        let until = sequence.until.as_ref().map(|until| UntilSpec {
            bit: bit(&mut forms, through_bytes(&plain::form(&until.cond))),
            keys: row.keys(&until.keys),
        });
        let tiebreaker = sequence.tiebreaker.as_ref().map(|field| row.position(field));
        let spec = leak(SequenceSpec {
            terms: leak(terms),
            until,
            maxspan: sequence.maxspan,
            lookback: i64::MAX / 4,
            delayed: false,
            tiebreaker,
            limits: limits(&sequence.limits),
        });
        JOINS.with_borrow_mut(|table| *table = joins);
        run(&mut Machine::new(spec), &forms, &row, documents, text)
    }

    fn samples(&mut self, sample: &Sample, documents: &[Document]) -> Vec<Joined> {
        let timestamp = Field { path: "@timestamp".to_owned(), ty: Type::Date };
        let mut row = Row::new(&timestamp);
        let mut forms = Vec::new();
        let terms: Vec<SampleTerm> = sample
            .terms
            .iter()
            .map(|term| SampleTerm {
                bit: bit(&mut forms, through_bytes(&plain::form(&term.cond))),
                keys: row.keys(&term.keys),
            })
            .collect();
        let spec = leak(SampleSpec {
            terms: leak(terms),
            lookback: i64::MAX / 4,
            per_key: sample.per_key,
            limits: limits(&sample.limits),
        });
        run(&mut Sampler::new(spec), &forms, &row, documents, epoch)
    }
}

/// Whether a form holds for a document behind `captured` ones.
fn holds(
    form: &Form,
    document: &reference::Document,
    captured: &[Option<&reference::Document>],
) -> bool {
    let (arena, warnings) = (Bump::new(), Warnings::default());
    let cx = Cx { arena: &arena, now: NOW, warnings: &warnings };
    form.holds(&Scope::new(document, cx).behind(captured))
}

/// What a program reads back from its own text.
fn through_bytes(form: &Form) -> Form {
    let mut bytes = Vec::new();
    form.encode(&mut bytes);
    let read = Form::decode(&mut Reader::new(&bytes)).expect("own bytes");
    let mut again = Vec::new();
    read.encode(&mut again);
    assert_eq!(bytes, again, "bytes of {form:?}");
    read
}

/// Descriptors are constants in generated code.
fn leak<T: ?Sized>(value: impl Into<Box<T>>) -> &'static T {
    Box::leak(value.into())
}

fn limits(limits: &[PipeLimit]) -> &'static [Limit] {
    let limits: Vec<Limit> = limits
        .iter()
        .map(|limit| match limit {
            PipeLimit::Head(n) => Limit::Head(*n),
            PipeLimit::Tail(n) => Limit::Tail(*n),
        })
        .collect();
    leak(limits)
}

fn bit(forms: &mut Vec<Form>, form: Form) -> u8 {
    let same = format!("{form:?}");
    let known = forms.iter().position(|known| format!("{known:?}") == same);
    known.unwrap_or_else(|| {
        forms.push(form);
        forms.len() - 1
    }) as u8
}

/// The row of a hit: the document's line, then keys and tiebreaker.
struct Row {
    timestamp: Field,
    fields: Vec<Field>,
}

/// Position of the line.
const LINE: u16 = 0;

impl Row {
    fn new(timestamp: &Field) -> Row {
        Row { timestamp: timestamp.clone(), fields: Vec::new() }
    }

    fn position(&mut self, field: &Field) -> u16 {
        let known = self.fields.iter().position(|known| known == field);
        let index = known.unwrap_or_else(|| {
            self.fields.push(field.clone());
            self.fields.len() - 1
        });
        1 + index as u16
    }

    fn keys(&mut self, keys: &[(Field, bool)]) -> &'static [KeyColumn] {
        let columns: Vec<KeyColumn> = keys
            .iter()
            .map(|(field, optional)| KeyColumn {
                position: self.position(field),
                optional: *optional,
            })
            .collect();
        leak(columns)
    }
}

fn run(
    head: &mut dyn Head,
    forms: &[Form],
    row: &Row,
    documents: &[Document],
    key: fn(&Owned) -> String,
) -> Vec<Joined> {
    let settings = Settings { whole: Some(Whole::default()), ..Settings::default() };
    let (mut drafts, mut losses) = (Vec::new(), Losses::default());
    let warnings = Warnings::default();
    for (number, document) in documents.iter().enumerate() {
        let arena = Bump::new();
        let cx = Cx { arena: &arena, now: NOW, warnings: &warnings };
        let scope = Scope::new(&document.parsed, cx);
        let load = |field: &Field| {
            let expr =
                detect_runtime::plain::Expr::Field { path: field.path.clone(), ty: field.ty };
            arena.alloc(expr).value(&scope)
        };
        let order = match load(&row.timestamp) {
            Value::Date(millis) => millis,
            _ => 0,
        };
        let mut values = vec![Value::Text(&document.line)];
        values.extend(row.fields.iter().map(load));
        let terms = forms.iter().enumerate().filter(|(_, form)| form.holds(&scope));
        let name = number.to_string();
        let lent = Lent::new(name.as_bytes(), "");
        let hit = Hit {
            time: order,
            order: order * 1_000_000,
            position: number as u64,
            row: &values,
            terms: terms.map(|(bit, _)| 1 << bit).sum(),
            lineages: 0,
            source: Some(&lent),
        };
        let arena = Bump::new();
        let mut env = Env {
            arena: &arena,
            settings: &settings,
            drafts: &mut drafts,
            losses: &mut losses,
            warnings: &warnings,
        };
        if hit.terms != 0 {
            head.hit(&hit, &mut env);
        }
    }
    let arena = Bump::new();
    let mut env = Env {
        arena: &arena,
        settings: &settings,
        drafts: &mut drafts,
        losses: &mut losses,
        warnings: &warnings,
    };
    head.finish(&mut env);
    drafts.iter().map(|draft| joined(draft, key)).collect()
}

fn joined(draft: &Draft, key: fn(&Owned) -> String) -> Joined {
    Joined::of(draft, key, &|line| String::from_utf8_lossy(line).parse().ok())
}

/// A join in its plain form: the descriptor has room for a function only, so its
/// form waits here, by number of the term.
struct Waiting {
    term: usize,
    form: Form,
}

thread_local! {
    static JOINS: RefCell<Vec<Waiting>> = const { RefCell::new(Vec::new()) };
}

/// One function for each term that may have a join.
const JOIN_OF_TERM: [Join; 8] =
    [join::<0>, join::<1>, join::<2>, join::<3>, join::<4>, join::<5>, join::<6>, join::<7>];

fn joining(joins: &mut Vec<Waiting>, term: usize, join: &Cond) -> Join {
    joins.push(Waiting { term, form: through_bytes(&plain::form(join)) });
    JOIN_OF_TERM[term]
}

fn join<'a, const TERM: usize>(
    captured: &[&'a [Value<'a>]],
    row: &'a [Value<'a>],
    cx: &Cx<'a>,
) -> bool {
    let parse = |row: &[Value<'_>]| match row.first() {
        Some(Value::Text(line)) => reference::Document::parse(line.as_bytes()).ok(),
        _ => None,
    };
    let earlier: Vec<Option<reference::Document>> = captured.iter().map(|row| parse(row)).collect();
    let Some(document) = parse(row) else { return false };
    JOINS.with_borrow(|joins| {
        let captured: Vec<Option<&reference::Document>> =
            earlier.iter().map(Option::as_ref).collect();
        let waiting = joins.iter().find(|waiting| waiting.term == TERM);
        waiting.is_some_and(|waiting| {
            let scope = Scope::new(&document, *cx).behind(&captured);
            waiting.form.holds(&scope)
        })
    })
}
