//! Whoever steals the file learns no name, birth date, address or identifier.

use kinlink_domain::{
    actor::Authorized,
    invitation::{Challenge, Channel},
    link::LinkRole,
    patient::FhirId,
    service::{
        issue_invitation::{EmailTarget, IssueInvitation, PatientReference, issue},
        process_claim::process,
        submit_claim::{SubmitClaim, Submitted, Submitter, submit},
    },
};
use kinlink_testkit::{Fixture, Kind};

use crate::redeem::{code_for, try_code};

pub(crate) async fn email_an_invitation(it: &Fixture) {
    let mut unit = it.begin().await;
    let request = IssueInvitation {
        patient: PatientReference::FhirId(FhirId::parse("p2").unwrap()),
        role: LinkRole::SelfRole,
        profile: None,
        until: None,
        channel: Channel::Email,
        email: EmailTarget::OnRecord,
        send: false,
        challenge: None,
        proof: Vec::new(),
    };
    let by = Authorized::operator(it.here.id);
    issue(&mut *unit, &it.ports, &it.here, by, request).await.unwrap();
    unit.save().await.unwrap();
}

pub(crate) async fn submit_a_claim(it: &Fixture) {
    let account = it.account("claimant").await;
    let mut unit = it.begin().await;
    let demographics = kinlink_testkit::imported("p3").demographics;
    let by = Submitter::Account { address: "198.51.100.7" };
    let request = SubmitClaim { organization: &it.here, account: &account, demographics, by };
    let submitted = submit(&mut *unit, &it.ports, request).await.unwrap();
    let Submitted::Accepted(claim) = submitted else { panic!("{submitted:?}") };
    let matcher = kinlink_testkit::ExactMatcher;
    let done = process(&mut *unit, &it.ports, &matcher, it.here.id, claim.id).await.unwrap();
    assert_eq!(done, Some("confirm"));
    unit.save().await.unwrap();
}

/// The file and its write-ahead log, as they are on the disk.
pub(crate) fn bytes_on_disk(it: &Fixture) -> Vec<u8> {
    let path = it.database.url().strip_prefix("sqlite:").unwrap();
    ["", "-wal"].iter().flat_map(|suffix| std::fs::read(format!("{path}{suffix}")).unwrap()).collect()
}

pub(crate) fn holds(bytes: &[u8], text: &str) -> bool {
    bytes.windows(text.len()).any(|window| window.eq_ignore_ascii_case(text.as_bytes()))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_stored_bytes_tell_nothing_of_a_person() {
    let it = Fixture::new(Kind::Sqlite).await;
    let code = code_for(&it, "p1", Some(Challenge::BirthDate)).await;
    try_code(&it, "anna", &code, Some(kinlink_testkit::birth_date())).await;
    email_an_invitation(&it).await;
    submit_a_claim(&it).await;
    assert_eq!(it.database.count("select count(*) from claim_candidate").await, 1);
    assert!(it.database.count("select count(*) from outbox_message where status = 'pending'").await >= 2);

    let bytes = bytes_on_disk(&it);
    assert!(holds(&bytes, it.here.slug.as_str()), "the search itself works");
    let secret = code.replace('-', "");
    for text in [
        "Featherstonehaugh",
        "Wilhelmina",
        "1984-02-29",
        "19840229",
        "patients.example",
        "MRN-p1-7731",
        "MRNP17731",
        "P1-7731",
        "198.51.100.7",
        &code,
        &secret,
    ] {
        assert!(text.len() >= 7, "{text} is so short that random bytes may spell it");
        assert!(!holds(&bytes, text), "{text} is in the file");
    }
    it.close().await;
}
