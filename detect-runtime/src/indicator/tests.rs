//! Mappings by table, and against a scan of all indicators.

use super::*;
use crate::head::trial::{Event, Trial, name};
use crate::value::address;
use proptest::prelude::*;

const fn entry(position: u16, field: &'static str, ty: Type, indicator: &'static str) -> EntrySpec {
    EntrySpec { position, field, ty, indicator, negate: false }
}

const HASH: EntrySpec = entry(0, "file.hash", Type::Keyword, "ti.hash");
const IP: EntrySpec = entry(1, "source.ip", Type::Ip, "ti.ip");
const PORT: EntrySpec = entry(2, "source.port", Type::Long, "ti.port");
const NOT_PORT: EntrySpec = EntrySpec { negate: true, ..PORT };
const NOT_IP: EntrySpec = EntrySpec { negate: true, ..IP };

const fn spec(mapping: &'static [&'static [EntrySpec]]) -> ThreatSpec {
    ThreatSpec { mapping, indices: &[], filter: &[] }
}

static HASHES: ThreatSpec = spec(&[&[HASH]]);
static EITHER: ThreatSpec = spec(&[&[HASH], &[IP]]);
static BOTH: ThreatSpec = spec(&[&[IP, PORT]]);
static EXCEPT: ThreatSpec = spec(&[&[IP, NOT_PORT]]);
static ONLY_NOT: ThreatSpec = spec(&[&[NOT_IP]]);

fn set(spec: &'static ThreatSpec, lines: &[&str]) -> Arc<Indicators> {
    let mut builder = Builder::new(spec);
    builder.file("feed");
    for line in lines {
        let _ = builder.line(line.as_bytes(), &mut |d| !d.to_string().contains("stale"));
    }
    Arc::new(builder.finish())
}

/// Fields of an event: hash, address, port; comma between several values.
fn run(matcher: &mut Matcher, fields: [&str; 3]) -> Option<Vec<(u64, &'static str, String)>> {
    let lists: Vec<Vec<Value<'_>>> = fields
        .iter()
        .enumerate()
        .map(|(at, field)| {
            let words = field.split(',').filter(|w| !w.is_empty());
            words
                .map(|w| match at {
                    0 => Value::Text(w),
                    1 => Value::Ip(address::parse(w).unwrap()),
                    _ => Value::Long(w.parse().unwrap()),
                })
                .collect()
        })
        .collect();
    let row: Vec<Value<'_>> = lists.iter().map(|l| Value::from_slice(l)).collect();
    let mut trial = Trial::default();
    trial.hit(matcher, &Event { name: "event".into(), ..Event::default() }, &row);
    let draft = trial.drafts.pop()?;
    assert!(trial.drafts.is_empty(), "one alert an event");
    let Content::Threat { event, matches } = draft.content else { panic!("no threat") };
    assert_eq!(name(&event), "event");
    Some(matches.iter().map(|m| (m.number, m.field, m.value.to_string())).collect())
}

/// Rule, lines of the file, fields of the event, what matches.
type Row<'t> = (&'static ThreatSpec, &'t [&'t str], [&'t str; 3], &'t [(u64, &'t str, &'t str)]);

#[test]
fn mappings_by_table() {
    let a = r#"{"ti":{"hash":"a","ip":"10.0.0.1"}}"#;
    let both = r#"{"ti.hash":["b","a"]}"#;
    let stale = r#"{"ti":{"hash":"a"},"stale":1}"#;
    let block = r#"{"ti":{"ip":"10.0.0.0/8"}}"#;
    let mapped = r#"{"ti":{"ip":"::ffff:10.0.0.1","port":"80"}}"#;
    let ports = r#"{"ti":{"ip":"10.0.0.1","port":[1,2]}}"#;
    let port = r#"{"ti":{"ip":"10.0.0.2","port":80}}"#;
    let table: &[Row<'_>] = &[
        (&HASHES, &[a], ["a", "", ""], &[(0, "file.hash", "a")]),
        (&HASHES, &[a], ["A", "", ""], &[]),
        (&HASHES, &[], ["a", "", ""], &[]),
        (
            &HASHES,
            &["no json", a, stale, both],
            ["x,a", "", ""],
            &[(1, "file.hash", "a"), (3, "file.hash", "a")],
        ),
        (&HASHES, &[both], ["b,a", "", ""], &[(0, "file.hash", "a"), (0, "file.hash", "b")]),
        (
            &EITHER,
            &[a, block],
            ["a", "10.0.0.1", ""],
            &[(0, "file.hash", "a"), (0, "source.ip", "10.0.0.1"), (1, "source.ip", "10.0.0.1")],
        ),
        (&EITHER, &[a, block], ["", "11.0.0.1", ""], &[]),
        (
            &BOTH,
            &[mapped],
            ["", "10.0.0.1", "80"],
            &[(0, "source.ip", "10.0.0.1"), (0, "source.port", "80")],
        ),
        (
            &BOTH,
            &[mapped, port],
            ["", "10.0.0.2", "81,80"],
            &[(1, "source.ip", "10.0.0.2"), (1, "source.port", "80")],
        ),
        (&BOTH, &[mapped], ["", "10.0.0.1", "81"], &[]),
        (&BOTH, &[mapped], ["", "10.0.0.1", ""], &[]),
        (&BOTH, &[ports], ["", "10.0.0.1", "1"], &[]),
        (&BOTH, &[a], ["", "10.0.0.1", "1"], &[]),
        (&EXCEPT, &[mapped], ["", "10.0.0.1", "81"], &[(0, "source.ip", "10.0.0.1")]),
        (&EXCEPT, &[mapped], ["", "10.0.0.1", "81,80"], &[]),
        (&EXCEPT, &[mapped], ["", "10.0.0.1", ""], &[(0, "source.ip", "10.0.0.1")]),
        (&EXCEPT, &[a], ["", "10.0.0.1", ""], &[]),
        (&ONLY_NOT, &[block], ["", "10.9.9.9", ""], &[]),
        (&ONLY_NOT, &[block], ["", "11.9.9.9", ""], &[(0, "", "")]),
    ];
    for (spec, lines, fields, expected) in table {
        let mut matcher = Matcher::new(spec);
        matcher.replace_indicators(&set(spec, lines));
        let got = run(&mut matcher, *fields);
        let got: Option<Vec<(u64, &str, &str)>> =
            got.as_ref().map(|all| all.iter().map(|m| (m.0, m.1, m.2.as_str())).collect());
        let expected = (!expected.is_empty()).then(|| expected.to_vec());
        assert_eq!(got, expected, "{lines:?} {fields:?}");
    }
}

#[test]
fn an_alert_holds_at_most_200_indicators() {
    let mut matcher = Matcher::new(&HASHES);
    matcher.replace_indicators(&set(&HASHES, &[r#"{"ti":{"hash":"a"}}"#; 500]));
    let got = run(&mut matcher, ["a", "", ""]).unwrap();
    assert_eq!((got.len(), got[0].0, got[199].0), (200, 0, 199));
}

#[test]
fn indicators_change_between_events_and_know_their_index() {
    let mut matcher = Matcher::new(&HASHES);
    assert_eq!(run(&mut matcher, ["a", "", ""]), None);
    matcher.replace_indicators(&set(&HASHES, &[r#"{"ti":{"hash":"a"},"_index":"logs-ti"}"#]));
    assert_eq!(run(&mut matcher, ["a", "", ""]).map(|m| m.len()), Some(1));
    assert_eq!(&**matcher.indicators().document(0).2, "logs-ti");
    matcher.replace_indicators(&set(&HASHES, &[r#"{"ti":{"hash":"b"}}"#]));
    assert_eq!(&**matcher.indicators().document(0).2, "feed");
    assert_eq!(run(&mut matcher, ["a", "", ""]), None);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    /// Address (as block) and port of indicators, against a loop over all.
    #[test]
    fn equals_a_scan(
        indicators in prop::collection::vec((0..4u8, 0..4u8, 28..33u8, 0..3u16), 0..20),
        event in (0..4u8, 0..4u8, 0..3u16),
        negate in any::<bool>(),
    ) {
        let lines: Vec<String> = indicators
            .iter()
            .map(|(a, b, bits, port)| {
                format!(r#"{{"ti":{{"ip":"10.0.{a}.{b}/{bits}","port":{port}}}}}"#)
            })
            .collect();
        let spec = if negate { &EXCEPT } else { &BOTH };
        let mut matcher = Matcher::new(spec);
        let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
        matcher.replace_indicators(&set(spec, &lines));
        let (a, b, port) = event;
        let got = run(&mut matcher, ["", &format!("10.0.{a}.{b}"), &port.to_string()]);
        let got: BTreeSet<u64> = got.into_iter().flatten().map(|m| m.0).collect();
        let number = |a: u8, b: u8| u32::from_be_bytes([10, 0, a, b]);
        let expected: BTreeSet<u64> = (0..)
            .zip(&indicators)
            .filter(|(_, (c, d, bits, p))| {
                let shift = 32 - u32::from(*bits);
                number(a, b) >> shift == number(*c, *d) >> shift && (*p == port) != negate
            })
            .map(|(n, _)| n)
            .collect();
        prop_assert_eq!(got, expected);
    }
}
