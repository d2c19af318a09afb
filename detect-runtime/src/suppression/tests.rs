use super::*;
use crate::head::trial::{Event, Trial};
use crate::head::{Losses, Whole};

/// Makes each hit an alert on its event.
struct Every;

impl Head for Every {
    fn hit(&mut self, hit: &Hit<'_>, env: &mut Env<'_>) {
        let content = Content::Event(hit.share());
        env.drafts.push(Draft { time: hit.time, content, suppression: None });
    }

    fn tick(&mut self, _time: i64, _env: &mut Env<'_>) {}

    fn finish(&mut self, _env: &mut Env<'_>) {}

    fn encode(&self, _out: &mut Vec<u8>) {}

    fn decode(&mut self, _from: &mut Reader<'_>) -> Result<(), DecodeError> {
        Ok(())
    }

    fn memory(&self) -> usize {
        0
    }
}

fn suppressed(duration: Option<i64>, missing_is_value: bool) -> Suppressed {
    let info = SuppressionInfo { group_by: &["user", "host.name"], duration, missing_is_value };
    Suppressed::new(Box::new(Every), info, [], Schedule::new(10, 12))
}

/// What an alert shows: time, count, start and end of what it stands for, unless it
/// is plain.
type Shown = (i64, Option<(u64, i64, i64)>);

fn run(
    mut head: Suppressed,
    settings: Settings,
    events: &[(i64, &str)],
    restart: bool,
) -> (Vec<Shown>, Losses) {
    let mut trial = Trial::new(settings);
    for (time, line) in events {
        let event = Event { name: (*line).to_owned(), time: *time, ..Event::default() };
        trial.hit(&mut head, &event, &[]);
        if restart {
            let mut state = Vec::new();
            head.encode(&mut state);
            head = suppressed(head.info.duration, head.info.missing_is_value);
            let mut reader = Reader::new(&state);
            head.decode(&mut reader).expect("own state");
            assert!(reader.is_empty());
        }
    }
    head.finish(&mut trial.env());
    let shown = trial.drafts.iter().map(|draft| {
        let shown = draft.suppression.as_ref().map(|s| (s.count, s.span.0, s.span.1));
        (draft.time, shown)
    });
    (shown.collect(), trial.losses)
}

const A: &str = r#"{"user":"a","host":{"name":"h"}}"#;
const B: &str = r#"{"user":"b","host.name":"h"}"#;
const A_LIST: &str = r#"{"user":["a"],"host.name":["h","h"]}"#;
const NO_USER: &str = r#"{"host":{"name":"h"}}"#;

#[test]
fn groups_and_counts() {
    struct Case {
        name: &'static str,
        duration: Option<i64>,
        missing_is_value: bool,
        whole: bool,
        events: &'static [(i64, &'static str)],
        alerts: &'static [Shown],
        late: u64,
    }
    let cases = [
        Case {
            name: "one alert a run and group, with the number of the others",
            duration: None,
            missing_is_value: true,
            whole: false,
            events: &[(1, A), (2, B), (3, A_LIST), (4, A), (11, A), (12, A)],
            alerts: &[(1, Some((2, 1, 4))), (2, Some((0, 2, 2))), (11, Some((1, 11, 12)))],
            late: 0,
        },
        Case {
            name: "absorbed for the duration, counted from the run of the alert",
            duration: Some(20),
            missing_is_value: true,
            whole: false,
            // Runs 10, 20, 30, 40: the alert of run 10 absorbs runs 10 and 20.
            events: &[(1, A), (9, A), (15, A), (19, A), (21, A), (31, A)],
            alerts: &[(1, Some((1, 1, 9))), (21, Some((0, 21, 21)))],
            late: 3,
        },
        Case {
            name: "a missing value is a value",
            duration: None,
            missing_is_value: true,
            whole: false,
            events: &[(1, NO_USER), (2, NO_USER), (3, "no JSON at all"), (4, A)],
            alerts: &[(1, Some((1, 1, 2))), (3, Some((0, 3, 3))), (4, Some((0, 4, 4)))],
            late: 0,
        },
        Case {
            name: "a missing value lets pass",
            duration: None,
            missing_is_value: false,
            whole: false,
            events: &[(1, NO_USER), (2, NO_USER), (3, A), (4, A)],
            alerts: &[(1, None), (2, None), (3, Some((1, 3, 4)))],
            late: 0,
        },
        Case {
            name: "one window is one run",
            duration: Some(5),
            missing_is_value: true,
            whole: true,
            events: &[(1, A), (500, A), (90, A)],
            alerts: &[(1, Some((2, 1, 500)))],
            late: 0,
        },
    ];
    for case in cases {
        for restart in [false, true] {
            let whole = case.whole.then_some(Whole { now: None });
            let settings = Settings { whole, ..Settings::default() };
            let head = suppressed(case.duration, case.missing_is_value);
            let (alerts, losses) = run(head, settings, case.events, restart);
            assert_eq!(alerts, case.alerts, "{}", case.name);
            assert_eq!(losses.suppressed, case.late, "{}", case.name);
        }
    }
}

#[test]
fn rows_group_by_columns_and_event() {
    let source = Arc::new(crate::head::Source { line: A.as_bytes().into(), index: "".into() });
    let columns = ["user", "n"];
    let row = |user: Owned| Content::Row {
        columns: [user, Owned::Long(3)].into(),
        source: Some(Arc::clone(&source)),
        window: (0, 10, 0),
    };
    let text = |t: &str| Owned::Text(t.into());
    let info = SuppressionInfo {
        group_by: &["user", "host.name", "n", "none"],
        duration: None,
        missing_is_value: true,
    };
    let several = Owned::Multi([text("y"), text("x"), text("y")].into());
    assert_eq!(
        *terms::terms(&info, &columns, &row(several)),
        [Owned::Multi([text("x"), text("y")].into()), text("h"), Owned::Long(3), Owned::Null]
    );
    let sequence = |second: &str| Content::Sequence {
        events: vec![
            Some(Arc::clone(&source)),
            None,
            Some(Arc::new(crate::head::Source {
                line: second.as_bytes().into(),
                index: "".into(),
            })),
        ],
        keys: [].into(),
    };
    assert_eq!(
        *terms::terms(&info, &[], &sequence(B)),
        [Owned::Null, text("h"), Owned::Null, Owned::Null]
    );
}
