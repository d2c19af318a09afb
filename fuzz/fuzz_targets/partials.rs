//! `RUSTC_BOOTSTRAP=1 cargo fuzz run partials`

#![no_main]

use libfuzzer_sys::fuzz_target;

#[detect::ruleset(path = "../tests/data/fuzz/rules")]
struct Rules;

fuzz_target!(|input: &[u8]| detect_fuzz::partials::<Rules>(input));
