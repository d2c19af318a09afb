//! `RUSTC_BOOTSTRAP=1 cargo fuzz run snapshot`

#![no_main]

use libfuzzer_sys::fuzz_target;

#[detect::ruleset(path = "../tests/data/fuzz/rules")]
struct Rules;

const EVENTS: &[u8] = include_bytes!("../../examples/events.ndjson");

fuzz_target!(|input: &[u8]| detect_fuzz::snapshot::<Rules>(input, EVENTS));
