//! Process lineage: which processes descend from one that satisfied a condition
//! (Endpoint `descendant of`).
//!
//! In: the ids of the processes of events, in order. Out: whether an event's
//! process is a descendant. Must not know the condition.
//!
//! # What the code generator emits
//!
//! For each lineage of the ruleset a `Tracker`. Around every event that has a
//! `process.entity_id`:
//!
//! 1. `Tracker::enter` with the event's [`Process`] and whether the event
//!    satisfies the lineage's condition; the answer is the truth of
//!    `descendant of` for this event.
//! 2. `Tracker::leave` with the same process when all conditions have been
//!    evaluated.

/// The process of an event.
#[derive(Clone, Copy, Debug, Default)]
pub struct Process<'a> {
    /// `process.entity_id`.
    pub entity: &'a str,
    /// `process.parent.entity_id`.
    pub parent: Option<&'a str>,
    /// `process.Ext.ancestry`: ids of ancestors.
    pub ancestry: &'a [&'a str],
    /// The event is the process's creation: a `process` event with `event.type`
    /// `start`.
    pub started: bool,
    /// The event is the process's end: a `process` event with `event.type` `end`.
    pub ended: bool,
    /// Rule's time in milliseconds.
    pub time: i64,
}
