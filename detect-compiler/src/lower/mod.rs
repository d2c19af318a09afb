//! From rule to plan: the language's front end, and around its result what the
//! rule's file says besides the query.
//!
//! In: a [`Rule`] and the ruleset's [`Schema`]. Out: a [`Compiled`] rule, or a
//! report with places in the file. The only stage that knows both rules and
//! languages; it must not know the code generator.
//!
//! Every rule type comes through here, deprecated rules too:
//!
//! | type | body |
//! | --- | --- |
//! | query, saved_query | events that satisfy query and filters |
//! | eql | what the query is: events, sequence, sample |
//! | esql | a pipeline |
//! | threshold, new_terms, threat_match | their heads over query and filters |
//! | machine_learning | results of the job: see `anomalies` |
//!
//! Filters and the `os_list` of endpoint rules are conditions on source events:
//! they are joined to the filter of a pipeline and to each term of a sequence (also
//! to `until` and missing terms). Exceptions act on the same events, and on both
//! sides of an indicator match, but stand beside the condition: their values change
//! while the program runs.

mod anomalies;
mod condition;
mod description;
mod exceptions;
mod guard;

pub use description::{AlertOutline, info_tokens, long_texts};
pub(crate) use exceptions::as_condition;
pub use exceptions::{Exempt, exempt};
pub(crate) use guard::of as guard_of;

use crate::diagnostic::{Level, Problem, Report};
use crate::plan::{self, Body, Cond, Field, Plan};
use crate::querydsl;
use crate::rule::{Kind, Language, Rule, Shape, Text};
use crate::schema::Schema;
use crate::{eql, esql, rule};
use condition::QueryLanguages;
use std::collections::HashMap;

/// A rule that was understood.
#[derive(Clone, Debug)]
pub struct Compiled {
    /// Its plan.
    pub plan: Plan,
    /// The text of each stage of the query as written.
    pub stages: Vec<StageText>,
    /// What is doubtful; spans in the file.
    pub warnings: Vec<Problem>,
    /// What the rule groups by: keys of the last STATS, join keys of a
    /// sequence, fields of a threshold or of new terms.
    pub group_by: Vec<String>,
    /// Names of the values in a draft's contents, see
    /// [`RuleInfo::columns`](detect_runtime::alert::RuleInfo::columns).
    pub columns: Vec<String>,
    /// Its exceptions.
    pub exceptions: Exempt,
    /// True if the rule asks a language model (COMPLETION).
    pub completion: bool,
}

/// A stage of a query as written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StageText {
    /// Keyword of an ES|QL command, else the language.
    pub command: String,
    /// Its text.
    pub text: String,
}

/// Compiles a rule.
///
/// # Errors
/// All that is wrong with query, filters and exceptions. Problems of the query
/// and the filters have places in the rule's file; those of exceptions are in a
/// report of their own, as they stand in another file.
///
/// ```
/// use detect_compiler::lower::compile;
/// use detect_compiler::rule::Rule;
/// use detect_compiler::schema::Schema;
/// let rule = Rule::parse("shell.toml", r#"
/// [rule]
/// name = "Shell"
/// description = "A shell."
/// rule_id = "6a8f1f8e-90b7-44a1-a4a5-1d4a9e1f2c01"
/// type = "query"
/// severity = "low"
/// risk_score = 21
/// query = "process.name: (sh or bash)"
/// "#).unwrap();
/// assert!(compile(&rule, &Schema::builtin()).is_ok());
/// ```
pub fn compile(rule: &Rule, schema: &Schema) -> Result<Compiled, Vec<Report>> {
    let mut lowering = Lowering { rule, schema, problems: Vec::new() };
    let compiled = lowering.rule();
    let exceptions = rule.exceptions.as_ref().map(|found| exempt(found, schema)).transpose();
    let problems = lowering.problems;
    match (compiled, exceptions) {
        (Some(mut compiled), Ok(exceptions)) => {
            compiled.warnings = problems;
            compiled.exceptions = exceptions.unwrap_or_default();
            guard::apply(&guard::of(rule, schema), &mut compiled.plan.body);
            Ok(compiled)
        }
        (compiled, exceptions) => {
            let mut reports = Vec::new();
            if compiled.is_none() {
                reports.push(rule.report(problems));
            }
            reports.extend(exceptions.err());
            Err(reports)
        }
    }
}

/// A rule under way.
struct Lowering<'r> {
    rule: &'r Rule,
    schema: &'r Schema,
    /// Spans in the file.
    problems: Vec<Problem>,
}

impl Lowering<'_> {
    fn rule(&mut self) -> Option<Compiled> {
        match &self.rule.kind {
            Kind::Esql => self.esql(),
            Kind::Eql(fields) => self.eql(fields),
            Kind::Query | Kind::SavedQuery => {
                let body = Body::Events(self.search()?);
                Some(self.compiled(body, Vec::new()))
            }
            Kind::Threshold(threshold) => {
                let body = Body::Threshold(plan::Threshold {
                    filter: self.search()?,
                    fields: self.fields(&threshold.fields),
                    value: threshold.value,
                    cardinality: threshold
                        .cardinality
                        .as_ref()
                        .map(|(field, least)| (self.field(&field.value), *least)),
                });
                Some(self.compiled(body, names(&threshold.fields)))
            }
            Kind::NewTerms(terms) => {
                let body = Body::NewTerms(plan::NewTerms {
                    filter: self.search()?,
                    fields: self.fields(&terms.fields),
                    history: terms.history,
                });
                Some(self.compiled(body, names(&terms.fields)))
            }
            Kind::ThreatMatch(threat) => self.threat_match(threat),
            Kind::MachineLearning(job) => {
                let mut compiled =
                    self.compiled(Body::Events(anomalies::condition(job)), Vec::new());
                compiled.plan.index = vec![anomalies::INDEX.to_owned()];
                Some(compiled)
            }
        }
    }

    fn esql(&mut self) -> Option<Compiled> {
        let query = self.rule.query.as_ref()?;
        let languages = QueryLanguages { schema: self.schema };
        let context = esql::Context {
            schema: self.schema,
            query_strings: &languages,
            tables: &HashMap::new(),
            names: esql::Names::Open,
            implicit_limit: None,
        };
        let compiled = self.front_end(query, esql::compile(&query.value, &context))?;
        self.warn(query, compiled.warnings);
        let columns = match &compiled.plan.body {
            Body::Pipeline(pipeline) => {
                pipeline.output.iter().map(|column| column.name.clone()).collect()
            }
            _ => Vec::new(),
        };
        Some(Compiled {
            plan: compiled.plan,
            stages: compiled
                .stages
                .into_iter()
                .map(|stage| StageText { command: stage.command.to_owned(), text: stage.text })
                .collect(),
            warnings: Vec::new(),
            group_by: compiled.group_by,
            columns,
            exceptions: Exempt::default(),
            completion: compiled.completion,
        })
    }

    fn eql(&mut self, fields: &rule::Eql) -> Option<Compiled> {
        let query = self.rule.query.as_ref()?;
        let dialect = match self.rule.shape {
            Shape::Detection => eql::Dialect::Elasticsearch,
            Shape::Endpoint => eql::Dialect::Endpoint,
        };
        let mut context = eql::Context::new(self.schema, dialect);
        if let Some(field) = &fields.event_category_override {
            context.category_field = &field.value;
        }
        if let Some(field) = &fields.timestamp_field {
            context.timestamp_field = &field.value;
        }
        context.tiebreaker_field =
            fields.tiebreaker_field.as_ref().map(|field| field.value.as_str());
        let compiled = self.front_end(query, eql::compile(&query.value, &context))?;
        self.warn(query, compiled.warnings);
        if !compiled.limits.is_empty() {
            self.warn(query, vec![unlimited(query)]);
        }
        let mut body = compiled.body;
        if !self.rule.filters.is_empty() {
            guard::apply(&self.filters(&self.rule.filters)?, &mut body);
        }
        let columns = match &body {
            Body::Sequence(plan::Sequence { terms, .. })
            | Body::Sample(plan::Sample { terms, .. }) => {
                let first = terms.first();
                first.map_or(Vec::new(), |term| {
                    term.keys.iter().map(|(field, _)| field.path.clone()).collect()
                })
            }
            _ => Vec::new(),
        };
        let mut result = self.compiled(body, columns);
        result.plan.lineages = compiled.lineages;
        result.stages = compiled
            .stages
            .into_iter()
            .map(|text| StageText { command: "eql".to_owned(), text })
            .collect();
        Some(result)
    }

    fn threat_match(&mut self, threat: &rule::ThreatMatch) -> Option<Compiled> {
        let filter = self.search();
        let indicator_filter = self.query(threat.query.as_ref(), threat.language, &threat.filters);
        let entry = |entry: &rule::MappingEntry| plan::MappingEntry {
            field: self.field(&entry.field.value),
            indicator: self.field(&entry.indicator.value),
            negate: entry.negate,
        };
        let mapping =
            threat.mapping.iter().map(|group| group.iter().map(entry).collect()).collect();
        let body = Body::ThreatMatch(plan::ThreatMatch {
            filter: filter?,
            indicator_filter: indicator_filter?,
            indicator_index: threat.index.clone(),
            indicator_path: threat.indicator_path.clone(),
            mapping,
        });
        Some(self.compiled(body, Vec::new()))
    }

    /// The rule's query in KQL or Lucene, and its filters.
    fn search(&mut self) -> Option<Cond> {
        self.query(self.rule.query.as_ref(), self.rule.language, &self.rule.filters)
    }

    /// A query in KQL or Lucene, and filters.
    fn query(
        &mut self,
        query: Option<&Text>,
        language: Language,
        filters: &[rule::Filter],
    ) -> Option<Cond> {
        let mut all = Vec::new();
        let cond = match query {
            None => Some(Cond::Const(true)),
            Some(text) => {
                let languages = QueryLanguages { schema: self.schema };
                let found = languages.search(&text.value, language);
                self.front_end(text, found).map(|(cond, warnings)| {
                    self.warn(text, warnings);
                    cond
                })
            }
        };
        let filters = self.filters(filters);
        all.push(cond?);
        match filters? {
            Cond::Const(true) => {}
            filters => all.push(filters),
        }
        Some(querydsl::and(all))
    }

    /// Kibana filters, all of which must hold.
    fn filters(&mut self, filters: &[rule::Filter]) -> Option<Cond> {
        let mut all = Vec::with_capacity(filters.len());
        for filter in filters {
            match condition::filter(&filter.json, self.schema) {
                Ok(cond) => all.push(cond),
                Err(message) => self.problems.push(Problem {
                    level: Level::Error,
                    lint: None,
                    message,
                    span: filter.span.clone(),
                    label: None,
                    help: None,
                }),
            }
        }
        (all.len() == filters.len()).then(|| querydsl::and(all))
    }

    /// The answer of a front end; its problems are moved to the file.
    fn front_end<T>(&mut self, text: &Text, answer: Result<T, Vec<Problem>>) -> Option<T> {
        match answer {
            Ok(found) => Some(found),
            Err(problems) => {
                self.warn(text, problems);
                None
            }
        }
    }

    /// Takes problems with spans in the value of `text`.
    fn warn(&mut self, text: &Text, problems: Vec<Problem>) {
        let source = &self.rule.source;
        self.problems.extend(
            problems.into_iter().map(|problem| Problem {
                span: text.locate(source, problem.span.clone()),
                ..problem
            }),
        );
    }

    /// A rule of which the query is one stage.
    fn compiled(&self, body: Body, columns: Vec<String>) -> Compiled {
        let stages = self.rule.query.iter().map(|query| StageText {
            command: self.rule.language.name().to_owned(),
            text: query.value.trim().to_owned(),
        });
        Compiled {
            plan: Plan { index: self.rule.index.clone(), body, lineages: Vec::new() },
            stages: stages.collect(),
            warnings: Vec::new(),
            group_by: columns.clone(),
            columns,
            exceptions: Exempt::default(),
            completion: false,
        }
    }

    fn fields(&self, fields: &[Text]) -> Vec<Field> {
        fields.iter().map(|field| self.field(&field.value)).collect()
    }

    fn field(&self, path: &str) -> Field {
        Field { path: path.to_owned(), ty: self.schema.lookup(path).ty }
    }
}

fn names(fields: &[Text]) -> Vec<String> {
    fields.iter().map(|field| field.value.clone()).collect()
}

/// A stream of single events has no first or last ones.
fn unlimited(query: &Text) -> Problem {
    Problem {
        level: Level::Warning,
        lint: Some("limit_ignored"),
        message: "`head` and `tail` of an event query are ignored: every event that matches is \
                  an alert"
            .to_owned(),
        span: 0..query.value.len(),
        label: None,
        help: None,
    }
}
