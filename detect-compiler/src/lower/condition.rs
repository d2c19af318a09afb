//! The languages of search conditions: KQL, Lucene, Kibana filters.

use crate::diagnostic::{Level, Problem};
use crate::esql::QueryStrings;
use crate::kql;
use crate::plan::Cond;
use crate::rule::Language;
use crate::schema::Schema;
use serde_json::Value as Json;

/// Front ends of search languages over one schema; ES|QL reaches them for
/// `KQL()` and `QSTR()`.
pub(super) struct QueryLanguages<'s> {
    pub(super) schema: &'s Schema,
}

impl QueryLanguages<'_> {
    /// A query and its warnings; anything but Lucene is read as KQL.
    pub(super) fn search(
        &self,
        text: &str,
        language: Language,
    ) -> Result<(Cond, Vec<Problem>), Vec<Problem>> {
        if language == Language::Lucene {
            return Ok((self.lucene(text)?, Vec::new()));
        }
        let compiled = kql::compile(text, self.schema)?;
        Ok((compiled.cond, compiled.warnings))
    }
}

impl QueryStrings for QueryLanguages<'_> {
    fn kql(&self, text: &str) -> Result<Cond, Vec<Problem>> {
        kql::compile(text, self.schema).map(|compiled| compiled.cond)
    }

    fn lucene(&self, text: &str) -> Result<Cond, Vec<Problem>> {
        Err(vec![refusal("Lucene is not supported", 0..text.len())])
    }
}

/// One Kibana filter; the error is a message.
pub(super) fn filter(_filter: &Json, _schema: &Schema) -> Result<Cond, String> {
    Err("filters are not supported".to_owned())
}

fn refusal(message: &str, span: std::ops::Range<usize>) -> Problem {
    Problem {
        level: Level::Error,
        lint: None,
        message: message.to_owned(),
        span,
        label: None,
        help: None,
    }
}
