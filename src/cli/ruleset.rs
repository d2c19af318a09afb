//! The rules that are compiled into the program. Its root names them, so that tests can
//! be the program with other rules.

pub(crate) use crate::Rules;
