//! Scalar functions: one implementation each, for the constant folder, for
//! generated code and for the plain form.
//!
//! In: values. Out: a value, or null and a counted warning. Must not know
//! events, rules or how a call was written.

pub mod conditional;
pub mod convert;
pub mod date;
pub mod eql;
pub mod geo;
pub mod hash;
pub mod json;
pub mod logic;
pub mod math;
pub mod multivalue;
pub mod network;
pub mod operator;
pub mod pattern;
mod ready;
pub mod signature;
pub(crate) mod single;
pub mod string;
#[cfg(test)]
pub(crate) mod trial;

pub use ready::Ready;

use crate::value::{Cx, Type, Value};
use std::collections::HashMap;
use std::sync::LazyLock;

/// A function's code. Dispatch on the kinds of the values replaces a variant
/// per type: `add` of two integers checks 32 bits, of two longs 64.
pub type Scalar = for<'a> fn(&Cx<'a>, &[Value<'a>]) -> Value<'a>;

/// A function with a costly constant argument (a pattern, a format, a block
/// list) that was made ready once.
pub trait Prepared: Send + Sync {
    /// Applies it; `args` are all arguments as written, constants included.
    fn apply<'a>(&self, cx: &Cx<'a>, args: &[Value<'a>]) -> Value<'a>;
}

/// What is known of an argument when a call is resolved.
#[derive(Clone, Copy, Debug)]
pub struct Argument<'v> {
    /// Its type.
    pub ty: Type,
    /// Its value if it is constant (a string literal may be cast implicitly).
    pub constant: Option<Value<'v>>,
}

/// A resolved call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signature {
    /// Type of the result.
    pub result: Type,
    /// The type that each argument must be cast to before the call (equal to
    /// its own type where nothing is to be done).
    pub arguments: Vec<Type>,
}

/// Why a call does not resolve; rendered by the compiler with the call's span.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SignatureError {
    /// Wrong number of arguments.
    #[error("expected {expected} arguments, got {got}")]
    Count {
        /// In words: `2`, `1 to 3`, `at least 1`.
        expected: String,
        /// How many there are.
        got: usize,
    },
    /// An argument of a type that the function does not take.
    #[error("argument {} must be {expected}, got {got:?}", index + 1)]
    Type {
        /// Position from 0.
        index: usize,
        /// In words.
        expected: String,
        /// Its type.
        got: Type,
    },
    /// A constant argument with a value that the function refuses.
    #[error("argument {}: {reason}", index + 1)]
    Constant {
        /// Position from 0.
        index: usize,
        /// In words.
        reason: String,
    },
}

/// Makes a [`Prepared`] of the constant arguments (`None` = not constant). An error
/// says that a constant is none that the function takes; where a constant is only
/// missing, what comes back calls the function as it is.
pub type Prepare = fn(&[Option<Value<'_>>]) -> Result<Box<dyn Prepared>, SignatureError>;

/// One entry of the table of functions.
pub struct Function {
    /// Lower-case name; operators have names too (`add`, `equals`, `not`).
    /// EQL functions carry the prefix `eql.`.
    pub name: &'static str,
    /// Path of `eval` below `detect_runtime::functions`, for generated code.
    pub path: &'static str,
    /// The code.
    pub eval: Scalar,
    /// Argument types to result type.
    pub resolve: fn(&[Argument<'_>]) -> Result<Signature, SignatureError>,
    /// Present where constant arguments are worth preparing.
    pub prepare: Option<Prepare>,
}

impl core::fmt::Debug for Function {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_tuple("Function").field(&self.name).finish()
    }
}

/// The tables of all rooms.
const ROOMS: &[&[Function]] = &[
    conditional::FUNCTIONS,
    convert::FUNCTIONS,
    date::FUNCTIONS,
    eql::FUNCTIONS,
    geo::FUNCTIONS,
    hash::FUNCTIONS,
    json::FUNCTIONS,
    logic::FUNCTIONS,
    math::FUNCTIONS,
    multivalue::FUNCTIONS,
    network::FUNCTIONS,
    operator::FUNCTIONS,
    pattern::FUNCTIONS,
    string::FUNCTIONS,
];

/// Other names of functions.
const ALIASES: &[(&str, &str)] = &[
    ("to_bool", "to_boolean"),
    ("to_dbl", "to_double"),
    ("to_dt", "to_datetime"),
    ("to_int", "to_integer"),
    ("to_str", "to_string"),
    ("to_ul", "to_unsigned_long"),
    ("to_ulong", "to_unsigned_long"),
    ("to_ver", "to_version"),
];

static BY_NAME: LazyLock<HashMap<&'static str, &'static Function>> =
    LazyLock::new(|| all().map(|function| (function.name, function)).collect());

/// All functions.
pub fn all() -> impl Iterator<Item = &'static Function> {
    ROOMS.iter().copied().flatten()
}

/// The function of a lower-case name.
///
/// ```
/// use detect_runtime::functions::lookup;
/// assert_eq!(lookup("to_str").map(|function| function.name), Some("to_string"));
/// assert!(lookup("to_lowercase").is_none());
/// ```
pub fn lookup(name: &str) -> Option<&'static Function> {
    let full = ALIASES.iter().find(|(alias, _)| *alias == name).map_or(name, |(_, full)| full);
    BY_NAME.get(full).copied()
}

/// The conversion to a type: what `x::type` and implicit casts call. `None` for
/// null and the source document.
///
/// ```
/// use detect_runtime::functions::conversion;
/// use detect_runtime::value::Type;
/// assert_eq!(conversion(Type::Date).map(|function| function.name), Some("to_datetime"));
/// ```
pub fn conversion(to: Type) -> Option<&'static Function> {
    lookup(convert::function_to(to)?)
}
