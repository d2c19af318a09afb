//! Calls whose constant arguments are prepared once: a pattern becomes an
//! automaton when the ruleset is made, not while events flow.

use super::{Prepared, lookup};
use crate::value::{Cx, Value};
use std::sync::OnceLock;

/// A call with constant arguments, declared as a `static` by generated code.
pub struct Ready {
    name: &'static str,
    constants: &'static [Option<Value<'static>>],
    prepared: OnceLock<Option<Box<dyn Prepared>>>,
}

impl Ready {
    /// `constants`: the arguments, `None` where an argument is not constant. The
    /// compiler has checked that the function accepts them.
    pub const fn new(name: &'static str, constants: &'static [Option<Value<'static>>]) -> Ready {
        Ready { name, constants, prepared: OnceLock::new() }
    }

    /// Applies the function; null if it cannot be prepared.
    pub fn apply<'a>(&self, cx: &Cx<'a>, args: &[Value<'a>]) -> Value<'a> {
        match self.get() {
            Some(prepared) => prepared.apply(cx, args),
            None => Value::Null,
        }
    }

    /// Prepares it, if that has not been done.
    pub fn prepare(&self) {
        let _ = self.get();
    }

    fn get(&self) -> Option<&dyn Prepared> {
        let make = || lookup(self.name)?.prepare?(self.constants).ok();
        self.prepared.get_or_init(make).as_deref()
    }
}

impl core::fmt::Debug for Ready {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_tuple("Ready").field(&self.name).finish()
    }
}
