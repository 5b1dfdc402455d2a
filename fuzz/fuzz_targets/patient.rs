//! Whatever bytes are imported as a Patient, they are read or refused, and what is read can be matched.

#![no_main]

use kinlink_matching::{Person, stored_keys};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(patient) = kinlink_fhir::parse_patient(bytes) {
        let _ = stored_keys(&Person::of(&patient.demographics));
    }
});
