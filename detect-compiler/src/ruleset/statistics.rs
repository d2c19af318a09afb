//! How often values occur: the numbers behind the cost model.
//!
//! The built-in table is `statistics.tsv`, measured on two streams of equal
//! weight: 26,700 events of a generator shaped after the sample events of the
//! Elastic Defend data streams, and 50,000 recorded Windows events of the OTRF
//! Security-Datasets in ECS form. A ruleset may bring its own profile
//! (`detect-profile.toml`), which replaces the numbers of the fields it names:
//!
//! ```toml
//! [fields."process.name"]
//! presence = 0.93     # share of events that have the field
//! length = 11.5       # mean bytes of its values in such an event
//! [fields."process.name".values]
//! "bash" = 0.041      # share of all events with this value
//! ```

use super::tables::required;
use detect_runtime::event::Raw;
use detect_runtime::test::{Check, Piece, Test};
use std::collections::HashMap;
use std::sync::LazyLock;

/// Numbers of one field.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct FieldStatistics {
    /// Share of events that have the field.
    pub presence: f64,
    /// Mean bytes of all its values together in an event that has it.
    pub length: f64,
    /// The most frequent values with the share of events that have them.
    pub values: Vec<(String, f64)>,
}

/// Numbers by field; by default those of the built-in table.
#[derive(Clone, Debug, PartialEq)]
pub struct Statistics {
    fields: HashMap<String, FieldStatistics>,
}

/// A field that no table has: most belong to some integration (clouds, mail,
/// identity), each of which is a small part of a mixed stream.
static UNKNOWN: FieldStatistics =
    FieldStatistics { presence: 0.01, length: 20.0, values: Vec::new() };

/// What a profile may say wrong.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProfileError {
    /// Not TOML, or of another shape.
    #[error("the profile cannot be read: {0}")]
    Toml(String),
    /// A share outside 0 to 1, or a negative length.
    #[error("field `{field}`: {what} = {value} is out of range")]
    Range {
        /// The field.
        field: String,
        /// Which number.
        what: &'static str,
        /// As written.
        value: String,
    },
}

impl Default for Statistics {
    fn default() -> Statistics {
        Statistics::builtin()
    }
}

impl Statistics {
    /// The built-in table.
    pub fn builtin() -> Statistics {
        static TABLE: LazyLock<Statistics> =
            LazyLock::new(|| parse_table(include_str!("statistics.tsv")));
        TABLE.clone()
    }

    /// The built-in table with the fields of a profile in place of its own.
    pub fn with_profile(profile: &str) -> Result<Statistics, ProfileError> {
        let mut statistics = Statistics::builtin();
        let table: toml::Table = profile
            .parse()
            .map_err(|error: toml::de::Error| ProfileError::Toml(error.to_string()))?;
        let fields = table.get("fields").and_then(toml::Value::as_table);
        for (path, entry) in fields.into_iter().flatten() {
            let field = profile_field(path, entry)?;
            statistics.fields.insert(path.clone(), field);
        }
        Ok(statistics)
    }

    /// Replaces or adds the numbers of a field.
    pub fn set(&mut self, path: &str, field: FieldStatistics) {
        self.fields.insert(path.to_owned(), field);
    }

    /// The numbers of a field.
    pub fn field(&self, path: &str) -> &FieldStatistics {
        self.fields.get(path).unwrap_or(&UNKNOWN)
    }

    /// Share of events in which some value of the field passes one of the
    /// tests: what the known values say, and a guess by the kind of test for the
    /// rest.
    pub fn share(&self, path: &str, tests: &[Test]) -> f64 {
        let field = self.field(path);
        let checks: Vec<Check> = tests.iter().map(Check::new).collect();
        let passes = |value: &str| checks.iter().any(|check| check.passes(Raw::Text(value)));
        let known: f64 =
            field.values.iter().filter(|(value, _)| passes(value)).map(|(_, share)| share).sum();
        let listed: f64 = field.values.iter().map(|(_, share)| share).sum();
        let rest = (field.presence - listed).max(0.02 * field.presence);
        let guess: f64 = tests.iter().map(guess).sum();
        (known + rest * guess.min(1.0)).min(field.presence)
    }
}

fn number(value: &toml::Value) -> Option<f64> {
    value.as_float().or_else(|| value.as_integer().map(|whole| whole as f64))
}

fn profile_field(path: &str, entry: &toml::Value) -> Result<FieldStatistics, ProfileError> {
    let read = |what: &'static str, value: Option<&toml::Value>, most: f64, default: f64| {
        let Some(value) = value else { return Ok(default) };
        number(value).filter(|number| (0.0..=most).contains(number)).ok_or_else(|| {
            ProfileError::Range { field: path.to_owned(), what, value: value.to_string() }
        })
    };
    let presence = read("presence", entry.get("presence"), 1.0, UNKNOWN.presence)?;
    let length = read("length", entry.get("length"), f64::MAX, UNKNOWN.length)?;
    let mut values = Vec::new();
    for (value, share) in entry.get("values").and_then(toml::Value::as_table).into_iter().flatten()
    {
        values.push((value.clone(), read("share of a value", Some(share), 1.0, 0.0)?));
    }
    Ok(FieldStatistics { presence, length, values })
}

/// Lines `field presence length`, each followed by its lines ` share value`.
fn parse_table(table: &str) -> Statistics {
    let mut statistics = Statistics { fields: HashMap::new() };
    let mut current: Option<(String, FieldStatistics)> = None;
    for line in table.lines().filter(|line| !line.starts_with('#')) {
        let mut columns = line.split('\t');
        match (columns.next(), columns.next(), columns.next()) {
            (Some(""), Some(share), Some(value)) => {
                if let (Some((_, field)), Ok(share)) = (&mut current, share.parse()) {
                    field.values.push((value.to_owned(), share));
                }
            }
            (Some(path), Some(presence), Some(length)) => {
                if let Some((path, field)) = current.take() {
                    statistics.fields.insert(path, field);
                }
                let field = FieldStatistics {
                    presence: presence.parse().unwrap_or(UNKNOWN.presence),
                    length: length.parse().unwrap_or(UNKNOWN.length),
                    values: Vec::new(),
                };
                current = Some((path.to_owned(), field));
            }
            _ => {}
        }
    }
    if let Some((path, field)) = current {
        statistics.fields.insert(path, field);
    }
    statistics
}

/// Chance that a value about which nothing is known passes a test. Only the
/// order of magnitude matters: an equality names one value of some hundred that
/// rules talk about; of a pattern's literals the first character fits one value in
/// twenty, each three more make it ten times rarer, down to one in a million, and
/// it is five times likelier if it may stand anywhere.
fn guess(test: &Test) -> f64 {
    match test {
        Test::Equals { .. } => 0.002,
        Test::Glob { glob, .. } => {
            let literals: usize = glob
                .0
                .iter()
                .map(|piece| match piece {
                    Piece::Literal(text) => text.len(),
                    _ => 0,
                })
                .sum();
            let anywhere = matches!(glob.0.first(), Some(Piece::Any))
                && matches!(glob.0.last(), Some(Piece::Any));
            if literals == 0 {
                return 1.0;
            }
            if anywhere { somewhere(literals) } else { rarity(literals) }
        }
        Test::Fuzzy { .. } => 0.005,
        Test::Phrase(_) => required_or(test, 0.005),
        Test::AnyToken(_) | Test::TokenGlob(_) => required_or(test, 0.02),
        Test::Cidr { bits, .. } => 2f64.powf(-f64::from(bits.saturating_sub(96)) / 4.0),
        Test::Number { .. } => 0.1,
        Test::Regex { .. } => required_or(test, 0.05),
        _ => 0.5,
    }
}

/// Chance that one of the literals stands in a value without which a slow test does
/// not pass; `most` if there are none.
fn required_or(test: &Test, most: f64) -> f64 {
    let Some((literals, _)) = required::literals(test) else { return most };
    literals.iter().map(|text| somewhere(text.len())).sum::<f64>().min(most)
}

/// Chance that a pattern with so many bytes of literals fits at one end.
fn rarity(literals: usize) -> f64 {
    (0.05 * 10f64.powf(-(literals as f64 - 1.0) / 3.0)).clamp(1e-6, 1.0)
}

/// The same anywhere in a value.
pub(super) fn somewhere(literals: usize) -> f64 {
    5.0 * rarity(literals)
}
