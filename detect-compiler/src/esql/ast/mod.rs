//! Syntax tree of a query.
//!
//! In: nothing; the parser makes it. Out: the shape of the query as written,
//! with byte spans; brackets and comments have no trace in it. Must not know
//! types, columns or the plan.

mod print;

use std::ops::Range;

/// A byte range of the query.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Span {
    /// First byte.
    pub start: usize,
    /// Behind the last byte.
    pub end: usize,
}

impl Span {
    /// From and to.
    pub fn new(start: usize, end: usize) -> Span {
        Span { start, end }
    }

    /// From the start of this to the end of the other.
    #[must_use]
    pub fn to(self, other: Span) -> Span {
        Span { start: self.start, end: other.end.max(self.start) }
    }

    /// As a range.
    pub fn range(self) -> Range<usize> {
        self.start..self.end
    }
}

/// A query.
#[derive(Clone, Debug, PartialEq)]
pub struct Query {
    /// `SET name = value;`
    pub settings: Vec<Setting>,
    /// The source command and all others.
    pub commands: Vec<Command>,
}

/// `SET name = value;`
#[derive(Clone, Debug, PartialEq)]
pub struct Setting {
    /// Its name, lower case.
    pub name: String,
    /// Its value.
    pub value: Expr,
    /// The whole setting.
    pub span: Span,
}

/// A command with its place (keyword to last token, without the pipe).
#[derive(Clone, Debug, PartialEq)]
pub struct Command {
    /// What it is.
    pub kind: CommandKind,
    /// Its text.
    pub span: Span,
}

/// The commands.
#[derive(Clone, Debug, PartialEq)]
pub enum CommandKind {
    /// `FROM a, b METADATA c`
    From {
        /// Index patterns.
        sources: Vec<Source>,
        /// Metadata columns.
        metadata: Vec<Name>,
    },
    /// `ROW a = 1`
    Row(Vec<Assignment>),
    /// `SHOW INFO`
    ShowInfo,
    /// `WHERE c`
    Where(Expr),
    /// `EVAL a = e`
    Eval(Vec<Assignment>),
    /// `STATS a BY b`, `INLINE STATS a BY b`
    Stats {
        /// The rows stay.
        inline: bool,
        /// Aggregates.
        aggregates: Vec<Aggregation>,
        /// Groupings.
        by: Vec<Assignment>,
    },
    /// `KEEP p`
    Keep(Vec<NamePattern>),
    /// `DROP p`
    Drop(Vec<NamePattern>),
    /// `RENAME a AS b`
    Rename(Vec<Renaming>),
    /// `SORT a DESC`
    Sort(Vec<Ordering>),
    /// `LIMIT n BY g`
    Limit {
        /// How many.
        count: Expr,
        /// Per group.
        by: Vec<Expr>,
    },
    /// `MV_EXPAND c`
    MvExpand(Name),
    /// `DISSECT s "pattern" append_separator=","`
    Dissect {
        /// What is taken apart.
        input: Expr,
        /// The pattern.
        pattern: Text,
        /// Options in order.
        options: Vec<(Name, Expr)>,
    },
    /// `GROK s "pattern", "pattern"`
    Grok {
        /// What is taken apart.
        input: Expr,
        /// The patterns.
        patterns: Vec<Text>,
    },
    /// `ENRICH policy ON f WITH a = b`
    Enrich {
        /// Name of the policy.
        policy: Name,
        /// Match field; the policy's own if absent.
        on: Option<NamePattern>,
        /// New name and column of the policy; all if empty.
        with: Vec<(Option<NamePattern>, NamePattern)>,
    },
    /// `LOOKUP JOIN t ON f`
    LookupJoin {
        /// The table.
        table: Name,
        /// Names that must be equal, or conditions.
        on: Vec<Expr>,
    },
    /// `CHANGE_POINT v ON k AS t, p`
    ChangePoint {
        /// Value.
        value: Name,
        /// Key, `@timestamp` if absent.
        key: Option<Name>,
        /// Names of the columns for type and p-value.
        into: Option<(Name, Name)>,
        /// Per group.
        by: Vec<Expr>,
    },
    /// `COMPLETION c = prompt WITH {...}`
    Completion {
        /// Target, `completion` if absent.
        target: Option<Name>,
        /// The prompt.
        prompt: Expr,
        /// Options.
        options: Option<Map>,
    },
    /// `SAMPLE p`
    Sample(Expr),
    /// `FORK (...) (...)`
    Fork(Vec<Vec<Command>>),
}

impl CommandKind {
    /// The keyword in upper case.
    pub fn keyword(&self) -> &'static str {
        match self {
            CommandKind::From { .. } => "FROM",
            CommandKind::Row(_) => "ROW",
            CommandKind::ShowInfo => "SHOW INFO",
            CommandKind::Where(_) => "WHERE",
            CommandKind::Eval(_) => "EVAL",
            CommandKind::Stats { inline: false, .. } => "STATS",
            CommandKind::Stats { inline: true, .. } => "INLINE STATS",
            CommandKind::Keep(_) => "KEEP",
            CommandKind::Drop(_) => "DROP",
            CommandKind::Rename(_) => "RENAME",
            CommandKind::Sort(_) => "SORT",
            CommandKind::Limit { .. } => "LIMIT",
            CommandKind::MvExpand(_) => "MV_EXPAND",
            CommandKind::Dissect { .. } => "DISSECT",
            CommandKind::Grok { .. } => "GROK",
            CommandKind::Enrich { .. } => "ENRICH",
            CommandKind::LookupJoin { .. } => "LOOKUP JOIN",
            CommandKind::ChangePoint { .. } => "CHANGE_POINT",
            CommandKind::Completion { .. } => "COMPLETION",
            CommandKind::Sample(_) => "SAMPLE",
            CommandKind::Fork(_) => "FORK",
        }
    }

    /// The expressions that the command evaluates.
    pub(crate) fn expressions(&self) -> Vec<&Expr> {
        fn values(fields: &[Assignment]) -> impl Iterator<Item = &Expr> {
            fields.iter().map(|field| &field.value)
        }
        match self {
            CommandKind::Where(condition) => vec![condition],
            CommandKind::Row(fields) | CommandKind::Eval(fields) => values(fields).collect(),
            CommandKind::Stats { aggregates, by, .. } => {
                let aggregated = aggregates
                    .iter()
                    .flat_map(|a| std::iter::once(&a.assignment.value).chain(&a.filter));
                aggregated.chain(values(by)).collect()
            }
            CommandKind::Sort(keys) => keys.iter().map(|key| &key.expr).collect(),
            CommandKind::Limit { by, .. } => by.iter().collect(),
            CommandKind::Dissect { input, .. } | CommandKind::Grok { input, .. } => vec![input],
            CommandKind::Completion { prompt, .. } => vec![prompt],
            CommandKind::LookupJoin { on, .. } => on.iter().collect(),
            _ => Vec::new(),
        }
    }

    /// The names of columns that the command says itself it makes; those of DISSECT, GROK
    /// and tables are known to the plan only.
    pub(crate) fn names_made(&self) -> Vec<String> {
        fn named<'f>(fields: impl Iterator<Item = &'f Assignment>) -> Vec<String> {
            fields.filter_map(|field| field.name.as_ref()).map(|name| name.text.clone()).collect()
        }
        match self {
            CommandKind::Eval(fields) => named(fields.iter()),
            CommandKind::Stats { aggregates, by, .. } => {
                named(aggregates.iter().map(|aggregate| &aggregate.assignment).chain(by))
            }
            CommandKind::Rename(all) => {
                all.iter().filter_map(|r| r.to.literal()).map(str::to_owned).collect()
            }
            CommandKind::Completion { target, .. } => {
                let name = target.as_ref().map_or("completion", |target| &target.text);
                vec![name.to_owned()]
            }
            _ => Vec::new(),
        }
    }

    /// The names of columns that the command reads.
    pub(crate) fn names_read(&self) -> Vec<String> {
        fn collect(expr: &Expr, names: &mut Vec<String>) {
            if let ExprKind::Column(name) = &expr.kind {
                names.push(name.clone());
            }
            expr.children().into_iter().for_each(|child| collect(child, names));
        }
        let mut names = Vec::new();
        if let CommandKind::Eval(fields) = self {
            // A field may read those before it, which are no columns of the row.
            let mut made: Vec<&str> = Vec::new();
            for field in fields {
                let mut read = Vec::new();
                collect(&field.value, &mut read);
                names.extend(read.into_iter().filter(|name| !made.contains(&name.as_str())));
                made.extend(field.name.iter().map(|name| name.text.as_str()));
            }
            return names;
        }
        self.expressions().into_iter().for_each(|expr| collect(expr, &mut names));
        let literal = |pattern: &NamePattern| pattern.literal().map(str::to_owned);
        match self {
            CommandKind::Keep(all) | CommandKind::Drop(all) => {
                names.extend(all.iter().filter_map(literal));
            }
            CommandKind::Rename(all) => names.extend(all.iter().filter_map(|r| literal(&r.from))),
            CommandKind::MvExpand(name) => names.push(name.text.clone()),
            CommandKind::Enrich { on, .. } => names.extend(on.iter().filter_map(literal)),
            _ => {}
        }
        names
    }
}

/// An index pattern, or a query in brackets.
#[derive(Clone, Debug, PartialEq)]
pub enum Source {
    /// `cluster:pattern::selector`
    Index {
        /// The whole pattern, with cluster and selector.
        pattern: String,
        /// Where.
        span: Span,
    },
    /// A subquery.
    Query {
        /// Its commands.
        commands: Vec<Command>,
        /// Where.
        span: Span,
    },
}

/// A name: quoted or not, with or without dots, is one flat text.
#[derive(Clone, Debug, PartialEq)]
pub struct Name {
    /// The name.
    pub text: String,
    /// Where.
    pub span: Span,
}

/// A string literal.
#[derive(Clone, Debug, PartialEq)]
pub struct Text {
    /// Decoded.
    pub text: String,
    /// Where.
    pub span: Span,
}

/// `name = expr`, or `expr` alone.
#[derive(Clone, Debug, PartialEq)]
pub struct Assignment {
    /// The name.
    pub name: Option<Name>,
    /// The value.
    pub value: Expr,
}

/// `name = aggregate WHERE condition`.
#[derive(Clone, Debug, PartialEq)]
pub struct Aggregation {
    /// Name and value.
    pub assignment: Assignment,
    /// Rows that count.
    pub filter: Option<Expr>,
    /// From the name to the end of the filter.
    pub span: Span,
}

/// `from AS to`.
#[derive(Clone, Debug, PartialEq)]
pub struct Renaming {
    /// The old name.
    pub from: NamePattern,
    /// The new name.
    pub to: NamePattern,
}

/// `expr DESC NULLS FIRST`.
#[derive(Clone, Debug, PartialEq)]
pub struct Ordering {
    /// The key.
    pub expr: Expr,
    /// DESC.
    pub descending: bool,
    /// NULLS FIRST or LAST, if written.
    pub nulls_first: Option<bool>,
}

/// A name that may contain wildcards.
#[derive(Clone, Debug, PartialEq)]
pub struct NamePattern {
    /// Its pieces; neighbouring literals are one.
    pub pieces: Vec<NamePiece>,
    /// Where.
    pub span: Span,
}

/// A piece of a [`NamePattern`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NamePiece {
    /// This text.
    Literal(String),
    /// `*`
    Any,
}

impl NamePattern {
    /// The name, if there is no wildcard.
    pub fn literal(&self) -> Option<&str> {
        match self.pieces.as_slice() {
            [NamePiece::Literal(name)] => Some(name),
            _ => None,
        }
    }

    /// True if the pattern is one `*`.
    pub fn is_everything(&self) -> bool {
        self.pieces == [NamePiece::Any]
    }

    /// Whether a name matches.
    ///
    /// ```
    /// use detect_compiler::esql::ast::{NamePattern, NamePiece, Span};
    /// let pieces = vec![NamePiece::Literal("a.".into()), NamePiece::Any];
    /// let pattern = NamePattern { pieces, span: Span::default() };
    /// assert!(pattern.matches("a.b.c"));
    /// assert!(!pattern.matches("ab"));
    /// ```
    pub fn matches(&self, name: &str) -> bool {
        matches(&self.pieces, name)
    }
}

fn matches(pieces: &[NamePiece], name: &str) -> bool {
    match pieces {
        [] => name.is_empty(),
        [NamePiece::Literal(text), rest @ ..] => {
            name.strip_prefix(text.as_str()).is_some_and(|name| matches(rest, name))
        }
        [NamePiece::Any] => true,
        // The first place is enough: what follows can be found behind it or nowhere.
        [NamePiece::Any, NamePiece::Literal(text)] => name.ends_with(text.as_str()),
        [NamePiece::Any, NamePiece::Literal(text), rest @ ..] => {
            name.find(text.as_str()).is_some_and(|at| matches(rest, &name[at + text.len()..]))
        }
        [NamePiece::Any, rest @ ..] => matches(rest, name),
    }
}

/// An expression with its place.
#[derive(Clone, Debug, PartialEq)]
pub struct Expr {
    /// What it is.
    pub kind: ExprKind,
    /// Its text, without brackets around it.
    pub span: Span,
}

impl Expr {
    /// Number of levels of the tree.
    pub fn height(&self) -> usize {
        self.children().iter().map(|child| child.height()).max().unwrap_or(0) + 1
    }

    /// The expressions directly below this one, in order of the text.
    pub fn children(&self) -> Vec<&Expr> {
        match &self.kind {
            ExprKind::List(all) | ExprKind::And(all) | ExprKind::Or(all) => all.iter().collect(),
            ExprKind::Call { args: Args::List(args), .. } => args.iter().collect(),
            ExprKind::Cast { value, .. }
            | ExprKind::Negate(value)
            | ExprKind::Plus(value)
            | ExprKind::IsNull { value, .. }
            | ExprKind::Not(value) => vec![value],
            ExprKind::Binary { left, right, .. } => vec![left, right],
            ExprKind::In { value, items, .. } => std::iter::once(&**value).chain(items).collect(),
            ExprKind::Like { value, patterns, .. } => {
                std::iter::once(&**value).chain(patterns).collect()
            }
            ExprKind::Match { field, query } => vec![field, query],
            ExprKind::Null
            | ExprKind::Boolean(_)
            | ExprKind::Integer(_)
            | ExprKind::Decimal(_)
            | ExprKind::Text(_)
            | ExprKind::Span { .. }
            | ExprKind::Parameter(_)
            | ExprKind::Column(_)
            | ExprKind::Call { .. } => Vec::new(),
        }
    }
}

/// Kinds of expression.
#[derive(Clone, Debug, PartialEq)]
pub enum ExprKind {
    /// `null`
    Null,
    /// `true`, `false`
    Boolean(bool),
    /// A whole number without sign.
    Integer(u128),
    /// A number with point or exponent, or a whole one above 128 bits.
    Decimal(f64),
    /// A string.
    Text(String),
    /// `5 minutes`
    Span {
        /// How many.
        count: u128,
        /// Of what.
        unit: TimeUnit,
    },
    /// `[1, 2]`
    List(Vec<Expr>),
    /// `?name`; never has a value here.
    Parameter(String),
    /// A column.
    Column(String),
    /// `f(x)`
    Call {
        /// The name as written.
        name: Name,
        /// The arguments.
        args: Args,
        /// `{"option": value}` as last argument.
        options: Option<Map>,
    },
    /// `x::type`
    Cast {
        /// The value.
        value: Box<Expr>,
        /// The type's name.
        ty: Name,
    },
    /// Unary `-`.
    Negate(Box<Expr>),
    /// Unary `+`.
    Plus(Box<Expr>),
    /// Arithmetic and comparison.
    Binary {
        /// The operator.
        operator: Operator,
        /// Left operand.
        left: Box<Expr>,
        /// Right operand.
        right: Box<Expr>,
    },
    /// `x IN (a, b)`
    In {
        /// The value.
        value: Box<Expr>,
        /// NOT IN.
        negated: bool,
        /// The items.
        items: Vec<Expr>,
    },
    /// `x IS NULL`
    IsNull {
        /// The value.
        value: Box<Expr>,
        /// IS NOT NULL.
        negated: bool,
    },
    /// `x LIKE "p"`, `x RLIKE ("p", "q")`
    Like {
        /// The value.
        value: Box<Expr>,
        /// RLIKE.
        regex: bool,
        /// NOT LIKE.
        negated: bool,
        /// One pattern as expression, or several in brackets.
        patterns: Vec<Expr>,
        /// Written with brackets.
        list: bool,
    },
    /// `field : constant`
    Match {
        /// The field.
        field: Box<Expr>,
        /// What is looked for.
        query: Box<Expr>,
    },
    /// `NOT x`
    Not(Box<Expr>),
    /// `a AND b AND c`
    And(Vec<Expr>),
    /// `a OR b OR c`
    Or(Vec<Expr>),
}

/// Arguments of a call.
#[derive(Clone, Debug, PartialEq)]
pub enum Args {
    /// `f(*)`
    Star,
    /// `f(a, b)`
    List(Vec<Expr>),
}

/// `{"key": value}`
#[derive(Clone, Debug, PartialEq)]
pub struct Map {
    /// Entries in order.
    pub entries: Vec<(Text, MapValue)>,
    /// Where.
    pub span: Span,
}

/// Value of a [`Map`]'s entry.
#[derive(Clone, Debug, PartialEq)]
pub enum MapValue {
    /// A constant.
    Constant(Expr),
    /// A map.
    Map(Map),
}

/// Binary operators.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operator {
    /// `*`
    Multiply,
    /// `/`
    Divide,
    /// `%`
    Modulo,
    /// `+`
    Add,
    /// `-`
    Subtract,
    /// `==`
    Equal,
    /// `!=`
    NotEqual,
    /// `<`
    Less,
    /// `<=`
    LessEqual,
    /// `>`
    Greater,
    /// `>=`
    GreaterEqual,
}

impl Operator {
    /// As written.
    pub fn text(self) -> &'static str {
        match self {
            Operator::Multiply => "*",
            Operator::Divide => "/",
            Operator::Modulo => "%",
            Operator::Add => "+",
            Operator::Subtract => "-",
            Operator::Equal => "==",
            Operator::NotEqual => "!=",
            Operator::Less => "<",
            Operator::LessEqual => "<=",
            Operator::Greater => ">",
            Operator::GreaterEqual => ">=",
        }
    }

    /// True for the six comparisons.
    pub fn is_comparison(self) -> bool {
        matches!(
            self,
            Operator::Equal
                | Operator::NotEqual
                | Operator::Less
                | Operator::LessEqual
                | Operator::Greater
                | Operator::GreaterEqual
        )
    }
}

/// Units of time spans.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TimeUnit {
    /// Milliseconds.
    Millisecond,
    /// Seconds.
    Second,
    /// Minutes.
    Minute,
    /// Hours.
    Hour,
    /// Days of 24 hours.
    Day,
    /// Seven days.
    Week,
    /// Calendar months.
    Month,
    /// Three months.
    Quarter,
    /// Twelve months.
    Year,
}

/// Spellings of the units of time spans.
pub(crate) const TIME_UNITS: [(&str, TimeUnit); 30] = [
    ("millisecond", TimeUnit::Millisecond),
    ("milliseconds", TimeUnit::Millisecond),
    ("ms", TimeUnit::Millisecond),
    ("second", TimeUnit::Second),
    ("seconds", TimeUnit::Second),
    ("sec", TimeUnit::Second),
    ("s", TimeUnit::Second),
    ("minute", TimeUnit::Minute),
    ("minutes", TimeUnit::Minute),
    ("min", TimeUnit::Minute),
    ("m", TimeUnit::Minute),
    ("hour", TimeUnit::Hour),
    ("hours", TimeUnit::Hour),
    ("h", TimeUnit::Hour),
    ("day", TimeUnit::Day),
    ("days", TimeUnit::Day),
    ("d", TimeUnit::Day),
    ("week", TimeUnit::Week),
    ("weeks", TimeUnit::Week),
    ("w", TimeUnit::Week),
    ("month", TimeUnit::Month),
    ("months", TimeUnit::Month),
    ("mo", TimeUnit::Month),
    ("quarter", TimeUnit::Quarter),
    ("quarters", TimeUnit::Quarter),
    ("q", TimeUnit::Quarter),
    ("year", TimeUnit::Year),
    ("years", TimeUnit::Year),
    ("yr", TimeUnit::Year),
    ("y", TimeUnit::Year),
];

impl TimeUnit {
    /// The unit of that spelling, in any case.
    pub fn parse(text: &str) -> Option<TimeUnit> {
        TIME_UNITS.iter().find(|(name, _)| name.eq_ignore_ascii_case(text)).map(|(_, unit)| *unit)
    }
}
