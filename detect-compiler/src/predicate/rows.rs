//! From the tree to rows: negations go down to the predicates, alternatives of one
//! field become one row.

use super::{Asked, Kind, Predicate};

/// The rows of what is asked, sorted by field and kind, each once.
///
/// Predicates of one field and kind that stand beside each other under an `or` are
/// one row with all their values, and so are the complements that stand beside each
/// other under an `and`.
///
/// ```
/// use detect_compiler::predicate::{Asked, Kind, rows};
/// let either = Asked::Any(vec![
///     Asked::one("process.name", Kind::Eq, "scp"),
///     Asked::one("process.name", Kind::Eq, "ftp"),
/// ]);
/// let rows = rows(&[either]);
/// assert_eq!((rows[0].kind.name(), rows[0].values.join(" ")), ("in", "ftp scp".to_owned()));
/// ```
pub fn rows(asked: &[Asked]) -> Vec<Predicate> {
    let mut rows = Vec::new();
    for asked in asked {
        walk(asked, false, &mut rows);
    }
    for row in &mut rows {
        row.values.sort();
        row.values.dedup();
        match (row.kind, row.values.len()) {
            (Kind::Eq, 2..) => row.kind = Kind::In,
            (Kind::In, 1) => row.kind = Kind::Eq,
            _ => {}
        }
    }
    rows.sort_by(|a, b| order(a).cmp(&order(b)));
    rows.dedup();
    rows
}

fn order(row: &Predicate) -> (&str, &str, bool, &[String]) {
    (&row.field, row.kind.name(), row.negated, &row.values)
}

fn walk(asked: &Asked, negated: bool, rows: &mut Vec<Predicate>) {
    match asked {
        Asked::Not(inner) => walk(inner, !negated, rows),
        Asked::One(predicate) => rows.push(signed(predicate, negated)),
        Asked::All(all) => connective(all, negated, negated, rows),
        Asked::Any(all) => connective(all, negated, !negated, rows),
    }
}

/// `any`: one of the operands is enough, with the negation gone into them.
fn connective(all: &[Asked], negated: bool, any: bool, rows: &mut Vec<Predicate>) {
    let mut leaves: Vec<Predicate> = Vec::new();
    flatten(all, negated, any, &mut leaves, rows);
    let mut merged: Vec<Predicate> = Vec::new();
    for mut leaf in leaves {
        let class = class(&leaf, any);
        let known = merged.iter_mut().find(|known| {
            class.is_some()
                && known.field == leaf.field
                && known.negated == leaf.negated
                && self::class(known, any) == class
        });
        match known {
            Some(known) => known.values.append(&mut leaf.values),
            None => merged.push(leaf),
        }
    }
    rows.append(&mut merged);
}

/// Operands of nested connectives of the same kind; what is of the other kind makes
/// rows of its own.
fn flatten(
    all: &[Asked],
    negated: bool,
    any: bool,
    leaves: &mut Vec<Predicate>,
    rows: &mut Vec<Predicate>,
) {
    for asked in all {
        let (mut asked, mut negated) = (asked, negated);
        while let Asked::Not(inner) = asked {
            asked = inner;
            negated = !negated;
        }
        match asked {
            Asked::One(predicate) => leaves.push(signed(predicate, negated)),
            Asked::All(inner) if any == negated => flatten(inner, negated, any, leaves, rows),
            Asked::Any(inner) if any != negated => flatten(inner, negated, any, leaves, rows),
            other => walk(other, negated, rows),
        }
    }
}

/// What may share a row. Alternatives add up: positive ones under `or`, complements
/// (and `!=`) under `and`.
fn class(predicate: &Predicate, any: bool) -> Option<Kind> {
    let leaves_out = predicate.negated || predicate.kind == Kind::Ne;
    match predicate.kind {
        _ if leaves_out == any => None,
        Kind::Lt | Kind::Le | Kind::Gt | Kind::Ge | Kind::Exists | Kind::Missing => None,
        Kind::In => Some(Kind::Eq),
        kind => Some(kind),
    }
}

/// `not x != a` is `x == a`.
fn signed(predicate: &Predicate, negated: bool) -> Predicate {
    let mut signed = predicate.clone();
    match (negated, predicate.kind) {
        (true, Kind::Ne) => signed.kind = Kind::Eq,
        (true, _) => signed.negated = !predicate.negated,
        (false, _) => {}
    }
    signed
}

#[cfg(test)]
mod tests {
    use super::*;

    fn eq(field: &str, value: &str) -> Asked {
        Asked::one(field, Kind::Eq, value)
    }

    fn not(asked: Asked) -> Asked {
        Asked::Not(Box::new(asked))
    }

    fn shown(asked: Asked) -> Vec<String> {
        let show = |row: &Predicate| {
            let not = if row.negated { "not " } else { "" };
            format!("{not}{} {} {}", row.field, row.kind.name(), row.values.join(" "))
        };
        rows(&[asked]).iter().map(show).collect()
    }

    #[test]
    fn alternatives_share_a_row() {
        let (all, any, one) = (Asked::All, Asked::Any, Asked::one);
        let cases: [(Asked, &[&str]); 10] = [
            (any(vec![eq("a", "2"), eq("a", "1"), eq("b", "1")]), &["a in 1 2", "b eq 1"]),
            (any(vec![eq("a", "1"), any(vec![eq("a", "2")])]), &["a in 1 2"]),
            (all(vec![eq("a", "1"), eq("a", "2")]), &["a eq 1", "a eq 2"]),
            (all(vec![not(eq("a", "1")), not(eq("a", "2"))]), &["not a in 1 2"]),
            (not(any(vec![eq("a", "1"), eq("a", "2")])), &["not a in 1 2"]),
            (not(all(vec![eq("a", "1"), eq("a", "2")])), &["not a eq 1", "not a eq 2"]),
            (not(one("a", Kind::Ne, "1")), &["a eq 1"]),
            (not(all(vec![one("a", Kind::Ne, "1"), one("a", Kind::Ne, "2")])), &["a in 1 2"]),
            (all(vec![one("a", Kind::Ne, "1"), one("a", Kind::Ne, "2")]), &["a ne 1 2"]),
            (
                any(vec![all(vec![eq("a", "1"), eq("b", "2")]), eq("a", "3")]),
                &["a eq 1", "a eq 3", "b eq 2"],
            ),
        ];
        for (asked, expected) in cases {
            assert_eq!(shown(asked.clone()), expected, "{asked:?}");
        }
    }

    #[test]
    fn bounds_stay_apart_and_doubles_go() {
        let bounds = Asked::Any(vec![
            Asked::one("n", Kind::Lt, "5"),
            Asked::one("n", Kind::Lt, "7"),
            Asked::one("n", Kind::Lt, "5"),
        ]);
        assert_eq!(shown(bounds), ["n lt 5", "n lt 7"]);
        let once = Asked::values("a", Kind::In, vec!["x".into(), "x".into()]);
        assert_eq!(shown(once), ["a eq x"]);
    }
}
