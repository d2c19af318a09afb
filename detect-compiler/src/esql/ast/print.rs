//! The tree as text again: what is printed parses to the same tree.

use super::{
    Aggregation, Args, Assignment, Command, CommandKind, Expr, ExprKind, Map, MapValue, Name,
    NamePattern, NamePiece, Ordering, Query, Source, Text, TimeUnit,
};
use std::fmt::{Display, Formatter, Result};

impl Display for Query {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        for setting in &self.settings {
            write!(f, "SET {} = {}; ", setting.name, setting.value)?;
        }
        pipeline(f, &self.commands)
    }
}

fn pipeline(f: &mut Formatter<'_>, commands: &[Command]) -> Result {
    list(f, commands, " | ")
}

fn list<T: Display>(f: &mut Formatter<'_>, items: &[T], separator: &str) -> Result {
    for (index, item) in items.iter().enumerate() {
        if index > 0 {
            f.write_str(separator)?;
        }
        write!(f, "{item}")?;
    }
    Ok(())
}

fn listed<T: Display>(f: &mut Formatter<'_>, before: &str, items: &[T]) -> Result {
    if items.is_empty() {
        return Ok(());
    }
    f.write_str(before)?;
    list(f, items, ", ")
}

impl Display for Command {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        let keyword = self.kind.keyword();
        match &self.kind {
            CommandKind::From { sources, metadata } => {
                listed(f, "FROM ", sources)?;
                if !metadata.is_empty() {
                    f.write_str(" METADATA ")?;
                }
                for (index, name) in metadata.iter().enumerate() {
                    write!(f, "{}{}", if index > 0 { ", " } else { "" }, name.text)?;
                }
                Ok(())
            }
            CommandKind::Row(fields) | CommandKind::Eval(fields) => {
                write!(f, "{keyword} ")?;
                list(f, fields, ", ")
            }
            CommandKind::ShowInfo => f.write_str(keyword),
            CommandKind::Where(condition) => write!(f, "{keyword} {condition}"),
            CommandKind::Stats { aggregates, by, .. } => {
                write!(f, "{keyword} ")?;
                list(f, aggregates, ", ")?;
                listed(f, " BY ", by)
            }
            CommandKind::Keep(patterns) | CommandKind::Drop(patterns) => {
                write!(f, "{keyword} ")?;
                list(f, patterns, ", ")
            }
            CommandKind::Rename(renamings) => {
                for (index, renaming) in renamings.iter().enumerate() {
                    f.write_str(if index > 0 { ", " } else { "RENAME " })?;
                    write!(f, "{} AS {}", renaming.from, renaming.to)?;
                }
                Ok(())
            }
            CommandKind::Sort(keys) => {
                write!(f, "{keyword} ")?;
                list(f, keys, ", ")
            }
            CommandKind::Limit { count, by } => {
                write!(f, "{keyword} {count}")?;
                listed(f, " BY ", by)
            }
            CommandKind::MvExpand(name) => write!(f, "{keyword} {name}"),
            CommandKind::Dissect { input, pattern, options } => {
                write!(f, "{keyword} {input} {pattern}")?;
                for (index, (name, value)) in options.iter().enumerate() {
                    write!(f, "{}{name} = {value}", if index > 0 { ", " } else { " " })?;
                }
                Ok(())
            }
            CommandKind::Grok { input, patterns } => {
                write!(f, "{keyword} {input} ")?;
                list(f, patterns, ", ")
            }
            CommandKind::Enrich { policy, on, with } => {
                write!(f, "{keyword} {}", policy.text)?;
                if let Some(on) = on {
                    write!(f, " ON {on}")?;
                }
                for (index, (new, old)) in with.iter().enumerate() {
                    f.write_str(if index > 0 { ", " } else { " WITH " })?;
                    if let Some(new) = new {
                        write!(f, "{new} = ")?;
                    }
                    write!(f, "{old}")?;
                }
                Ok(())
            }
            other => later_command(f, keyword, other),
        }
    }
}

/// Commands that most queries do without.
fn later_command(f: &mut Formatter<'_>, keyword: &str, command: &CommandKind) -> Result {
    match command {
        CommandKind::LookupJoin { table, on } => {
            write!(f, "{keyword} {} ON ", table.text)?;
            list(f, on, ", ")
        }
        CommandKind::ChangePoint { value, key, into, by } => {
            write!(f, "{keyword} {value}")?;
            if let Some(key) = key {
                write!(f, " ON {key}")?;
            }
            if let Some((ty, p)) = into {
                write!(f, " AS {ty}, {p}")?;
            }
            listed(f, " BY ", by)
        }
        CommandKind::Completion { target, prompt, options } => {
            write!(f, "{keyword} ")?;
            if let Some(target) = target {
                write!(f, "{target} = ")?;
            }
            write!(f, "{prompt}")?;
            match options {
                Some(options) => write!(f, " WITH {options}"),
                None => Ok(()),
            }
        }
        CommandKind::Sample(probability) => write!(f, "{keyword} {probability}"),
        CommandKind::Fork(branches) => {
            f.write_str(keyword)?;
            for branch in branches {
                f.write_str(" (")?;
                pipeline(f, branch)?;
                f.write_str(")")?;
            }
            Ok(())
        }
        _ => Ok(()),
    }
}

impl Display for Source {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        match self {
            Source::Index { pattern, .. } => f.write_str(pattern),
            Source::Query { commands, .. } => {
                f.write_str("(")?;
                pipeline(f, commands)?;
                f.write_str(")")
            }
        }
    }
}

impl Display for Name {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        quoted_name(f, &self.text)
    }
}

/// Always in back-quotes: the name is one flat text.
fn quoted_name(f: &mut Formatter<'_>, name: &str) -> Result {
    write!(f, "`{}`", name.replace('`', "``"))
}

impl Display for Text {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        quoted_text(f, &self.text)
    }
}

fn quoted_text(f: &mut Formatter<'_>, text: &str) -> Result {
    f.write_str("\"")?;
    for character in text.chars() {
        match character {
            '\t' => f.write_str("\\t")?,
            '\n' => f.write_str("\\n")?,
            '\r' => f.write_str("\\r")?,
            '"' => f.write_str("\\\"")?,
            '\\' => f.write_str("\\\\")?,
            other => write!(f, "{other}")?,
        }
    }
    f.write_str("\"")
}

impl Display for Assignment {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        if let Some(name) = &self.name {
            write!(f, "{name} = ")?;
        }
        write!(f, "{}", self.value)
    }
}

impl Display for Aggregation {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        write!(f, "{}", self.assignment)?;
        match &self.filter {
            Some(filter) => write!(f, " WHERE {filter}"),
            None => Ok(()),
        }
    }
}

impl Display for Ordering {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        write!(f, "{} {}", self.expr, if self.descending { "DESC" } else { "ASC" })?;
        match self.nulls_first {
            Some(true) => f.write_str(" NULLS FIRST"),
            Some(false) => f.write_str(" NULLS LAST"),
            None => Ok(()),
        }
    }
}

impl Display for NamePattern {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        for piece in &self.pieces {
            match piece {
                NamePiece::Any => f.write_str("*")?,
                NamePiece::Literal(text) => quoted_name(f, text)?,
            }
        }
        Ok(())
    }
}

impl Display for Expr {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        match &self.kind {
            ExprKind::Null => f.write_str("null"),
            ExprKind::Boolean(value) => write!(f, "{value}"),
            ExprKind::Integer(value) => write!(f, "{value}"),
            // `{:?}` keeps the point or the exponent and every digit.
            ExprKind::Decimal(value) => write!(f, "{value:?}"),
            ExprKind::Text(text) => quoted_text(f, text),
            ExprKind::Span { count, unit } => write!(f, "{count} {}", spelling(*unit)),
            ExprKind::List(items) => {
                f.write_str("[")?;
                list(f, items, ", ")?;
                f.write_str("]")
            }
            ExprKind::Parameter(text) => f.write_str(text),
            ExprKind::Column(name) => quoted_name(f, name),
            ExprKind::Call { name, args, options } => {
                write!(f, "{}(", name.text)?;
                match args {
                    Args::Star => f.write_str("*")?,
                    Args::List(args) => list(f, args, ", ")?,
                }
                if let Some(options) = options {
                    write!(f, ", {options}")?;
                }
                f.write_str(")")
            }
            ExprKind::Cast { value, ty } => write!(f, "{}::{}", Operand(value), ty.text),
            ExprKind::Negate(value) => write!(f, "-{}", Operand(value)),
            ExprKind::Plus(value) => write!(f, "+{}", Operand(value)),
            ExprKind::Binary { operator, left, right } => {
                write!(f, "{} {} {}", Operand(left), operator.text(), Operand(right))
            }
            ExprKind::In { value, negated, items } => {
                write!(f, "{} {}IN (", Operand(value), not(*negated))?;
                for (index, item) in items.iter().enumerate() {
                    write!(f, "{}{}", if index > 0 { ", " } else { "" }, Operand(item))?;
                }
                f.write_str(")")
            }
            ExprKind::IsNull { value, negated } => {
                write!(f, "{} IS {}NULL", Operand(value), not(*negated))
            }
            ExprKind::Like { value, regex, negated, patterns, list: listed } => {
                let like = if *regex { "RLIKE" } else { "LIKE" };
                write!(f, "{} {}{like} ", Operand(value), not(*negated))?;
                f.write_str(if *listed { "(" } else { "" })?;
                list(f, patterns, ", ")?;
                f.write_str(if *listed { ")" } else { "" })
            }
            ExprKind::Match { field, query } => write!(f, "{}:{query}", Operand(field)),
            ExprKind::Not(value) => write!(f, "NOT {}", Operand(value)),
            ExprKind::And(all) => connective(f, all, " AND "),
            ExprKind::Or(all) => connective(f, all, " OR "),
        }
    }
}

/// An expression in the place of an operand: in brackets unless it is a leaf.
struct Operand<'e>(&'e Expr);

impl Display for Operand<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        match &self.0.kind {
            ExprKind::Null
            | ExprKind::Boolean(_)
            | ExprKind::Integer(_)
            | ExprKind::Decimal(_)
            | ExprKind::Text(_)
            | ExprKind::Span { .. }
            | ExprKind::List(_)
            | ExprKind::Parameter(_)
            | ExprKind::Column(_)
            | ExprKind::Call { .. } => write!(f, "{}", self.0),
            _ => write!(f, "({})", self.0),
        }
    }
}

fn connective(f: &mut Formatter<'_>, all: &[Expr], word: &str) -> Result {
    for (index, operand) in all.iter().enumerate() {
        write!(f, "{}{}", if index > 0 { word } else { "" }, Operand(operand))?;
    }
    Ok(())
}

fn not(negated: bool) -> &'static str {
    if negated { "NOT " } else { "" }
}

fn spelling(unit: TimeUnit) -> &'static str {
    match unit {
        TimeUnit::Millisecond => "milliseconds",
        TimeUnit::Second => "seconds",
        TimeUnit::Minute => "minutes",
        TimeUnit::Hour => "hours",
        TimeUnit::Day => "days",
        TimeUnit::Week => "weeks",
        TimeUnit::Month => "months",
        TimeUnit::Quarter => "quarters",
        TimeUnit::Year => "years",
    }
}

impl Display for Map {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        f.write_str("{")?;
        for (index, (key, value)) in self.entries.iter().enumerate() {
            write!(f, "{}{key}: {value}", if index > 0 { ", " } else { "" })?;
        }
        f.write_str("}")
    }
}

impl Display for MapValue {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        match self {
            MapValue::Constant(constant) => write!(f, "{constant}"),
            MapValue::Map(map) => write!(f, "{map}"),
        }
    }
}
