//! Leaves over all fields whose name matches a pattern.

use super::{Mismatch, or};
use crate::plan::Cond;
use crate::schema::{Mapping, Schema};
use detect_runtime::test::Test;
use detect_runtime::value::Type;

/// The leaf on any field whose name matches the pattern, in which `*` is any run
/// of characters. Fields that the text does not fit are left out.
///
/// With the built-in schema an event may have fields that no table knows: those
/// (and all keywords) are tested with `keyword`; fields of other types that do
/// match have a leaf of their own.
pub fn over_fields(
    pattern: &str,
    keyword: Option<Test>,
    schema: &Schema,
    leaf: impl Fn(&str) -> Result<Cond, Mismatch>,
) -> Cond {
    let mut names: Vec<&str> = schema.names().filter(|name| matches(pattern, name)).collect();
    names.sort_unstable();
    names.dedup();
    let (plain, typed): (Vec<&str>, Vec<&str>) = names.into_iter().partition(|name| {
        let field = schema.lookup(name);
        field.ty == Type::Keyword && field.mapping == Mapping::Keyword
    });
    let own = if schema.is_closed() { plain } else { Vec::new() };
    let mut all: Vec<Cond> = own
        .into_iter()
        .chain(typed)
        .filter_map(|name| leaf(name).ok())
        .filter(|cond| !matches!(cond, Cond::Const(false)))
        .collect();
    if let Some(test) = keyword.filter(|_| !schema.is_closed()) {
        all.push(Cond::AnyField { pattern: pattern.to_owned(), test: Some(test) });
    }
    or(all)
}

/// Whether a name matches a pattern with `*`.
fn matches(pattern: &str, name: &str) -> bool {
    let mut parts = pattern.split('*');
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = name.strip_prefix(first) else { return false };
    let Some(last) = parts.next_back() else { return rest.is_empty() };
    for part in parts {
        match rest.find(part) {
            Some(at) => rest = &rest[at + part.len()..],
            None => return false,
        }
    }
    rest.ends_with(last)
}
