//! The compiled way: rules as generated code in an engine, in normal and in
//! reference mode.

use super::Joined;
use detect::runtime::engine::{Alert, Engine, HeadSpec, Options, Ruleset, Sink};
use detect::runtime::head::{Content, Draft, Settings, Whole};
use std::collections::HashMap;

/// The two modes of an engine.
pub(crate) const MODES: [(&str, bool); 2] = [("compiled", false), ("reference mode", true)];

/// A case as its macro built it.
pub(crate) struct Built {
    pub(crate) name: &'static str,
    pub(crate) query: &'static str,
    /// Number of the rule, or why there is none.
    pub(crate) outcome: Result<usize, &'static str>,
}

impl Built {
    /// The rule of a case that was read again.
    pub(crate) fn rule(&self, name: &str, query: &str) -> Result<usize, String> {
        assert!(
            (self.name, self.query) == (name, query),
            "the test was built of other data: `{}` is not `{name}`",
            self.name
        );
        self.outcome.map_err(|message| format!("`{query}` is refused: {message}"))
    }
}

/// What every rule gives over lines, which are in order of time, as one window.
pub(crate) fn results<R: Ruleset>(lines: &[&str], reference: bool) -> Vec<Vec<Joined>> {
    let whole = Some(Whole { now: Some(super::NOW) });
    let settings = Settings { whole, ..Settings::default() };
    let options = Options { settings, reference, ..Options::default() };
    let mut engine = Engine::<R>::new(options).unwrap_or_else(|error| panic!("{error}"));
    let numbers = lines.iter().enumerate().map(|(number, line)| (line.as_bytes(), number));
    let mut drafts = Drafts {
        numbers: numbers.collect(),
        number: 0,
        samples: R::table().rules.iter().map(|r| matches!(r.head, HeadSpec::Sample(_))).collect(),
        found: R::table().rules.iter().map(|_| Vec::new()).collect(),
    };
    for (number, line) in lines.iter().enumerate() {
        drafts.number = number;
        engine.feed(line.as_bytes(), &mut drafts);
        engine.feed(b"\n", &mut drafts);
    }
    engine.finish(&mut drafts);
    drafts.found
}

/// Collects what the rules give.
struct Drafts<'l> {
    numbers: HashMap<&'l [u8], usize>,
    /// Number of the document at hand.
    number: usize,
    samples: Vec<bool>,
    found: Vec<Vec<Joined>>,
}

impl Sink for Drafts<'_> {
    fn alert(&mut self, _: &Alert<'_>) {}

    fn draft(&mut self, rule: usize, draft: &Draft) {
        let joined = match &draft.content {
            Content::Event(_) => Joined::alone(self.number),
            _ => {
                let key = if self.samples[rule] { super::epoch } else { super::text };
                Joined::of(draft, key, &|line| self.numbers.get(line).copied())
            }
        };
        self.found[rule].push(joined);
    }
}
