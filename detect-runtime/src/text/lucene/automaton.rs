//! Intersection and complement: a node that holds them becomes a deterministic
//! automaton by Brzozowski's derivatives (J. ACM 11, 1964), and the automaton
//! becomes an expression without them by eliminating states.

use super::parse::normal;
use super::{Class, LAST, Node, RegexError};
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// Most states of an automaton.
const STATES: usize = 300;
/// Largest expression, in nodes, while states are eliminated.
const NODES: usize = 20_000;

/// The same language without [`Node::And`] and [`Node::Not`].
pub(super) fn without_sets(node: Node) -> Result<Node, RegexError> {
    Ok(match node {
        Node::Class(_) => node,
        Node::Concat(parts) => Node::Concat(each(parts)?),
        Node::Or(choices) => Node::Or(each(choices)?),
        Node::Repeat(inner, least, most) => {
            Node::Repeat(Box::new(without_sets(*inner)?), least, most)
        }
        Node::And(_) | Node::Not(_) => eliminate(Automaton::of(&canonical(&node))?)?,
    })
}

fn each(nodes: Vec<Node>) -> Result<Vec<Node>, RegexError> {
    nodes.into_iter().map(without_sets).collect()
}

/// Rebuilds a node by the simplifying constructors below.
fn canonical(node: &Node) -> Node {
    match node {
        Node::Class(class) => Node::Class(normal(class.clone())),
        Node::Concat(parts) => {
            parts.iter().rev().fold(Node::EMPTY, |rest, part| concat(canonical(part), rest))
        }
        Node::Or(choices) => or(choices.iter().map(canonical)),
        Node::And(all) => and(all.iter().map(canonical)),
        Node::Not(inner) => not(canonical(inner)),
        Node::Repeat(inner, least, most) => repeat(canonical(inner), *least, *most),
    }
}

fn is_nothing(node: &Node) -> bool {
    *node == Node::NOTHING || matches!(node, Node::Class(class) if class.is_empty())
}

fn concat(first: Node, rest: Node) -> Node {
    if is_nothing(&first) || is_nothing(&rest) {
        return Node::NOTHING;
    }
    let parts = |node| match node {
        Node::Concat(parts) => parts,
        other => vec![other],
    };
    let mut all = parts(first);
    all.extend(parts(rest));
    if all.len() == 1 { all.remove(0) } else { Node::Concat(all) }
}

fn or(choices: impl Iterator<Item = Node>) -> Node {
    let mut all = BTreeSet::new();
    let mut class = Class::new();
    for choice in choices {
        match choice {
            Node::Or(inner) => all.extend(inner),
            Node::Class(ranges) => class.extend(ranges),
            other => {
                all.insert(other);
            }
        }
    }
    // Classes of the inner choices join as well.
    all.retain(|node| match node {
        Node::Class(ranges) => {
            class.extend(ranges);
            false
        }
        _ => true,
    });
    if !class.is_empty() {
        all.insert(Node::Class(normal(class)));
    }
    if all.contains(&Node::any_text()) {
        return Node::any_text();
    }
    match all.len() {
        1 => all.pop_first().unwrap_or(Node::NOTHING),
        _ => Node::Or(all.into_iter().collect()),
    }
}

fn and(nodes: impl Iterator<Item = Node>) -> Node {
    let mut all = BTreeSet::new();
    for node in nodes {
        match node {
            Node::And(inner) => all.extend(inner),
            nothing if is_nothing(&nothing) => return Node::NOTHING,
            everything if everything == Node::any_text() => {}
            other => {
                all.insert(other);
            }
        }
    }
    match all.len() {
        0 => Node::any_text(),
        1 => all.pop_first().unwrap_or(Node::NOTHING),
        _ => Node::And(all.into_iter().collect()),
    }
}

fn not(node: Node) -> Node {
    match node {
        Node::Not(inner) => *inner,
        nothing if is_nothing(&nothing) => Node::any_text(),
        everything if everything == Node::any_text() => Node::NOTHING,
        other => Node::Not(Box::new(other)),
    }
}

fn repeat(node: Node, least: u32, most: Option<u32>) -> Node {
    match (least, most) {
        (_, Some(0)) => Node::EMPTY,
        (1, Some(1)) => node,
        _ if node == Node::EMPTY || (is_nothing(&node) && least == 0) => Node::EMPTY,
        _ if is_nothing(&node) => Node::NOTHING,
        (0, None) => match node {
            Node::Repeat(inner, 0, None) => Node::Repeat(inner, 0, None),
            other => Node::Repeat(Box::new(other), 0, None),
        },
        _ => Node::Repeat(Box::new(node), least, most),
    }
}

/// Whether the empty text matches.
fn nullable(node: &Node) -> bool {
    match node {
        Node::Class(_) => false,
        Node::Concat(parts) => parts.iter().all(nullable),
        Node::Or(choices) => choices.iter().any(nullable),
        Node::And(all) => all.iter().all(nullable),
        Node::Not(inner) => !nullable(inner),
        Node::Repeat(inner, least, _) => *least == 0 || nullable(inner),
    }
}

/// What must follow after the character `c`.
fn derive(node: &Node, c: u32) -> Node {
    match node {
        Node::Class(class) => {
            let holds = class.iter().any(|(from, to)| (*from..=*to).contains(&c));
            if holds { Node::EMPTY } else { Node::NOTHING }
        }
        Node::Concat(parts) => {
            let mut choices = Vec::new();
            for (index, part) in parts.iter().enumerate() {
                let rest = parts[index + 1..].iter().cloned();
                let rest = rest.rev().fold(Node::EMPTY, |rest, part| concat(part, rest));
                choices.push(concat(derive(part, c), rest));
                if !nullable(part) {
                    break;
                }
            }
            or(choices.into_iter())
        }
        Node::Or(choices) => or(choices.iter().map(|choice| derive(choice, c))),
        Node::And(all) => and(all.iter().map(|node| derive(node, c))),
        Node::Not(inner) => not(derive(inner, c)),
        Node::Repeat(inner, least, most) => {
            let rest = repeat(
                (**inner).clone(),
                least.saturating_sub(1),
                most.map(|most| most.saturating_sub(1)),
            );
            if *most == Some(0) { Node::NOTHING } else { concat(derive(inner, c), rest) }
        }
    }
}

/// A deterministic automaton; state 0 is the first.
struct Automaton {
    /// By state: target and the characters that lead there.
    edges: Vec<BTreeMap<usize, Class>>,
    accepting: Vec<bool>,
}

impl Automaton {
    fn of(node: &Node) -> Result<Automaton, RegexError> {
        let intervals = intervals(node);
        let mut numbers = HashMap::from([(node.clone(), 0)]);
        let mut open = vec![node.clone()];
        let (mut edges, mut accepting) = (Vec::new(), Vec::new());
        while let Some(state) = open.get(edges.len()).cloned() {
            let mut out: BTreeMap<usize, Class> = BTreeMap::new();
            for (from, to) in &intervals {
                let next = derive(&state, *from);
                if is_nothing(&next) {
                    continue;
                }
                let count = numbers.len();
                let number = *numbers.entry(next.clone()).or_insert(count);
                if number == count {
                    open.push(next);
                }
                out.entry(number).or_default().push((*from, *to));
            }
            if open.len() > STATES {
                return Err(RegexError::TooComplex { limit: STATES });
            }
            accepting.push(nullable(&state));
            edges.push(out);
        }
        Ok(Automaton { edges, accepting })
    }
}

/// Intervals of characters that no class of the node tells apart.
fn intervals(node: &Node) -> Vec<(u32, u32)> {
    fn cuts(node: &Node, out: &mut BTreeSet<u32>) {
        match node {
            Node::Class(class) => {
                out.extend(class.iter().flat_map(|(from, to)| [*from, to + 1]));
            }
            Node::Concat(all) | Node::Or(all) | Node::And(all) => {
                for node in all {
                    cuts(node, out);
                }
            }
            Node::Not(inner) | Node::Repeat(inner, ..) => cuts(inner, out),
        }
    }
    // Surrogates are no characters: nothing begins or ends among them.
    let mut all = BTreeSet::from([0, 0xd800, 0xe000]);
    cuts(node, &mut all);
    let all: Vec<u32> = all.into_iter().filter(|cut| *cut <= LAST).collect();
    let ends = all.iter().skip(1).map(|cut| cut - 1).chain([LAST]);
    let pairs = all.iter().copied().zip(ends);
    pairs.filter(|(from, _)| !(0xd800..0xe000).contains(from)).collect()
}

/// An expression for the automaton: states are taken out one by one, each leaving
/// `in (loop)* out` on the ways around it; those with the fewest ways go first.
fn eliminate(automaton: Automaton) -> Result<Node, RegexError> {
    let count = automaton.edges.len();
    let (first, last) = (count, count + 1);
    let mut edges: BTreeMap<(usize, usize), Node> = BTreeMap::new();
    for (from, targets) in automaton.edges.into_iter().enumerate() {
        for (to, class) in targets {
            edges.insert((from, to), Node::Class(normal(class)));
        }
        if automaton.accepting[from] {
            edges.insert((from, last), Node::EMPTY);
        }
    }
    edges.insert((first, 0), Node::EMPTY);
    let mut left: BTreeSet<usize> = (0..count).collect();
    while let Some(state) = left.iter().copied().min_by_key(|state| ways(&edges, *state)) {
        left.remove(&state);
        let around = match edges.remove(&(state, state)) {
            Some(node) => repeat(node, 0, None),
            None => Node::EMPTY,
        };
        let into: Vec<_> = edges.keys().filter(|(_, to)| *to == state).copied().collect();
        let into: Vec<_> =
            into.iter().filter_map(|key| Some((key.0, edges.remove(key)?))).collect();
        let out: Vec<_> = edges.keys().filter(|(from, _)| *from == state).copied().collect();
        let out: Vec<_> = out.iter().filter_map(|key| Some((key.1, edges.remove(key)?))).collect();
        for (from, before) in &into {
            for (to, behind) in &out {
                let way = concat(before.clone(), concat(around.clone(), behind.clone()));
                let joined = match edges.remove(&(*from, *to)) {
                    Some(other) => or([other, way].into_iter()),
                    None => way,
                };
                edges.insert((*from, *to), joined);
            }
        }
        if edges.values().map(size).sum::<usize>() > NODES {
            return Err(RegexError::TooComplex { limit: STATES });
        }
    }
    Ok(edges.remove(&(first, last)).unwrap_or(Node::NOTHING))
}

fn ways(edges: &BTreeMap<(usize, usize), Node>, state: usize) -> usize {
    let into = edges.keys().filter(|(from, to)| *to == state && *from != state).count();
    let out = edges.keys().filter(|(from, to)| *from == state && *to != state).count();
    into * out
}

fn size(node: &Node) -> usize {
    1 + match node {
        Node::Class(class) => class.len(),
        Node::Concat(all) | Node::Or(all) | Node::And(all) => all.iter().map(size).sum(),
        Node::Not(inner) | Node::Repeat(inner, ..) => size(inner),
    }
}
