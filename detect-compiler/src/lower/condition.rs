//! The languages of search conditions: KQL, Lucene, Kibana filters.

use crate::diagnostic::Problem;
use crate::esql::QueryStrings;
use crate::plan::Cond;
use crate::rule::Language;
use crate::schema::Schema;
use crate::{filters, kql, lucene};
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
            let compiled = lucene::compile(text, self.schema)?;
            return Ok((compiled.cond, compiled.warnings));
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
        lucene::compile(text, self.schema).map(|compiled| compiled.cond)
    }
}

/// One Kibana filter; the error is a message.
pub(super) fn filter(filter: &Json, schema: &Schema) -> Result<Cond, String> {
    filters::compile(filter, schema).map_err(|error| error.to_string())
}
