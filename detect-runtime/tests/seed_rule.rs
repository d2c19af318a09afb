//! The seed's rule, written by hand as generated code writes it, over the events
//! and right answers of `shared/seed/expected`: one window, every tick, changes.

use bumpalo::Bump;
use detect_runtime::aggregate::{self, Count, CountDistinct, Values};
use detect_runtime::head::{Content, Draft, Env, Head, Hit, Losses, Settings, Whole};
use detect_runtime::state::Reader;
use detect_runtime::table::{self, OutputColumn, Program, Resources, SortKey, Stage, StatsSpec};
use detect_runtime::value::{Cx, Owned, Type, Value, Warnings};
use detect_runtime::window::{self, Schedule};
use serde_json::{Map, Value as Json, json};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Fields of the first slots.
const FIELDS: [&str; 11] = [
    "event.action",
    "host.os.type",
    "event.type",
    "process.name",
    "process.parent.name",
    "process.parent.executable",
    "process.executable",
    "agent.id",
    "host.name",
    "data_stream.dataset",
    "data_stream.namespace",
];

fn where1<'a>(row: &[Value<'a>], _cx: &Cx<'a>) -> bool {
    let is = |slot: usize, text: &str| matches!(row[slot], Value::Text(t) if t == text);
    let among = |slot: usize, texts: &[&str]| texts.iter().any(|text| is(slot, text));
    let like = |slot: usize, test: &dyn Fn(&str) -> bool| match row[slot] {
        Value::Text(t) => test(t),
        _ => false,
    };
    is(1, "linux")
        && is(2, "start")
        && is(0, "exec")
        && among(3, &["scp", "ftp", "sftp", "vsftpd", "sftp-server", "rsync"])
        && (among(4, &["bash", "dash", "sh", "tcsh", "csh", "zsh", "ksh", "fish"])
            || like(4, &|t| {
                t.starts_with('.')
                    || [".elf", ".sh", ".py", ".rb", ".pl", ".js"].iter().any(|e| t.ends_with(e))
                    || t.contains(".lua")
                    || t.contains(".php")
            })
            || like(5, &|t| {
                let folders = "/tmp/ /var/tmp/ /dev/shm/ ./ /run/ /var/run/ /boot/ /sys/ \
                     /lost+found/ /proc/ /var/mail/ /var/www/ /home/ /root/";
                folders.split_whitespace().any(|folder| t.starts_with(folder))
            }))
}

detect_runtime::group! {
    struct Group2 {
        a0: Count,
        a1: CountDistinct,
        a2: Values,
        a3: Values,
        a4: Values,
        a5: Values,
    }
    update(state, row, cx) {
        state.a0.update(&[], cx);
        state.a1.update(&[row[7]], cx);
        state.a2.update(&[row[8]], cx);
        state.a3.update(&[row[7]], cx);
        state.a4.update(&[row[9]], cx);
        state.a5.update(&[row[10]], cx);
    }
    saturated(state) { state.a0.reached(5) || state.a1.reached(2) }
}

fn keys2<'a>(row: &[Value<'a>], keys: &mut [Value<'a>], _cx: &Cx<'a>) {
    keys[0] = row[6];
    keys[1] = row[5];
}

fn where3<'a>(row: &[Value<'a>], _cx: &Cx<'a>) -> bool {
    matches!(row[1], Value::Long(1)) && matches!(row[0], Value::Long(count) if count < 5)
}

fn sort4<'a>(row: &[Value<'a>], _cx: &Cx<'a>) -> Value<'a> {
    row[0]
}

/// MV_MIN of columns that are sorted.
fn eval5<'a>(row: &mut [Value<'a>], _cx: &Cx<'a>) {
    row[8] = row[3].as_slice().first().copied().unwrap_or_default();
    row[9] = row[2].as_slice().first().copied().unwrap_or_default();
}

const fn column(name: &'static str, slot: usize) -> OutputColumn {
    OutputColumn { name, ty: Type::Keyword, slot }
}

static PROGRAM: Program = Program {
    frames: &[11, 10],
    stages: &[
        Stage::MvExpand(0),
        Stage::Where(where1),
        Stage::Stats(&StatsSpec {
            aggregates: 6,
            keys: 2,
            compute_keys: keys2,
            store: aggregate::store::<Group2>,
        }),
        Stage::Where(where3),
        Stage::Sort(&[SortKey { expr: sort4, descending: false, nulls_first: false }]),
        Stage::Eval(eval5),
    ],
    per_event: 2,
    output: &[
        column("agent.id", 8),
        column("host.name", 9),
        column("process.executable", 6),
        column("process.parent.executable", 7),
        OutputColumn { name: "Esql.event_count", ty: Type::Long, slot: 0 },
        OutputColumn { name: "Esql.agent_id_count_distinct", ty: Type::Long, slot: 1 },
        column("Esql.host_name_values", 2),
        column("Esql.agent_id_values", 3),
        column("Esql.data_stream_dataset_values", 4),
        column("Esql.data_stream_namespace_values", 5),
    ],
    aggregating: true,
    uses_now: false,
};

/// Every hour over the last 61 minutes.
const SCHEDULE: Schedule = Schedule::new(3_600_000, 61 * 60_000);

/// An event: its time by the rule, and its fields.
struct Event {
    time: i64,
    fields: Vec<Owned>,
}

fn shared() -> Option<PathBuf> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/seed/expected");
    if path.is_dir() {
        return Some(path);
    }
    println!("skipped: {} is not there", path.display());
    None
}

fn events(file: &Path) -> Vec<Event> {
    let bytes = std::fs::read(file).expect("input");
    let text = if file.extension().is_some_and(|extension| extension == "zst") {
        zstd::decode_all(&*bytes).expect("zstd")
    } else {
        bytes
    };
    text.split(|byte| *byte == b'\n').filter_map(event).collect()
}

fn event(line: &[u8]) -> Option<Event> {
    let document: Json = serde_json::from_slice(line).ok()?;
    let all = |path: &str| {
        let mut values = Vec::new();
        collect(&document, path, &mut values);
        values
    };
    let only = |path: &str| all(path).into_iter().next();
    if let (Some(kind), Some(dataset)) = (only("data_stream.type"), only("data_stream.dataset"))
        && (kind != "logs" || dataset != "endpoint.events.process")
    {
        return None;
    }
    let time = only("event.ingested").or_else(|| only("@timestamp"))?;
    let time: jiff::Timestamp = time.parse().ok()?;
    let fields = FIELDS.map(|path| {
        // Stored keywords come sorted and without repeats.
        let values: BTreeSet<String> = all(path).into_iter().collect();
        let values: Vec<Owned> = values.into_iter().map(|v| Owned::Text(v.into())).collect();
        match <[Owned; 1]>::try_from(values) {
            Ok([one]) => one,
            Err(none) if none.is_empty() => Owned::Null,
            Err(many) => Owned::Multi(many.into()),
        }
    });
    Some(Event { time: time.as_millisecond(), fields: fields.to_vec() })
}

/// All scalars at a dotted path, however it is nested.
fn collect(value: &Json, path: &str, values: &mut Vec<String>) {
    match value {
        Json::Array(all) => all.iter().for_each(|value| collect(value, path, values)),
        Json::Object(object) => {
            for (name, value) in object {
                if let Some(rest) = path.strip_prefix(name.as_str()) {
                    match rest.strip_prefix('.') {
                        Some(rest) => collect(value, rest, values),
                        None if rest.is_empty() => collect(value, "", values),
                        None => {}
                    }
                }
            }
        }
        Json::Null => {}
        scalar if path.is_empty() => {
            values.push(scalar.as_str().map_or_else(|| scalar.to_string(), str::to_owned));
        }
        _ => {}
    }
}

/// A rule that runs.
struct Run {
    head: Box<dyn Head>,
    settings: Settings,
    drafts: Vec<Draft>,
    losses: Losses,
    warnings: Warnings,
    matched: usize,
}

impl Run {
    fn new(settings: Settings) -> Run {
        Run {
            head: window::head(&PROGRAM, SCHEDULE, Arc::default()),
            settings,
            drafts: Vec::new(),
            losses: Losses::default(),
            warnings: Warnings::default(),
            matched: 0,
        }
    }

    fn call(&mut self, with: impl FnOnce(&mut dyn Head, &mut Env<'_>)) {
        let arena = Bump::new();
        let mut env = Env {
            arena: &arena,
            settings: &self.settings,
            drafts: &mut self.drafts,
            losses: &mut self.losses,
            warnings: &self.warnings,
        };
        with(&mut *self.head, &mut env);
    }

    fn feed(&mut self, position: u64, event: &Event) {
        let (arena, warnings) = (Bump::new(), Warnings::default());
        let cx = Cx { arena: &arena, now: event.time, warnings: &warnings };
        let mut row: Vec<Value<'_>> = event.fields.iter().map(|f| f.lend(&arena)).collect();
        let stages = &PROGRAM.stages[..PROGRAM.per_event];
        let mut hits: Vec<Vec<Value<'_>>> = Vec::new();
        table::run_rows(stages, &mut row, &cx, &Resources::default(), &mut |row| {
            hits.push(row.to_vec());
        });
        for row in &hits {
            self.matched += 1;
            let hit = Hit {
                time: event.time,
                order: 0,
                position,
                row,
                terms: 0,
                lineages: 0,
                source: None,
            };
            self.call(|head, env| head.hit(&hit, env));
        }
    }

    fn finish(&mut self) {
        self.call(|head, env| head.finish(env));
    }

    /// Replaces the head by one that read its state.
    fn restart(&mut self) {
        let mut state = Vec::new();
        self.head.encode(&mut state);
        self.head = window::head(&PROGRAM, SCHEDULE, Arc::default());
        let mut reader = Reader::new(&state);
        self.head.decode(&mut reader).expect("state");
        assert!(reader.is_empty());
    }
}

fn show(draft: &Draft) -> (String, Json) {
    let Content::Row { columns, .. } = &draft.content else { panic!("a row") };
    let mut object = Map::new();
    for (column, value) in PROGRAM.output.iter().zip(columns) {
        let single = |value: &Owned| match value {
            Owned::Null => Json::Null,
            Owned::Long(n) => json!(n),
            Owned::Text(t) => json!(t),
            other => panic!("{other:?}"),
        };
        let shown = match value {
            Owned::Multi(all) => all.iter().map(single).collect(),
            Owned::Null => Json::Null,
            one if column.name.ends_with("_values") => json!([single(one)]),
            one => single(one),
        };
        object.insert(column.name.to_owned(), shown);
    }
    let time = jiff::Timestamp::from_millisecond(draft.time).expect("time");
    (format!("{time:.3}"), Json::Object(object))
}

/// Rows as sorted texts: rows with equal counts may come in any order.
fn sorted(rows: impl IntoIterator<Item = Json>) -> Vec<String> {
    let mut rows: Vec<String> = rows.into_iter().map(|row| normal(&row)).collect();
    rows.sort();
    rows
}

/// Keys in order, absent columns as null, an empty list as null.
fn normal(row: &Json) -> String {
    let columns = PROGRAM.output.iter().map(|column| {
        let value = row.get(column.name).cloned().unwrap_or_default();
        (column.name, if value == json!([]) { Json::Null } else { value })
    });
    format!("{:?}", columns.collect::<Vec<_>>())
}

fn check(name: &str, input: &str, lateness: i64) {
    let Some(shared) = shared() else { return };
    let events = events(&shared.join(input));
    let expected = std::fs::read(shared.join(format!("{name}.expected.json"))).expect("expected");
    let expected: Json = serde_json::from_slice(&expected).expect("json");
    let array = |value: &Json| value.as_array().cloned().unwrap_or_default();

    let mut once = run(&events, Settings { whole: Some(Whole { now: None }), ..default(0) }, None);
    assert_eq!(json!(once.matched), expected["matched"]);
    let counts: Vec<i64> = once
        .drafts
        .iter()
        .map(|draft| show(draft).1["Esql.event_count"].as_i64().expect("count"))
        .collect();
    assert!(counts.is_sorted());
    assert_eq!(
        sorted(once.drafts.drain(..).map(|draft| show(&draft).1)),
        sorted(array(&expected["once"])),
        "one window"
    );

    for restart in [None, Some(97)] {
        let faithful = run(&events, Settings { faithful: true, ..default(lateness) }, restart);
        assert_eq!(faithful.losses, Losses::default());
        let mut ticks = array(&expected["ticks"]).into_iter();
        let mut drafts = faithful.drafts.iter().map(show).peekable();
        for tick in ticks.by_ref() {
            let mut rows = Vec::new();
            while let Some((_, row)) = drafts.next_if(|(time, _)| *time == tick["tick"]) {
                rows.push(row);
            }
            assert_eq!(sorted(rows), sorted(array(&tick["rows"])), "{}", tick["tick"]);
        }
        assert_eq!(drafts.next(), None);

        let changes = run(&events, default(lateness), restart);
        let group = |tick: &Json, row: &Json| {
            let text = |name: &str| row.get(name).cloned().unwrap_or_default().to_string();
            let tick = tick.as_str().expect("tick");
            (tick.to_owned(), text("process.executable"), text("process.parent.executable"))
        };
        let shown: BTreeSet<_> = changes
            .drafts
            .iter()
            .map(|draft| {
                let (time, row) = show(draft);
                group(&json!(time), &row)
            })
            .collect();
        let right: BTreeSet<_> =
            array(&expected["alerts"]).iter().map(|alert| group(&alert["tick"], alert)).collect();
        assert_eq!(shown, right);
        assert_eq!(changes.drafts.len(), right.len());
    }
}

fn default(lateness: i64) -> Settings {
    Settings { lateness, ..Settings::default() }
}

fn run(events: &[Event], settings: Settings, restart: Option<usize>) -> Run {
    let mut run = Run::new(settings);
    for (position, event) in events.iter().enumerate() {
        run.feed(position as u64, event);
        if restart.is_some_and(|every| position % every == 0) {
            run.restart();
        }
    }
    run.finish();
    run
}

#[test]
fn edge_events() {
    check("edge", "edge.ndjson", 24 * 3_600_000);
}

#[test]
fn generated_events() {
    check("generated", "generated.ndjson.zst", 60_000);
}
