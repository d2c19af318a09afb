//! Why an event matches or not: the rule's conditions as trees, each predicate with
//! what it saw, the one that decided, and where the event would go then.
//!
//! The plain form is walked here. Where the rule is compiled in as it stands, both
//! forms run over the event, and whether they agree is said.

use super::state::{Earlier, Entered};
use crate::cli::failure::Failure;
use crate::cli::output::{self, Tone};
use crate::cli::ruleset::Rules;
use detect::runtime::engine::{Alert, Engine, Options, Ruleset as _, Sink};
use detect::runtime::event::reference::Document;
use detect::runtime::plain::Trace;
use detect_compiler::page::{Conditions, Entry, Verdict};
use detect_compiler::ruleset::Role;
use serde_json::{Value as Json, json};
use std::fmt::Write as _;
use std::io::{self, Write};
use std::path::Path;

/// Explains every event of a file.
pub(super) fn explain(entry: &Entry, path: &Path, as_json: bool) -> Result<(), Failure> {
    let text = std::fs::read_to_string(path).map_err(|error| Failure::read(path, error))?;
    // One document over several lines is one event.
    let whole = serde_json::from_str::<Json>(&text).ok().filter(Json::is_object);
    let lines: Vec<String> = match whole {
        Some(document) => vec![document.to_string()],
        None => text.lines().filter(|l| !l.trim().is_empty()).map(str::to_owned).collect(),
    };
    let mut out = io::stdout().lock();
    let mut agree = true;
    let mut earlier = Earlier::default();
    let conditions = Conditions::of(&entry.planned.lowered.plan);
    for (number, line) in lines.iter().enumerate() {
        let document = Document::parse(line.as_bytes()).map_err(|malformed| {
            let place = format!("{}:{}", path.display(), number + 1);
            Failure::File(format!("{place}:{}: {}", malformed.offset + 1, malformed.reason))
        })?;
        let verdict = conditions.verdict(&document);
        let holds = |role: Role| verdict.admitted && verdict.holds(role);
        let state = earlier.enter(number + 1, entry, &document, &holds);
        let agrees = agrees(entry, line, verdict.matches());
        let answer = Answer { patterns: &entry.page.identity.index, verdict, agrees, state };
        agree &= answer.agrees != Some(false);
        let shown = if as_json { answer.json(number + 1) } else { answer.text(number + 1) };
        out.write_all(shown.as_bytes()).map_err(Failure::output)?;
    }
    out.flush().map_err(Failure::output)?;
    if agree { Ok(()) } else { Err(Failure::Found) }
}

/// What the rule says of one event.
struct Answer<'e> {
    /// The rule's index patterns.
    patterns: &'e [String],
    verdict: Verdict,
    /// Whether compiled and plain form gave the same; `None` = not compiled in.
    agrees: Option<bool>,
    /// Where the event goes if the rule keeps state.
    state: Vec<Entered>,
}

impl Answer<'_> {
    fn text(&self, number: usize) -> String {
        let word = if self.verdict.matches() {
            output::toned("matches", Tone::Good)
        } else {
            output::toned("does not match", Tone::Bad)
        };
        let mut out = format!("event {number} {word}\n");
        if !self.verdict.admitted {
            let name = clean(self.verdict.index.as_deref().unwrap_or_default());
            let patterns = self.patterns.join(", ");
            let _infallible = writeln!(
                out,
                "  the rule does not look at it: its index {name} is none of {patterns}"
            );
        }
        for (role, trace) in &self.verdict.conditions {
            let name = name(*role);
            let (word, tone) =
                if trace.holds { ("holds", Tone::Good) } else { ("does not hold", Tone::Bad) };
            let _infallible = writeln!(out, "  {name} {}", output::toned(word, tone));
            tree(trace, 2, &mut out);
            let decided = trace.deciding();
            let seen =
                if decided.seen.is_empty() { "nothing".into() } else { decided.seen.join(", ") };
            let _infallible =
                writeln!(out, "    decided by: {} (saw {})", clean(&decided.what), clean(&seen));
        }
        for entered in &self.state {
            let _infallible = writeln!(out, "  {}", clean(&entered.text()));
        }
        let verdict = match self.agrees {
            Some(true) => "the compiled form agrees",
            Some(false) => "THE COMPILED FORM DISAGREES: please report this rule and event",
            None => "not compiled in as it stands: plain form only",
        };
        let _infallible = writeln!(out, "  {verdict}");
        out
    }

    fn json(&self, number: usize) -> String {
        let condition = |(role, trace): &(Role, Trace)| {
            json!({
                "condition": name(*role),
                "holds": trace.holds,
                "decided_by": leaf(trace.deciding()),
                "tree": node(trace),
            })
        };
        let answer = json!({
            "event": number,
            "matches": self.verdict.matches(),
            "index": { "name": self.verdict.index, "admitted": self.verdict.admitted },
            "conditions": self.verdict.conditions.iter().map(condition).collect::<Vec<_>>(),
            "state": self.state.iter().map(Entered::text).collect::<Vec<_>>(),
            "pending": self.state.iter().map(Entered::json).collect::<Vec<_>>(),
            "compiled_agrees": self.agrees,
        });
        format!("{answer}\n")
    }
}

/// A condition's name.
pub(super) fn name(role: Role) -> String {
    match role {
        Role::Body => "condition".to_owned(),
        Role::Term(number) => format!("term {}", number + 1),
        Role::Until => "until".to_owned(),
        Role::Lineage(number) => format!("lineage {}", number + 1),
    }
}

fn tree(trace: &Trace, depth: usize, out: &mut String) {
    let (mark, tone) = if trace.holds { ("+", Tone::Good) } else { ("-", Tone::Bad) };
    let _infallible =
        write!(out, "{}{} {}", "  ".repeat(depth), output::toned(mark, tone), clean(&trace.what));
    if trace.parts.is_empty() {
        let seen = if trace.seen.is_empty() { "nothing".into() } else { trace.seen.join(", ") };
        let _infallible = write!(out, "  <- {}", clean(&seen));
    }
    out.push('\n');
    for part in &trace.parts {
        tree(part, depth + 1, out);
    }
}

fn leaf(trace: &Trace) -> Json {
    json!({ "predicate": trace.what, "holds": trace.holds, "seen": trace.seen })
}

fn node(trace: &Trace) -> Json {
    if trace.parts.is_empty() {
        return leaf(trace);
    }
    let parts: Vec<Json> = trace.parts.iter().map(node).collect();
    json!({ "what": trace.what, "holds": trace.holds, "parts": parts })
}

/// Runs the compiled rule over the event, fast and in reference mode: both must give what
/// was shown.
fn agrees(entry: &Entry, line: &str, shown: bool) -> Option<bool> {
    let rule = &entry.planned.rule;
    let content = rule.content_hash();
    let known = |info: &detect::runtime::alert::RuleInfo| {
        info.id == rule.id.value && info.content == content
    };
    let number = Rules::table().rules.iter().position(|own| known(own.info))?;
    let matches = |reference: bool| -> Option<bool> {
        let options = Options { reference, walk_all: true, ..Options::default() };
        let mut engine = Engine::<Rules>::new(options).ok()?;
        engine.feed(line.as_bytes(), &mut Nowhere);
        engine.end_input(&mut Nowhere);
        engine.rule_counts().get(number).map(|counts| counts.matches > 0)
    };
    Some(matches(false)? == shown && matches(true)? == shown)
}

struct Nowhere;

impl Sink for Nowhere {
    fn alert(&mut self, _alert: &Alert<'_>) {}
}

/// Values of events without what a terminal would obey.
fn clean(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect()
}
