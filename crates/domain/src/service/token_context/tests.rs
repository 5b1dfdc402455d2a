use uuid::Uuid;

use super::*;
use crate::{
    account::Iss,
    connection::{Server, Unasked},
    fhir_user::UrlForm,
    id::Id,
    link::{Link, LinkRole, Period, tests::active},
    organization::{FhirBase, Slug},
    patient::FhirId,
    policy::FamilyPolicy,
    relationship::{ProxyBasis, Relationship},
};

const PUBLIC_URL: &str = "https://kinlink.example";

fn now() -> DateTime<Utc> {
    "2026-11-24T12:00:00Z".parse().unwrap()
}

fn link(number: u128, patient: &str, role: LinkRole) -> AnswerableLink {
    let period = Period { start: "2020-01-01T00:00:00Z".parse().unwrap(), end: None };
    let (id, fhir_id) = (Id::from_uuid(Uuid::from_u128(number)), FhirId::parse(patient).unwrap());
    AnswerableLink {
        link: Link { id, fhir_id, role, period, permissions: Permissions::everything(), ..active() },
        slug: Slug::parse("northside").unwrap(),
        fhir_base: FhirBase::parse("https://fhir.example/r4").unwrap(),
        minimum_assurance: Ial::Ial1,
        rules: FamilyPolicy::default().rules(),
    }
}

fn own(number: u128, patient: &str) -> AnswerableLink {
    link(number, patient, LinkRole::SelfRole)
}

fn of_another(number: u128, patient: &str) -> AnswerableLink {
    let relationship = Relationship::parse("SPS").unwrap();
    link(number, patient, LinkRole::Proxy { relationship, basis: ProxyBasis::PatientGrant })
}

fn settings(several: Several) -> ConnectionSettings {
    let issuer = Iss::parse("https://login.example").unwrap();
    ConnectionSettings { several, ..ConnectionSettings::new(Server::Smart, issuer) }
}

/// Which record, and what kind of resource the user is; or why none.
fn told(links: &[AnswerableLink], settings: &ConnectionSettings, picked: Option<u128>) -> String {
    let organization = active().organization;
    let picked = picked.map(|number| Id::from_uuid(Uuid::from_u128(number)));
    let asked = Asked { organization, settings, scopes: Some(&["patient/*.rs"]), picked };
    match decide(links, asked, PUBLIC_URL, now()) {
        Decision::None(granted) => format!("none{}", granted.scope()),
        Decision::Several(granted) => format!("several{}", granted.scope()),
        Decision::One(context) => {
            let banner = if context.need_patient_banner { " with a banner" } else { "" };
            format!("{} for {}{banner}", context.answerable.link.fhir_id, context.fhir_user)
        }
    }
}

#[test]
fn which_record_follows_from_the_links_the_settings_and_what_was_picked() {
    const ME: &str = "me for https://fhir.example/r4/Patient/me";
    let alone = [own(1, "me")];
    let family = [of_another(2, "spouse"), own(1, "me")];
    let doubled = [own(1, "me"), own(3, "me-again"), of_another(2, "spouse")];
    for (links, several, picked, expected) in [
        (&[][..], Several::Picker, None, "none".to_owned()),
        (&alone[..], Several::None, None, ME.to_owned()),
        (&alone[..], Several::None, Some(1), ME.to_owned()),
        (&alone[..], Several::None, Some(9), "none".to_owned()),
        (&family[..], Several::None, None, "none".to_owned()),
        (&family[..], Several::Picker, None, "several".to_owned()),
        (&family[..], Several::OwnRecord, None, format!("{ME} with a banner")),
        (&family[..], Several::None, Some(1), format!("{ME} with a banner")),
        (&doubled[..], Several::OwnRecord, None, "none".to_owned()),
    ] {
        assert_eq!(told(links, &settings(several), picked), expected, "{several:?} {picked:?}");
    }
}

#[test]
fn a_proxy_is_a_related_person_whose_id_is_the_links() {
    let links = [of_another(2, "spouse")];
    let id = Uuid::from_u128(2);
    let absolute =
        format!("spouse for https://kinlink.example/fhir/northside/RelatedPerson/{id} with a banner");
    assert_eq!(told(&links, &settings(Several::None), None), absolute);
    let relative = ConnectionSettings { fhir_user: UrlForm::Relative, ..settings(Several::None) };
    assert_eq!(told(&links, &relative, None), format!("spouse for RelatedPerson/{id} with a banner"));
    assert_eq!(told(&[own(1, "me")], &relative, None), "me for Patient/me");
}

#[test]
fn what_is_not_live_or_not_proven_enough_or_another_organizations_is_not_there() {
    let mut over = own(1, "me");
    over.link.period.end = Some(now());
    let mut elsewhere = own(1, "me");
    elsewhere.link.organization = Id::from_uuid(Uuid::from_u128(99));
    for links in [[over], [elsewhere]] {
        assert_eq!(told(&links, &settings(Several::None), None), "none");
    }
    let strict = ConnectionSettings { minimum_assurance: Some(Ial::Ial2), ..settings(Several::None) };
    let mut weak = own(1, "me");
    weak.link.assurance = crate::proofing::Assurance::LEAST.into();
    assert_eq!(told(&[weak], &strict, None), "none");
}

/// The members that are told to an app with these scopes, with a link that gives this.
fn members(settings: &ConnectionSettings, scopes: Option<&[&str]>, permitted: &str) -> Vec<&'static str> {
    let mut one = own(1, "me");
    one.link.permissions = permitted.parse().unwrap();
    let links = [one];
    let asked = Asked { organization: active().organization, settings, scopes, picked: None };
    let Decision::One(context) = decide(&links, asked, PUBLIC_URL, now()) else { panic!("no record") };
    let told = Member::ALL.into_iter().filter(|member| context.value(*member).is_some());
    told.map(Member::as_str).collect()
}

#[test]
fn an_app_is_told_what_it_asks_for_and_no_more() {
    const ALL: &[&str] = &["fhirUser", "patient", "need_patient_banner", "permitted_scope", "link"];
    const PATIENT: &[&str] = &["patient", "need_patient_banner", "permitted_scope", "link"];
    let usual = settings(Several::None);
    let give = ConnectionSettings { unasked: Unasked::Give, ..settings(Several::None) };
    let cognito = ConnectionSettings { server: Server::Cognito, ..settings(Several::None) };
    for (settings, scopes, permitted, expected) in [
        (&usual, Some("openid offline_access"), "patient/*.cruds", &[][..]),
        (&usual, Some(""), "patient/*.cruds", &[]),
        (&usual, Some("openid fhirUser"), "patient/*.cruds", &["fhirUser", "link"]),
        (&usual, Some("openid launch/patient"), "patient/*.cruds", PATIENT),
        (&usual, Some("openid launch"), "patient/*.cruds", PATIENT),
        (&usual, Some("openid patient/Observation.rs"), "patient/*.cruds", PATIENT),
        (&usual, Some("patient/*.rs"), "patient/Observation.rs", PATIENT),
        (&usual, Some("openid patient/Observation.rs"), "patient/Condition.rs", &["permitted_scope"]),
        (&usual, Some("launch/encounter user/*.rs system/*.rs"), "patient/*.cruds", &[]),
        (&usual, Some("fhirUser launch/patient"), "patient/*.cruds", ALL),
        (&usual, None, "patient/*.cruds", ALL),
        (&give, Some("openid"), "patient/*.cruds", ALL),
        // A user pool has no scope `fhirUser`.
        (&cognito, Some("openid patient/Observation.rs"), "patient/*.cruds", ALL),
        (&cognito, Some("openid launch/patient"), "patient/*.cruds", ALL),
        (&cognito, Some("openid"), "patient/*.cruds", &[]),
    ] {
        let split: Option<Vec<&str>> = scopes.map(|scopes| scopes.split_whitespace().collect());
        assert_eq!(members(settings, split.as_deref(), permitted), expected, "{scopes:?} of {permitted}");
    }
}
