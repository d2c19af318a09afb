//! Field types: what a field name of a query stands for.
//!
//! In: the built-in table `fields.tsv` (facts about Elastic Common Schema,
//! Endpoint and integration fields) and a ruleset's `detect-fields.toml`. Out:
//! a [`FieldType`] for any name, known or not. Must not know languages.

use crate::diagnostic::{Level, Problem, nearest};
use detect_runtime::value::Type;
use std::collections::HashMap;
use std::ops::Range;
use std::sync::LazyLock;

/// Ending of Endpoint's sub-fields with a lower-case normaliser.
const CASELESS: &str = ".caseless";

/// How Elasticsearch maps a field, as far as it changes what queries mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mapping {
    /// keyword and its kin (constant_keyword, wildcard).
    Keyword,
    /// keyword with a lower-case normaliser (`process.name.caseless`).
    Caseless,
    /// Analysed text.
    Text,
    /// Sub-fields behave as keywords, whatever their name.
    Flattened,
    /// An object; only its sub-fields have values.
    Object,
    /// An array of objects that are indexed one by one.
    Nested,
    /// Everything else: the value type says it all.
    Plain,
}

/// What is known about a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FieldType {
    /// Type of its values.
    pub ty: Type,
    /// How it is mapped.
    pub mapping: Mapping,
    /// `Some(true)`: declared an array; `Some(false)`: declared single; `None`: unknown.
    pub array: Option<bool>,
    /// False for names in no table: keyword is assumed, and a front end may
    /// infer another type from the literal beside it.
    pub known: bool,
}

/// The type of a name that no table has.
pub const UNKNOWN: FieldType =
    FieldType { ty: Type::Keyword, mapping: Mapping::Keyword, array: None, known: false };

/// The field types of one ruleset.
#[derive(Clone, Debug, Default)]
pub struct Schema {
    overrides: HashMap<String, FieldType>,
    /// True if `overrides` is all there is (conformance suites bring their own mapping).
    closed: bool,
}

impl Schema {
    /// The built-in table alone.
    pub fn builtin() -> Schema {
        Schema::default()
    }

    /// A schema of exactly these fields; everything else is unknown.
    pub fn closed(fields: impl IntoIterator<Item = (String, FieldType)>) -> Schema {
        Schema { overrides: fields.into_iter().collect(), closed: true }
    }

    /// Sets the type of a field, in place of the built-in one.
    pub fn set(&mut self, path: &str, field: FieldType) {
        self.overrides.insert(path.to_owned(), field);
    }

    /// What is known about `path`; [`UNKNOWN`] for names in no table.
    ///
    /// ```
    /// use detect_compiler::schema::Schema;
    /// use detect_runtime::value::Type;
    /// assert_eq!(Schema::builtin().lookup("process.pid").ty, Type::Long);
    /// assert!(!Schema::builtin().lookup("process.pidd").known);
    /// ```
    pub fn lookup(&self, path: &str) -> FieldType {
        if let Some(found) = self.overrides.get(path) {
            return *found;
        }
        if self.closed {
            return UNKNOWN;
        }
        if let Some(found) = BUILTIN.get(path) {
            return *found;
        }
        match path.strip_suffix(CASELESS) {
            Some(parent) if BUILTIN.contains_key(parent) => {
                FieldType { mapping: Mapping::Caseless, ..BUILTIN[parent] }
            }
            _ => flattened_parent(path).unwrap_or(UNKNOWN),
        }
    }

    /// The path at which a document has the field's values: a caseless sub-field
    /// is only an index over its parent.
    ///
    /// ```
    /// use detect_compiler::schema::Schema;
    /// assert_eq!(Schema::builtin().stored("process.name.caseless"), "process.name");
    /// assert_eq!(Schema::builtin().stored("process.name"), "process.name");
    /// ```
    pub fn stored<'p>(&self, path: &'p str) -> &'p str {
        match path.strip_suffix(CASELESS) {
            Some(parent) if self.lookup(path).mapping == Mapping::Caseless => parent,
            _ => path,
        }
    }

    /// True if these fields are all there are.
    pub fn is_closed(&self) -> bool {
        self.closed
    }

    /// The known name nearest to an unknown one, if it is a likely typing error.
    pub fn near(&self, name: &str) -> Option<&str> {
        nearest(name, self.names()).filter(|near| {
            // Names are long, so many are near; a slip keeps the segments.
            near.matches('.').count() == name.matches('.').count()
        })
    }

    /// A warning about a name in no table; `None` if it is in one.
    pub fn unknown(&self, path: &str, span: Range<usize>) -> Option<Problem> {
        if self.closed || self.lookup(path).known {
            return None;
        }
        Some(Problem {
            level: Level::Warning,
            lint: Some("unknown-field"),
            message: format!("`{path}` is in no table of fields; it is taken for a keyword"),
            span,
            label: None,
            help: self.near(path).map(|near| format!("did you mean `{near}`?")),
        })
    }

    /// Names of all known fields, for suggestions and for `FROM` without `KEEP`.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        let builtin = if self.closed { None } else { Some(BUILTIN.keys().copied()) };
        self.overrides.keys().map(String::as_str).chain(builtin.into_iter().flatten())
    }
}

fn flattened_parent(path: &str) -> Option<FieldType> {
    let mut end = path.len();
    while let Some(dot) = path[..end].rfind('.') {
        end = dot;
        let parent = BUILTIN.get(&path[..end]);
        if parent.is_some_and(|field| field.mapping == Mapping::Flattened) {
            return Some(FieldType {
                ty: Type::Keyword,
                mapping: Mapping::Keyword,
                array: None,
                known: true,
            });
        }
    }
    None
}

/// The field type that an Elasticsearch type name stands for; `None` if unknown.
pub fn parse_type(name: &str) -> Option<FieldType> {
    let (ty, mapping) = match name {
        "keyword" | "constant_keyword" | "wildcard" => (Type::Keyword, Mapping::Keyword),
        "caseless" => (Type::Keyword, Mapping::Caseless),
        "text" | "match_only_text" => (Type::Text, Mapping::Text),
        "flattened" => (Type::Keyword, Mapping::Flattened),
        "object" => (Type::Keyword, Mapping::Object),
        "nested" => (Type::Keyword, Mapping::Nested),
        "boolean" => (Type::Boolean, Mapping::Plain),
        "byte" | "short" | "integer" => (Type::Integer, Mapping::Plain),
        "long" => (Type::Long, Mapping::Plain),
        "unsigned_long" => (Type::UnsignedLong, Mapping::Plain),
        "double" | "float" | "half_float" | "scaled_float" => (Type::Double, Mapping::Plain),
        "date" => (Type::Date, Mapping::Plain),
        "date_nanos" => (Type::DateNanos, Mapping::Plain),
        "ip" => (Type::Ip, Mapping::Plain),
        "version" => (Type::Version, Mapping::Plain),
        "geo_point" => (Type::GeoPoint, Mapping::Plain),
        "geo_shape" => (Type::GeoShape, Mapping::Plain),
        "point" | "cartesian_point" => (Type::CartesianPoint, Mapping::Plain),
        "shape" | "cartesian_shape" => (Type::CartesianShape, Mapping::Plain),
        _ => return None,
    };
    Some(FieldType { ty, mapping, array: None, known: true })
}

static BUILTIN: LazyLock<HashMap<&'static str, FieldType>> = LazyLock::new(|| {
    include_str!("fields.tsv")
        .lines()
        .filter(|line| !line.starts_with('#'))
        .filter_map(|line| {
            let mut cells = line.split('\t');
            let (name, ty, array) = (cells.next()?, cells.next()?, cells.next()?);
            let array = match array {
                "yes" => Some(true),
                "no" => Some(false),
                _ => None,
            };
            let field = FieldType { array, ..parse_type(ty)? };
            let caseless = name.ends_with(CASELESS) && field.mapping == Mapping::Keyword;
            let mapping = if caseless { Mapping::Caseless } else { field.mapping };
            Some((name, FieldType { mapping, ..field }))
        })
        .collect()
});
