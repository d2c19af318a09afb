//! Text to tokens.

use super::ast::Span;
use super::error::{EqlError, EqlErrorKind};

/// A token with its place.
#[derive(Clone, Debug)]
pub(super) struct Token {
    pub(super) kind: TokenKind,
    pub(super) span: Span,
}

/// Kinds of token.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum TokenKind {
    /// Identifier or keyword; `tilde`: a `~` follows without space.
    Word { text: String, tilde: bool },
    /// A name in back quotes, without them.
    Quoted(String),
    /// A string, escapes resolved.
    Text(String),
    /// Digits.
    Integer(String),
    /// A number with a fraction or an exponent.
    Decimal(f64),
    /// An operator or bracket.
    Symbol(&'static str),
    /// The end of the query.
    End,
}

/// Operators and brackets, longer ones before their prefixes.
const SYMBOLS: [&str; 21] = [
    "==", "!=", "<=", ">=", "![", "<", ">", ":", "+", "-", "*", "/", "%", ".", ",", "(", ")", "[",
    "]", "?", "|",
];

/// The tokens of a query; the last one is [`TokenKind::End`].
pub(super) fn tokens(text: &str) -> Result<Vec<Token>, EqlError> {
    let mut lexer = Lexer { text, at: 0 };
    let mut tokens = Vec::new();
    loop {
        lexer.skip_blanks()?;
        let start = lexer.at;
        let kind = lexer.token()?;
        let done = kind == TokenKind::End;
        tokens.push(Token { kind, span: start..lexer.at });
        if done {
            return Ok(tokens);
        }
    }
}

struct Lexer<'q> {
    text: &'q str,
    at: usize,
}

impl<'q> Lexer<'q> {
    fn rest(&self) -> &'q str {
        &self.text[self.at..]
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn error(&self, kind: EqlErrorKind, start: usize) -> EqlError {
        let end = self.at.max(start + self.text[start..].chars().next().map_or(0, char::len_utf8));
        kind.at(&(start..end))
    }

    /// White space and comments. Block comments nest, as in Elasticsearch.
    fn skip_blanks(&mut self) -> Result<(), EqlError> {
        loop {
            let rest = self.rest();
            let trimmed = rest.trim_start_matches([' ', '\t', '\r', '\n']);
            self.at += rest.len() - trimmed.len();
            if trimmed.starts_with("//") {
                self.at += trimmed.find('\n').unwrap_or(trimmed.len());
            } else if trimmed.starts_with("/*") {
                self.block_comment()?;
            } else {
                return Ok(());
            }
        }
    }

    fn block_comment(&mut self) -> Result<(), EqlError> {
        let start = self.at;
        let mut depth = 0usize;
        loop {
            let rest = self.rest();
            if rest.starts_with("/*") {
                depth += 1;
                self.at += 2;
            } else if rest.starts_with("*/") {
                depth -= 1;
                self.at += 2;
                if depth == 0 {
                    return Ok(());
                }
            } else if let Some(c) = rest.chars().next() {
                self.at += c.len_utf8();
            } else {
                return Err(self.error(EqlErrorKind::Unclosed("a comment"), start));
            }
        }
    }

    fn token(&mut self) -> Result<TokenKind, EqlError> {
        let start = self.at;
        let rest = self.rest();
        let Some(first) = self.peek() else { return Ok(TokenKind::End) };
        let digit_follows = rest[first.len_utf8()..].starts_with(|c: char| c.is_ascii_digit());
        match first {
            '"' if rest.starts_with("\"\"\"") => self.raw_string(),
            '"' => self.string(),
            '\'' => Err(self.error(EqlErrorKind::OldString("strings in single quotes"), start)),
            '?' if rest.starts_with("?\"") || rest.starts_with("?'") => {
                Err(self.error(EqlErrorKind::OldString("raw strings with `?`"), start))
            }
            '`' => self.quoted_name(),
            'a'..='z' | 'A'..='Z' | '_' | '@' => Ok(self.word()),
            '0'..='9' => self.number(),
            '.' if digit_follows => self.number(),
            '=' if !rest.starts_with("==") => {
                self.at += 1;
                Ok(TokenKind::Symbol("="))
            }
            '$' => {
                self.at += 1;
                Ok(TokenKind::Symbol("$"))
            }
            _ => match SYMBOLS.iter().find(|symbol| rest.starts_with(**symbol)) {
                Some(symbol) => {
                    self.at += symbol.len();
                    Ok(TokenKind::Symbol(symbol))
                }
                None => Err(self.error(EqlErrorKind::Character(first), start)),
            },
        }
    }

    fn word(&mut self) -> TokenKind {
        let rest = self.rest();
        let length = rest
            .bytes()
            .position(|b| !(b.is_ascii_alphanumeric() || b == b'_' || b == b'@'))
            .unwrap_or(rest.len());
        // Only the first character may be `@`.
        let length = rest[1..length].find('@').map_or(length, |at| at + 1);
        self.at += length;
        let tilde = self.rest().starts_with('~');
        self.at += usize::from(tilde);
        TokenKind::Word { text: rest[..length].to_owned(), tilde }
    }

    fn quoted_name(&mut self) -> Result<TokenKind, EqlError> {
        let start = self.at;
        self.at += 1;
        let mut name = String::new();
        loop {
            let rest = self.rest();
            let Some(end) = rest.find('`') else {
                return Err(self.error(EqlErrorKind::Unclosed("a name in back quotes"), start));
            };
            name.push_str(&rest[..end]);
            self.at += end + 1;
            if !self.rest().starts_with('`') {
                break;
            }
            name.push('`');
            self.at += 1;
        }
        if name.is_empty() {
            return Err(self.error(EqlErrorKind::Unclosed("a name in back quotes"), start));
        }
        Ok(TokenKind::Quoted(name))
    }

    fn number(&mut self) -> Result<TokenKind, EqlError> {
        let start = self.at;
        let mut whole = true;
        self.digits();
        if self.rest().starts_with('.') {
            whole = false;
            self.at += 1;
            self.digits();
        }
        let rest = self.rest();
        if rest.starts_with(['e', 'E']) {
            let sign = usize::from(rest[1..].starts_with(['+', '-']));
            if rest[1 + sign..].starts_with(|c: char| c.is_ascii_digit()) {
                whole = false;
                self.at += 1 + sign;
                self.digits();
            }
        }
        let text = &self.text[start..self.at];
        if whole {
            return Ok(TokenKind::Integer(text.to_owned()));
        }
        match text.parse::<f64>() {
            Ok(number) if number.is_finite() => Ok(TokenKind::Decimal(number)),
            _ => Err(self.error(EqlErrorKind::Number("the number is too large"), start)),
        }
    }

    fn digits(&mut self) {
        let rest = self.rest();
        self.at += rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    }

    /// `"""..."""`: no escapes; up to two quotes behind the end belong to it.
    fn raw_string(&mut self) -> Result<TokenKind, EqlError> {
        let start = self.at;
        let body = &self.rest()[3..];
        let end = body
            .find("\"\"\"")
            .filter(|end| !body[..*end].contains(['\r', '\n']))
            .ok_or_else(|| self.error(EqlErrorKind::Unclosed("a raw string"), start))?;
        let extra = body[end + 3..].bytes().take(2).take_while(|b| *b == b'"').count();
        self.at += 3 + end + extra + 3;
        Ok(TokenKind::Text(body[..end + extra].to_owned()))
    }

    fn string(&mut self) -> Result<TokenKind, EqlError> {
        let start = self.at;
        self.at += 1;
        let mut text = String::new();
        loop {
            let Some(c) = self.peek().filter(|c| !matches!(c, '\r' | '\n')) else {
                return Err(self.error(EqlErrorKind::Unclosed("a string"), start));
            };
            self.at += c.len_utf8();
            match c {
                '"' => return Ok(TokenKind::Text(text)),
                '\\' => text.push(self.escape()?),
                _ => text.push(c),
            }
        }
    }

    /// The character that an escape stands for; the backslash is behind us.
    fn escape(&mut self) -> Result<char, EqlError> {
        let start = self.at - 1;
        let c = self.peek().ok_or_else(|| {
            self.error(EqlErrorKind::Escape("nothing follows the backslash"), start)
        })?;
        self.at += c.len_utf8();
        Ok(match c {
            'b' => '\u{8}',
            't' => '\t',
            'n' => '\n',
            'f' => '\u{c}',
            'r' => '\r',
            '"' | '\'' | '\\' => c,
            'u' => return self.unicode_escape(start),
            _ => return Err(self.error(EqlErrorKind::Escape("no such escape"), start)),
        })
    }

    /// `\u{H..H}` with 2 to 8 digits, or `\uHHHH`.
    fn unicode_escape(&mut self, start: usize) -> Result<char, EqlError> {
        let rest = self.rest();
        let digits = if let Some(body) = rest.strip_prefix('{') {
            let end = body.find('}').filter(|end| (2..=8).contains(end)).ok_or_else(|| {
                self.error(EqlErrorKind::Escape("\\u{} takes 2 to 8 hexadecimal digits"), start)
            })?;
            self.at += end + 2;
            &body[..end]
        } else {
            let four = rest.get(..4).ok_or_else(|| {
                self.error(EqlErrorKind::Escape("\\u takes four hexadecimal digits"), start)
            })?;
            self.at += 4;
            four
        };
        if !digits.bytes().all(|b| b.is_ascii_hexdigit()) {
            return Err(self.error(EqlErrorKind::Escape("not a hexadecimal digit"), start));
        }
        u32::from_str_radix(digits, 16)
            .ok()
            .filter(|code| *code != 0)
            .and_then(char::from_u32)
            .ok_or_else(|| self.error(EqlErrorKind::Escape("not a character"), start))
    }
}
