//! Lines of any bytes: whatever the plain reader takes, the projector takes, with
//! every instruction set and with what it learned from the lines before, and both
//! give the same values.
//!
//! `RUSTC_BOOTSTRAP=1 cargo fuzz run projector`

#![no_main]

use bumpalo::Bump;
use detect_runtime::event::reference::Reader;
use detect_runtime::event::{Event, FieldId, Raw};
use detect_runtime::json::layout::{FieldSpec, Flags, Layout, build};
use detect_runtime::json::projector::Projector;
use detect_runtime::json::scan::Level;
use libfuzzer_sys::fuzz_target;

const PATHS: [&str; 5] = ["a", "a.b", "a.b.c", "b.0", "c"];

fuzz_target!(|input: &[u8]| {
    let fields = PATHS.map(|path| FieldSpec {
        path: path.to_owned(),
        flags: Flags::OBJECT.with(Flags::ELEMENTS),
    });
    let table = build(&fields).expect("the paths are good");
    let layout = Layout::new(&table).expect("the table is ours");
    for level in Level::available() {
        let mut projector = Projector::with_level(layout, level);
        let mut reader = Reader::new(layout);
        for line in input.split(|&byte| byte == b'\n') {
            let arena = Bump::new();
            let Ok(expected) = reader.read(line, &arena) else {
                let _ = projector.project(line, &arena);
                continue;
            };
            let found = projector.project(line, &arena).expect("the plain reader takes it");
            for field in 0..PATHS.len() as FieldId {
                assert_eq!(values(&found, field), values(&expected, field));
                assert_eq!(found.has_object(field), expected.has_object(field));
                assert_eq!(found.elements(field).count(), expected.elements(field).count());
            }
        }
    }
});

fn values<'a>(event: &Event<'a>, field: FieldId) -> Vec<Raw<'a>> {
    event.values(field).collect()
}
