use super::*;
use crate::{
    link::{LinkState, Period, tests::active},
    policy::FamilyPolicy,
    relationship::Relationship,
};

fn at(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

fn proxy(basis: ProxyBasis) -> LinkRole {
    LinkRole::Proxy { relationship: Relationship::parse("MTH").unwrap(), basis }
}

/// A link that has held since long before anything here, of somebody born on this day.
fn link(role: LinkRole, born: Option<&str>) -> Link {
    let facts =
        PatientFacts { birth_date: born.map(|born| born.parse().unwrap()), ..PatientFacts::default() };
    let period = Period { start: at("1990-01-01T00:00:00Z"), end: None };
    Link { role, period, facts, ..active() }
}

fn rules(zone: &str) -> AccessRules {
    FamilyPolicy { time_zone: zone.parse().unwrap(), ..FamilyPolicy::default() }.rules()
}

const BASICS: &str =
    "patient/AllergyIntolerance.rs patient/Appointment.rs patient/Immunization.rs patient/Patient.rs";

/// What the link gives, or the word for where it stands.
fn told(link: &Link, rules: &AccessRules, now: &str) -> String {
    match link.gives(rules, at(now)) {
        Ok(permissions) => permissions.to_string(),
        Err(status) => serde_json::to_value(status).unwrap().as_str().unwrap().to_owned(),
    }
}

#[test]
fn parents_are_bounded_to_the_moment_of_the_birthday_where_the_organization_is() {
    for (born, zone, now, given) in [
        // The day before, and the day, at 12.
        ("2014-11-24", "UTC", "2026-11-23T23:59:59Z", "patient/*.cruds"),
        ("2014-11-24", "UTC", "2026-11-24T00:00:00Z", BASICS),
        // And at 18.
        ("2008-11-24", "UTC", "2026-11-23T23:59:59Z", BASICS),
        ("2008-11-24", "UTC", "2026-11-24T00:00:00Z", "aged_out"),
        // It is tomorrow in Auckland, and still yesterday in Los Angeles.
        ("2008-11-24", "Pacific/Auckland", "2026-11-23T10:59:59Z", BASICS),
        ("2008-11-24", "Pacific/Auckland", "2026-11-23T11:00:00Z", "aged_out"),
        ("2008-11-24", "America/Los_Angeles", "2026-11-24T07:59:59Z", BASICS),
        ("2008-11-24", "America/Los_Angeles", "2026-11-24T08:00:00Z", "aged_out"),
        // In summer time.
        ("2008-07-01", "Europe/London", "2026-06-30T22:59:59Z", BASICS),
        ("2008-07-01", "Europe/London", "2026-06-30T23:00:00Z", "aged_out"),
        // Born on 29 February: on 1 March in a common year, on the day in a leap year.
        ("2008-02-29", "UTC", "2026-02-28T23:59:59Z", BASICS),
        ("2008-02-29", "UTC", "2026-03-01T00:00:00Z", "aged_out"),
        ("2016-02-29", "UTC", "2028-02-28T23:59:59Z", "patient/*.cruds"),
        ("2016-02-29", "UTC", "2028-02-29T00:00:00Z", BASICS),
        // Whose day is not known may be as old as the date allows.
        ("2008-11", "UTC", "2026-10-31T23:59:59Z", BASICS),
        ("2008-11", "UTC", "2026-11-01T00:00:00Z", "aged_out"),
        ("2008", "UTC", "2026-01-01T00:00:00Z", "aged_out"),
    ] {
        let link = link(proxy(ProxyBasis::ParentalResponsibility), Some(born));
        assert_eq!(told(&link, &rules(zone), now), given, "{born} in {zone} at {now}");
    }
}

#[test]
fn those_born_on_29_february_have_their_birthday_when_the_policy_says() {
    let early = FamilyPolicy { leap_birthday: LeapBirthday::February28, ..FamilyPolicy::default() }.rules();
    let link = link(proxy(ProxyBasis::ParentalResponsibility), Some("2008-02-29"));
    assert_eq!(told(&link, &early, "2026-02-27T23:59:59Z"), BASICS);
    assert_eq!(told(&link, &early, "2026-02-28T00:00:00Z"), "aged_out");
}

#[test]
fn only_those_who_act_for_a_minor_are_bounded_by_age() {
    use ProxyBasis::{Executor, Guardianship, ParentalResponsibility, PatientGrant, PowerOfAttorney};
    for (basis, born, given) in [
        (ParentalResponsibility, Some("1984-02-29"), "aged_out"),
        (Guardianship, Some("1984-02-29"), "aged_out"),
        (PatientGrant, Some("1984-02-29"), "patient/*.cruds"),
        (PowerOfAttorney, Some("1984-02-29"), "patient/*.cruds"),
        (Executor, Some("1984-02-29"), "patient_living"),
        (ParentalResponsibility, None, "age_unknown"),
        (PatientGrant, None, "patient/*.cruds"),
    ] {
        let told = told(&link(proxy(basis), born), &rules("UTC"), "2026-11-24T00:00:00Z");
        assert_eq!(told, given, "{basis:?} of somebody born {born:?}");
    }
}

#[test]
fn the_young_open_their_own_record_from_an_age_on() {
    for (born, now, given) in [
        (Some("2014-11-24"), "2026-11-23T23:59:59Z", "too_young"),
        (Some("2014-11-24"), "2026-11-24T00:00:00Z", "patient/*.cruds"),
        // Whose day is not known is not old enough before everybody born then is.
        (Some("2014-11"), "2026-11-29T23:59:59Z", "too_young"),
        (Some("2014-11"), "2026-11-30T00:00:00Z", "patient/*.cruds"),
        (None, "2026-11-24T00:00:00Z", "patient/*.cruds"),
    ] {
        let own = link(LinkRole::SelfRole, born);
        assert_eq!(told(&own, &rules("UTC"), now), given, "{born:?} at {now}");
    }
}

#[test]
fn somebody_may_be_a_minor_until_they_surely_are_of_full_age() {
    use AgeExceptionKind::{Emancipated, Incapacity, TreatedAs};
    for (born, exception, now, minor) in [
        (Some("2008-11-24"), None, "2026-11-23T23:59:59Z", true),
        (Some("2008-11-24"), None, "2026-11-24T00:00:00Z", false),
        (Some("2008-11"), None, "2026-11-29T23:59:59Z", true),
        (Some("2008-11"), None, "2026-11-30T00:00:00Z", false),
        (Some("2008"), None, "2026-12-30T00:00:00Z", true),
        (None, None, "2026-11-24T00:00:00Z", true),
        (Some("2012-01-01"), Some(Emancipated), "2026-11-24T00:00:00Z", false),
        (Some("2012-01-01"), Some(TreatedAs { age: 17 }), "2026-11-24T00:00:00Z", true),
        (Some("2012-01-01"), Some(TreatedAs { age: 18 }), "2026-11-24T00:00:00Z", false),
        (Some("1980-01-01"), Some(TreatedAs { age: 10 }), "2026-11-24T00:00:00Z", true),
        (Some("1980-01-01"), Some(Incapacity), "2026-11-24T00:00:00Z", false),
    ] {
        let exception =
            exception.map(|kind| AgeException { kind, from: at("1990-01-01T00:00:00Z"), until: None });
        let facts = PatientFacts { exception, ..link(LinkRole::SelfRole, born).facts };
        assert_eq!(rules("UTC").may_be_minor(&facts, at(now)), minor, "{born:?} {exception:?} at {now}");
    }
    let facts = link(LinkRole::SelfRole, Some("2008-11-24")).facts;
    assert!(!rules("Pacific/Auckland").may_be_minor(&facts, at("2026-11-23T11:00:00Z")));
    assert!(rules("America/Los_Angeles").may_be_minor(&facts, at("2026-11-24T07:59:59Z")));
    let later = FamilyPolicy { ages: Vec::new(), self_from_age: 16, ..FamilyPolicy::default() }.rules();
    assert!(!later.may_be_minor(&facts, at("2026-11-24T00:00:00Z")));
    assert!(
        later.may_be_minor(&facts, at("2024-11-23T00:00:00Z")),
        "never younger than for their own record"
    );
}

#[test]
fn an_exception_holds_instead_of_the_age_for_its_time() {
    use AgeExceptionKind::{Emancipated, Incapacity, TreatedAs};
    let now = "2026-11-24T00:00:00Z";
    for (born, kind, parents, own) in [
        ("2010-01-01", Emancipated, "aged_out", "patient/*.cruds"),
        ("1996-01-01", Incapacity, "patient/*.cruds", "patient/*.cruds"),
        ("2018-01-01", Incapacity, "patient/*.cruds", "too_young"),
        ("2016-01-01", TreatedAs { age: 12 }, BASICS, "patient/*.cruds"),
        ("2012-01-01", TreatedAs { age: 11 }, "patient/*.cruds", "too_young"),
        ("2012-01-01", TreatedAs { age: 18 }, "aged_out", "patient/*.cruds"),
    ] {
        let with = |role, from: &str, until: Option<&str>| {
            let link = link(role, Some(born));
            let exception = AgeException { kind, from: at(from), until: until.map(at) };
            Link { facts: PatientFacts { exception: Some(exception), ..link.facts }, ..link }
        };
        let parent = proxy(ProxyBasis::ParentalResponsibility);
        assert_eq!(told(&with(parent, now, None), &rules("UTC"), now), parents, "{kind:?}");
        assert_eq!(told(&with(LinkRole::SelfRole, now, None), &rules("UTC"), now), own, "{kind:?}");
        let plain = told(&link(parent, Some(born)), &rules("UTC"), now);
        for over in [
            with(parent, "2026-11-25T00:00:00Z", None),
            with(parent, "2026-01-01T00:00:00Z", Some("2026-11-24T00:00:00Z")),
        ] {
            assert_eq!(told(&over, &rules("UTC"), now), plain, "{kind:?} out of its time");
        }
    }
}

#[test]
fn after_a_death_proxies_end_executors_begin_and_the_own_link_stays_as_long_as_the_policy_says() {
    let rules = FamilyPolicy { self_days_after_death: 30, ..FamilyPolicy::default() }.rules();
    let died = |role| {
        let link = link(role, Some("1950-01-01"));
        let deceased_since = Some(at("2026-06-01T12:00:00Z"));
        Link { facts: PatientFacts { deceased_since, ..link.facts }, ..link }
    };
    let (living, dead) = ("2026-06-01T11:59:59Z", "2026-06-01T12:00:00Z");
    for (role, before, after) in [
        (LinkRole::SelfRole, "patient/*.cruds", "patient/*.cruds"),
        (proxy(ProxyBasis::PatientGrant), "patient/*.cruds", "patient_deceased"),
        (proxy(ProxyBasis::PowerOfAttorney), "patient/*.cruds", "patient_deceased"),
        (proxy(ProxyBasis::Executor), "patient_living", "patient/*.cruds"),
    ] {
        assert_eq!(told(&died(role), &rules, living), before, "{role:?}");
        assert_eq!(told(&died(role), &rules, dead), after, "{role:?}");
    }
    assert_eq!(told(&died(LinkRole::SelfRole), &rules, "2026-07-01T11:59:59Z"), "patient/*.cruds");
    assert_eq!(told(&died(LinkRole::SelfRole), &rules, "2026-07-01T12:00:00Z"), "patient_deceased");
}

#[test]
fn the_rules_only_ever_take_away() {
    let parent = proxy(ProxyBasis::ParentalResponsibility);
    let narrow =
        Link { permissions: "patient/Appointment.r".parse().unwrap(), ..link(parent, Some("2012-01-01")) };
    assert_eq!(told(&narrow, &rules("UTC"), "2026-11-24T00:00:00Z"), "patient/Appointment.r");
    let other = Link { permissions: "patient/Observation.rs".parse().unwrap(), ..narrow.clone() };
    assert_eq!(told(&other, &rules("UTC"), "2026-11-24T00:00:00Z"), "aged_out", "nothing is left of it");
    let revoked = LinkState::Revoked {
        at: at("2026-01-01T00:00:00Z"),
        by: crate::actor::Actor::System,
        reason: crate::link::Revocation::Safety,
    };
    let ended = Link { state: revoked, ..narrow };
    assert_eq!(told(&ended, &rules("UTC"), "2026-11-24T00:00:00Z"), "revoked");
}

#[test]
fn the_next_step_is_known_beforehand() {
    let rules = rules("Europe/London");
    let facts = link(LinkRole::SelfRole, Some("2014-11-24")).facts;
    let step = rules.next_step(&facts, at("2026-01-01T00:00:00Z")).unwrap();
    assert_eq!((step.at, step.rule.from), (at("2026-11-24T00:00:00Z"), 12));
    let step = rules.next_step(&facts, step.at).unwrap();
    assert_eq!((step.at, step.rule.from), (at("2032-11-24T00:00:00Z"), 18));
    assert_eq!(rules.next_step(&facts, step.at), None);
    assert_eq!(rules.next_step(&PatientFacts::default(), step.at), None);
}

#[test]
fn a_birth_date_is_not_shown_by_debug() {
    let link = link(LinkRole::SelfRole, Some("2014-11-24"));
    assert!(!format!("{link:?}").contains("2014"));
}
