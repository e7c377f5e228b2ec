#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| rolegate_fuzz::targets::web_identity::web_claims(data));
