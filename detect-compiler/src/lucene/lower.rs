//! From the syntax tree to a condition.

use super::Compiled;
use super::ast::{Atom, Clause, Clauses, Name, Occurs, Span};
use super::error::{LuceneError, LuceneErrorKind};
use crate::diagnostic::Problem;
use crate::plan::{Cond, Field};
use crate::querydsl::{self, Mismatch, Wording, and, or, over_fields};
use crate::schema::{Mapping, Schema};
use detect_runtime::test::{Fold, Glob, Order, Piece, Test};
use detect_runtime::text::lucene as regex;

/// Lowers a query.
pub(super) fn lower(clauses: &Clauses, schema: &Schema) -> Result<Compiled, Vec<Problem>> {
    let mut lower = Lower { schema, errors: Vec::new(), warnings: Vec::new() };
    let cond = lower.clauses(clauses, None);
    if lower.errors.is_empty() {
        return Ok(Compiled { cond, warnings: lower.warnings });
    }
    Err(lower.errors.iter().map(Problem::of).collect())
}

struct Lower<'s> {
    schema: &'s Schema,
    errors: Vec<LuceneError>,
    warnings: Vec<Problem>,
}

impl Lower<'_> {
    /// All required clauses and no prohibited one hold, and, if none is required,
    /// an optional one. Of none: everything.
    fn clauses(&mut self, clauses: &Clauses, field: Option<&Name>) -> Cond {
        let (mut all, mut some, mut required) = (Vec::new(), Vec::new(), false);
        for clause in &clauses.0 {
            let cond = self.clause(clause, field);
            match clause.occurs {
                Occurs::Required => {
                    required = true;
                    all.push(cond);
                }
                Occurs::Prohibited => all.push(Cond::Not(Box::new(cond))),
                Occurs::Optional => some.push(cond),
            }
        }
        if !required && !some.is_empty() {
            all.push(or(some));
        }
        and(all)
    }

    fn clause(&mut self, clause: &Clause, outer: Option<&Name>) -> Cond {
        let field = clause.field.as_ref().or(outer);
        if let Atom::Group(clauses) = &clause.atom {
            return self.clauses(clauses, field);
        }
        match field {
            Some(name) if name.text == "_exists_" => self.exists(&clause.atom, &clause.span),
            Some(name) if name.text == "*" && is_star(&clause.atom) => Cond::Const(true),
            Some(name) if name.text.contains('*') => self.any_field(&name.text, clause),
            Some(name) => {
                let seen = self.warnings.iter().any(|w| w.message.contains(&name.text));
                let warning = self.schema.unknown(&name.text, name.span.clone());
                self.warnings.extend(warning.filter(|_| !seen));
                self.leaf(&name.text, &clause.atom).unwrap_or_else(|kind| {
                    self.errors.push(kind.at(&clause.span));
                    Cond::Const(false)
                })
            }
            None if is_star(&clause.atom) => Cond::Const(true),
            None => self.any_field("*", clause),
        }
    }

    fn exists(&mut self, atom: &Atom, span: &Span) -> Cond {
        match atom {
            Atom::Term { pieces, .. } if pieces.contains(&Piece::Any) => {
                Cond::AnyField { pattern: pattern(pieces), test: None }
            }
            Atom::Term { pieces, .. } => querydsl::exists(&pattern(pieces), self.schema),
            Atom::Phrase { text, .. } => querydsl::exists(text, self.schema),
            _ => {
                let kind = LuceneErrorKind::Unsupported("anything but a field behind `_exists_`");
                self.errors.push(kind.at(span));
                Cond::Const(false)
            }
        }
    }

    /// Fields that the value does not fit are left out.
    fn any_field(&mut self, names: &str, clause: &Clause) -> Cond {
        if is_star(&clause.atom) {
            return Cond::AnyField { pattern: names.to_owned(), test: None };
        }
        let keyword = match keyword_test(&clause.atom) {
            Ok(test) => test,
            Err(kind) => {
                self.errors.push(kind.at(&clause.span));
                return Cond::Const(false);
            }
        };
        over_fields(names, keyword, self.schema, |path| {
            self.leaf(path, &clause.atom).map_err(|_| Mismatch {
                field: path.to_owned(),
                text: String::new(),
                expected: "a value of its type",
            })
        })
    }

    fn leaf(&self, path: &str, atom: &Atom) -> Result<Cond, LuceneErrorKind> {
        let schema = self.schema;
        let analysed = schema.lookup(path).mapping == Mapping::Text;
        let unsupported = |what| Err(LuceneErrorKind::Unsupported(what));
        Ok(match atom {
            Atom::Group(_) => return unsupported("a group as a value"),
            Atom::Term { .. } if is_star(atom) => querydsl::exists(path, schema),
            Atom::Term { fuzzy: Some(_), .. } if analysed => {
                return unsupported("a fuzzy word on analysed text");
            }
            Atom::Term { pieces, fuzzy: Some(distance) } => {
                self.any(path, Test::Fuzzy { text: pattern(pieces), distance: *distance })
            }
            Atom::Term { pieces, fuzzy: None } => match pieces.as_slice() {
                [Piece::Literal(text)] => querydsl::equals(path, text, Wording::AnyWord, schema)?,
                _ => querydsl::wildcard(path, Glob(pieces.clone()), Fold::None, schema)?,
            },
            Atom::Phrase { slop: 1.., .. } if analysed => {
                return unsupported("a distance between words");
            }
            Atom::Phrase { text, .. } => querydsl::equals(path, text, Wording::Phrase, schema)?,
            Atom::Regex(pattern) => match regex_test(pattern)? {
                Test::Equals { text, .. } => {
                    querydsl::equals(path, &text, Wording::AnyWord, schema)?
                }
                Test::Glob { glob, fold } => querydsl::wildcard(path, glob, fold, schema)?,
                _ if analysed => return unsupported("a regular expression on analysed text"),
                test => self.any(path, test),
            },
            Atom::Range(bounds) => self.range(path, bounds)?,
        })
    }

    /// One value between the bounds: the only one, or an element of an array.
    fn range(&self, path: &str, bounds: &[(Order, String)]) -> Result<Cond, LuceneErrorKind> {
        let ends = bounds
            .iter()
            .map(|(order, bound)| querydsl::range(path, *order, bound, self.schema))
            .collect::<Result<Vec<Cond>, Mismatch>>()?;
        if ends.is_empty() {
            return Ok(querydsl::exists(path, self.schema));
        }
        if ends.len() == 1 {
            return Ok(and(ends));
        }
        let field = self.field(path);
        let element = Cond::Element { path: field.path.clone(), cond: Box::new(and(ends.clone())) };
        let single = and([vec![Cond::Single(field)], ends].concat());
        Ok(or(vec![single, element]))
    }

    fn any(&self, path: &str, test: Test) -> Cond {
        Cond::Any { field: self.field(path), test }
    }

    fn field(&self, path: &str) -> Field {
        Field { path: self.schema.stored(path).to_owned(), ty: self.schema.lookup(path).ty }
    }
}

/// The test of a field that is in no table.
fn keyword_test(atom: &Atom) -> Result<Option<Test>, LuceneErrorKind> {
    Ok(Some(match atom {
        Atom::Group(_) => return Ok(None),
        Atom::Term { pieces, fuzzy: Some(distance) } => {
            Test::Fuzzy { text: pattern(pieces), distance: *distance }
        }
        Atom::Term { pieces, fuzzy: None } => match pieces.as_slice() {
            [Piece::Literal(text)] => Test::Equals { text: text.clone(), fold: Fold::None },
            _ => Test::Glob { glob: Glob(pieces.clone()), fold: Fold::None },
        },
        Atom::Phrase { text, .. } => Test::Equals { text: text.clone(), fold: Fold::None },
        Atom::Regex(pattern) => regex_test(pattern)?,
        Atom::Range(bounds) => match bounds.as_slice() {
            [(order, bound)] => Test::TextOrder { order: *order, text: bound.clone() },
            _ => {
                return Err(LuceneErrorKind::Unsupported(
                    "a range with two ends over several fields",
                ));
            }
        },
    }))
}

fn regex_test(pattern: &str) -> Result<Test, LuceneErrorKind> {
    regex::test(pattern, regex::Options::EXACT)
        .map_err(|error| LuceneErrorKind::Regex(error.to_string()))
}

fn is_star(atom: &Atom) -> bool {
    matches!(atom, Atom::Term { pieces, fuzzy: None } if *pieces == [Piece::Any])
}

/// With wildcards as written.
fn pattern(pieces: &[Piece]) -> String {
    let piece = |piece: &Piece| match piece {
        Piece::Literal(text) => text.clone(),
        Piece::Any => "*".to_owned(),
        Piece::One => "?".to_owned(),
    };
    pieces.iter().map(piece).collect()
}
