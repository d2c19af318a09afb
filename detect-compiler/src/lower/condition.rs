//! The languages of search conditions: KQL, Lucene, Kibana filters.

use crate::diagnostic::{Level, Problem};
use crate::esql::QueryStrings;
use crate::plan::Cond;
use crate::rule::Language;
use crate::schema::Schema;
use serde_json::Value as Json;

/// Front ends of search languages over one schema; ES|QL reaches them for
/// `KQL()` and `QSTR()`.
pub(super) struct QueryLanguages;

impl QueryLanguages {
    /// A query and its warnings; anything but Lucene is read as KQL.
    pub(super) fn search(
        &self,
        text: &str,
        language: Language,
    ) -> Result<(Cond, Vec<Problem>), Vec<Problem>> {
        if language == Language::Lucene {
            return Ok((self.lucene(text)?, Vec::new()));
        }
        Ok((self.kql(text)?, Vec::new()))
    }
}

impl QueryStrings for QueryLanguages {
    fn kql(&self, text: &str) -> Result<Cond, Vec<Problem>> {
        Err(vec![not_yet("KQL", text.len())])
    }

    fn lucene(&self, text: &str) -> Result<Cond, Vec<Problem>> {
        Err(vec![not_yet("Lucene", text.len())])
    }
}

/// One Kibana filter; the error is a message.
pub(super) fn filter(_filter: &Json, _schema: &Schema) -> Result<Cond, String> {
    Err("filters are not supported".to_owned())
}

/// A language that is not there yet.
pub(super) fn not_yet(what: &str, length: usize) -> Problem {
    Problem {
        level: Level::Error,
        lint: None,
        message: format!("{what}: not supported yet"),
        span: 0..length,
        label: None,
        help: None,
    }
}
