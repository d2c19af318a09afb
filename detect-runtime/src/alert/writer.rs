//! From drafts to documents.

use super::fields::Fields;
use super::identity::Identity;
use super::json::{self, Members};
use super::origin::{Origin, copy, original, quoted, remove};
use super::rating::Verdict;
use super::{Rating, RuleInfo, reason, row, shared};
use crate::event::reference::{Document, Found};
use crate::head::{Content, Draft, Indicator, Source, Suppression};
use crate::state::Encode;
use crate::value::Owned;
use std::collections::HashMap;
use std::sync::Arc;

/// Most indicators that one alert names.
const MOST_ENRICHMENTS: usize = 200;

/// How alerts are written.
#[derive(Clone, Debug)]
pub struct Format {
    /// With the rule's long texts (note, setup).
    pub full: bool,
    /// These texts by the path of their rule, as members of a JSON object without
    /// braces, for rulesets that were compiled without (`texts = false`).
    pub texts: Arc<HashMap<String, String>>,
    /// The Kibana space that ids and `kibana.space_ids` name.
    pub space: String,
}

impl Default for Format {
    fn default() -> Format {
        Format { full: false, texts: Arc::default(), space: "default".to_owned() }
    }
}

/// A written alert document.
#[derive(Clone, Copy, Debug)]
pub struct Written<'w> {
    /// The document: one JSON object without line breaks.
    pub json: &'w str,
    /// `kibana.alert.uuid`.
    pub uuid: &'w str,
    /// A member of a sequence: other rules may read it, people need not.
    pub building_block: bool,
}

/// Writes alert documents; one writer reuses its memory.
#[derive(Debug, Default)]
pub struct Writer {
    format: Format,
    buffer: String,
}

/// Why there is an alert, apart from its contents.
#[derive(Clone, Copy)]
struct Cause<'a> {
    info: &'a RuleInfo,
    rating: Rating,
    time: i64,
    suppression: Option<&'a Suppression>,
}

/// What a threshold rule found.
struct Bucket<'a> {
    terms: &'a [Owned],
    count: u64,
    cardinality: Option<u64>,
    span: (i64, i64),
}

/// An alert on its way into the buffer: what all kinds have in common.
struct Alert<'a> {
    cause: Cause<'a>,
    uuid: &'a str,
    verdict: &'a Verdict,
    fields: Fields<'a>,
    /// Elements of `kibana.alert.ancestors`, as JSON without brackets.
    ancestors: &'a str,
    depth: u32,
    building_block: bool,
}

impl Writer {
    /// A writer of this format.
    pub fn new(format: Format) -> Writer {
        Writer { format, buffer: String::new() }
    }

    /// Writes the documents of a draft: one, or for sequences one a member and
    /// then their alert.
    pub fn write(
        &mut self,
        info: &RuleInfo,
        rating: Rating,
        draft: &Draft,
        emit: &mut dyn FnMut(&Written<'_>),
    ) {
        let cause =
            Cause { info, rating, time: draft.time, suppression: draft.suppression.as_ref() };
        match &draft.content {
            Content::Event(source) => {
                self.over_event(cause, &Origin::of(source), "query", &[], emit, |_| {});
            }
            Content::NewTerms { event, terms } => {
                self.over_event(cause, &Origin::of(event), "new", terms, emit, |all| {
                    json::array(terms.iter(), all.name("kibana.alert.new_terms"), json::value);
                });
            }
            Content::Threat { event, matches } => {
                self.over_event(cause, &Origin::of(event), "query", &[], emit, |all| {
                    let out = all.name("threat.enrichments");
                    json::array(matches.iter().take(MOST_ENRICHMENTS), out, |indicator, out| {
                        enrichment(info.indicator_path, indicator, out);
                    });
                });
            }
            Content::Row { columns, source: Some(source), .. } => {
                self.row_over_event(cause, columns, source, emit);
            }
            Content::Row { columns, source: None, window } => {
                self.row(cause, columns, *window, emit);
            }
            Content::Threshold { terms, count, cardinality, span } => {
                let bucket =
                    Bucket { terms, count: *count, cardinality: *cardinality, span: *span };
                self.threshold(cause, &bucket, emit);
            }
            Content::Sequence { events, .. } => self.sequence(cause, events, emit),
        }
    }

    /// Writes the alert of an event that needs no draft: a match of a stateless
    /// rule without suppression.
    pub fn write_event(
        &mut self,
        info: &RuleInfo,
        rating: Rating,
        (line, index, time): (&[u8], &str, i64),
        emit: &mut dyn FnMut(&Written<'_>),
    ) {
        let origin = Origin::new(line, index);
        let cause = Cause { info, rating, time, suppression: None };
        self.over_event(cause, &origin, "query", &[], emit, |_| {});
    }

    /// An alert that copies its event.
    #[allow(
        clippy::too_many_arguments,
        reason = "one call per kind of content, all arguments differ"
    )]
    fn over_event(
        &mut self,
        cause: Cause<'_>,
        origin: &Origin<'_>,
        kind: &str,
        values: &[Owned],
        emit: &mut dyn FnMut(&Written<'_>),
        more: impl FnOnce(&mut Members<'_>),
    ) {
        let mut identity = self.identity(kind, cause.info);
        identify(origin, &mut identity);
        identify_values(values, &mut identity);
        let uuid = identity.full();
        let fields = Fields::event(origin);
        let verdict = Verdict::mapped(cause.info, cause.rating, fields);
        let mut ancestors = String::new();
        origin.ancestors(&mut ancestors);
        let alert = Alert {
            cause,
            uuid: &uuid,
            verdict: &verdict,
            fields,
            ancestors: &ancestors,
            depth: origin.depth(),
            building_block: cause.info.building_block,
        };
        self.document(&alert, emit, |members| {
            origin.copy(members);
            origin.original(members);
            more(members);
        });
    }

    /// A row that comes from one event: the event, and over it the columns.
    fn row_over_event(
        &mut self,
        cause: Cause<'_>,
        columns: &[Owned],
        source: &Source,
        emit: &mut dyn FnMut(&Written<'_>),
    ) {
        let origin = Origin::of(source);
        let mut identity = self.identity("row of event", cause.info);
        identify(&origin, &mut identity);
        identify_values(columns, &mut identity);
        let uuid = identity.full();
        let fields = Fields::row(cause.info.columns, columns, Some(&origin));
        let verdict = Verdict::mapped(cause.info, cause.rating, fields);
        let mut ancestors = String::new();
        origin.ancestors(&mut ancestors);
        let alert = Alert {
            cause,
            uuid: &uuid,
            verdict: &verdict,
            fields,
            ancestors: &ancestors,
            depth: origin.depth(),
            building_block: cause.info.building_block,
        };
        let laid_over = row::laid_over(fields, &origin);
        self.document(&alert, emit, |members| {
            if laid_over.is_empty() {
                origin.copy(members);
            } else {
                let mut document = origin.document.clone();
                for (name, _) in &laid_over {
                    remove(&mut document, name);
                }
                copy(&document, members);
                for (name, value) in &laid_over {
                    members.value(name, value);
                }
            }
            origin.original(members);
        });
    }

    /// A row of an aggregation: its columns and nothing else.
    fn row(
        &mut self,
        cause: Cause<'_>,
        columns: &[Owned],
        (from, to, number): (i64, i64, u32),
        emit: &mut dyn FnMut(&Written<'_>),
    ) {
        let mut identity = self.identity("row", cause.info);
        identity.part(&cause.info.meaning.to_le_bytes());
        identity.part(&from.to_le_bytes()).part(&to.to_le_bytes()).part(&number.to_le_bytes());
        let fields = Fields::row(cause.info.columns, columns, None);
        self.made_up(cause, identity, fields, emit, |members| {
            for (name, value) in row::written(fields) {
                members.value(name, value);
            }
        });
    }

    fn threshold(
        &mut self,
        cause: Cause<'_>,
        bucket: &Bucket<'_>,
        emit: &mut dyn FnMut(&Written<'_>),
    ) {
        let mut identity = self.identity("threshold", cause.info);
        identity.part(&cause.time.to_le_bytes());
        identify_values(bucket.terms, &mut identity);
        let fields = Fields::row(cause.info.columns, bucket.terms, None);
        self.made_up(cause, identity, fields, emit, |members| {
            for (name, value) in fields.columns() {
                members.value(name, value);
            }
            members.time("kibana.alert.original_time", bucket.span.1);
            let mut result = Members::begin(members.name("kibana.alert.threshold_result"));
            json::array(fields.columns(), result.name("terms"), field_and_value);
            if let (Some(field), Some(distinct)) = (cause.info.cardinality, bucket.cardinality) {
                let distinct = Owned::UnsignedLong(distinct);
                json::array([(field, &distinct)], result.name("cardinality"), field_and_value);
            }
            result.integer("count", bucket.count);
            result.time("from", bucket.span.0);
            result.end();
        });
    }

    /// An alert of which the contents stand in no event. Its one ancestor has
    /// neither id nor index.
    fn made_up(
        &mut self,
        cause: Cause<'_>,
        identity: Identity,
        fields: Fields<'_>,
        emit: &mut dyn FnMut(&Written<'_>),
        contents: impl FnOnce(&mut Members<'_>),
    ) {
        let uuid = identity.full();
        let verdict = Verdict::mapped(cause.info, cause.rating, fields);
        let alert = Alert {
            cause,
            uuid: &uuid,
            verdict: &verdict,
            fields,
            ancestors: r#"{"id":"","type":"event","index":"","depth":0}"#,
            depth: 1,
            building_block: cause.info.building_block,
        };
        self.document(&alert, emit, |members| {
            contents(members);
            members.text("event.kind", "signal");
        });
    }

    /// A building block for each event, then the alert with what they share.
    fn sequence(
        &mut self,
        cause: Cause<'_>,
        events: &[Option<Arc<Source>>],
        emit: &mut dyn FnMut(&Written<'_>),
    ) {
        let origins: Vec<Origin<'_>> =
            events.iter().flatten().map(|source| Origin::of(source)).collect();
        let of_all = |kind: &str| {
            let mut identity = self.identity(kind, cause.info);
            for origin in &origins {
                identify(origin, &mut identity);
            }
            identity
        };
        let group = of_all("sequence").full();
        let verdict = Verdict::plain(cause.info, cause.rating);
        let blocks: Vec<String> = (0..origins.len())
            .map(|position| {
                let mut identity = of_all("building block");
                identity.part(&position.to_le_bytes());
                identity.full()
            })
            .collect();
        let mut lineage = String::new();
        for (position, (origin, uuid)) in origins.iter().zip(&blocks).enumerate() {
            let mut ancestors = String::new();
            origin.ancestors(&mut ancestors);
            let block = Alert {
                cause: Cause { suppression: None, ..cause },
                uuid,
                verdict: &verdict,
                fields: Fields::event(origin),
                ancestors: &ancestors,
                depth: origin.depth(),
                building_block: true,
            };
            self.document(&block, emit, |members| {
                origin.copy(members);
                origin.original(members);
                members.text("kibana.alert.group.id", &group);
                members.integer("kibana.alert.group.index", position as i128);
            });
            if position > 0 {
                lineage.push(',');
            }
            lineage.push_str(&ancestors);
            lineage.push(',');
            let mut own = Members::begin(&mut lineage);
            own.text("id", uuid);
            own.text("type", "signal");
            own.text("index", "");
            own.integer("depth", origin.depth());
            own.text("rule", cause.info.uuid);
            own.end();
        }
        let common = shared::intersection(&origins);
        let text = common.to_string();
        let shell = Origin::new(text.as_bytes(), "");
        let alert = Alert {
            cause,
            uuid: &group,
            verdict: &verdict,
            fields: Fields::event(&shell),
            ancestors: &lineage,
            depth: origins.iter().map(Origin::depth).max().unwrap_or(0) + 1,
            building_block: cause.info.building_block,
        };
        self.document(&alert, emit, |members| {
            copy(&common, members);
            original(&common, members);
            members.text("kibana.alert.group.id", &group);
        });
    }

    /// Writes one document and hands it out.
    fn document(
        &mut self,
        alert: &Alert<'_>,
        emit: &mut dyn FnMut(&Written<'_>),
        contents: impl FnOnce(&mut Members<'_>),
    ) {
        self.buffer.clear();
        let mut members = Members::begin(&mut self.buffer);
        members.time("@timestamp", alert.cause.time);
        contents(&mut members);
        frame(alert, &self.format, &mut members);
        members.end();
        emit(&Written {
            json: &self.buffer,
            uuid: alert.uuid,
            building_block: alert.building_block,
        });
    }

    fn identity(&self, kind: &str, info: &RuleInfo) -> Identity {
        let mut identity = Identity::new(kind);
        identity.part(self.format.space.as_bytes()).part(info.uuid.as_bytes());
        identity
    }
}

/// The members that every alert has.
fn frame(alert: &Alert<'_>, format: &Format, members: &mut Members<'_>) {
    let Alert { cause: Cause { info, suppression, .. }, verdict, .. } = alert;
    json::array([&format.space], members.name("kibana.space_ids"), |space, out| {
        json::text(space, out);
    });
    members.text("kibana.alert.uuid", alert.uuid);
    members.ready(
        r#""kibana.alert.status":"active","kibana.alert.workflow_status":"open","kibana.alert.workflow_tags":[],"kibana.alert.workflow_assignee_ids":[]"#,
    );
    members.text("kibana.alert.severity", verdict.severity.name());
    let risk_score = members.name("kibana.alert.risk_score");
    if verdict.risk_score.fract() == 0.0 {
        json::value(&Owned::Long(verdict.risk_score as i64), risk_score);
    } else {
        json::double(verdict.risk_score, risk_score);
    }
    members.text("kibana.alert.reason", &reason::sentence(verdict, alert.fields));
    members.integer("kibana.alert.depth", alert.depth);
    let ancestors = members.name("kibana.alert.ancestors");
    ancestors.push('[');
    ancestors.push_str(alert.ancestors);
    ancestors.push(']');
    if alert.building_block {
        members.text("kibana.alert.building_block_type", "default");
    }
    if let Some(suppression) = suppression {
        suppressed(info, suppression, format, members);
    }
    members.text("kibana.alert.rule.name", &verdict.name);
    members.ready(info.members);
    if format.full {
        members.ready(info.texts);
        if let Some(texts) = format.texts.get(info.path) {
            members.ready(texts);
        }
    }
}

fn suppressed(
    info: &RuleInfo,
    suppression: &Suppression,
    format: &Format,
    members: &mut Members<'_>,
) {
    // A threshold rule is suppressed by its own fields.
    let names = match info.suppression {
        Some(named) if !named.group_by.is_empty() => named.group_by,
        _ => info.columns,
    };
    let mut instance = Identity::new("instance");
    instance.part(format.space.as_bytes()).part(info.uuid.as_bytes());
    identify_values(&suppression.terms, &mut instance);
    members.text("kibana.alert.instance.id", &instance.full());
    let terms = names.iter().copied().zip(&suppression.terms);
    json::array(terms, members.name("kibana.alert.suppression.terms"), field_and_value);
    members.time("kibana.alert.suppression.start", suppression.span.0);
    members.time("kibana.alert.suppression.end", suppression.span.1);
    members.integer("kibana.alert.suppression.docs_count", suppression.count);
}

fn field_and_value((field, value): (&str, &Owned), out: &mut String) {
    let mut pair = Members::begin(out);
    pair.text("field", field);
    json::value(value, pair.name("value"));
    pair.end();
}

/// One element of `threat.enrichments`.
fn enrichment(path: &str, indicator: &Indicator, out: &mut String) {
    let document = Origin::new(indicator.document.as_bytes(), "");
    let mut element = Members::begin(out);
    let mut object = None;
    document.document.find_composites(path, &mut |found| object = object.or(Some(found)));
    if let Some(object) = object {
        element.name("indicator").push_str(&object.to_string());
    } else {
        dotted_object(&document.document, path, element.name("indicator"));
    }
    let parent = path.rsplit_once('.').map_or("", |(parent, _)| parent);
    if let Some(name) = document.text(&format!("{parent}.feed.name")) {
        let mut feed = Members::begin(element.name("feed"));
        feed.text("name", &name);
        feed.end();
    }
    let mut matched = Members::begin(element.name("matched"));
    matched.text("atomic", &indicator.value);
    matched.text("field", indicator.field);
    let id = document.text("_id").unwrap_or_else(|| indicator.number.to_string());
    matched.text("id", &id);
    matched.text("index", &indicator.index);
    matched.text("type", "indicator_match_rule");
    matched.end();
    element.end();
}

/// The object at a path of a document that spells its members with dots.
fn dotted_object(document: &Document, path: &str, out: &mut String) {
    let mut members = Members::begin(out);
    if let Document::Object(all) = document {
        for (name, _) in all {
            let rest = name.strip_prefix(path).and_then(|rest| rest.strip_prefix('.'));
            let Some(rest) = rest else { continue };
            let mut values = Vec::new();
            document.find(name, &mut |found| {
                if let Found::Scalar(scalar) = found {
                    values.push(scalar);
                }
            });
            match values.as_slice() {
                [] => {}
                [one] => quoted(one, members.name(rest)),
                many => json::array(many, members.name(rest), |scalar, out| quoted(scalar, out)),
            }
        }
    }
    members.end();
}

/// Index, id and version: what tells one event from another.
fn identify(origin: &Origin<'_>, identity: &mut Identity) {
    identity
        .part(origin.index.as_bytes())
        .part(origin.ancestor_id().as_bytes())
        .part(origin.version().as_bytes());
}

fn identify_values(values: &[Owned], identity: &mut Identity) {
    let mut bytes = Vec::new();
    for value in values {
        bytes.clear();
        value.encode(&mut bytes);
        identity.part(&bytes);
    }
}
