//! From the syntax tree to a condition.

use super::Compiled;
use super::ast::{Literal, Query, Values};
use super::error::{KqlError, KqlErrorKind};
use crate::diagnostic::{Level, Problem};
use crate::plan::Cond;
use crate::querydsl::{self, Mismatch, Wording, and, or, over_fields};
use crate::schema::{Mapping, Schema};
use detect_runtime::test::{Fold, Glob, Order, Test};

/// Lowers a query.
pub(super) fn lower(query: Option<&Query>, schema: &Schema) -> Result<Compiled, Vec<Problem>> {
    let mut lower = Lower { schema, groups: Vec::new(), errors: Vec::new(), warnings: Vec::new() };
    let cond = query.map_or(Cond::Const(true), |query| lower.query(query));
    if lower.errors.is_empty() {
        return Ok(Compiled { cond, warnings: lower.warnings });
    }
    Err(lower.errors.iter().map(Problem::of).collect())
}

struct Lower<'s> {
    schema: &'s Schema,
    /// Paths of the nested groups around, innermost last.
    groups: Vec<String>,
    errors: Vec<KqlError>,
    warnings: Vec<Problem>,
}

impl Lower<'_> {
    fn query(&mut self, query: &Query) -> Cond {
        match query {
            Query::Or(all) => or(all.iter().map(|query| self.query(query)).collect()),
            Query::And(all) => and(all.iter().map(|query| self.query(query)).collect()),
            Query::Not(inner) => Cond::Not(Box::new(self.query(inner))),
            Query::Nested { path, query } => self.nested(path, query),
            Query::Range { field, order, value } => self.range(field, *order, value),
            Query::Field { field, values } => self.values(field, values),
            Query::Free(value) => self.free(value),
        }
    }

    fn nested(&mut self, path: &Literal, query: &Query) -> Cond {
        let path = self.path(path);
        self.groups.push(path.clone());
        let cond = self.query(query);
        self.groups.pop();
        Cond::Element { path, cond: Box::new(cond) }
    }

    fn values(&mut self, field: &Literal, values: &Values) -> Cond {
        match values {
            Values::One(value) => self.field(field, value),
            Values::Or(all) => or(all.iter().map(|values| self.values(field, values)).collect()),
            Values::And(all) => and(all.iter().map(|values| self.values(field, values)).collect()),
            Values::Not(inner) => Cond::Not(Box::new(self.values(field, inner))),
        }
    }

    fn field(&mut self, field: &Literal, value: &Literal) -> Cond {
        self.check_value(field, value);
        if field.text().is_none() {
            return self.any_field(field, value);
        }
        let path = self.path(field);
        self.check_path(&path, field);
        if !value.quoted && value.is_star() {
            return querydsl::exists(&path, self.schema);
        }
        let leaf = leaf(&path, value, self.schema);
        self.fit(leaf, value)
    }

    /// `file.hash.*: value`, `*: value`.
    fn any_field(&mut self, field: &Literal, value: &Literal) -> Cond {
        let pattern = self.path(field);
        if !value.quoted && value.is_star() {
            if field.is_star() {
                return Cond::Const(true);
            }
            return Cond::AnyField { pattern, test: None };
        }
        over_fields(&pattern, Some(keyword_test(value)), self.schema, |path| {
            leaf(path, value, self.schema)
        })
    }

    fn range(&mut self, field: &Literal, order: Order, value: &Literal) -> Cond {
        self.check_value(field, value);
        let text = value.pattern();
        if field.text().is_none() {
            let pattern = self.path(field);
            let keyword = Some(Test::TextOrder { order, text: text.clone() });
            return over_fields(&pattern, keyword, self.schema, |path| {
                querydsl::range(path, order, &text, self.schema)
            });
        }
        let path = self.path(field);
        self.check_path(&path, field);
        let leaf = querydsl::range(&path, order, &text, self.schema);
        self.fit(leaf, value)
    }

    /// A value without field: all fields, those that it does not fit left out.
    fn free(&mut self, value: &Literal) -> Cond {
        if !value.quoted && value.is_star() {
            return Cond::Const(true);
        }
        over_fields("*", Some(keyword_test(value)), self.schema, |path| {
            leaf(path, value, self.schema)
        })
    }

    /// The full path of a field: names inside a group are relative to it.
    fn path(&self, field: &Literal) -> String {
        let name = field.pattern();
        match self.groups.last() {
            Some(group) => format!("{group}.{name}"),
            None => name,
        }
    }

    /// Nested fields stand in their group and nothing else does.
    fn check_path(&mut self, path: &str, field: &Literal) {
        let schema = self.schema;
        let is_nested = |path: &str| schema.lookup(path).mapping == Mapping::Nested;
        let parent = ancestors(path).find(|parent| is_nested(parent));
        let group = self.groups.last().map(String::as_str);
        let kind = match (parent, group) {
            (Some(parent), group) if group != Some(parent) => {
                KqlErrorKind::OutsideNested { field: path.to_owned(), parent: parent.to_owned() }
            }
            (None, Some(group)) if schema.is_closed() || schema.lookup(group).known => {
                KqlErrorKind::NotNested { field: path.to_owned(), group: group.to_owned() }
            }
            _ => {
                let seen = self.warnings.iter().any(|warning| warning.message.contains(path));
                let warning = schema.unknown(path, field.span.clone()).filter(|_| !seen);
                self.warnings.extend(warning);
                return;
            }
        };
        self.errors.push(kind.at(&field.span));
    }

    fn check_value(&mut self, field: &Literal, value: &Literal) {
        let text = value.text();
        if !value.quoted && text == Some("null") {
            self.errors.push(KqlErrorKind::Null(field.pattern()).at(&value.span));
        }
        if !value.quoted && value.pattern().contains(['\n', '\r']) {
            self.warnings.push(Problem {
                level: Level::Warning,
                lint: Some("line-break-in-value"),
                message: "this value has a line break in it".to_owned(),
                span: value.span.clone(),
                label: Some("one value, not two".to_owned()),
                help: Some("is an `or` missing?".to_owned()),
            });
        }
    }

    fn fit(&mut self, leaf: Result<Cond, Mismatch>, value: &Literal) -> Cond {
        leaf.unwrap_or_else(|mismatch| {
            self.errors.push(KqlErrorKind::Mismatch(mismatch).at(&value.span));
            Cond::Const(false)
        })
    }
}

/// The fields above a field, nearest first.
fn ancestors(path: &str) -> impl Iterator<Item = &str> {
    std::iter::successors(path.rsplit_once('.').map(|(parent, _)| parent), |path| {
        path.rsplit_once('.').map(|(parent, _)| parent)
    })
}

fn leaf(path: &str, value: &Literal, schema: &Schema) -> Result<Cond, Mismatch> {
    match value.text() {
        Some(text) if value.quoted => querydsl::equals(path, text, Wording::Phrase, schema),
        Some(text) => querydsl::equals(path, text, Wording::AnyWord, schema),
        None => querydsl::wildcard(path, Glob(value.pieces.clone()), Fold::None, schema),
    }
}

/// The test of a field that is in no table.
fn keyword_test(value: &Literal) -> Test {
    match value.text() {
        Some(text) => Test::Equals { text: text.to_owned(), fold: Fold::None },
        None => Test::Glob { glob: Glob(value.pieces.clone()), fold: Fold::None },
    }
}
