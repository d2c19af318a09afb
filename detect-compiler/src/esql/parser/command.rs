//! Commands.

use super::{Parsed, Parser};
use crate::diagnostic::nearest;
use crate::esql::ast::{
    Aggregation, Assignment, Command, CommandKind, Name, NamePattern, NamePiece, Ordering,
    Renaming, Source,
};
use crate::esql::lexer::{Kind, Symbol};
use crate::esql::syntax::SyntaxError;

/// Commands that may begin a query.
const SOURCES: [&str; 4] = ["from", "row", "show", "ts"];

/// Commands that may follow.
const COMMANDS: [&str; 18] = [
    "where",
    "eval",
    "stats",
    "inline",
    "inlinestats",
    "keep",
    "drop",
    "rename",
    "sort",
    "limit",
    "mv_expand",
    "dissect",
    "grok",
    "enrich",
    "lookup",
    "change_point",
    "completion",
    "sample",
];

/// Commands of the newest grammar that are known by name and refused.
const REFUSED: [&str; 13] = [
    "rerank",
    "fuse",
    "mmr",
    "uri_parts",
    "registered_domain",
    "user_agent",
    "ip_location",
    "ts_info",
    "metrics_info",
    "ts_collapse",
    "dedup",
    "highlight",
    "promql",
];

impl Parser<'_> {
    /// Commands joined by `|`; behind an error the next one is tried.
    pub(super) fn pipeline(&mut self, source: bool) -> Vec<Command> {
        let mut commands = Vec::new();
        let mut first = source;
        loop {
            match self.command(std::mem::take(&mut first)) {
                Ok(command) => commands.push(command),
                Err(error) => self.recover(error, Symbol::Pipe),
            }
            let closing = !source && self.at_symbol(Symbol::Close);
            let end = matches!(self.peek().kind, Kind::End);
            if !closing && !end && !self.at_symbol(Symbol::Pipe) {
                // A subquery ends at the bracket that its source opened.
                if self.at_symbol(Symbol::Close) && self.depth > 0 {
                    return commands;
                }
                let error = self.unexpected("`|` or the end of the command");
                self.recover(error, Symbol::Pipe);
            }
            if !self.eat(Symbol::Pipe) {
                return commands;
            }
        }
    }

    fn command(&mut self, source: bool) -> Parsed<Command> {
        let token = self.peek().clone();
        if token.kind != Kind::Word {
            return Err(self.unexpected("a command"));
        }
        let word = self.text(token.span).to_ascii_lowercase();
        let kind = match word.as_str() {
            "from" | "row" | "show" | "ts" => {
                if !source {
                    return Err(self.unexpected_with(
                        "a command",
                        &format!("{} can only begin a query", word.to_uppercase()),
                    ));
                }
                self.next();
                self.source_command(&word)?
            }
            _ if source && COMMANDS.contains(&word.as_str()) => {
                return Err(self.unexpected("FROM or ROW at the beginning of the query"));
            }
            _ => {
                self.next();
                self.processing(&word, source)?
            }
        };
        Ok(Command { kind, span: self.since(token.span) })
    }

    fn source_command(&mut self, word: &str) -> Parsed<CommandKind> {
        match word {
            "from" => self.from(),
            "row" => Ok(CommandKind::Row(self.assignments()?)),
            "show" => {
                self.expect_word("info")?;
                Ok(CommandKind::ShowInfo)
            }
            _ => Err(self.refused("TS")),
        }
    }

    fn processing(&mut self, word: &str, source: bool) -> Parsed<CommandKind> {
        Ok(match word {
            "where" => CommandKind::Where(self.expression()?),
            "eval" => CommandKind::Eval(self.assignments()?),
            "stats" => self.stats(false)?,
            "inline" => {
                self.expect_word("stats")?;
                self.stats(true)?
            }
            "inlinestats" => self.stats(true)?,
            "keep" => CommandKind::Keep(self.comma_separated(Self::name_pattern)?),
            "drop" => CommandKind::Drop(self.comma_separated(Self::name_pattern)?),
            "rename" => CommandKind::Rename(self.comma_separated(Self::renaming)?),
            "sort" => CommandKind::Sort(self.comma_separated(Self::ordering)?),
            "limit" => self.limit()?,
            "mv_expand" => CommandKind::MvExpand(self.name()?),
            "dissect" => self.dissect()?,
            "grok" => CommandKind::Grok {
                input: self.operand()?,
                patterns: self.comma_separated(|parser| parser.string("a pattern in quotes"))?,
            },
            "enrich" => self.enrich()?,
            "lookup" => self.lookup_join()?,
            "change_point" => self.change_point()?,
            "completion" => self.completion()?,
            "sample" => CommandKind::Sample(self.constant()?),
            "fork" => self.fork()?,
            other if REFUSED.contains(&other) => return Err(self.refused(&other.to_uppercase())),
            other => return Err(self.unknown(other, source)),
        })
    }

    /// The command just taken is refused.
    fn refused(&self, name: &str) -> SyntaxError {
        let span = self.tokens[self.at.saturating_sub(1)].span;
        SyntaxError::Unsupported { name: name.to_owned(), span }
    }

    fn unknown(&self, word: &str, source: bool) -> SyntaxError {
        let span = self.tokens[self.at.saturating_sub(1)].span;
        let known = if source { SOURCES.as_slice() } else { COMMANDS.as_slice() };
        let near = nearest(word, known.iter().copied()).map(str::to_owned);
        SyntaxError::Command { name: self.text(span).to_owned(), near, span }
    }

    fn from(&mut self) -> Parsed<CommandKind> {
        let sources = self.comma_separated(Self::index_or_query)?;
        let metadata = if self.eat_word("metadata") {
            self.comma_separated(Self::index_name)?
        } else {
            Vec::new()
        };
        Ok(CommandKind::From { sources, metadata })
    }

    fn index_or_query(&mut self) -> Parsed<Source> {
        let start = self.peek().span;
        if self.eat(Symbol::Open) {
            let commands = self.deeper(|parser| Ok(parser.pipeline(true)))?;
            self.expect(Symbol::Close)?;
            return Ok(Source::Query { commands, span: self.since(start) });
        }
        let mut pattern = self.index_name()?.text;
        if self.eat(Symbol::Colon) {
            pattern = format!("{pattern}:{}", self.index_name()?.text);
        }
        if self.eat(Symbol::Cast) {
            pattern = format!("{pattern}::{}", self.index_name()?.text);
        }
        Ok(Source::Index { pattern, span: self.since(start) })
    }

    /// An index pattern, quoted or not.
    fn index_name(&mut self) -> Parsed<Name> {
        let token = self.peek().clone();
        let text = match token.kind {
            Kind::Text(text) => text,
            Kind::Source => self.text(token.span).to_owned(),
            _ => return Err(self.unexpected("an index pattern")),
        };
        self.next();
        Ok(Name { text, span: token.span })
    }

    pub(super) fn assignments(&mut self) -> Parsed<Vec<Assignment>> {
        self.comma_separated(Self::assignment)
    }

    fn assignment(&mut self) -> Parsed<Assignment> {
        let name = self.target()?;
        Ok(Assignment { name, value: self.expression()? })
    }

    /// `name =`, if it is next.
    fn target(&mut self) -> Parsed<Option<Name>> {
        let mut ahead = 1;
        while self.peek_at(ahead).kind == Kind::Symbol(Symbol::Dot) {
            ahead += 2;
        }
        let named = matches!(self.peek().kind, Kind::Word | Kind::Quoted(_))
            && self.peek_at(ahead).kind == Kind::Symbol(Symbol::Assign);
        if !named {
            return Ok(None);
        }
        let name = self.name()?;
        self.expect(Symbol::Assign)?;
        Ok(Some(name))
    }

    fn stats(&mut self, inline: bool) -> Parsed<CommandKind> {
        let aggregates =
            if self.at_word("by") { Vec::new() } else { self.comma_separated(Self::aggregation)? };
        let by = if self.eat_word("by") { self.assignments()? } else { Vec::new() };
        Ok(CommandKind::Stats { inline, aggregates, by })
    }

    fn aggregation(&mut self) -> Parsed<Aggregation> {
        let start = self.peek().span;
        let assignment = self.assignment()?;
        let filter = if self.eat_word("where") { Some(self.expression()?) } else { None };
        Ok(Aggregation { assignment, filter, span: self.since(start) })
    }

    fn name_pattern(&mut self) -> Parsed<NamePattern> {
        let start = self.peek().span;
        let mut pieces: Vec<NamePiece> = Vec::new();
        loop {
            let Kind::Pattern(part) = self.peek().kind.clone() else {
                return Err(self.unexpected("a column name or pattern"));
            };
            self.next();
            for piece in part {
                glue(&mut pieces, piece);
            }
            if !self.eat(Symbol::Dot) {
                return Ok(NamePattern { pieces, span: self.since(start) });
            }
            glue(&mut pieces, NamePiece::Literal(".".to_owned()));
        }
    }

    /// `old AS new` or `new = old`.
    fn renaming(&mut self) -> Parsed<Renaming> {
        let first = self.name_pattern()?;
        if self.eat(Symbol::Assign) {
            return Ok(Renaming { from: self.name_pattern()?, to: first });
        }
        if !self.eat_word("as") {
            return Err(self.unexpected("AS or `=`"));
        }
        Ok(Renaming { from: first, to: self.name_pattern()? })
    }

    fn ordering(&mut self) -> Parsed<Ordering> {
        let expr = self.expression()?;
        let descending = self.eat_word("desc");
        if !descending {
            self.eat_word("asc");
        }
        let nulls_first = match self.eat_word("nulls") {
            true if self.eat_word("first") => Some(true),
            true if self.eat_word("last") => Some(false),
            true => return Err(self.unexpected("FIRST or LAST")),
            false => None,
        };
        Ok(Ordering { expr, descending, nulls_first })
    }

    fn limit(&mut self) -> Parsed<CommandKind> {
        let count = self.constant()?;
        let by = self.optional_by()?;
        Ok(CommandKind::Limit { count, by })
    }

    fn optional_by(&mut self) -> Parsed<Vec<crate::esql::ast::Expr>> {
        if self.eat_word("by") { self.comma_separated(Self::expression) } else { Ok(Vec::new()) }
    }

    fn dissect(&mut self) -> Parsed<CommandKind> {
        let input = self.operand()?;
        let pattern = self.string("a pattern in quotes")?;
        let options = if matches!(self.peek().kind, Kind::Word | Kind::Quoted(_)) {
            self.comma_separated(|parser| {
                let name = parser.identifier()?;
                parser.expect(Symbol::Assign)?;
                Ok((name, parser.constant()?))
            })?
        } else {
            Vec::new()
        };
        Ok(CommandKind::Dissect { input, pattern, options })
    }

    fn enrich(&mut self) -> Parsed<CommandKind> {
        let start = self.peek().span;
        let mut policy = self.index_name()?;
        if self.eat(Symbol::Colon) {
            policy.text = format!("{}:{}", policy.text, self.index_name()?.text);
            policy.span = self.since(start);
        }
        let on = if self.eat_word("on") { Some(self.name_pattern()?) } else { None };
        let with = if self.eat_word("with") {
            self.comma_separated(|parser| {
                let first = parser.name_pattern()?;
                if parser.eat(Symbol::Assign) {
                    return Ok((Some(first), parser.name_pattern()?));
                }
                Ok((None, first))
            })?
        } else {
            Vec::new()
        };
        Ok(CommandKind::Enrich { policy, on, with })
    }

    fn lookup_join(&mut self) -> Parsed<CommandKind> {
        self.expect_word("join")?;
        let table = self.index_name()?;
        self.expect_word("on")?;
        Ok(CommandKind::LookupJoin { table, on: self.comma_separated(Self::expression)? })
    }

    fn change_point(&mut self) -> Parsed<CommandKind> {
        let value = self.name()?;
        let key = if self.eat_word("on") { Some(self.name()?) } else { None };
        let into = if self.eat_word("as") {
            let ty = self.name()?;
            self.expect(Symbol::Comma)?;
            Some((ty, self.name()?))
        } else {
            None
        };
        Ok(CommandKind::ChangePoint { value, key, into, by: self.optional_by()? })
    }

    fn completion(&mut self) -> Parsed<CommandKind> {
        let target = self.target()?;
        let prompt = self.operand()?;
        let options = if self.eat_word("with") { Some(self.map()?) } else { None };
        Ok(CommandKind::Completion { target, prompt, options })
    }

    fn fork(&mut self) -> Parsed<CommandKind> {
        let mut branches = Vec::new();
        while self.eat(Symbol::Open) {
            branches.push(self.deeper(|parser| Ok(parser.pipeline(false)))?);
            self.expect(Symbol::Close)?;
        }
        if branches.is_empty() {
            return Err(self.unexpected("`(`"));
        }
        Ok(CommandKind::Fork(branches))
    }
}

/// Adds a piece; neighbouring literals become one.
fn glue(pieces: &mut Vec<NamePiece>, piece: NamePiece) {
    match (pieces.last_mut(), piece) {
        (Some(NamePiece::Literal(text)), NamePiece::Literal(more)) => text.push_str(&more),
        (_, piece) => pieces.push(piece),
    }
}
