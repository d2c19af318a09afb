//! Conformance suites as rulesets: a macro compiles every case through the front
//! end, the plan and the code generator of rules.

mod csv_spec;
mod data_set;
mod front;
