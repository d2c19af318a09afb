//! Data sets of the suite: `name:type` columns of a csv file.
//!
//! In: the text of a file. Out: columns, and rows as JSON documents. Must not
//! know queries.
// The macro and the test that it serves both have this file; each uses a part.
#![allow(dead_code)]

use std::collections::HashMap;
use std::path::Path;

/// A data set.
#[derive(Clone, Debug, Default)]
pub(crate) struct DataSet {
    /// Names and types of the columns.
    pub(crate) columns: Vec<(String, String)>,
    /// The values of each row, column by column; read where the cases run, which
    /// includes this file.
    #[allow(dead_code, reason = "the expansion needs the columns only")]
    pub(crate) rows: Vec<Vec<Vec<String>>>,
}

impl DataSet {
    /// Reads a file.
    pub(crate) fn parse(text: &str) -> DataSet {
        let mut lines = text.lines().filter(|line| !line.trim().is_empty());
        let columns = lines
            .next()
            .unwrap_or_default()
            .split(',')
            .filter_map(|cell| {
                let (name, ty) = cell.trim().rsplit_once(':')?;
                Some((name.trim().to_owned(), ty.trim().to_owned()))
            })
            .collect();
        DataSet { columns, rows: lines.map(row).collect() }
    }
}

/// The data sets of a suite's folder by name.
pub(crate) fn all(folder: &Path) -> HashMap<String, DataSet> {
    let Ok(entries) = std::fs::read_dir(folder.join("data")) else { return HashMap::new() };
    entries
        .filter_map(|entry| {
            let path = entry.ok()?.path();
            let name = path.file_stem()?.to_str()?.to_owned();
            let data = path.extension().is_some_and(|extension| extension == "csv");
            data.then(|| Some((name, DataSet::parse(&std::fs::read_to_string(&path).ok()?))))?
        })
        .collect()
}

/// The cells of a line: an empty one has no value, `[a, b]` has several.
fn row(line: &str) -> Vec<Vec<String>> {
    let mut cells = Vec::new();
    let mut rest = line;
    loop {
        let trimmed = rest.trim_start();
        if let Some((list, behind)) =
            trimmed.strip_prefix('[').and_then(|inner| inner.split_once(']'))
        {
            let items = list.split(',').map(str::trim).filter(|item| !item.is_empty());
            cells.push(items.map(str::to_owned).collect());
            match behind.split_once(',') {
                Some((_, next)) => rest = next,
                None => return cells,
            }
            continue;
        }
        let (cell, next) = match rest.split_once(',') {
            Some((cell, next)) => (cell, Some(next)),
            None => (rest, None),
        };
        let cell = cell.trim().trim_matches('"');
        cells.push(if cell.is_empty() { Vec::new() } else { vec![cell.to_owned()] });
        match next {
            Some(next) => rest = next,
            None => return cells,
        }
    }
}
