use proptest::prelude::*;
use uuid::Uuid;

use super::*;
use crate::port::{KeyId, testing::CountingRandom};

/// The secret of RFC 6238, appendix B.
const RFC_SECRET: &[u8] = b"12345678901234567890";

fn at(seconds: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(seconds, 0).unwrap()
}

fn secret() -> TotpSecret {
    TotpSecret::from_stored(RFC_SECRET).unwrap()
}

fn code(text: &str) -> TotpCode {
    TotpCode::parse(text).unwrap()
}

fn sealed(byte: u8) -> Sealed {
    Sealed { key: KeyId(1), bytes: vec![byte] }
}

fn account() -> AccountId {
    AccountId::from_uuid(Uuid::from_u128(7))
}

/// RFC 6238, appendix B, SHA-1: the last six of the eight digits given there.
const VECTORS: [(i64, &str); 6] = [
    (59, "287082"),
    (1_111_111_109, "081804"),
    (1_111_111_111, "050471"),
    (1_234_567_890, "005924"),
    (2_000_000_000, "279037"),
    (20_000_000_000, "353130"),
];

#[test]
fn the_codes_of_rfc_6238_are_accepted_at_their_time() {
    for (seconds, digits) in VECTORS {
        let found = secret().step_of(&code(digits), at(seconds), None);
        assert_eq!(found, Some(Step::at(at(seconds))), "{seconds}");
    }
}

#[test]
fn a_code_counts_one_step_early_and_one_step_late_and_no_further() {
    let (seconds, digits) = VECTORS[3];
    let step = Step::at(at(seconds));
    for (drift, accepted) in [(-2, false), (-1, true), (0, true), (1, true), (2, false)] {
        let found = secret().step_of(&code(digits), at(seconds + drift * 30), None);
        assert_eq!(found, accepted.then_some(step), "{drift} steps");
    }
}

#[test]
fn neither_the_step_that_was_used_nor_an_older_one_counts_again() {
    let (seconds, digits) = VECTORS[3];
    let step = Step::at(at(seconds)).number();
    for (used, accepted) in [(step - 1, true), (step, false), (step + 1, false)] {
        let found = secret().step_of(&code(digits), at(seconds), Some(Step::from_stored(used)));
        assert_eq!(found.is_some(), accepted, "used {used}, of {step}");
    }
}

#[test]
fn a_code_is_read_as_apps_show_it() {
    assert_eq!(code("005 924").as_str(), "005924");
    assert_eq!(code(" 005-924\n").as_str(), "005924");
    for text in ["", "00592", "0059245", "00592a", "+05924", "٠٠٥٩٢٤", &"1".repeat(10_000)] {
        assert_eq!(TotpCode::parse(text), Err(MistypedTotp), "{text:.10}");
    }
}

#[test]
fn the_uri_is_what_apps_scan_and_names_cannot_break_it() {
    let uri = secret().otpauth_uri("St. Mary's: East", "anna@mail.example");
    assert_eq!(
        *uri,
        "otpauth://totp/St.%20Mary%27s%20%20East:anna%40mail.example\
         ?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=St.%20Mary%27s%20%20East"
    );
    assert!(uri.contains(secret().base32().as_str()));
}

#[test]
fn nothing_secret_shows_in_debug_output() {
    assert_eq!(format!("{:?} {:?}", secret(), code("005924")), "TotpSecret(…) TotpCode(…)");
    let drawn = TotpSecret::generate(&CountingRandom::default());
    assert_ne!(drawn.as_bytes(), [0; SECRET_BYTES]);
}

#[test]
fn the_states_follow_each_other_as_the_table_says() {
    let start = at(1_000_000_000);
    let step = Step::at(start);
    let pending = Authenticator::enrol(None, account(), sealed(1), start);
    assert!(pending.active().is_none());
    assert_eq!(pending.clone().accept(step), Err(StepUsed), "not confirmed yet");

    let late = start + PENDING;
    assert!(pending.pending(late - TimeDelta::microseconds(1)).is_some());
    assert!(pending.pending(late).is_none());
    assert_eq!(pending.clone().confirm(step, late), Err(NothingPending));
    let again = Authenticator::enrol(Some(pending.clone()), account(), sealed(2), late);
    assert_eq!((again.version, again.pending(late).unwrap().secret.clone()), (2, sealed(2)));

    let active = pending.confirm(step, start).unwrap();
    assert_eq!(active.clone().confirm(step, start), Err(NothingPending));
    assert_eq!(active.clone().accept(step), Err(StepUsed), "its first code is used up");
    let next = Step::from_stored(step.number() + 1);
    let used = active.fail().accept(next).unwrap();
    assert_eq!((used.failures, used.active().unwrap().last_step), (0, next));
    assert_eq!(used.clone().accept(step), Err(StepUsed), "an older step");

    let replacing = Authenticator::enrol(Some(used), account(), sealed(3), late);
    assert_eq!(replacing.active().unwrap().secret, sealed(1), "the old one counts until then");
    let after = Step::from_stored(next.number() + 1);
    assert_eq!(replacing.clone().accept(after).unwrap().pending(late), replacing.pending(late));
    let replaced = replacing.confirm(next, late).unwrap();
    assert_eq!(replaced.active().unwrap().secret, sealed(3));
}

#[test]
fn a_hundred_wrong_tries_in_a_row_disable_it() {
    let start = at(1_000_000_000);
    let active = Authenticator::enrol(None, account(), sealed(1), start).confirm(Step::at(start), start);
    let failed = (1..FAILURES_IN_A_ROW).fold(active.unwrap(), |it, _| it.fail());
    assert!(!failed.is_disabled());
    assert!(!failed.clone().recover().fail().is_disabled(), "a right one begins anew");
    assert!(failed.fail().is_disabled());
}

proptest! {
    /// A code of a step outside the window is refused, unless it is by chance that of one within.
    #[test]
    fn codes_of_other_steps_are_refused(seed in any::<[u8; 20]>(), now in 3_000_u64..100_000_000, other: u32) {
        let secret = TotpSecret::from_stored(&seed).unwrap();
        let digits = |step: u64| {
            let totp = totp_rs::Builder::new().with_secret(seed).build().unwrap();
            totp.generate(step * 30).to_string()
        };
        let here = at(i64::try_from(now * 30 + u64::from(other) % 30).unwrap());
        let theirs = digits(other.into());
        let within = [now - 1, now, now + 1].map(digits);
        let found = secret.step_of(&code(&theirs), here, None);
        prop_assert_eq!(found.is_some(), within.contains(&theirs));
        prop_assert_eq!(secret.step_of(&code(&within[1]), here, None).is_some(), true);
    }
}
