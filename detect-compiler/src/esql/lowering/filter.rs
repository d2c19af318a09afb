//! Leading WHEREs as a two-valued condition on the event.
//!
//! WHERE keeps a row if its three-valued condition is true. `NOT` is pushed to
//! the leaves by asking for each part whether it is *true* or whether it is
//! *false*; null is neither. With S(x) = "x has one value", A(x, t) = "some value
//! of x passes t":
//!
//! ```text
//! true(x == c)  = S(x) and A(x, == c)      false(x == c) = S(x) and not A(x, == c)
//! true(a AND b) = true(a) and true(b)      false(a AND b) = false(a) or false(b)
//! true(NOT a)   = false(a)                 true(x IS NULL) = not E(x)
//! ```
//!
//! What hangs on an MV_EXPANDed column is weakened to what some value of the field
//! must satisfy, what hangs on anything that is no function of the event alone
//! (GROK output, `now()`) to true; both say that they are not exact.

use super::columns::{Columns, Origin};
use crate::plan::{Choice, Cond, Expr, ExprKind, Field};
use crate::schema::{Mapping, Schema};
use detect_runtime::test::{Fold, Glob, Number, Order, Piece, Test};
use detect_runtime::value::address::Block;
use detect_runtime::value::{Owned, Type};

/// Largest expression, in nodes, that computed columns are written out to.
const MAX_INLINED: usize = 96;

/// What the event must satisfy for the expression to be true, and whether that
/// is all that the expression says.
pub(super) fn condition(columns: &Columns<'_>, expr: &Expr) -> (Cond, bool) {
    let filter = Filter { slots: &columns.slots, schema: columns.cx.schema };
    filter.part(expr, true, 0)
}

/// All of these.
pub(super) fn all(conds: Vec<Cond>) -> Cond {
    join(conds, false)
}

struct Filter<'c> {
    slots: &'c [Origin],
    schema: &'c Schema,
}

/// What a leaf asks.
enum Subject {
    /// A stored field.
    Field(Field),
    /// One of the values of a stored field.
    Expanded(Field),
}

impl Filter<'_> {
    /// The condition that the expression is `want`.
    fn part(&self, expr: &Expr, want: bool, depth: usize) -> (Cond, bool) {
        match &expr.kind {
            ExprKind::Const(Owned::Boolean(value)) => (Cond::Const(*value == want), true),
            ExprKind::Const(_) => (Cond::Const(false), true),
            ExprKind::Not(inner) => self.part(inner, !want, depth),
            ExprKind::And(parts) => self.parts(parts, want, !want, depth),
            ExprKind::Or(parts) => self.parts(parts, want, want, depth),
            ExprKind::Cond(cond) if want => ((**cond).clone(), true),
            ExprKind::Cond(cond) => (not((**cond).clone()), true),
            ExprKind::Slot(slot) => self.boolean_column(*slot, expr, want, depth),
            ExprKind::Call { function, args } => self.call(function.name, args, expr, want),
            ExprKind::Test { input, tests } => match self.subject(input) {
                Some(subject) => self.leaf(subject, tests.clone(), None, want),
                None => self.lowered(input, tests, expr, want),
            },
            _ => self.computed(expr, want),
        }
    }

    /// Parts of AND or OR, of which one or all must be `want`.
    fn parts(&self, parts: &[Expr], want: bool, any: bool, depth: usize) -> (Cond, bool) {
        let mut exact = true;
        let conds = parts
            .iter()
            .map(|part| {
                let (cond, all) = self.part(part, want, depth);
                exact &= all;
                cond
            })
            .collect();
        (join(conds, any), exact)
    }

    fn boolean_column(&self, slot: usize, expr: &Expr, want: bool, depth: usize) -> (Cond, bool) {
        match self.slots.get(slot) {
            Some(Origin::Computed(inner)) if depth < 8 => self.part(inner, want, depth + 1),
            _ => match self.subject(expr) {
                Some(subject) => self.leaf(
                    subject,
                    vec![Test::Boolean(want)],
                    Some(vec![Test::Boolean(want)]),
                    true,
                ),
                None => (Cond::Const(true), false),
            },
        }
    }

    fn call(&self, name: &str, args: &[Expr], expr: &Expr, want: bool) -> (Cond, bool) {
        let answer = match (name, args) {
            ("is_null", [arg]) => self.existence(arg, !want),
            ("is_not_null", [arg]) => self.existence(arg, want),
            ("not_equals", [a, b]) => self.comparison("equals", a, b, !want),
            ("equals" | "less" | "less_equal" | "greater" | "greater_equal", [a, b]) => {
                self.comparison(name, a, b, want)
            }
            ("in", [value, items @ ..]) => self.membership(value, items, want),
            ("starts_with" | "ends_with" | "contains", [text, part]) => {
                self.substring(name, text, part, want)
            }
            ("cidr_match", [address, blocks @ ..]) => self.blocks(address, blocks, want),
            _ => None,
        };
        answer.unwrap_or_else(|| self.computed(expr, want))
    }

    fn existence(&self, arg: &Expr, want: bool) -> Option<(Cond, bool)> {
        let (Subject::Field(field) | Subject::Expanded(field)) = self.subject(arg)?;
        let exists = Cond::Exists { field, objects: false };
        Some((if want { exists } else { not(exists) }, true))
    }

    fn comparison(&self, name: &str, a: &Expr, b: &Expr, want: bool) -> Option<(Cond, bool)> {
        let (column, value, flipped) = match (&a.kind, &b.kind) {
            (_, ExprKind::Const(value)) => (a, value, false),
            (ExprKind::Const(value), _) => (b, value, true),
            _ => return None,
        };
        let order = match (name, flipped) {
            ("equals", _) => Order::Equal,
            ("less", false) | ("greater", true) => Order::Less,
            ("less_equal", false) | ("greater_equal", true) => Order::LessEqual,
            ("greater", false) | ("less", true) => Order::Greater,
            _ => Order::GreaterEqual,
        };
        let Some(subject) = self.subject(column) else {
            let tests = vec![comparison_test(column.ty, order, value)?];
            return match order {
                Order::Equal => Some(self.lowered(column, &tests, &tested(column, &tests), want)),
                _ => None,
            };
        };
        let field = subject.field();
        // The field's own type decides how its raw value is read.
        let test = |order| comparison_test(field.ty, order, value);
        // The opposite as tests of its own: a value that is no number, date, ...
        // at all passes neither.
        let opposite: Option<Vec<Test>> = match order {
            Order::Equal if textual(column.ty) => None,
            Order::Equal if column.ty == Type::Boolean => match value {
                Owned::Boolean(b) => Some(vec![Test::Boolean(!b)]),
                _ => None,
            },
            Order::Equal => Some(vec![test(Order::Less)?, test(Order::Greater)?]),
            Order::Less => Some(vec![test(Order::GreaterEqual)?]),
            Order::LessEqual => Some(vec![test(Order::Greater)?]),
            Order::Greater => Some(vec![test(Order::LessEqual)?]),
            Order::GreaterEqual => Some(vec![test(Order::Less)?]),
        };
        let tests = vec![test(order)?];
        Some(self.leaf(subject, tests, opposite, want))
    }

    /// IN: an item that is null makes "false" impossible.
    fn membership(&self, value: &Expr, items: &[Expr], want: bool) -> Option<(Cond, bool)> {
        let subject = self.subject(value);
        let (mut tests, mut null) = (Vec::new(), false);
        for item in items {
            match &item.kind {
                ExprKind::Const(Owned::Null) => null = true,
                ExprKind::Const(constant) => {
                    let ty = subject.as_ref().map_or(value.ty, |subject| subject.field().ty);
                    tests.push(comparison_test(ty, Order::Equal, constant)?);
                }
                _ => return None,
            }
        }
        if null && !want {
            return Some((Cond::Const(false), true));
        }
        match subject {
            Some(subject) => Some(self.leaf(subject, tests, None, want)),
            None if null => None,
            None => Some(self.lowered(value, &tests, &tested(value, &tests), want)),
        }
    }

    fn substring(&self, name: &str, text: &Expr, part: &Expr, want: bool) -> Option<(Cond, bool)> {
        let ExprKind::Const(Owned::Text(part)) = &part.kind else { return None };
        if part.is_empty() {
            return None;
        }
        let literal = Piece::Literal(part.to_string());
        let pieces = match name {
            "starts_with" => vec![literal, Piece::Any],
            "ends_with" => vec![Piece::Any, literal],
            _ => vec![Piece::Any, literal, Piece::Any],
        };
        let tests = vec![Test::Glob { glob: Glob(pieces), fold: Fold::None }];
        Some(match self.subject(text) {
            Some(subject) => self.leaf(subject, tests, None, want),
            None => self.lowered(text, &tests, &tested(text, &tests), want),
        })
    }

    fn blocks(&self, address: &Expr, blocks: &[Expr], want: bool) -> Option<(Cond, bool)> {
        let subject = self.subject(address)?;
        let mut tests = Vec::with_capacity(blocks.len());
        for block in blocks {
            let ExprKind::Const(Owned::Text(text)) = &block.kind else { return None };
            let Block { address, bits } = Block::parse(text)?;
            tests.push(Test::Cidr { address, bits });
        }
        // A value that is no address is in no block and outside of none.
        let anywhere = Test::Cidr { address: [0; 16], bits: 0 };
        match (subject, want) {
            (Subject::Field(field), false) => {
                let inside = any_of(&field, &tests);
                let address = any_of(&field, &[anywhere]);
                Some((all(vec![Cond::Single(field), address, not(inside)]), true))
            }
            (subject, want) => Some(self.leaf(subject, tests, Some(vec![anywhere]), want)),
        }
    }

    /// Some test holds of the subject's one value (`want`), or none does.
    fn leaf(
        &self,
        subject: Subject,
        tests: Vec<Test>,
        opposite: Option<Vec<Test>>,
        want: bool,
    ) -> (Cond, bool) {
        let tests = self.folded(subject.field(), tests);
        match (subject, want, opposite) {
            (Subject::Field(field), true, _) => {
                let some = any_of(&field, &tests);
                (all(vec![Cond::Single(field), some]), true)
            }
            (Subject::Field(field), false, Some(opposite)) => {
                let some = any_of(&field, &opposite);
                (all(vec![Cond::Single(field), some]), true)
            }
            (Subject::Field(field), false, None) => {
                let some = any_of(&field, &tests);
                (all(vec![Cond::Single(field), not(some)]), true)
            }
            (Subject::Expanded(field), true, _) => (any_of(&field, &tests), false),
            (Subject::Expanded(field), false, Some(opposite)) => (any_of(&field, &opposite), false),
            (Subject::Expanded(field), false, None) => {
                (Cond::Exists { field, objects: false }, false)
            }
        }
    }

    /// A field with a lower-case normaliser compares without case.
    fn folded(&self, field: &Field, tests: Vec<Test>) -> Vec<Test> {
        if self.schema.lookup(&field.path).mapping != Mapping::Caseless {
            return tests;
        }
        tests.into_iter().map(|test| with_fold(test, Fold::Ascii)).collect()
    }

    /// `TO_LOWER(field)` against texts without upper case: the field itself,
    /// compared without case, says nearly the same and is far cheaper, so it
    /// stands before the exact expression.
    fn lowered(&self, input: &Expr, tests: &[Test], expr: &Expr, want: bool) -> (Cond, bool) {
        let (exact_cond, exact) = self.computed(expr, want);
        let Some(field) = self.lower_cased(input).filter(|_| want && exact) else {
            return (exact_cond, exact);
        };
        if !tests.iter().all(has_no_upper_case) {
            return (exact_cond, exact);
        }
        let folded: Vec<Test> =
            tests.iter().map(|test| with_fold(test.clone(), Fold::Full)).collect();
        (all(vec![any_of(&field, &folded), exact_cond]), true)
    }

    /// The field whose lower-cased value the expression is.
    fn lower_cased(&self, expr: &Expr) -> Option<Field> {
        match &expr.kind {
            ExprKind::Call { function, args } if function.name == "to_lower" => {
                match (args.as_slice(), args.first().and_then(|arg| self.subject(arg))) {
                    ([_], Some(Subject::Field(field))) => Some(field),
                    _ => None,
                }
            }
            ExprKind::Slot(slot) => match self.slots.get(*slot) {
                Some(Origin::Computed(inner)) => self.lower_cased(inner),
                _ => None,
            },
            _ => None,
        }
    }

    /// The expression over stored fields, evaluated as it stands.
    fn computed(&self, expr: &Expr, want: bool) -> (Cond, bool) {
        let mut budget = MAX_INLINED;
        let Some(over_fields) = self.written_out(expr, &mut budget) else {
            return (Cond::Const(true), false);
        };
        let expr = if want {
            over_fields
        } else {
            Expr { ty: Type::Boolean, kind: ExprKind::Not(Box::new(over_fields)) }
        };
        (Cond::Expr { expr, choice: Choice::Whole }, true)
    }

    /// The expression with fields in place of slots; `None` if a slot is more
    /// than a function of the event, or the result is too large.
    fn written_out(&self, expr: &Expr, budget: &mut usize) -> Option<Expr> {
        *budget = budget.checked_sub(1)?;
        if let ExprKind::Slot(slot) = expr.kind {
            return match self.slots.get(slot)? {
                // The document's text is no field that a filter is loaded with.
                Origin::Field(field) if field.ty == Type::Source => None,
                Origin::Field(field) => {
                    Some(Expr { ty: expr.ty, kind: ExprKind::Field(field.clone()) })
                }
                Origin::Computed(inner) => self.written_out(inner, budget),
                Origin::Expanded(_) | Origin::Opaque => None,
            };
        }
        if matches!(&expr.kind, ExprKind::Call { function, .. } if function.name == "now")
            || matches!(expr.kind, ExprKind::Cond(_))
        {
            return None;
        }
        let mut copy = expr.clone();
        let mut complete = true;
        copy.children_mut(&mut |child| match self.written_out(child, budget) {
            Some(written) => *child = written,
            None => complete = false,
        });
        complete.then_some(copy)
    }

    /// The stored field behind a column.
    fn subject(&self, expr: &Expr) -> Option<Subject> {
        let ExprKind::Slot(slot) = expr.kind else { return None };
        match self.slots.get(slot)? {
            Origin::Field(field) => Some(Subject::Field(field.clone())),
            Origin::Expanded(from) => {
                let from = Expr { ty: expr.ty, kind: ExprKind::Slot(*from) };
                let (Subject::Field(field) | Subject::Expanded(field)) = self.subject(&from)?;
                Some(Subject::Expanded(field))
            }
            Origin::Computed(_) | Origin::Opaque => None,
        }
    }
}

impl Subject {
    fn field(&self) -> &Field {
        match self {
            Subject::Field(field) | Subject::Expanded(field) => field,
        }
    }
}

/// The value passes one of the tests.
fn tested(value: &Expr, tests: &[Test]) -> Expr {
    let kind = ExprKind::Test { input: Box::new(value.clone()), tests: tests.to_vec() };
    Expr { ty: Type::Boolean, kind }
}

fn textual(ty: Type) -> bool {
    matches!(ty, Type::Keyword | Type::Text)
}

/// The test that a value of this type equals a constant.
pub(crate) fn equality_test(ty: Type, value: &Owned) -> Option<Test> {
    comparison_test(ty, Order::Equal, value)
}

/// The test that a value of this type compares so with a constant; `None` if no
/// test can say it.
fn comparison_test(ty: Type, order: Order, value: &Owned) -> Option<Test> {
    const MILLI: i128 = 1_000_000;
    Some(match (ty, value) {
        (Type::Keyword | Type::Text, Owned::Text(text)) => match order {
            Order::Equal => Test::Equals { text: text.to_string(), fold: Fold::None },
            _ => Test::TextOrder { order, text: text.to_string() },
        },
        (Type::Boolean, Owned::Boolean(value)) if order == Order::Equal => Test::Boolean(*value),
        (Type::Integer | Type::Long | Type::UnsignedLong | Type::Double, value) => {
            Test::Number { order, number: number(value)? }
        }
        (Type::Date | Type::DateNanos, Owned::Date(millis)) => {
            Test::DateOrder { order, nanos: i128::from(*millis) * MILLI }
        }
        (Type::Date | Type::DateNanos, Owned::DateNanos(nanos)) => {
            Test::DateOrder { order, nanos: i128::from(*nanos) }
        }
        (Type::Ip, Owned::Ip(address)) => match order {
            Order::Equal => Test::Cidr { address: *address, bits: 128 },
            _ => Test::AddressOrder { order, address: *address },
        },
        (Type::Version, Owned::Version(version)) => {
            Test::VersionOrder { order, version: version.to_string() }
        }
        _ => return None,
    })
}

fn number(value: &Owned) -> Option<Number> {
    Some(match value {
        Owned::Integer(n) => Number::Long(i64::from(*n)),
        Owned::Long(n) => Number::Long(*n),
        Owned::UnsignedLong(n) => i64::try_from(*n).map_or(Number::UnsignedLong(*n), Number::Long),
        Owned::Double(n) => Number::Double(*n),
        _ => return None,
    })
}

fn with_fold(test: Test, fold: Fold) -> Test {
    match test {
        Test::Equals { text, .. } => Test::Equals { text, fold },
        Test::Glob { glob, .. } => Test::Glob { glob, fold },
        other => other,
    }
}

fn has_no_upper_case(test: &Test) -> bool {
    let lower = |text: &str| text.is_ascii() && !text.bytes().any(|b| b.is_ascii_uppercase());
    match test {
        Test::Equals { text, .. } => lower(text),
        Test::Glob { glob, .. } => glob.0.iter().all(|piece| match piece {
            Piece::Literal(text) => lower(text),
            Piece::Any | Piece::One => true,
        }),
        _ => false,
    }
}

fn any_of(field: &Field, tests: &[Test]) -> Cond {
    let any = |test: &Test| Cond::Any { field: field.clone(), test: test.clone() };
    match tests {
        [test] => any(test),
        tests => Cond::Or(tests.iter().map(any).collect()),
    }
}

fn not(cond: Cond) -> Cond {
    match cond {
        Cond::Const(value) => Cond::Const(!value),
        Cond::Not(inner) => *inner,
        other => Cond::Not(Box::new(other)),
    }
}

/// AND (`any` = false) or OR of conditions, without constants, flat, and with
/// the single-value tests that the alternatives share taken out.
fn join(conds: Vec<Cond>, any: bool) -> Cond {
    let mut flat = Vec::with_capacity(conds.len());
    for cond in conds {
        match cond {
            Cond::Const(value) if value == any => return Cond::Const(any),
            Cond::Const(_) => {}
            Cond::And(inner) if !any => flat.extend(inner),
            Cond::Or(inner) if any => flat.extend(inner),
            other => flat.push(other),
        }
    }
    let mut flat = if any { factored(flat) } else { without_repeated_single(flat) };
    match (flat.len(), any) {
        (0, _) => Cond::Const(!any),
        (1, _) => flat.swap_remove(0),
        (_, true) => Cond::Or(flat),
        (_, false) => Cond::And(flat),
    }
}

fn without_repeated_single(conds: Vec<Cond>) -> Vec<Cond> {
    let mut seen = std::collections::HashSet::new();
    conds
        .into_iter()
        .filter(|cond| match cond {
            Cond::Single(field) => seen.insert(field.clone()),
            _ => true,
        })
        .collect()
}

/// `S(x) and a or S(x) and b` is `S(x) and (a or b)`; the first place stays.
fn factored(conds: Vec<Cond>) -> Vec<Cond> {
    let mut groups: Vec<(Option<Field>, Vec<Cond>)> = Vec::new();
    for cond in conds {
        match cond {
            Cond::And(mut parts) if parts.len() == 2 && matches!(parts[0], Cond::Single(_)) => {
                let rest = parts.pop();
                let field = match parts.pop() {
                    Some(Cond::Single(field)) => Some(field),
                    _ => None,
                };
                match groups.iter_mut().find(|(known, _)| *known == field && known.is_some()) {
                    Some((_, alternatives)) => alternatives.extend(rest),
                    None => groups.push((field, rest.into_iter().collect())),
                }
            }
            other => groups.push((None, vec![other])),
        }
    }
    let mut result = Vec::with_capacity(groups.len());
    for (field, alternatives) in groups {
        match field {
            Some(field) => {
                let some = join(alternatives, true);
                result.push(Cond::And(vec![Cond::Single(field), some]));
            }
            None => result.extend(alternatives),
        }
    }
    result
}
