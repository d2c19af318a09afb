//! Random conditions as text.

use super::tree::{Affix, Language, Order, PATTERNS, Piece, Tree};

/// Blocks as they are written, see `tree::BLOCKS`.
const BLOCKS: [&str; 4] = ["10.0.0.0/8", "10.1.9.9/16", "192.168.0.1", "::/127"];

impl Tree {
    /// The condition in a language.
    pub(super) fn write(&self, language: Language) -> String {
        match language {
            Language::Eql | Language::Endpoint => eql(self),
            Language::Kql => kql(self),
            Language::Lucene => lucene(self),
        }
    }
}

/// Writes all parts in brackets with a word between them.
fn joined(all: &[Tree], word: &str, part: fn(&Tree) -> String) -> String {
    let parts: Vec<String> = all.iter().map(part).collect();
    format!("({})", parts.join(word))
}

fn list<T>(all: &[T], word: &str, part: impl Fn(&T) -> String) -> String {
    format!("({})", all.iter().map(part).collect::<Vec<_>>().join(word))
}

/// A text in quotes, where a backslash escapes.
fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

fn eql(tree: &Tree) -> String {
    match tree {
        Tree::Equals(field, text) => format!("{field} == {}", quoted(text)),
        Tree::In(field, texts) => format!("{field} in {}", list(texts, ", ", |t| quoted(t))),
        Tree::Like(field, patterns, folded) => {
            let pattern = |pieces: &Vec<Piece>| {
                let piece = |piece: &Piece| match piece {
                    Piece::Any => "*",
                    Piece::One => "?",
                    Piece::Text(text) => text,
                };
                quoted(&pieces.iter().map(piece).collect::<String>())
            };
            let operator = match (folded, patterns.len()) {
                (true, 1) => ":",
                (true, _) => "like~",
                (false, _) => "like",
            };
            format!("{field} {operator} {}", list(patterns, ", ", pattern))
        }
        Tree::Exists(field) => format!("{field} != null"),
        Tree::IsNumber(field, n) => format!("{field} == {n}"),
        Tree::Compare(field, order, n) => format!("{field} {} {n}", order.sign()),
        Tree::Boolean(field, b) => format!("{field} == {b}"),
        Tree::Block(field, block) => format!("cidrMatch({field}, \"{}\")", BLOCKS[*block]),
        Tree::Affix(field, affix, text, folded) => {
            let name = match affix {
                Affix::Start => "startsWith",
                Affix::End => "endsWith",
                Affix::Middle => "stringContains",
            };
            let folded = if *folded { "~" } else { "" };
            format!("{name}{folded}({field}, {})", quoted(text))
        }
        Tree::Length(field, order, n) => format!("length({field}) {} {n}", order.sign()),
        Tree::Differs(field, text) => format!("{field} != {}", quoted(text)),
        Tree::Missing(field) => format!("{field} == null"),
        Tree::InFolded(field, texts) => {
            format!("{field} in~ {}", list(texts, ", ", |t| quoted(t)))
        }
        Tree::Regex(field, pattern, folded) => {
            let operator = if *folded { "regex~" } else { "regex" };
            format!("{field} {operator} {}", quoted(PATTERNS[*pattern].0))
        }
        Tree::Same(left, right) => format!("{left} == {right}"),
        Tree::Begins(left, right, folded) => {
            let folded = if *folded { "~" } else { "" };
            format!("startsWith{folded}({left}, {right})")
        }
        Tree::Not(inner) => format!("not {}", bracketed(eql(inner))),
        Tree::And(all) => joined(all, " and ", eql),
        Tree::Or(all) => joined(all, " or ", eql),
    }
}

fn kql(tree: &Tree) -> String {
    match tree {
        Tree::Equals(field, text) => format!("{field}:{}", quoted(text)),
        Tree::In(field, texts) => format!("{field} : {}", list(texts, " or ", |t| quoted(t))),
        Tree::Like(field, patterns, _) => {
            let pattern = |pieces: &Vec<Piece>| {
                let mut written = String::new();
                for piece in pieces {
                    match piece {
                        Piece::Any | Piece::One => written.push('*'),
                        // `not` and a blank end a value even inside a word, and `\not`
                        // begins with a line feed.
                        Piece::Text("or") => written.push_str("\\or"),
                        Piece::Text("not") => written.push_str("\\u006eot"),
                        Piece::Text(text) => unquoted(text, "\\():<>\"*{}", &mut written),
                    }
                }
                written
            };
            format!("{field}: {}", list(patterns, " or ", pattern))
        }
        Tree::Exists(field) => format!("{field}:*"),
        Tree::IsNumber(field, n) => format!("{field}: {n}"),
        Tree::Compare(field, order, n) => format!("{field} {} {n}", order.sign()),
        Tree::Boolean(field, b) => format!("{field}: {b}"),
        Tree::Block(field, block) => format!("{field}: \"{}\"", BLOCKS[*block]),
        Tree::Differs(field, text) => format!("not {field}: {}", quoted(text)),
        Tree::Missing(field) => format!("not {field}: *"),
        // Not in KQL, see `Tree::of`.
        Tree::Affix(field, ..)
        | Tree::Length(field, ..)
        | Tree::InFolded(field, ..)
        | Tree::Regex(field, ..)
        | Tree::Same(field, ..)
        | Tree::Begins(field, ..) => format!("{field}: *"),
        Tree::Not(inner) => format!("not {}", bracketed(kql(inner))),
        Tree::And(all) => joined(all, " and ", kql),
        Tree::Or(all) => joined(all, " OR ", kql),
    }
}

fn lucene(tree: &Tree) -> String {
    match tree {
        Tree::Equals(field, text) => format!("{field}:{}", quoted(text)),
        Tree::In(field, texts) => format!("{field}:{}", list(texts, " OR ", |t| quoted(t))),
        Tree::Like(field, patterns, _) => {
            let pattern = |pieces: &Vec<Piece>| {
                let mut written = String::new();
                for piece in pieces {
                    match piece {
                        Piece::Any => written.push('*'),
                        Piece::One => written.push('?'),
                        Piece::Text(text) => {
                            unquoted(text, " +-=&|!(){}[]^\"~*?:\\/", &mut written);
                        }
                    }
                }
                written
            };
            format!("{field}:{}", list(patterns, " ", pattern))
        }
        Tree::Exists(field) => format!("_exists_:{field}"),
        Tree::IsNumber(field, n) => format!("{field}:\"{n}\""),
        Tree::Compare(field, order, n) => match order {
            Order::Less => format!("{field}:{{* TO {n}}}"),
            Order::LessEqual => format!("{field}:[* TO {n}]"),
            Order::Greater => format!("{field}:{{{n} TO *]"),
            Order::GreaterEqual => format!("{field}:[{n} TO *}}"),
        },
        Tree::Boolean(field, b) => format!("{field}:{b}"),
        Tree::Block(field, block) => format!("{field}:\"{}\"", BLOCKS[*block]),
        Tree::Differs(field, text) => format!("(NOT {field}:{})", quoted(text)),
        Tree::Missing(field) => format!("(NOT _exists_:{field})"),
        Tree::Regex(field, pattern, _) => format!("{field}:/{}/", PATTERNS[*pattern].0),
        // Not in Lucene, see `Tree::of`.
        Tree::Affix(field, ..)
        | Tree::Length(field, ..)
        | Tree::InFolded(field, ..)
        | Tree::Same(field, ..)
        | Tree::Begins(field, ..) => format!("{field}:*"),
        Tree::Not(inner) => format!("(NOT {})", bracketed(lucene(inner))),
        Tree::And(all) => joined(all, " AND ", lucene),
        Tree::Or(all) => joined(all, " OR ", lucene),
    }
}

fn bracketed(text: String) -> String {
    if text.starts_with('(') { text } else { format!("({text})") }
}

/// A backslash before each special character.
fn unquoted(text: &str, special: &str, written: &mut String) {
    for c in text.chars() {
        if special.contains(c) {
            written.push('\\');
        }
        written.push(c);
    }
}
