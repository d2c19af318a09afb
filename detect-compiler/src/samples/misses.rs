//! Documents that fail by little: one fewer than demanded, one value changed, one field
//! left out.

use super::Proposal;
use super::documents::Flat;
use super::search::Wishes;

/// What is changed, and what comes of it; the smallest changes first.
pub(super) fn of(proposal: &Proposal, wishes: &[Wishes]) -> Vec<(String, Proposal)> {
    let mut misses = Vec::new();
    let count = proposal.docs.len();
    if count > 1 {
        misses.push(("one event fewer".to_owned(), kept(proposal, count - 1)));
        let first = Proposal { docs: proposal.docs[1..].to_vec(), ..proposal.clone() };
        misses.push(("without the first event".to_owned(), first));
    }
    let asked = || wishes.iter().flat_map(|wishes| wishes.iter());
    for (path, wish) in asked().filter(|(_, wish)| !wish.pass.is_empty()) {
        if let Some(text) = wish.miss(path) {
            let value = wish.json(&text);
            let name = format!("`{path}` is {value}");
            misses.push((
                name,
                changed(proposal, &|doc| {
                    if let Some(own) = doc.get_mut(path) {
                        *own = value.clone();
                    }
                }),
            ));
        }
    }
    for (path, _) in asked().filter(|(_, wish)| wish.wanted()) {
        let without = changed(proposal, &|doc| drop(doc.remove(path)));
        misses.push((format!("without `{path}`"), without));
    }
    if count > 2 {
        misses.push(("half of the events".to_owned(), kept(proposal, count / 2)));
        misses.push(("the first event alone".to_owned(), kept(proposal, 1)));
    }
    if !proposal.indicators.is_empty() {
        let none = Proposal { indicators: Vec::new(), ..proposal.clone() };
        misses.push(("no indicator".to_owned(), none));
    }
    misses
}

fn kept(proposal: &Proposal, count: usize) -> Proposal {
    let docs = proposal.docs.iter().take(count).cloned().collect();
    Proposal { docs, ..proposal.clone() }
}

fn changed(proposal: &Proposal, change: &dyn Fn(&mut Flat)) -> Proposal {
    let mut changed = proposal.clone();
    changed.docs.iter_mut().for_each(change);
    changed
}
