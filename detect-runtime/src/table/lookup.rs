//! Tables for LOOKUP JOIN and ENRICH: CSV or NDJSON files that the user names.

use super::{LookupSpec, Resources};
use crate::value::{Cx, Owned, Type, Value};
use std::borrow::Cow;
use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex, PoisonError};
use thiserror::Error;

/// A table with named columns; a cell has any number of values.
#[derive(Debug, Default)]
pub struct LookupTable {
    columns: Vec<String>,
    rows: Vec<Vec<Cell>>,
    /// Rows by the text form of the key columns, made when first asked.
    indices: Mutex<HashMap<Vec<usize>, Arc<Index>>>,
}

/// The values of a cell: texts, booleans, longs and doubles as they were written.
type Cell = Vec<Owned>;

type Index = HashMap<Vec<String>, Vec<usize>>;

/// Why a file is no lookup table.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum LookupError {
    /// No line with column names.
    #[error("the table has no header line")]
    Header,
    /// A row of another width than the header.
    #[error("line {line}: {got} cells where the header has {expected}")]
    Width {
        /// Line, from 1.
        line: usize,
        /// Columns of the header.
        expected: usize,
        /// Cells of the row.
        got: usize,
    },
    /// A quote that does not close.
    #[error("line {line}: a quote is not closed")]
    Quote {
        /// Line, from 1.
        line: usize,
    },
    /// A line that is no JSON object.
    #[error("line {line}: {reason}")]
    Json {
        /// Line, from 1.
        line: usize,
        /// In words.
        reason: String,
    },
}

impl LookupTable {
    /// Reads CSV (RFC 4180): a header of names, each perhaps followed by `:type`,
    /// which is ignored because the query knows its types. An empty cell is null.
    ///
    /// ```
    /// use detect_runtime::table::LookupTable;
    /// let table = LookupTable::csv("host,owner\nweb-1,\"Ann, Bob\"\n")?;
    /// assert_eq!(table.len(), 1);
    /// # Ok::<(), detect_runtime::table::LookupError>(())
    /// ```
    pub fn csv(text: &str) -> Result<LookupTable, LookupError> {
        let mut records = Records { rest: text.trim_start_matches('\u{feff}'), line: 1 };
        let (_, header) = records.next().transpose()?.ok_or(LookupError::Header)?;
        let columns: Vec<String> = header
            .iter()
            .map(|name| name.split(':').next().unwrap_or_default().trim().to_owned())
            .collect();
        let mut rows = Vec::new();
        for record in records {
            let (line, cells) = record?;
            if cells.len() != columns.len() {
                let (expected, got) = (columns.len(), cells.len());
                return Err(LookupError::Width { line, expected, got });
            }
            let cell = |text: String| {
                if text.is_empty() { Vec::new() } else { vec![Owned::Text(text.into())] }
            };
            rows.push(cells.into_iter().map(cell).collect());
        }
        Ok(LookupTable { columns, rows, indices: Mutex::default() })
    }

    /// Reads NDJSON: an object a line; nested objects become dotted columns, arrays
    /// several values.
    pub fn ndjson(text: &str) -> Result<LookupTable, LookupError> {
        let mut table = LookupTable::default();
        let mut numbers = HashMap::new();
        for (number, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
            let json = |reason: String| LookupError::Json { line: number + 1, reason };
            let value = serde_json::from_str(line).map_err(|error| json(error.to_string()))?;
            let serde_json::Value::Object(object) = value else {
                return Err(json("not an object".to_owned()));
            };
            let mut row = Vec::new();
            for (name, value) in object {
                table.flatten(name, value, &mut row, &mut numbers);
            }
            table.rows.push(row);
        }
        Ok(table)
    }

    fn flatten(
        &mut self,
        path: String,
        value: serde_json::Value,
        row: &mut Vec<Cell>,
        numbers: &mut HashMap<String, usize>,
    ) {
        match value {
            serde_json::Value::Null => {}
            serde_json::Value::Object(object) => {
                for (name, value) in object {
                    self.flatten(format!("{path}.{name}"), value, row, numbers);
                }
            }
            serde_json::Value::Array(values) => {
                for value in values {
                    self.flatten(path.clone(), value, row, numbers);
                }
            }
            scalar => {
                let column = *numbers.entry(path).or_insert_with_key(|path| {
                    self.columns.push(path.clone());
                    self.columns.len() - 1
                });
                if row.len() <= column {
                    row.resize(column + 1, Vec::new());
                }
                row[column].push(match scalar {
                    serde_json::Value::Bool(b) => Owned::Boolean(b),
                    serde_json::Value::String(text) => Owned::Text(text.into()),
                    number => match (number.as_i64(), number.as_f64()) {
                        (Some(n), _) => Owned::Long(n),
                        (None, Some(n)) => Owned::Double(n),
                        (None, None) => Owned::Text(number.to_string().into()),
                    },
                });
            }
        }
    }

    /// Number of rows.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// True without rows.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Names of the columns.
    pub fn columns(&self) -> &[String] {
        &self.columns
    }

    fn cell(&self, row: usize, column: usize) -> &[Owned] {
        self.rows.get(row).and_then(|row| row.get(column)).map_or(&[], Vec::as_slice)
    }

    /// Rows by single values of these columns; a row with no or several values in
    /// one of them is in no bucket.
    fn index(&self, columns: &[usize]) -> Arc<Index> {
        let mut indices = self.indices.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(index) = indices.get(columns) {
            return Arc::clone(index);
        }
        let mut index = Index::new();
        for row in 0..self.rows.len() {
            let key: Option<Vec<String>> = columns
                .iter()
                .map(|column| match self.cell(row, *column) {
                    [only] => only.single().map(|value| text_form(&value).into_owned()),
                    _ => None,
                })
                .collect();
            if let Some(key) = key {
                index.entry(key).or_default().push(row);
            }
        }
        let index = Arc::new(index);
        indices.insert(columns.to_vec(), Arc::clone(&index));
        index
    }
}

/// Joins one row: `sink` gets a row per match if the join multiplies, else one row
/// with all matches' values. Without match, table or column the outputs are null.
pub(super) fn join<'a>(
    spec: &LookupSpec,
    row: &mut [Value<'a>],
    cx: &Cx<'a>,
    resources: &Resources,
    sink: &mut dyn FnMut(&mut [Value<'a>]),
) {
    for (_, _, slot) in spec.outputs {
        if let Some(target) = row.get_mut(*slot) {
            *target = Value::Null;
        }
    }
    let table = resources.lookups.get(spec.table);
    let matches = table.map(|table| matches(spec, table, row, cx)).unwrap_or_default();
    let Some(table) = table.filter(|_| !matches.is_empty()) else { return sink(row) };
    let together = if spec.multiply { 1 } else { matches.len() };
    for matched in matches.chunks(together) {
        let joined = cx.arena.alloc_slice_copy(row);
        for (name, ty, slot) in spec.outputs {
            let column = table.columns.iter().position(|column| column == name);
            let mut values = bumpalo::collections::Vec::new_in(cx.arena);
            for row in matched {
                let cell = column.map_or(&[][..], |column| table.cell(*row, column));
                values.extend(cell.iter().map(|value| convert(value, *ty, cx)));
            }
            values.retain(|value: &Value<'_>| !value.is_null());
            if let Some(target) = joined.get_mut(*slot) {
                *target = Value::from_slice(values.into_bump_slice());
            }
        }
        sink(joined);
    }
}

fn matches<'a>(
    spec: &LookupSpec,
    table: &LookupTable,
    row: &[Value<'a>],
    cx: &Cx<'a>,
) -> Vec<usize> {
    let mut columns = Vec::new();
    let mut key = Vec::new();
    for (expr, name) in spec.on {
        let value = expr(row, cx);
        let column = table.columns.iter().position(|column| column == name);
        let (Some(column), false) = (column, value.is_null() || value.as_slice().len() > 1) else {
            return Vec::new();
        };
        columns.push(column);
        key.push(text_form(&value).into_owned());
    }
    table.index(&columns).get(&key).cloned().unwrap_or_default()
}

/// The text by which values of a query and cells of a file are compared.
fn text_form<'v>(value: &Value<'v>) -> Cow<'v, str> {
    match *value {
        Value::Text(t) | Value::Version(t) | Value::Shape(t) => Cow::Borrowed(t),
        Value::Boolean(b) => Cow::Borrowed(if b { "true" } else { "false" }),
        Value::Integer(n) => n.to_string().into(),
        Value::Long(n) => n.to_string().into(),
        Value::UnsignedLong(n) => n.to_string().into(),
        Value::Double(n) => n.to_string().into(),
        Value::Ip(a) => Ipv6Addr::from(a).to_canonical().to_string().into(),
        Value::Date(millis) => jiff::Timestamp::from_millisecond(millis)
            .map_or_else(|_| millis.to_string(), |time| format!("{time:.3}"))
            .into(),
        Value::DateNanos(nanos) => jiff::Timestamp::from_nanosecond(i128::from(nanos))
            .map_or_else(|_| nanos.to_string(), |time| time.to_string())
            .into(),
        _ => Cow::Borrowed(""),
    }
}

/// A cell as a value of the type that the query gives the column; null if it is
/// none.
fn convert<'a>(cell: &Owned, ty: Type, cx: &Cx<'a>) -> Value<'a> {
    let value = cell.single().unwrap_or_default();
    let text = text_form(&value);
    let parsed = match ty {
        Type::Boolean => text.parse().ok().map(Value::Boolean),
        Type::Integer => text.parse().ok().map(Value::Integer),
        Type::Long => text.parse().ok().map(Value::Long),
        Type::UnsignedLong => text.parse().ok().map(Value::UnsignedLong),
        Type::Double => text.parse().ok().filter(|n: &f64| n.is_finite()).map(Value::Double),
        Type::Ip => text.parse().ok().map(|address| {
            Value::Ip(match address {
                IpAddr::V4(v4) => v4.to_ipv6_mapped().octets(),
                IpAddr::V6(v6) => v6.octets(),
            })
        }),
        Type::Version => Some(Value::Version(cx.arena.alloc_str(&text))),
        Type::Date => match value {
            Value::Long(millis) => Some(Value::Date(millis)),
            _ => text.parse().ok().map(|at: jiff::Timestamp| Value::Date(at.as_millisecond())),
        },
        _ => Some(cx.text(&text)),
    };
    parsed.unwrap_or_default()
}

/// Splits CSV into records.
struct Records<'t> {
    rest: &'t str,
    line: usize,
}

impl Iterator for Records<'_> {
    type Item = Result<(usize, Vec<String>), LookupError>;

    fn next(&mut self) -> Option<Self::Item> {
        while let Some(rest) = self.rest.strip_prefix("\r\n").or(self.rest.strip_prefix('\n')) {
            self.rest = rest;
            self.line += 1;
        }
        if self.rest.is_empty() {
            return None;
        }
        let line = self.line;
        let (mut cells, mut cell, mut quoted) = (Vec::new(), String::new(), false);
        let mut chars = self.rest.char_indices().peekable();
        while let Some((at, c)) = chars.next() {
            match c {
                '"' if quoted => match chars.next_if(|(_, next)| *next == '"') {
                    Some(_) => cell.push('"'),
                    None => quoted = false,
                },
                '"' if cell.is_empty() => quoted = true,
                '\n' if !quoted => {
                    self.line += 1;
                    self.rest = &self.rest[at + 1..];
                    if cell.ends_with('\r') {
                        cell.pop();
                    }
                    cells.push(cell);
                    return Some(Ok((line, cells)));
                }
                ',' if !quoted => cells.push(core::mem::take(&mut cell)),
                c => {
                    self.line += usize::from(c == '\n');
                    cell.push(c);
                }
            }
        }
        self.rest = "";
        if quoted {
            return Some(Err(LookupError::Quote { line }));
        }
        cells.push(cell);
        Some(Ok((line, cells)))
    }
}
