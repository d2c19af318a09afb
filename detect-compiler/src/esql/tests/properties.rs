//! Any text, and any tree.

use super::open;
use crate::esql::ast::{
    Aggregation, Args, Assignment, Command, CommandKind, Expr, ExprKind, Map, MapValue, Name,
    NamePattern, NamePiece, Operator, Ordering, Query, Renaming, Source, Span, Text, TimeUnit,
};
use crate::esql::parser::parse;
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;

const NOWHERE: Span = Span { start: 0, end: 0 };

fn name() -> impl Strategy<Value = Name> {
    "[a-zA-Z@_. `*é\n]{1,8}".prop_map(|text| Name { text, span: NOWHERE })
}

fn identifier() -> impl Strategy<Value = Name> {
    "[a-z]{3,6}[0-9]".prop_map(|text| Name { text, span: NOWHERE })
}

fn text() -> impl Strategy<Value = Text> {
    "[a-z\"\\\\\n\t *%é{}]{0,8}".prop_map(|text| Text { text, span: NOWHERE })
}

fn of(kind: ExprKind) -> Expr {
    Expr { kind, span: NOWHERE }
}

fn scalar() -> impl Strategy<Value = Expr> {
    prop_oneof![
        Just(ExprKind::Null),
        any::<bool>().prop_map(ExprKind::Boolean),
        any::<u64>().prop_map(|n| ExprKind::Integer(u128::from(n))),
        (0.0..1e300f64).prop_map(ExprKind::Decimal),
        text().prop_map(|text| ExprKind::Text(text.text)),
        (0..1_000_000u128, prop_oneof![Just(TimeUnit::Day), Just(TimeUnit::Minute)])
            .prop_map(|(count, unit)| ExprKind::Span { count, unit }),
    ]
    .prop_map(of)
}

fn constant() -> impl Strategy<Value = Expr> {
    prop_oneof![
        4 => scalar(),
        1 => vec(scalar(), 1..4).prop_map(|items| of(ExprKind::List(items))),
        1 => any::<u32>().prop_map(|n| {
            of(ExprKind::Negate(Box::new(of(ExprKind::Integer(u128::from(n))))))
        }),
    ]
}

fn map() -> impl Strategy<Value = Map> {
    vec((text(), constant().prop_map(MapValue::Constant)), 0..3)
        .prop_map(|entries| Map { entries, span: NOWHERE })
}

fn operator() -> impl Strategy<Value = Operator> {
    prop_oneof![
        Just(Operator::Add),
        Just(Operator::Subtract),
        Just(Operator::Multiply),
        Just(Operator::Modulo),
        Just(Operator::Equal),
        Just(Operator::NotEqual),
        Just(Operator::Less),
        Just(Operator::GreaterEqual),
    ]
}

fn expr() -> impl Strategy<Value = Expr> {
    let column = name().prop_map(|name| of(ExprKind::Column(name.text)));
    let leaf = prop_oneof![2 => column, 2 => constant()];
    leaf.prop_recursive(4, 24, 4, |inner| {
        let boxed = inner.clone().prop_map(Box::new);
        prop_oneof![
            (identifier(), vec(inner.clone(), 1..4), option::of(map())).prop_map(
                |(name, args, options)| ExprKind::Call { name, args: Args::List(args), options }
            ),
            identifier().prop_map(|name| ExprKind::Call { name, args: Args::Star, options: None }),
            (boxed.clone(), identifier()).prop_map(|(value, ty)| ExprKind::Cast { value, ty }),
            boxed.clone().prop_map(ExprKind::Negate),
            boxed.clone().prop_map(ExprKind::Plus),
            boxed.clone().prop_map(ExprKind::Not),
            (operator(), boxed.clone(), boxed.clone())
                .prop_map(|(operator, left, right)| ExprKind::Binary { operator, left, right }),
            (boxed.clone(), any::<bool>(), vec(inner.clone(), 1..4))
                .prop_map(|(value, negated, items)| ExprKind::In { value, negated, items }),
            (boxed.clone(), any::<bool>())
                .prop_map(|(value, negated)| ExprKind::IsNull { value, negated }),
            (boxed.clone(), any::<bool>(), any::<bool>(), vec(text(), 1..3)).prop_map(
                |(value, regex, negated, patterns)| ExprKind::Like {
                    value,
                    regex,
                    negated,
                    list: true,
                    patterns: patterns.into_iter().map(|t| of(ExprKind::Text(t.text))).collect(),
                }
            ),
            (boxed, constant().prop_map(Box::new))
                .prop_map(|(field, query)| ExprKind::Match { field, query }),
            vec(inner.clone(), 2..4).prop_map(ExprKind::And),
            vec(inner, 2..4).prop_map(ExprKind::Or),
        ]
        .prop_map(of)
    })
}

fn assignment() -> impl Strategy<Value = Assignment> {
    (option::of(name()), expr()).prop_map(|(name, value)| Assignment { name, value })
}

fn pattern() -> impl Strategy<Value = NamePattern> {
    let literal = || name().prop_map(|name| NamePiece::Literal(name.text));
    prop_oneof![
        literal().prop_map(|one| vec![one]),
        literal().prop_map(|one| vec![one, NamePiece::Any]),
        (literal(), literal()).prop_map(|(a, b)| vec![NamePiece::Any, a, NamePiece::Any, b]),
        Just(vec![NamePiece::Any]),
    ]
    .prop_map(|pieces| NamePattern { pieces, span: NOWHERE })
}

fn aggregation() -> impl Strategy<Value = Aggregation> {
    (assignment(), option::of(expr())).prop_map(|(assignment, filter)| Aggregation {
        assignment,
        filter,
        span: NOWHERE,
    })
}

fn command() -> impl Strategy<Value = CommandKind> {
    let ordering = (expr(), any::<bool>(), option::of(any::<bool>()))
        .prop_map(|(expr, descending, nulls_first)| Ordering { expr, descending, nulls_first });
    let by = || vec(expr(), 0..3);
    prop_oneof![
        expr().prop_map(CommandKind::Where),
        vec(assignment(), 1..3).prop_map(CommandKind::Eval),
        (any::<bool>(), vec(aggregation(), 1..3), vec(assignment(), 0..3))
            .prop_map(|(inline, aggregates, by)| CommandKind::Stats { inline, aggregates, by }),
        vec(pattern(), 1..3).prop_map(CommandKind::Keep),
        vec(pattern(), 1..3).prop_map(CommandKind::Drop),
        vec((pattern(), pattern()), 1..3).prop_map(|all| {
            CommandKind::Rename(all.into_iter().map(|(from, to)| Renaming { from, to }).collect())
        }),
        vec(ordering, 1..3).prop_map(CommandKind::Sort),
        (constant(), by()).prop_map(|(count, by)| CommandKind::Limit { count, by }),
        name().prop_map(CommandKind::MvExpand),
        (expr(), text(), vec((name(), constant()), 0..2)).prop_map(|(input, pattern, options)| {
            CommandKind::Dissect { input: operand(input), pattern, options }
        }),
        (expr(), vec(text(), 1..3))
            .prop_map(|(input, patterns)| CommandKind::Grok { input: operand(input), patterns }),
        (identifier(), option::of(pattern()), vec((option::of(pattern()), pattern()), 0..3))
            .prop_map(|(policy, on, with)| CommandKind::Enrich { policy, on, with }),
        (identifier(), vec(expr(), 1..3))
            .prop_map(|(table, on)| CommandKind::LookupJoin { table, on }),
        (name(), option::of(name()), option::of((name(), name())), by())
            .prop_map(|(value, key, into, by)| CommandKind::ChangePoint { value, key, into, by }),
        (option::of(name()), expr(), option::of(map())).prop_map(|(target, prompt, options)| {
            CommandKind::Completion { target, prompt: operand(prompt), options }
        }),
        constant().prop_map(CommandKind::Sample),
    ]
}

/// Only leaves and calls stand without brackets where the grammar has a primary,
/// and the tree has no brackets.
fn operand(expr: Expr) -> Expr {
    match expr.kind {
        ExprKind::Column(_) | ExprKind::Call { .. } | ExprKind::Text(_) => expr,
        _ => of(ExprKind::Column("x".into())),
    }
}

fn tree() -> impl Strategy<Value = Query> {
    let commands = vec(command().prop_map(|kind| Command { kind, span: NOWHERE }), 0..5);
    let pattern = "[a-z.*-]{1,8}".prop_map(|pattern| Source::Index { pattern, span: NOWHERE });
    (vec(pattern, 1..3), commands).prop_map(|(sources, mut commands)| {
        let kind = CommandKind::From { sources, metadata: Vec::new() };
        commands.insert(0, Command { kind, span: NOWHERE });
        Query { settings: Vec::new(), commands }
    })
}

/// The tree as text without its places.
fn shape(query: &Query) -> String {
    let text = format!("{query:?}");
    let mut shape = String::with_capacity(text.len());
    let mut rest = text.as_str();
    while let Some(at) = rest.find("Span { start: ") {
        shape.push_str(&rest[..at]);
        rest = rest[at..].split_once('}').map_or("", |(_, behind)| behind);
    }
    shape + rest
}

/// Pieces of queries in any order.
fn rubble() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        8 => prop::sample::select(vec![
            "from", "a*", "|", "where", "eval", "stats", "by", "inline", "keep", "drop", "rename",
            "as", "sort", "desc", "nulls", "first", "limit", "mv_expand", "dissect", "grok", "enrich",
            "on", "with", "lookup", "join", "change_point", "completion", "sample", "fork", "row",
            "set", "metadata", "_id", "(", ")", "[", "]", "{", "}", ",", ".", ";", "=", "==", "!=",
            "<", ">=", "+", "-", "*", "/", "%", ":", "::", "and", "or", "not", "in", "like", "rlike",
            "is", "null", "true", "user.name", "process.pid", "event.type", "`x y`", "`", "\"a*\"",
            "\"\"\"%{a} %{b}\"\"\"", "\"", "5", "1.5", "99999999999999999999", "3 days", "count",
            "count(*)", "max(", "case(", "coalesce(", "to_lower(", "length(", "kql(", "match(",
            "//x\n", "/*", "*/", "?x", "int", "date", "\\", "é",
        ]).prop_map(str::to_owned),
        1 => "\\PC{0,4}",
    ];
    vec(piece, 0..24).prop_map(|pieces| pieces.join(" "))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn printed_trees_parse_to_themselves(query in tree()) {
        let printed = query.to_string();
        match parse(&printed) {
            Ok(parsed) => prop_assert_eq!(shape(&parsed), shape(&query), "{}", printed),
            Err(errors) => prop_assert!(false, "{printed}\n{errors:?}"),
        }
    }

    #[test]
    fn no_text_panics(text in "\\PC{0,64}") {
        let _ = open(&text);
    }

    #[test]
    fn no_rubble_panics(text in rubble()) {
        if let Err(problems) = open(&text) {
            for problem in problems {
                prop_assert!(text.get(problem.span.clone()).is_some(), "{problem:?}");
            }
        }
        let _ = open(&format!("from logs-* | where {text}"));
        let _ = open(&format!("from logs-* | {text}"));
    }
}
