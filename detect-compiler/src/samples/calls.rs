//! What is wanted of the arguments of a call, so that the call has an outcome.
//!
//! Comparisons with something fixed become tests; functions that mostly leave a text or a
//! number as it is hand on what is wanted; of everything else only the arguments are given
//! values, and the trial of the sample decides.

use super::outcome::{Outcome, double, test_of};
use super::search::{Goal, State, tested};
use super::wishes::Asked;
use crate::plan::{Expr, ExprKind};
use bumpalo::Bump;
use detect_runtime::test::{Fold, Glob, Number, Order, Piece, Test};
use detect_runtime::value::address::Block;
use detect_runtime::value::{Owned, Type};
use std::rc::Rc;

type MakeGoal<'g, 'p> = dyn Fn(&'p Expr, Outcome) -> (usize, Goal<'p>) + 'g;

/// Puts the goals of a call into the state; false if it cannot have the outcome.
pub(super) fn call<'p>(
    state: &mut State<'p>,
    goal: &MakeGoal<'_, 'p>,
    name: &str,
    args: &'p [Expr],
    wanted: &Outcome,
) -> bool {
    // Functions of EQL; a value that is right with respect to case is so without.
    let name = name.trim_start_matches("eql.");
    let name = name.strip_suffix("_folded").unwrap_or(name);
    match (name, args) {
        // `true IN (condition, ..)`
        ("in", [input, list @ ..])
            if matches!(wanted, Outcome::True) && test_of_expr(Order::Equal, input).is_some() =>
        {
            let test = test_of_expr(Order::Equal, input);
            let ways = test.iter().flat_map(|test| {
                list.iter().map(|one| vec![goal(one, Outcome::passes([test.clone()]))])
            });
            return state.choose(ways);
        }
        ("subtract", [whole, less]) if counted(whole, less).is_some() => {
            if let (Some((text, mark)), Some((order, least))) =
                (counted(whole, less), single(wanted))
                && matches!(order, Order::Greater | Order::GreaterEqual | Order::Equal)
            {
                let least = least + i64::from(order == Order::Greater);
                state.goals.push(goal(text, repeated(&mark, least)));
                return true;
            }
        }
        ("is_null", [arg]) => return presence(state, goal, arg, wanted, false),
        ("is_not_null", [arg]) => return presence(state, goal, arg, wanted, true),
        ("in", [input, list @ ..]) => {
            let tests = list.iter().map(|one| test_of_expr(Order::Equal, one));
            if let Some(tests) = tests.collect::<Option<Vec<_>>>() {
                return asked(state, goal, input, tests, wanted);
            }
        }
        ("cidr_match", [input, list @ ..]) => {
            if let Some(tests) = list.iter().map(block).collect::<Option<Vec<_>>>() {
                return asked(state, goal, input, tests, wanted);
            }
        }
        (
            "starts_with" | "ends_with" | "contains" | "string_contains" | "mv_contains",
            [input, part],
        ) => {
            if let Some(Owned::Text(part)) = super::fixed::value(part) {
                return asked(state, goal, input, vec![part_of(name, &part)], wanted);
            }
        }
        ("length" | "byte_length", [input]) => {
            if let Some((order, number)) = single(wanted) {
                state.goals.push(goal(input, Outcome::Length(order, number)));
                return true;
            }
        }
        ("mv_count", [input]) => {
            if let Some((order, number)) = single(wanted) {
                state.goals.push(goal(input, Outcome::Count(order, number)));
                return true;
            }
        }
        ("add" | "subtract" | "multiply" | "divide", [input, by]) => {
            if let Some(moved) = moved(name, by, wanted) {
                state.goals.push(goal(input, moved));
                return true;
            }
        }
        ("replace", [input, pattern, by]) => {
            if let Some(before) = before_replacing(pattern, by, wanted) {
                return state.choose(before.into_iter().map(|one| vec![goal(input, one)]));
            }
            state.goals.push(goal(input, wanted.clone()));
            return true;
        }
        ("concat", all) => return joined(state, goal, all, wanted),
        (name, [input, ..]) if HANDS_ON.contains(&name) => {
            state.goals.push(goal(input, wanted.clone()));
            return true;
        }
        _ => {}
    }
    if let Some(order) = order_of(name)
        && let [left, right] = args
    {
        return compared(state, goal, order, name == "not_equals", left, right, wanted);
    }
    hope(state, goal, args, wanted)
}

/// Functions whose result mostly has what is wanted if the first argument has it.
const HANDS_ON: &[&str] = &[
    "abs",
    "bucket",
    "ceil",
    "date_trunc",
    "floor",
    "from_base64",
    "left",
    "ltrim",
    "mv_avg",
    "mv_concat",
    "mv_dedupe",
    "mv_first",
    "mv_last",
    "mv_max",
    "mv_median",
    "mv_min",
    "mv_slice",
    "mv_sort",
    "mv_sum",
    "number",
    "right",
    "round",
    "rtrim",
    "split",
    "string",
    "substring",
    "to_boolean",
    "to_date_nanos",
    "to_datetime",
    "to_double",
    "to_integer",
    "to_ip",
    "to_long",
    "to_lower",
    "to_string",
    "to_text",
    "to_unsigned_long",
    "to_upper",
    "to_version",
    "trim",
    "url_decode",
];

fn order_of(name: &str) -> Option<Order> {
    Some(match name {
        "equals" | "not_equals" => Order::Equal,
        "less" => Order::Less,
        "less_equal" => Order::LessEqual,
        "greater" => Order::Greater,
        "greater_equal" => Order::GreaterEqual,
        _ => return None,
    })
}

/// The same with the sides exchanged.
fn mirrored(order: Order) -> Order {
    match order {
        Order::Equal => Order::Equal,
        Order::Less => Order::Greater,
        Order::LessEqual => Order::GreaterEqual,
        Order::Greater => Order::Less,
        Order::GreaterEqual => Order::LessEqual,
    }
}

fn compared<'p>(
    state: &mut State<'p>,
    goal: &MakeGoal<'_, 'p>,
    order: Order,
    negated: bool,
    left: &'p Expr,
    right: &'p Expr,
    wanted: &Outcome,
) -> bool {
    let wanted = match (negated, wanted) {
        (true, Outcome::True) => Outcome::False,
        (true, Outcome::False) => Outcome::True,
        (true, Outcome::NotTrue) => {
            let same = test_of_expr(order, right).map(|test| (left, test));
            return match same {
                Some((input, test)) => {
                    let ways = [Outcome::Null, Outcome::passes([test])];
                    state.choose(ways.map(|way| vec![goal(input, way)]))
                }
                None => hope(state, goal, std::slice::from_ref(left), &Outcome::Null),
            };
        }
        (_, other) => other.clone(),
    };
    if let Some(test) = test_of_expr(order, right) {
        return asked(state, goal, left, vec![test], &wanted);
    }
    if let Some(test) = test_of_expr(mirrored(order), left) {
        return asked(state, goal, right, vec![test], &wanted);
    }
    // Two columns: a value that both can have, if they must be equal, or one that the other
    // hardly has.
    state.goals.push(goal(left, Outcome::Present));
    if order == Order::Equal && matches!(wanted, Outcome::False) && right.ty == Type::Keyword {
        let other = Test::Equals { text: "another".to_owned(), fold: Fold::None };
        let ways = [Outcome::passes([other]), Outcome::Present];
        return state.choose(ways.map(|way| vec![goal(right, way)]));
    }
    state.goals.push(goal(right, Outcome::Present));
    if let (Order::Equal, Outcome::True, Some(value)) =
        (order, &wanted, common(state, goal, left, right))
    {
        let test = Test::Equals { text: value, fold: Fold::None };
        state.goals.push(goal(left, Outcome::passes([test.clone()])));
        state.goals.push(goal(right, Outcome::passes([test])));
    }
    true
}

/// A value for two fields that must be equal: what one of them has already.
fn common<'p>(
    state: &State<'p>,
    goal: &MakeGoal<'_, 'p>,
    left: &'p Expr,
    right: &'p Expr,
) -> Option<String> {
    let mut values = [left, right].into_iter().filter_map(|side| {
        let (doc, _) = goal(side, Outcome::Present);
        let (doc, field) = match &side.kind {
            ExprKind::Field(field) => (doc, field),
            ExprKind::Captured { term, field } => (*term, field),
            _ => return None,
        };
        let wish = state.docs.get(doc).and_then(|doc| doc.get(&field.path));
        Some(wish.and_then(|wish| wish.values.first().cloned()).unwrap_or_default())
    });
    let (one, other) = (values.next()?, values.next()?);
    let text = if one.is_empty() { other } else { one };
    Some(if text.is_empty() { "7".to_owned() } else { text })
}

fn presence<'p>(
    state: &mut State<'p>,
    goal: &MakeGoal<'_, 'p>,
    arg: &'p Expr,
    wanted: &Outcome,
    present: bool,
) -> bool {
    let present = match wanted {
        Outcome::True => present,
        Outcome::False | Outcome::NotTrue => !present,
        Outcome::Null => return false,
        _ => true,
    };
    state.goals.push(goal(arg, if present { Outcome::Present } else { Outcome::Null }));
    true
}

fn asked<'p>(
    state: &mut State<'p>,
    goal: &MakeGoal<'_, 'p>,
    input: &'p Expr,
    tests: Vec<Test>,
    wanted: &Outcome,
) -> bool {
    let tests: Rc<[Rc<Asked>]> = tests.into_iter().map(Asked::new).collect();
    tested(state, goal, input, tests, wanted)
}

fn test_of_expr(order: Order, expr: &Expr) -> Option<Test> {
    let arena = Bump::new();
    test_of(order, &super::fixed::value(expr)?.lend(&arena))
}

fn block(expr: &Expr) -> Option<Test> {
    match super::fixed::value(expr)? {
        Owned::Text(text) => {
            let block = Block::parse(&text)?;
            Some(Test::Cidr { address: block.address, bits: block.bits })
        }
        _ => None,
    }
}

fn part_of(name: &str, part: &str) -> Test {
    let literal = Piece::Literal(part.to_owned());
    let pieces = match name {
        "starts_with" => vec![literal, Piece::Any],
        "ends_with" => vec![Piece::Any, literal],
        "contains" | "string_contains" => vec![Piece::Any, literal, Piece::Any],
        _ => return Test::Equals { text: part.to_owned(), fold: Fold::None },
    };
    Test::Glob { glob: Glob(pieces), fold: Fold::None }
}

/// The one comparison with a whole number that is wanted.
fn single(wanted: &Outcome) -> Option<(Order, i64)> {
    let Outcome::Passes(tests) = wanted else { return None };
    let asked = tests.first()?;
    match &asked.test {
        Test::Number { order, number } => Some((*order, double(*number) as i64)),
        _ => None,
    }
}

/// What is wanted before a calculation with something fixed.
fn moved(name: &str, by: &Expr, wanted: &Outcome) -> Option<Outcome> {
    let Outcome::Passes(tests) = wanted else { return None };
    let by = match super::fixed::value(by)? {
        Owned::Integer(n) => f64::from(n),
        Owned::Long(n) => n as f64,
        Owned::Double(n) => n,
        _ => return None,
    };
    if by <= 0.0 {
        return None;
    }
    let tests = tests.iter().map(|asked| match &asked.test {
        Test::Number { order, number } => {
            let number = double(*number);
            let number = match name {
                "add" => number - by,
                "subtract" => number + by,
                "multiply" => number / by,
                _ => number * by,
            };
            let whole = number.fract() == 0.0 && number.abs() < 9e15;
            let number = if whole { Number::Long(number as i64) } else { Number::Double(number) };
            Some(Test::Number { order: *order, number })
        }
        _ => None,
    });
    Some(Outcome::passes(tests.collect::<Option<Vec<_>>>()?))
}

fn joined<'p>(
    state: &mut State<'p>,
    goal: &MakeGoal<'_, 'p>,
    all: &'p [Expr],
    wanted: &Outcome,
) -> bool {
    let parts: Vec<&'p Expr> =
        all.iter().filter(|part| super::fixed::value(part).is_none()).collect();
    let each = |wanted: &Outcome| -> Vec<(usize, Goal<'p>)> {
        parts.iter().map(|part| goal(part, wanted.clone())).collect()
    };
    match wanted {
        Outcome::Null | Outcome::NotTrue => {
            state.choose(each(&Outcome::Null).into_iter().map(|one| vec![one]))
        }
        Outcome::Passes(_) | Outcome::Length(..) => {
            state.goals.extend(each(&Outcome::Present));
            state.choose(each(wanted).into_iter().map(|one| vec![one]))
        }
        _ => {
            state.goals.extend(each(wanted));
            true
        }
    }
}

/// `length(x) - length(replace(x, mark, ""))` counts marks: the text and the mark.
fn counted<'p>(whole: &'p Expr, less: &'p Expr) -> Option<(&'p Expr, String)> {
    let (
        ExprKind::Call { function: outer, args: whole },
        ExprKind::Call { function: inner, args: less },
    ) = (&whole.kind, &less.kind)
    else {
        return None;
    };
    let [text] = whole.as_slice() else { return None };
    let [Expr { kind: ExprKind::Call { function: replace, args }, .. }] = less.as_slice() else {
        return None;
    };
    let [_, mark, nothing] = args.as_slice() else { return None };
    let names = [outer.name, inner.name, replace.name] == ["length", "length", "replace"];
    match (names, super::fixed::value(mark), super::fixed::value(nothing)) {
        (true, Some(Owned::Text(mark)), Some(Owned::Text(nothing))) if nothing.is_empty() => {
            Some((text, mark.to_string()))
        }
        _ => None,
    }
}

/// A text that holds the mark so many times.
fn repeated(mark: &str, times: i64) -> Outcome {
    let mut pieces = vec![Piece::Any];
    for _ in 0..times.clamp(1, 1_000) {
        pieces.extend([Piece::Literal(mark.to_owned()), Piece::Any]);
    }
    Outcome::passes([Test::Glob { glob: Glob(pieces), fold: Fold::None }])
}

/// What a text is before a pattern is replaced in it, if afterwards it holds the replacement.
fn before_replacing(pattern: &Expr, by: &Expr, wanted: &Outcome) -> Option<Vec<Outcome>> {
    let (Owned::Text(pattern), Owned::Text(by)) =
        (super::fixed::value(pattern)?, super::fixed::value(by)?)
    else {
        return None;
    };
    let Outcome::Passes(tests) = wanted else { return None };
    let [asked] = &**tests else { return None };
    let Test::Glob { glob, fold } = &asked.test else { return None };
    let holds = |piece: &Piece| matches!(piece, Piece::Literal(text) if **text == *by);
    if by.is_empty() || !glob.0.iter().any(holds) {
        return None;
    }
    let texts =
        super::values::examples(&Test::Regex { pattern: super::captures::loosened(&pattern) }, "");
    let before = texts.into_iter().map(|text| {
        let piece = |piece: &Piece| match piece {
            own if holds(own) => Piece::Literal(format!(" {text} ")),
            other => other.clone(),
        };
        let glob = Glob(glob.0.iter().map(piece).collect());
        Outcome::passes([Test::Glob { glob, fold: *fold }])
    });
    Some(before.collect())
}

/// Values for what is read, and the rest is seen at the trial.
fn hope<'p>(
    state: &mut State<'p>,
    goal: &MakeGoal<'_, 'p>,
    args: &'p [Expr],
    wanted: &Outcome,
) -> bool {
    let read: Vec<&'p Expr> =
        args.iter().filter(|arg| super::fixed::value(arg).is_none()).collect();
    if matches!(wanted, Outcome::Null | Outcome::NotTrue) {
        let none = read.iter().map(|arg| vec![goal(arg, Outcome::Null)]);
        return matches!(wanted, Outcome::NotTrue) && read.is_empty() || state.choose(none);
    }
    for arg in read {
        let boolean = arg.ty == Type::Boolean;
        state.goals.push(goal(arg, if boolean { Outcome::True } else { Outcome::Present }));
    }
    true
}
