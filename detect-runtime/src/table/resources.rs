//! What a program needs beside its rows: given by the user at run time.

use super::LookupTable;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

/// So many answers are remembered; then the memory begins anew.
const MAX_ANSWERS: usize = 10_000;

/// Lookup tables and the completion service, shared by all rules of an engine.
#[derive(Default)]
pub struct Resources {
    /// Tables by name.
    pub lookups: HashMap<String, Arc<LookupTable>>,
    /// Answers prompts.
    pub completion: Option<Arc<dyn Complete>>,
    answers: Mutex<HashMap<Box<str>, Option<Box<str>>>>,
}

/// Answers the prompts of COMPLETION.
pub trait Complete: Send + Sync {
    /// The answer, or `None` if there is none (the column is null then). May take
    /// its time; it is asked once for each distinct prompt, as far as answers are
    /// remembered.
    fn complete(&self, prompt: &str) -> Option<Box<str>>;
}

impl Resources {
    /// Tables by name and the completion service.
    pub fn new(
        lookups: HashMap<String, Arc<LookupTable>>,
        completion: Option<Arc<dyn Complete>>,
    ) -> Resources {
        Resources { lookups, completion, answers: Mutex::default() }
    }

    /// The answer to a prompt, from the cache if it was asked before.
    pub fn complete(&self, prompt: &str) -> Option<Box<str>> {
        let service = self.completion.as_ref()?;
        let mut answers = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(answer) = answers.get(prompt) {
            return answer.clone();
        }
        let answer = service.complete(prompt);
        if answers.len() >= MAX_ANSWERS {
            answers.clear();
        }
        answers.insert(prompt.into(), answer.clone());
        answer
    }
}

impl core::fmt::Debug for Resources {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Resources").field("lookups", &self.lookups.keys()).finish_non_exhaustive()
    }
}
