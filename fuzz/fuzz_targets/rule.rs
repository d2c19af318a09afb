//! `RUSTC_BOOTSTRAP=1 cargo fuzz run rule`

#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| detect_fuzz::rule(input));
