//! Tables of calls for the tests of this folder.

use super::lookup;
use crate::value::{Cx, Value, WARNING_KINDS, Warning, Warnings, text};
use bumpalo::Bump;

/// A call and what it gives: null as `null`, several values as `[a, b]`, with `!`
/// and the kind in front where a warning is counted.
pub(crate) type Row<'v> = (&'v str, &'v [Value<'v>], &'v str);

/// Checks every row.
pub(crate) fn check(rows: &[Row<'_>]) {
    for (name, args, expected) in rows {
        assert_eq!(&call(name, args), expected, "{name}{args:?}");
    }
}

/// Calls a function by name at `now` 0.
pub(crate) fn call(name: &str, args: &[Value<'_>]) -> String {
    let (arena, warnings) = (Bump::new(), Warnings::default());
    let cx = Cx { arena: &arena, now: 0, warnings: &warnings };
    let Some(function) = lookup(name) else { return format!("no function {name}") };
    let plain = show((function.eval)(&cx, args), &cx);
    if let Some(prepare) = function.prepare {
        let constants: Vec<_> = args.iter().map(|arg| Some(*arg)).collect();
        if let Ok(ready) = prepare(&constants) {
            let again = Warnings::default();
            let cx = Cx { warnings: &again, ..cx };
            assert_eq!(show(ready.apply(&cx, args), &cx), plain, "prepared {name}{args:?}");
        }
    }
    plain
}

fn show(value: Value<'_>, cx: &Cx<'_>) -> String {
    const KINDS: [Warning; WARNING_KINDS] = [
        Warning::MultiValue,
        Warning::DivisionByZero,
        Warning::Overflow,
        Warning::Conversion,
        Warning::Argument,
        Warning::Pattern,
        Warning::TooLong,
        Warning::Choices,
    ];
    let counted = KINDS.into_iter().filter(|kind| cx.warnings.count(*kind) > 0);
    let mut out: Vec<String> = counted.map(|kind| format!("!{kind:?}")).collect();
    let texts: Vec<_> =
        value.as_slice().iter().map(|one| text(*one, cx.arena).unwrap_or("?")).collect();
    out.push(match texts.as_slice() {
        [] => "null".to_owned(),
        [one] => (*one).to_owned(),
        many => format!("[{}]", many.join(", ")),
    });
    out.join(" ")
}
