//! Bytes to lines.
//!
//! In: a stream of bytes in chunks of any size. Out: whole lines with their
//! places, and counts of what was no event. Must not know JSON's grammar nor
//! rules.
//!
//! A line ends at a line feed or at the end of the input; a carriage return
//! before it is not part of it. A byte-order mark at the start of the input is
//! passed over. Lines of white space alone are no events and nothing bad. A line
//! above the limit is bad; its bytes are not kept.

mod counts;
mod lines;

pub use counts::{BadLine, Counts, Fault};
pub use lines::{LINE_LIMIT, Line, Lines, each_line, one_line};
