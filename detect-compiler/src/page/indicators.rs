//! What a rule looks for: its query as written, then what stands around it.

use crate::plan::Cond;
use crate::predicate::{Asked, Kind, Predicate, rows};
use crate::rule::{self, Language, Rule, Shape};
use crate::schema::Schema;
use crate::{eql, esql, filters, kql, lower, lucene};
use detect_runtime::test::{Glob, Number, Order, Piece, Test};
use detect_runtime::value::{address, date};

/// The rows of a rule, sorted by field and kind.
pub(super) fn of(rule: &Rule, schema: &Schema) -> Vec<Predicate> {
    let mut asked = match &rule.query {
        Some(query) => self::query(rule, &query.value, schema),
        None => Vec::new(),
    };
    let filters = rule.filters.iter().filter_map(|f| filters::compile(&f.json, schema).ok());
    asked.extend(filters.map(|cond| condition(&cond)));
    asked.push(condition(&lower::guard_of(rule, schema)));
    let exceptions = rule.exceptions.iter().filter_map(|e| lower::exempt(e, schema).ok());
    asked.extend(exceptions.map(|exempt| condition(&lower::as_condition(&exempt))));
    asked.extend(head(rule));
    rows(&asked)
}

/// The query. The rule compiled, so there is nothing left to complain about.
fn query(rule: &Rule, query: &str, schema: &Schema) -> Vec<Asked> {
    match rule.language {
        Language::Esql => {
            let inner = |language, text: &str| {
                let asked = match language {
                    esql::QueryString::Kql => kql::asked(text, schema),
                    esql::QueryString::Lucene => lucene::asked(text, schema),
                };
                asked.unwrap_or(Asked::NOTHING)
            };
            esql::asked(query, &inner).unwrap_or_default()
        }
        Language::Eql => {
            let dialect = match rule.shape {
                Shape::Detection => eql::Dialect::Elasticsearch,
                Shape::Endpoint => eql::Dialect::Endpoint,
            };
            let mut context = eql::Context::new(schema, dialect);
            if let rule::Kind::Eql(fields) = &rule.kind
                && let Some(field) = &fields.event_category_override
            {
                context.category_field = &field.value;
            }
            eql::asked(query, &context).unwrap_or_default()
        }
        Language::Kuery => kql::asked(query, schema).into_iter().collect(),
        Language::Lucene => lucene::asked(query, schema).into_iter().collect(),
        Language::None => Vec::new(),
    }
}

/// What the rule's type asks besides.
fn head(rule: &Rule) -> Vec<Asked> {
    match &rule.kind {
        rule::Kind::Threshold(threshold) => {
            let least = threshold.value.to_string();
            let count = Asked::one("kibana.alert.threshold_result.count", Kind::Ge, least);
            let distinct = threshold.cardinality.iter().map(|(field, least)| {
                let field = format!("count_distinct({})", field.value);
                Asked::one(field, Kind::Ge, least.to_string())
            });
            std::iter::once(count).chain(distinct).collect()
        }
        rule::Kind::MachineLearning(job) => {
            let jobs = job.jobs.iter().map(|job| job.value.clone()).collect();
            vec![
                Asked::values("job_id", Kind::In, jobs),
                Asked::one("record_score", Kind::Ge, job.threshold.to_string()),
            ]
        }
        _ => Vec::new(),
    }
}

/// A condition that has no text of its own (filters, exceptions, operating systems).
fn condition(cond: &Cond) -> Asked {
    let many = |all: &[Cond]| all.iter().map(condition).collect();
    match cond {
        Cond::Not(inner) => condition(inner).negated_if(true),
        Cond::And(all) => Asked::All(many(all)),
        Cond::Or(all) => Asked::Any(many(all)),
        Cond::Any { field, test } => {
            let (kind, values) = tested(test);
            Asked::values(&field.path, kind, values)
        }
        Cond::Exists { field, .. } => Asked::values(&field.path, Kind::Exists, Vec::new()),
        Cond::AnyField { pattern, test } => {
            let (kind, values) = test.as_ref().map_or((Kind::Exists, Vec::new()), tested);
            Asked::values(pattern, kind, values)
        }
        Cond::Element { cond, .. } => condition(cond),
        Cond::Const(_) | Cond::Single(_) | Cond::Expr { .. } | Cond::DescendantOf(_) => {
            Asked::NOTHING
        }
    }
}

/// A test's operator and values as text.
fn tested(test: &Test) -> (Kind, Vec<String>) {
    let ordered = |order: &Order, text: String| (Kind::of(*order), vec![text]);
    let instant = |nanos: i128| {
        i64::try_from(nanos).map_or_else(|_| format!("{nanos} ns"), date::print_nanos)
    };
    match test {
        Test::Equals { text, .. } => (Kind::Eq, vec![text.clone()]),
        Test::Glob { glob, .. } => (Kind::Wildcard, vec![pattern(glob)]),
        Test::Regex { pattern } => (Kind::Regex, vec![pattern.clone()]),
        Test::TextOrder { order, text } => ordered(order, text.clone()),
        Test::VersionOrder { order, version } => ordered(order, version.clone()),
        Test::Number { order, number } => ordered(order, digits(*number)),
        Test::AddressOrder { order, address } => ordered(order, address::print(*address)),
        Test::DateOrder { order, nanos } => ordered(order, instant(*nanos)),
        Test::DateWithin { from, to } => (Kind::In, vec![instant(*from), instant(*to)]),
        Test::Boolean(truth) => (Kind::Eq, vec![truth.to_string()]),
        Test::Cidr { address, bits } => {
            let length = if address::is_v4(*address) { bits.saturating_sub(96) } else { *bits };
            (Kind::Cidr, vec![format!("{}/{length}", address::print(*address))])
        }
        Test::AnyToken(words) => (Kind::Match, words.clone()),
        Test::Phrase(words) => (Kind::Match, vec![words.join(" ")]),
        Test::TokenGlob(glob) => (Kind::Wildcard, vec![pattern(glob)]),
        Test::Fuzzy { text, .. } => (Kind::Fuzzy, vec![text.clone()]),
    }
}

fn pattern(glob: &Glob) -> String {
    let piece = |piece: &Piece| match piece {
        Piece::Literal(text) => text.clone(),
        Piece::Any => "*".to_owned(),
        Piece::One => "?".to_owned(),
    };
    glob.0.iter().map(piece).collect()
}

fn digits(number: Number) -> String {
    match number {
        Number::Long(number) => number.to_string(),
        Number::UnsignedLong(number) => number.to_string(),
        Number::Double(number) => number.to_string(),
    }
}
