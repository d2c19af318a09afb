//! Search before parse.
