//! Tables: columns aligned by display width, cut where the terminal ends.

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// Which side a column keeps to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Align {
    Left,
    Right,
}

/// Colour of a cell on a terminal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tone {
    Plain,
    Dim,
    Good,
    Note,
    Warn,
    Bad,
    Alarm,
    Title,
}

impl Tone {
    /// Escape sequence that begins the colour (ECMA-48 SGR).
    pub(super) fn begin(self) -> &'static str {
        match self {
            Tone::Plain => "",
            Tone::Dim => "\x1b[2m",
            Tone::Good => "\x1b[32m",
            Tone::Note => "\x1b[36m",
            Tone::Warn => "\x1b[33m",
            Tone::Bad => "\x1b[31m",
            Tone::Alarm => "\x1b[1;31m",
            Tone::Title => "\x1b[1m",
        }
    }

    /// The text in the colour.
    pub(crate) fn around(self, text: &str) -> String {
        format!("{}{text}\x1b[0m", self.begin())
    }
}

/// A column.
#[derive(Clone, Debug)]
pub(crate) struct Column {
    title: &'static str,
    align: Align,
    /// Characters beyond which a cell is cut on a terminal.
    most: usize,
}

impl Column {
    pub(crate) fn left(title: &'static str) -> Column {
        Column { title, align: Align::Left, most: usize::MAX }
    }

    pub(crate) fn right(title: &'static str) -> Column {
        Column { title, align: Align::Right, most: usize::MAX }
    }

    /// Cuts cells at this width.
    pub(crate) fn most(self, most: usize) -> Column {
        Column { most, ..self }
    }
}

/// A cell.
#[derive(Clone, Debug)]
pub(crate) struct Cell {
    text: String,
    tone: Tone,
}

impl Cell {
    pub(crate) fn new(text: impl Into<String>) -> Cell {
        Cell { text: text.into(), tone: Tone::Plain }
    }

    pub(crate) fn tone(self, tone: Tone) -> Cell {
        Cell { tone, ..self }
    }
}

/// A table.
#[derive(Clone, Debug)]
pub(crate) struct Table {
    columns: Vec<Column>,
    rows: Vec<Vec<Cell>>,
}

impl Table {
    pub(crate) fn new(columns: Vec<Column>) -> Table {
        Table { columns, rows: Vec::new() }
    }

    pub(crate) fn row(&mut self, cells: Vec<Cell>) {
        self.rows.push(cells);
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// The table as text. Without colours nothing is cut, so that what is piped
    /// is whole.
    pub(crate) fn render(&self, coloured: bool) -> String {
        let cut = |column: &Column, text: &str| {
            let text = one_line(text);
            if coloured { shortened(&text, column.most) } else { text }
        };
        let texts: Vec<Vec<String>> = self
            .rows
            .iter()
            .map(|row| {
                self.columns.iter().zip(row).map(|(column, cell)| cut(column, &cell.text)).collect()
            })
            .collect();
        let widths: Vec<usize> = (0..self.columns.len())
            .map(|i| {
                let cells = texts.iter().filter_map(|row| row.get(i)).map(|text| text.width());
                cells.chain([self.columns[i].title.width()]).max().unwrap_or(0)
            })
            .collect();
        let mut out = String::new();
        let titles = self.columns.iter().map(|column| (column.title.to_owned(), Tone::Dim));
        self.line(&widths, titles.collect(), coloured, &mut out);
        for (row, texts) in self.rows.iter().zip(texts) {
            let cells = texts.into_iter().zip(row).map(|(text, cell)| (text, cell.tone));
            self.line(&widths, cells.collect(), coloured, &mut out);
        }
        out
    }

    fn line(&self, widths: &[usize], cells: Vec<(String, Tone)>, coloured: bool, out: &mut String) {
        let start = out.len();
        for (i, (text, tone)) in cells.into_iter().enumerate() {
            if i > 0 {
                out.push_str("  ");
            }
            let padding = widths[i].saturating_sub(text.width());
            if self.columns[i].align == Align::Right {
                out.extend(std::iter::repeat_n(' ', padding));
            }
            if coloured && tone != Tone::Plain {
                out.push_str(tone.begin());
                out.push_str(&text);
                out.push_str("\x1b[0m");
            } else {
                out.push_str(&text);
            }
            if self.columns[i].align == Align::Left {
                out.extend(std::iter::repeat_n(' ', padding));
            }
        }
        let end = start + out[start..].trim_end().len();
        out.truncate(end);
        out.push('\n');
    }
}

/// Control characters would break the table, or the terminal.
fn one_line(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

fn shortened(text: &str, most: usize) -> String {
    if text.width() <= most {
        return text.to_owned();
    }
    let mut short = String::new();
    let mut width = 1;
    for c in text.chars() {
        width += c.width().unwrap_or(0);
        if width > most {
            break;
        }
        short.push(c);
    }
    short.push('…');
    short
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table() -> Table {
        let mut table = Table::new(vec![Column::left("name").most(6), Column::right("n")]);
        table.row(vec![Cell::new("été").tone(Tone::Bad), Cell::new("7")]);
        table.row(vec![Cell::new("a long\nname"), Cell::new("12,345")]);
        table
    }

    #[test]
    fn plain_tables_are_whole() {
        let expected = "name              n\nété               7\na long name  12,345\n";
        assert_eq!(table().render(false), expected);
    }

    #[test]
    fn coloured_tables_are_cut() {
        let text = table().render(true);
        assert!(text.contains("\x1b[31mété\x1b[0m   "), "{text}");
        assert!(text.contains("a lon…"), "{text}");
    }
}
