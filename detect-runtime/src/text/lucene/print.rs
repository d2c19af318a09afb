//! Writing: from [`Node`] to `regex-syntax` form.

use super::{Class, LAST, Node};
use core::fmt::Write;

/// Writes a node without intersections and complements.
pub(super) fn print(node: &Node) -> String {
    let mut out = String::new();
    write_node(node, &mut out);
    out
}

fn write_node(node: &Node, out: &mut String) {
    match node {
        Node::Class(class) => write_class(class, out),
        Node::Concat(parts) => parts.iter().for_each(|part| write_node(part, out)),
        Node::Or(choices) if choices.is_empty() => out.push_str(r"\P{any}"),
        Node::Or(choices) => {
            for (index, choice) in choices.iter().enumerate() {
                out.push_str(if index == 0 { "(?:" } else { "|" });
                write_node(choice, out);
            }
            out.push(')');
        }
        Node::Repeat(inner, least, most) => {
            let atom = matches!(**inner, Node::Class(_));
            out.push_str(if atom { "" } else { "(?:" });
            write_node(inner, out);
            out.push_str(if atom { "" } else { ")" });
            // Writing into a String cannot fail.
            let _ = match (least, most) {
                (0, Some(1)) => write!(out, "?"),
                (0, None) => write!(out, "*"),
                (1, None) => write!(out, "+"),
                (least, None) => write!(out, "{{{least},}}"),
                (least, Some(most)) => write!(out, "{{{least},{most}}}"),
            };
        }
        // The automaton has taken them out.
        Node::And(_) | Node::Not(_) => out.push_str(r"\P{any}"),
    }
}

fn write_class(class: &Class, out: &mut String) {
    match class.as_slice() {
        [] => out.push_str(r"\P{any}"),
        [(0, LAST)] => out.push_str("(?s:.)"),
        [(from, to)] if from == to => write_character(*from, out),
        ranges => {
            out.push('[');
            for (from, to) in ranges {
                write_character(*from, out);
                if to > from {
                    out.push('-');
                    write_character(*to, out);
                }
            }
            out.push(']');
        }
    }
}

fn write_character(code: u32, out: &mut String) {
    // Classes never begin or end with a surrogate.
    let c = char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER);
    if regex_syntax::is_meta_character(c) {
        out.push('\\');
        out.push(c);
    } else if c.is_ascii_graphic() || c.is_alphanumeric() {
        out.push(c);
    } else {
        let _ = write!(out, "\\x{{{code:X}}}");
    }
}
