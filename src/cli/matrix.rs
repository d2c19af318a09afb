//! `detect matrix`: which rules hold on which documents.
//!
//! A line a rule, `RULE_ID,PATH,N N N`: the numbers from 0 of the documents that
//! satisfy its per-event part, in the order of ids and paths. Sequences and
//! samples have no line, as they have no condition on one event. `--format` prints
//! the same as records.

use super::failure::Failure;
use super::input::{self, Source};
use super::output::{self, Cell, Column, Format, Table, Tone};
use super::ruleset::Rules;
use clap::Args;
use detect::runtime::engine::{Alert, Engine, HeadSpec, Options, Sink};
use detect::runtime::head::{Settings, Whole};
use detect::runtime::input::{LINE_LIMIT, Lines, each_line};
use serde_json::{Value as Json, json};
use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, BufWriter, Read, Write};
use std::path::PathBuf;

/// Prints for each rule the numbers of the documents on which it holds
#[derive(Args, Debug)]
pub(crate) struct Matrix {
    /// Files of events; numbers go on from one to the next
    events: Vec<PathBuf>,
    /// Print what differs from this saved matrix instead
    #[arg(long, value_name = "OLD.csv")]
    diff: Option<PathBuf>,
    /// Print records in place of lines `RULE_ID,PATH,N N N`
    #[arg(long, value_enum)]
    format: Option<Format>,
    /// Evaluate every condition on every event the plain way
    #[arg(long)]
    reference: bool,
}

/// Documents by id and path of the rule.
type Rows = BTreeMap<(String, String), BTreeSet<u64>>;

impl Matrix {
    pub(crate) fn run(&self) -> Result<(), Failure> {
        let Some(sources) = input::sources(&self.events) else {
            return Err(Failure::Usage("name files of events".to_owned()));
        };
        let old = match &self.diff {
            Some(path) => {
                let text =
                    std::fs::read_to_string(path).map_err(|error| Failure::read(path, error))?;
                Some(parse(&text).map_err(|line| {
                    Failure::read(path, format!("line {line} is not `RULE_ID,PATH,N N N`"))
                })?)
            }
            None => None,
        };
        let rows = rows(&sources, self.reference)?;
        let changes = old.map(|old| difference(&old, &rows));
        match (&self.format, &changes) {
            (None, None) => written(|out| print(&rows, out))?,
            (None, Some(changes)) => written(|out| print_changes(changes, out))?,
            (Some(format), None) => {
                let rows = rows.iter().map(|(key, numbers)| (None, key, numbers));
                print_records(*format, &rows.collect::<Vec<_>>())?;
            }
            (Some(format), Some(changes)) => {
                let rows = changes.iter().map(|(sign, key, numbers)| (Some(*sign), key, numbers));
                print_records(*format, &rows.collect::<Vec<_>>())?;
            }
        }
        if changes.is_some_and(|changes| !changes.is_empty()) {
            Err(Failure::Found)
        } else {
            Ok(())
        }
    }
}

fn written(print: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> Result<(), Failure> {
    let mut out = BufWriter::new(io::stdout().lock());
    print(&mut out).and_then(|()| out.flush()).map_err(Failure::output)
}

/// Rows with the sign of a change, if they are one.
type Signed<'r> = (Option<char>, &'r (String, String), &'r BTreeSet<u64>);

fn print_records(format: Format, rows: &[Signed<'_>]) -> Result<(), Failure> {
    let record = |(sign, (id, path), numbers): &Signed<'_>| {
        let mut record = json!({ "rule_id": id, "path": path, "documents": numbers });
        if let Some(sign) = sign {
            record["change"] = sign.to_string().into();
        }
        record
    };
    let records: Vec<Json> = rows.iter().map(record).collect();
    output::records(format, &records, || {
        let mut table = Table::new(vec![
            Column::left(""),
            Column::right("COUNT"),
            Column::left("RULE"),
            Column::left("DOCUMENTS").most(80),
            Column::left("ID"),
        ]);
        for (sign, (id, path), numbers) in rows {
            let tone = if *sign == Some('-') { Tone::Bad } else { Tone::Good };
            table.row(vec![
                Cell::new(sign.map(String::from).unwrap_or_default()).tone(tone),
                Cell::new(output::count(numbers.len() as u64)),
                Cell::new(path),
                Cell::new(list(numbers)),
                Cell::new(id).tone(Tone::Dim),
            ]);
        }
        table
    })
}

fn rows(sources: &[Source], reference: bool) -> Result<Rows, Failure> {
    let options = Options {
        // One window over everything: no tick runs between two documents.
        settings: Settings { whole: Some(Whole { now: None }), ..Settings::default() },
        walk_all: true,
        alerts_return: false,
        reference,
        ..Options::default()
    };
    let mut engine = Engine::<Rules>::new(options)
        .map_err(|error| Failure::File(format!("the compiled rules are damaged: {error}")))?;
    let table = engine.table();
    let mut rows = Rows::new();
    let mut found: Vec<BTreeSet<u64>> = vec![BTreeSet::new(); table.rules.len()];
    let mut seen: Vec<u64> = vec![0; table.rules.len()];
    let mut number = 0;
    for source in sources {
        each_document(source, &mut |line| {
            engine.feed(line, &mut Nowhere);
            engine.feed(b"\n", &mut Nowhere);
            for ((counts, seen), found) in
                engine.rule_counts().iter().zip(&mut seen).zip(&mut found)
            {
                if counts.matches > *seen {
                    *seen = counts.matches;
                    found.insert(number);
                }
            }
            number += 1;
        })?;
    }
    for (rule, found) in table.rules.iter().zip(found) {
        if !matches!(rule.head, HeadSpec::Sequence(_) | HeadSpec::Sample(_)) {
            rows.insert((rule.info.id.to_owned(), rule.info.path.to_owned()), found);
        }
    }
    Ok(rows)
}

/// Gives every line that holds something.
fn each_document(source: &Source, take: &mut dyn FnMut(&[u8])) -> Result<(), Failure> {
    let mut input = source.open()?;
    let mut lines = Lines::new(LINE_LIMIT);
    let mut cut = |run: &[u8], at: u64| {
        each_line(run, at, LINE_LIMIT, |line| take(line.bytes.unwrap_or_default()));
    };
    let mut buffer = vec![0; 1 << 18];
    loop {
        match input.read(&mut buffer) {
            Ok(0) => break,
            Ok(length) => lines.feed(&buffer[..length], &mut cut),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(source.broken(&error)),
        }
    }
    lines.finish(&mut cut);
    Ok(())
}

fn print(rows: &Rows, out: &mut dyn Write) -> io::Result<()> {
    rows.iter().try_for_each(|((id, path), numbers)| writeln!(out, "{id},{path},{}", list(numbers)))
}

fn list(numbers: &BTreeSet<u64>) -> String {
    numbers.iter().map(u64::to_string).collect::<Vec<_>>().join(" ")
}

/// Reads a saved matrix; the error is the number of a line. Paths may hold commas.
fn parse(text: &str) -> Result<Rows, usize> {
    let mut rows = Rows::new();
    for (number, line) in text.lines().enumerate().filter(|(_, line)| !line.is_empty()) {
        let wrong = number + 1;
        let (id, rest) = line.split_once(',').ok_or(wrong)?;
        let (path, numbers) = rest.rsplit_once(',').ok_or(wrong)?;
        let numbers: Result<_, _> = numbers.split_whitespace().map(str::parse).collect();
        rows.insert((id.to_owned(), path.to_owned()), numbers.map_err(|_| wrong)?);
    }
    Ok(rows)
}

/// What matches newly (`+`) and no longer (`-`), by rule.
fn difference(old: &Rows, new: &Rows) -> Vec<(char, (String, String), BTreeSet<u64>)> {
    let none = BTreeSet::new();
    let mut changes = Vec::new();
    let keys: BTreeSet<_> = old.keys().chain(new.keys()).collect();
    for key in keys {
        let (before, after) = (old.get(key).unwrap_or(&none), new.get(key).unwrap_or(&none));
        let added: BTreeSet<u64> = after.difference(before).copied().collect();
        let gone: BTreeSet<u64> = before.difference(after).copied().collect();
        for (sign, numbers) in [('+', added), ('-', gone)] {
            if !numbers.is_empty() {
                changes.push((sign, key.clone(), numbers));
            }
        }
    }
    changes
}

fn print_changes(
    changes: &[(char, (String, String), BTreeSet<u64>)],
    out: &mut dyn Write,
) -> io::Result<()> {
    changes.iter().try_for_each(|(sign, (id, path), numbers)| {
        writeln!(out, "{sign},{id},{path},{}", list(numbers))
    })
}

struct Nowhere;

impl Sink for Nowhere {
    fn alert(&mut self, _alert: &Alert<'_>) {}
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_matrix_reads_back() {
        let text = "a,linux/x.toml,0 3 12\nb,odd,name.toml,\n";
        let rows = parse(text).expect("a matrix");
        let mut again = Vec::new();
        print(&rows, &mut again).expect("memory");
        assert_eq!(String::from_utf8_lossy(&again), text);
        assert_eq!(parse("x").err(), Some(1));
        assert_eq!(parse("a,b,1\na,b,x").err(), Some(2));
    }

    #[test]
    fn differences() {
        let old = parse("a,p,0 1\nb,q,5\n").expect("a matrix");
        let new = parse("a,p,1 2\nc,r,7\n").expect("a matrix");
        let mut out = Vec::new();
        print_changes(&difference(&old, &new), &mut out).expect("memory");
        assert_eq!(String::from_utf8_lossy(&out), "+,a,p,2\n-,a,p,0\n-,b,q,5\n+,c,r,7\n");
        assert_eq!(difference(&new, &new), []);
    }
}
