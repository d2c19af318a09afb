//! The csv-spec format: cases of a query and the table that it gives.
//!
//! In: the text of a file. Out: its cases. Must not know how a query is run.
//! Both the macro and the test that it serves have this file; each uses a part.
#![allow(dead_code)]

use std::path::{Path, PathBuf};

/// A case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Case {
    /// Its name.
    pub(crate) name: String,
    /// The query.
    pub(crate) query: String,
    /// Line of the name, from 1.
    pub(crate) line: usize,
    /// Rows may come in any order.
    pub(crate) any_order: bool,
    /// The header line: `name:type | ...`.
    pub(crate) header: String,
    /// The rows as written.
    pub(crate) rows: Vec<String>,
}

/// Names and types of the columns of a header line.
pub(crate) fn columns(header: &str) -> Vec<(String, String)> {
    let column = |cell: &String| {
        let (name, ty) = cell.rsplit_once(':').unwrap_or((cell, "keyword"));
        (unquoted(name.trim()), ty.trim().to_owned())
    };
    cells(header).iter().map(column).collect()
}

/// The cases of a file.
pub(crate) fn cases(text: &str) -> Vec<Case> {
    let mut lines = text.lines().enumerate().peekable();
    let mut cases = Vec::new();
    while let Some((number, line)) = lines.next() {
        let name = line.split('#').next().unwrap_or_default().trim();
        if name.is_empty() || line.starts_with("//") {
            continue;
        }
        let mut case = Case {
            name: name.to_owned(),
            query: String::new(),
            line: number + 1,
            any_order: false,
            header: String::new(),
            rows: Vec::new(),
        };
        for (_, line) in lines.by_ref() {
            let end = line.trim_end();
            if end.starts_with("required_capability:") || (case.query.is_empty() && end.is_empty())
            {
                continue;
            }
            let last = end.ends_with(';') && !end.ends_with("\\;");
            let line = if last { &end[..end.len() - 1] } else { line };
            case.query.push_str(&line.replace("\\;", ";"));
            if last {
                break;
            }
            case.query.push('\n');
        }
        for (_, line) in lines.by_ref() {
            let text = line.trim();
            if text == ";" {
                break;
            }
            if text.starts_with("ignoreOrder:") {
                case.any_order = text.ends_with("true");
            } else if text.starts_with("warning")
                && case.header.is_empty()
                && text.contains(':')
                && ["warning:", "warningRegex:"].iter().any(|start| text.starts_with(start))
            {
                // A warning that the case expects: information.
            } else if case.header.is_empty() {
                if !text.is_empty() && !text.starts_with("//") {
                    text.clone_into(&mut case.header);
                }
            } else if !text.is_empty() && !text.starts_with("//") {
                case.rows.push(text.to_owned());
            }
        }
        cases.push(case);
    }
    cases
}

/// The cells of a line, between `|` outside of quotes.
pub(crate) fn cells(line: &str) -> Vec<String> {
    let mut cells = vec![String::new()];
    let mut quoted = false;
    let mut characters = line.chars().peekable();
    while let Some(character) = characters.next() {
        let Some(cell) = cells.last_mut() else { break };
        match character {
            '"' if quoted || cell.trim().is_empty() || cell.trim_start().starts_with('[') => {
                quoted = !quoted;
                cell.push('"');
            }
            '\\' if characters.peek() == Some(&'|') => {
                characters.next();
                cell.push('|');
            }
            '|' if !quoted => cells.push(String::new()),
            other => cell.push(other),
        }
    }
    cells.iter().map(|cell| cell.trim().to_owned()).collect()
}

/// The values of a cell: none for `null`, several for `[a, b]`.
pub(crate) fn values(cell: &str) -> Vec<String> {
    if cell == "null" {
        return Vec::new();
    }
    let Some(list) = cell.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) else {
        return vec![unquoted(cell)];
    };
    if list.trim().is_empty() {
        return Vec::new();
    }
    let mut items = vec![String::new()];
    let mut quoted = false;
    let mut characters = list.chars();
    while let Some(character) = characters.next() {
        let Some(item) = items.last_mut() else { break };
        match character {
            '"' => {
                quoted = !quoted;
                item.push('"');
            }
            '\\' => match characters.next() {
                Some(',') => item.push(','),
                Some(other) => item.extend(['\\', other]),
                None => item.push('\\'),
            },
            ',' if !quoted => items.push(String::new()),
            other => item.push(other),
        }
    }
    items.iter().map(|item| unquoted(item.trim())).collect()
}

/// A quoted text without its quotes; two quotes inside are one.
fn unquoted(text: &str) -> String {
    match text.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) {
        Some(inner) => inner.replace("\"\"", "\""),
        None => text.to_owned(),
    }
}

/// Every file of a folder with this extension, by name.
pub(crate) fn files(folder: &Path, extension: &str) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
    let mut files: Vec<PathBuf> = entries
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.extension().is_some_and(|found| found == extension))
        .collect();
    files.sort();
    files
}

/// Folders with test data: `DETECT_TEST_DATA` (a path list), else the project's
/// own and, where it exists, the shared one.
pub(crate) fn folders(root: &Path) -> Vec<PathBuf> {
    match std::env::var_os("DETECT_TEST_DATA") {
        Some(list) if !list.is_empty() => std::env::split_paths(&list).collect(),
        _ => vec![root.join("tests/data"), root.join("../shared/conformance")],
    }
}
