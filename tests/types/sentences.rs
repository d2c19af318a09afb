//! Sentences of the language references, one a row of `tests/data/sentences.toml`:
//! the condition that a front end makes of a query, walked over events.

use super::random::{condition, holds};
use detect_compiler::plan::plain;
use detect_compiler::schema::Schema;
use serde_json::Value as Json;

#[test]
fn conditions_hold_where_the_references_say_so() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/sentences.toml");
    let text = std::fs::read_to_string(path).expect("the rows");
    let rows: toml::Table = text.parse().expect("TOML");
    let schema = Schema::builtin();
    let (mut wrong, mut count) = (Vec::new(), 0);
    for row in rows["row"].as_array().expect("rows") {
        let says = row["says"].as_str().expect("a sentence");
        for language in ["eql", "endpoint", "kql", "lucene"] {
            let Some(query) = row.get(language).and_then(toml::Value::as_str) else { continue };
            let cond = match condition(query, language, &schema) {
                Ok(cond) => plain::form(&cond),
                Err(message) => {
                    wrong.push(format!("{says}\n  {language}: {message}"));
                    continue;
                }
            };
            for (expected, events) in [(true, &row["yes"]), (false, &row["no"])] {
                for event in events.as_array().expect("events") {
                    count += 1;
                    let event: Json = serde_json::from_str(event.as_str().expect("a text"))
                        .unwrap_or_else(|error| panic!("{says}: {event}: {error}"));
                    if holds(&cond, &event) != expected {
                        wrong.push(format!("{says}\n  {language}: {query}\n  {event}: {expected}"));
                    }
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{} of {count}:\n{}", wrong.len(), wrong.join("\n"));
    assert!(count > 300, "{count}");
}
