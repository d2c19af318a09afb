//! `RUSTC_BOOTSTRAP=1 cargo fuzz run eql`

#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| detect_fuzz::eql(input));
