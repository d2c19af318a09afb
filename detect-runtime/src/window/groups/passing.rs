//! Which groups had a row at the last tick: a bit a group.

/// A set of group numbers.
#[derive(Default)]
pub(crate) struct Passing {
    words: Vec<u64>,
    count: usize,
}

impl Passing {
    /// Number of groups in the set.
    pub(crate) fn len(&self) -> usize {
        self.count
    }

    /// Whether a group is in the set.
    pub(crate) fn contains(&self, group: u32) -> bool {
        let word = self.words.get(group as usize / 64).copied().unwrap_or(0);
        word >> (group % 64) & 1 == 1
    }

    /// Puts a group in or takes it out.
    pub(crate) fn set(&mut self, group: u32, passing: bool) {
        if self.contains(group) == passing {
            return;
        }
        let word = group as usize / 64;
        if self.words.len() <= word {
            self.words.resize(word + 1, 0);
        }
        self.words[word] ^= 1 << (group % 64);
        if passing {
            self.count += 1;
        } else {
            self.count -= 1;
        }
    }

    /// All groups in the set, ascending.
    pub(crate) fn iter(&self) -> impl Iterator<Item = u32> {
        self.words.iter().enumerate().flat_map(|(word, bits)| {
            (0..64).filter(move |bit| bits >> bit & 1 == 1).map(move |bit| word as u32 * 64 + bit)
        })
    }

    /// Takes all groups out.
    pub(crate) fn clear(&mut self) {
        self.words.clear();
        self.count = 0;
    }
}
