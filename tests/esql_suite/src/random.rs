//! Random queries: whatever plan the front end accepts, rustc must accept what the code
//! generator makes of it. The macro's caller is the crate that rustc is asked about.
//!
//! Queries are drawn command by command and expression by expression; what the front
//! end refuses is drawn again. The same seed gives the same queries.

use crate::front;
use crate::rules;
use detect_compiler::esql::{Context, Names, compile};
use detect_compiler::plan::Plan;
use detect_compiler::schema::Schema;
use detect_runtime::{aggregate, functions};
use proc_macro2::{Ident, TokenStream};
use quote::quote;
use std::collections::HashMap;

/// How many queries are drawn.
const QUERIES: usize = 150;

/// Stored fields of every type.
const FIELDS: [&str; 18] = [
    "process.name",
    "process.pid",
    "process.args",
    "process.interactive",
    "user.name",
    "@timestamp",
    "event.created",
    "event.type",
    "event.risk_score",
    "source.ip",
    "source.geo.location",
    "destination.port",
    "file.size",
    "host.name",
    "message",
    "unknown.field",
    "_id",
    "host.uptime",
];

const LITERALS: [&str; 20] = [
    "null",
    "true",
    "false",
    "0",
    "1",
    "-7",
    "3",
    "2.5",
    "1e300",
    "9223372036854775807",
    "\"a\"",
    "\"a b\"",
    "\"\"",
    "[1, 2]",
    "[\"a\", \"b\"]",
    "3 days",
    "1 month",
    "\"2026-01-01T00:00:00Z\"::datetime",
    "\"10.0.0.1\"::ip",
    "\"1.2.3\"::version",
];

const TYPES: [&str; 9] = [
    "keyword",
    "integer",
    "long",
    "double",
    "boolean",
    "datetime",
    "ip",
    "version",
    "unsigned_long",
];

/// The ruleset and `static QUERIES: &[&str]`, the queries by rule.
pub(crate) fn ruleset(name: &Ident) -> TokenStream {
    let schema = Schema::builtin();
    let mut drawn = Draw::new(&schema);
    let (mut queries, mut plans): (Vec<String>, Vec<Plan>) = (Vec::new(), Vec::new());
    while queries.len() < QUERIES {
        let query = drawn.query();
        if let Some(plan) = drawn.plan(&query) {
            queries.push(query);
            plans.push(plan);
        }
    }
    let ruleset = rules::ruleset(name, &plans);
    quote!(#ruleset static QUERIES: &[&str] = &[#(#queries),*];)
}

struct Draw<'s> {
    schema: &'s Schema,
    state: u64,
    names: u32,
    /// The commands so far.
    query: String,
    /// Columns in sight.
    columns: Vec<String>,
    functions: Vec<&'static str>,
    aggregates: Vec<&'static str>,
}

impl<'s> Draw<'s> {
    fn new(schema: &'s Schema) -> Draw<'s> {
        let mut functions: Vec<&str> = functions::all().map(|function| function.name).collect();
        let mut aggregates: Vec<&str> = aggregate::names().collect();
        functions.sort_unstable();
        aggregates.sort_unstable();
        Draw {
            schema,
            state: 0x9e37_79b9_7f4a_7c15,
            names: 0,
            query: String::new(),
            columns: Vec::new(),
            functions,
            aggregates,
        }
    }

    /// xorshift64*
    fn below(&mut self, bound: usize) -> usize {
        self.state ^= self.state >> 12;
        self.state ^= self.state << 25;
        self.state ^= self.state >> 27;
        (self.state.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33) as usize % bound
    }

    fn one_of<'t>(&mut self, all: &[&'t str]) -> &'t str {
        all[self.below(all.len())]
    }

    fn name(&mut self, kind: &str) -> String {
        self.names += 1;
        format!("{kind}{}", self.names)
    }

    fn plan(&self, query: &str) -> Option<Plan> {
        let cx = Context {
            schema: self.schema,
            query_strings: &front::Strings(self.schema),
            tables: &HashMap::new(),
            names: Names::Open,
            implicit_limit: None,
        };
        compile(query, &cx).ok().map(|compiled| compiled.plan)
    }

    /// Whether the command may stand behind those before.
    fn fits(&self, command: &str) -> bool {
        self.plan(&format!("{} | {command}", self.query)).is_some()
    }

    fn query(&mut self) -> String {
        "from logs-* metadata _id".clone_into(&mut self.query);
        self.columns = FIELDS.map(str::to_owned).to_vec();
        for _ in 0..=self.below(4) {
            for _ in 0..6 {
                let (command, columns) = self.command();
                if self.fits(&command) {
                    self.query = format!("{} | {command}", self.query);
                    self.columns = columns;
                    break;
                }
            }
        }
        self.query.clone()
    }

    /// A command, and the columns behind it.
    fn command(&mut self) -> (String, Vec<String>) {
        let mut columns = self.columns.clone();
        let command = match self.below(12) {
            0..=2 => format!("where {}", self.condition(2)),
            3..=5 => {
                let name = self.name("v");
                columns.push(name.clone());
                format!("eval {name} = {}", self.expression(3))
            }
            6 | 7 => {
                let (text, made) = self.stats();
                columns = made;
                format!("stats {text}")
            }
            8 => {
                let (text, made) = self.stats();
                columns.extend(made);
                format!("inline stats {text}")
            }
            9 => {
                let order = self.one_of(&["", " desc", " asc nulls first", " desc nulls last"]);
                let sort = format!("sort {}{order}", self.expression(1));
                if self.below(2) == 0 { format!("{sort} | limit {}", self.below(9)) } else { sort }
            }
            10 => format!("mv_expand {}", self.column()),
            _ => {
                let (input, names) = (self.column(), [self.name("d"), self.name("d")]);
                columns.extend(names.iter().cloned());
                let [a, b] = names;
                if self.below(2) == 0 {
                    format!("dissect {input} \"%{{{a}}} %{{{b}}}\"")
                } else {
                    format!("grok {input} \"%{{WORD:{a}}} %{{INT:{b}:int}}\"")
                }
            }
        };
        (command, columns)
    }

    fn stats(&mut self) -> (String, Vec<String>) {
        let (mut parts, mut made) = (Vec::new(), Vec::new());
        for _ in 0..=self.below(2) {
            if let Some(aggregate) = self.aggregate() {
                let name = self.name("s");
                parts.push(format!("{name} = {aggregate}"));
                made.push(name);
            }
        }
        let mut text = if parts.is_empty() { "count(*)".to_owned() } else { parts.join(", ") };
        if self.below(4) > 0 {
            let (name, key) = (self.name("k"), self.expression(1));
            text = format!("{text} by {name} = {key}");
            made.push(name);
        }
        (text, made)
    }

    fn aggregate(&mut self) -> Option<String> {
        for _ in 0..12 {
            let at = self.below(self.aggregates.len());
            let name = self.aggregates[at];
            let mut args = vec![self.expression(1)];
            for _ in 0..self.below(3) {
                let more = match self.below(3) {
                    0 => self.expression(0),
                    _ => self.one_of(&["3", "50", "\"asc\"", "\"desc\""]).to_owned(),
                };
                args.push(more);
            }
            let mut text = format!("{name}({})", args.join(", "));
            text = match self.below(5) {
                0 => format!("{text} + 1"),
                1 => format!("{text} where {}", self.condition(1)),
                _ => text,
            };
            if self.fits(&format!("stats x = {text}")) {
                return Some(text);
            }
        }
        None
    }

    fn column(&mut self) -> String {
        let at = self.below(self.columns.len().max(1));
        self.columns.get(at).cloned().unwrap_or_else(|| "null".to_owned())
    }

    /// An expression that may be assigned.
    fn expression(&mut self, depth: usize) -> String {
        for _ in 0..12 {
            let candidate = self.candidate(depth);
            if self.fits(&format!("eval x = {candidate}")) {
                return candidate;
            }
        }
        self.column()
    }

    fn condition(&mut self, depth: usize) -> String {
        for _ in 0..12 {
            let (a, b) = (self.expression(depth), self.expression(depth.saturating_sub(1)));
            let candidate = match self.below(9) {
                0 => format!("{a} is null"),
                1 => format!("{a} is not null"),
                2 => format!("not ({a} == {b})"),
                3 => format!("{a} in ({b}, {})", self.one_of(&LITERALS)),
                4 => format!("{a} like \"*a?\""),
                5 => format!("{a} rlike \"a.*|b+\""),
                6 if depth > 0 => {
                    let (a, b) = (self.condition(depth - 1), self.condition(depth - 1));
                    format!("({a} {} {b})", self.one_of(&["and", "or"]))
                }
                _ => format!("{a} {} {b}", self.one_of(&["==", "!=", "<", "<=", ">", ">="])),
            };
            if self.fits(&format!("where {candidate}")) {
                return candidate;
            }
        }
        "true".to_owned()
    }

    fn candidate(&mut self, depth: usize) -> String {
        if depth == 0 || self.below(6) == 0 {
            return if self.below(2) == 0 { self.column() } else { self.one_of(&LITERALS).into() };
        }
        match self.below(10) {
            0 => {
                let operator = self.one_of(&["+", "-", "*", "/", "%"]);
                format!(
                    "({} {operator} {})",
                    self.expression(depth - 1),
                    self.expression(depth - 1)
                )
            }
            1 => format!("({})::{}", self.expression(depth - 1), self.one_of(&TYPES)),
            2 => format!(
                "case({}, {}, {})",
                self.condition(depth - 1),
                self.expression(depth - 1),
                self.expression(depth - 1)
            ),
            3 => {
                format!("coalesce({}, {})", self.expression(depth - 1), self.expression(depth - 1))
            }
            4 => format!("({})", self.condition(depth - 1)),
            _ => {
                let at = self.below(self.functions.len());
                let name = self.functions[at];
                let args: Vec<String> =
                    (0..=self.below(3)).map(|_| self.candidate(depth - 1)).collect();
                format!("{name}({})", args.join(", "))
            }
        }
    }
}
