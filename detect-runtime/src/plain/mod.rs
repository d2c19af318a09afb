//! The plain form of a rule's condition: a tree that is walked over a document,
//! one predicate at a time. Reference mode and `explain --event` use it.
//!
//! In: bytes that the compiler made of a condition, and a [`Document`] that
//! serde_json parsed. Out: whether the condition holds, and on request what every
//! predicate saw. Of the runtime it uses the meaning of tests and the functions;
//! it must not know the projector, the field matchers or generated code, since
//! it is their measure.

mod codec;
mod evaluate;
mod scope;
mod trace;

#[cfg(test)]
mod tests;

pub(crate) use evaluate::some_field;
pub use scope::Scope;
pub use trace::{Trace, traces};

use crate::event::reference::Document;
use crate::functions::Function;
use crate::test::{Check, Test};
use crate::value::{Owned, Type};

/// A condition.
#[derive(Clone, Debug)]
pub enum Form {
    /// Always or never.
    Const(bool),
    /// Complement.
    Not(Box<Form>),
    /// All hold.
    And(Vec<Form>),
    /// One holds.
    Or(Vec<Form>),
    /// Some value of the field passes.
    Any {
        /// The field.
        path: String,
        /// The test.
        test: Ready,
    },
    /// The field has a value; `objects`: an object counts as one.
    Exists {
        /// The field.
        path: String,
        /// Whether an object counts.
        objects: bool,
    },
    /// The field has exactly one value.
    Single {
        /// The field.
        path: String,
        /// Repeats are one value, as the field is kept.
        distinct: bool,
    },
    /// Some field whose name matches passes, or has a value.
    AnyField {
        /// Names; `*` is any run of characters.
        pattern: String,
        /// The test; `None` asks for a value.
        test: Option<Ready>,
    },
    /// The expression is true.
    Expr {
        /// The expression.
        expr: Expr,
        /// True if some choice of one value for each occurrence of a field
        /// decides, false if a field is read as one multi-value.
        each: bool,
    },
    /// Some element of the arrays at the path satisfies the form, in which paths
    /// that begin with `path` are read from that element.
    Element {
        /// The array.
        path: String,
        /// The condition.
        form: Box<Form>,
    },
    /// The event's process descends from one of this lineage.
    DescendantOf(u32),
}

/// An expression.
#[derive(Clone, Debug)]
pub enum Expr {
    /// A constant.
    Const(Owned),
    /// A column of the row.
    Slot(u32),
    /// A field of the event.
    Field {
        /// The field.
        path: String,
        /// How it is loaded.
        ty: Type,
    },
    /// A field of the event that an earlier term of a sequence matched.
    Captured {
        /// Number of the term.
        term: u32,
        /// The field.
        path: String,
        /// How it is loaded.
        ty: Type,
    },
    /// A call.
    Call {
        /// The function.
        function: &'static Function,
        /// Its arguments.
        args: Vec<Expr>,
    },
    /// Three-valued `AND`.
    And(Vec<Expr>),
    /// Three-valued `OR`.
    Or(Vec<Expr>),
    /// Three-valued `NOT`.
    Not(Box<Expr>),
    /// The value of the first arm whose condition is true.
    Case {
        /// Condition and value.
        arms: Vec<(Expr, Expr)>,
        /// Otherwise.
        otherwise: Box<Expr>,
    },
    /// The first value that is not null.
    Coalesce(Vec<Expr>),
    /// A single value passes one of the tests.
    Test {
        /// The value.
        input: Box<Expr>,
        /// The tests.
        tests: Vec<Ready>,
    },
    /// A condition on the event.
    Form(Box<Form>),
}

/// A test with its pattern made ready.
#[derive(Clone, Debug)]
pub struct Ready {
    test: Test,
    check: Check,
}

impl Ready {
    /// Makes a test ready.
    pub fn new(test: Test) -> Ready {
        Ready { check: Check::new(&test), test }
    }

    /// The test.
    pub fn test(&self) -> &Test {
        &self.test
    }
}

impl Form {
    /// Whether the condition holds for the document.
    pub fn holds<'a>(&'a self, scope: &Scope<'a>) -> bool {
        evaluate::form(self, scope)
    }

    /// Looks at every predicate, also where the outcome is clear without it.
    pub fn trace<'a>(&'a self, scope: &Scope<'a>) -> Trace {
        trace::form(self, scope)
    }
}

impl Expr {
    /// The value of the expression; fields are read as one multi-value.
    pub fn value<'a>(&'a self, scope: &Scope<'a>) -> crate::value::Value<'a> {
        evaluate::expr(self, scope, &mut evaluate::Whole)
    }
}
