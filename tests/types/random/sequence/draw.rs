//! Random sequences and samples.

use super::super::tree::{Language, Order, Tree};
use proptest::prelude::*;
use proptest::sample::{select, subsequence};

/// What a query is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    Sequence,
    Sample,
    /// A sequence in Endpoint's dialect.
    Endpoint,
}

impl Form {
    pub(crate) fn language(self) -> Language {
        if self == Form::Endpoint { Language::Endpoint } else { Language::Eql }
    }
}

/// A sequence or a sample.
#[derive(Clone, Debug)]
pub(crate) struct Query {
    pub(crate) form: Form,
    /// Keys of the whole, before those of each term.
    pub(super) by: Vec<Key>,
    /// A number and its unit.
    pub(super) maxspan: Option<(i64, &'static str)>,
    pub(super) terms: Vec<Term>,
    pub(super) until: Option<Term>,
    /// `event.sequence` orders events of one time.
    pub(crate) tiebreaker: bool,
    /// Lateness goes by `event.ingested`, the order still by `@timestamp`.
    pub(crate) ingested: bool,
    pub(super) limits: Vec<(&'static str, usize)>,
}

/// A join key.
#[derive(Clone, Debug)]
pub(super) struct Key {
    pub(super) field: &'static str,
    pub(super) optional: bool,
}

/// A term, or `until`.
#[derive(Clone, Debug)]
pub(super) struct Term {
    pub(super) condition: Tree,
    pub(super) missing: bool,
    pub(super) keys: Vec<Key>,
    pub(super) runs: Option<usize>,
    /// Own field, number of the earlier term, its field: in Endpoint's dialect.
    pub(super) alias: Option<(&'static str, usize, &'static str)>,
}

impl Query {
    /// Longest distance of first and last event in milliseconds.
    pub(super) fn span(&self) -> Option<i64> {
        let unit = |unit| match unit {
            "ms" => 1,
            "s" => 1_000,
            _ => 60_000,
        };
        self.maxspan.map(|(number, name)| number * unit(name))
    }
}

/// What events of [`super::stream`] say, so that most conditions hold now and then.
pub(super) const ACTIONS: [&str; 4] = ["a", "A", "b", "ab"];

/// Fields of one kind: keys of one position are comparable.
const KEYS: [&[&str]; 4] = [
    &["user.name", "process.args"],
    &["process.pid", "process.exit_code"],
    &["destination.ip"],
    &["process.code_signature.trusted"],
];

fn action() -> impl Strategy<Value = Tree> {
    subsequence(&ACTIONS[..], 1..3).prop_map(|names| Tree::In("process.name", names))
}

fn condition() -> impl Strategy<Value = Tree> {
    let orders = &[Order::Less, Order::LessEqual, Order::Greater, Order::GreaterEqual][..];
    prop_oneof![
        8 => action(),
        1 => select(&ACTIONS[..]).prop_map(|name| Tree::Differs("process.name", name)),
        1 => any::<bool>().prop_map(|b| Tree::Boolean("process.code_signature.trusted", b)),
        1 => (action(), 0..3i64).prop_map(|(action, n)| {
            Tree::And(vec![action, Tree::Not(Box::new(Tree::IsNumber("process.pid", n)))])
        }),
        1 => (action(), select(orders), 0..3i64).prop_map(|(action, order, n)| {
            Tree::Or(vec![action, Tree::Compare("process.exit_code", order, n)])
        }),
        1 => select(&["user.name", "process.args"][..]).prop_map(Tree::Exists),
    ]
}

/// A key's field is drawn again for each term: `which` of the fields of one kind.
fn keys(kinds: &[usize], which: &[usize], optional: &[bool]) -> Vec<Key> {
    let keys = kinds.iter().zip(which).zip(optional).map(|((kind, which), optional)| Key {
        field: KEYS[*kind][which % KEYS[*kind].len()],
        optional: *optional,
    });
    keys.collect()
}

/// What is drawn for a term beside its condition.
#[derive(Clone, Debug)]
struct Odds {
    missing: bool,
    which: Vec<usize>,
    optional: Vec<bool>,
    runs: Option<usize>,
    alias: Option<(usize, usize)>,
}

fn odds() -> impl Strategy<Value = Odds> {
    let which = prop::collection::vec(0..2usize, 2);
    let optional = prop::collection::vec(prop::bool::weighted(0.3), 2);
    let runs = prop::option::weighted(0.15, 1..4usize);
    let alias = prop::option::weighted(0.5, (0..3usize, 0..4usize));
    (prop::bool::weighted(0.25), which, optional, runs, alias).prop_map(
        |(missing, which, optional, runs, alias)| Odds { missing, which, optional, runs, alias },
    )
}

/// Random queries.
pub(crate) fn query() -> impl Strategy<Value = Query> {
    let form = prop_oneof![
        6 => Just(Form::Sequence),
        1 => Just(Form::Sample),
        2 => Just(Form::Endpoint),
    ];
    let kinds = |most: usize| prop::collection::vec(0..KEYS.len(), 0..=most);
    let spans = select(&[(1, "s"), (3, "s"), (10, "s"), (500, "ms"), (1, "m")][..]);
    let limit = (select(&["head", "tail"][..]), 0..4usize);
    (
        (form, kinds(2), kinds(1), prop::option::weighted(0.7, spans)),
        prop::collection::vec((condition(), odds()), 2..=4),
        prop::option::weighted(0.3, (condition(), odds())),
        (odds(), prop::bool::weighted(0.3), prop::collection::vec(limit, 0..2)),
        prop::bool::weighted(0.4),
    )
        .prop_map(|((form, by, own, maxspan), terms, until, more, ingested)| {
            let (of_all, tiebreaker, limits) = more;
            let term = |(condition, odds): (Tree, Odds)| Term {
                condition,
                missing: odds.missing,
                keys: keys(&own, &odds.which, &odds.optional),
                runs: odds.runs,
                alias: None,
            };
            let aliases: Vec<_> = terms.iter().map(|(_, odds)| odds.alias).collect();
            let query = Query {
                form,
                by: keys(&by, &of_all.which, &of_all.optional),
                maxspan,
                terms: terms.into_iter().map(term).collect(),
                until: until.map(term),
                tiebreaker,
                ingested,
                limits,
            };
            query.possible(&aliases)
        })
}

impl Query {
    /// The query as far as its form allows it.
    fn possible(mut self, aliases: &[Option<(usize, usize)>]) -> Query {
        if let Some(until) = &mut self.until {
            (until.missing, until.runs) = (false, None);
        }
        if self.terms.iter().all(|term| term.missing) {
            self.terms[0].missing = false;
        }
        if self.form != Form::Sequence {
            for term in &mut self.terms {
                (term.missing, term.runs) = (false, None);
            }
            (self.tiebreaker, self.ingested) = (false, false);
        }
        match self.form {
            Form::Sequence => {
                if self.terms.iter().any(|term| term.missing) {
                    self.maxspan.get_or_insert((3, "s"));
                }
            }
            Form::Sample => {
                (self.maxspan, self.until) = (None, None);
                if self.by.is_empty() && self.terms[0].keys.is_empty() {
                    self.by.push(Key { field: "user.name", optional: false });
                }
            }
            Form::Endpoint => {
                self.limits.clear();
                let mine = |n: usize| ["user.name", "process.args"][n % 2];
                for (at, alias) in aliases.iter().enumerate().skip(1) {
                    self.terms[at].alias =
                        alias.map(|(term, fields)| (mine(fields), term % at, mine(fields / 2)));
                }
                let own = self.terms.iter_mut().chain(&mut self.until);
                let keys = own.flat_map(|term| &mut term.keys).chain(&mut self.by);
                keys.for_each(|key| key.optional = false);
            }
        }
        self
    }
}
