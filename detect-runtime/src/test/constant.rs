//! Constant tests in generated code.

use super::{Check, Test};
use crate::event::Raw;
use crate::state::{Decode, Reader};
use crate::value::{Cx, Value, Warning};
use std::sync::OnceLock;

/// Tests, one of which must pass, declared as a `static` by generated code.
#[derive(Debug)]
pub struct Tests {
    encoded: &'static [u8],
    ready: OnceLock<Box<[Check]>>,
}

impl Tests {
    /// `encoded`: a list of [`Test`]s as the compiler wrote it.
    pub const fn new(encoded: &'static [u8]) -> Tests {
        Tests { encoded, ready: OnceLock::new() }
    }

    /// True if the value passes one of them.
    pub fn one(&self, raw: Raw<'_>) -> bool {
        self.checks().iter().any(|check| check.passes(raw))
    }

    /// True if some value passes one of them.
    pub fn any<'a>(&self, values: impl IntoIterator<Item = Raw<'a>>) -> bool {
        values.into_iter().any(|raw| self.one(raw))
    }

    /// The tests as a function of ES|QL: null of null, null and a warning of
    /// several values.
    pub fn check<'a>(&self, cx: &Cx<'a>, value: Value<'a>) -> Value<'a> {
        check_value(cx, value, |raw| self.one(raw))
    }

    fn checks(&self) -> &[Check] {
        self.ready.get_or_init(|| {
            let tests = Vec::<Test>::decode(&mut Reader::new(self.encoded)).unwrap_or_default();
            tests.iter().map(Check::new).collect()
        })
    }
}

/// A test of raw values as a function of ES|QL: null of null, null and a warning
/// of several values.
pub fn check_value<'a>(
    cx: &Cx<'a>,
    value: Value<'a>,
    passes: impl Fn(Raw<'_>) -> bool,
) -> Value<'a> {
    match value {
        Value::Null => Value::Null,
        Value::Multi(_) => cx.warn(Warning::MultiValue),
        Value::Text(text) | Value::Version(text) => Value::Boolean(passes(Raw::Text(text))),
        Value::Boolean(b) => Value::Boolean(passes(Raw::Boolean(b))),
        other => match crate::value::text(other, cx.arena) {
            Some(text) => Value::Boolean(passes(Raw::Text(text))),
            None => Value::Null,
        },
    }
}
