use super::*;

fn now() -> DateTime<Utc> {
    DateTime::UNIX_EPOCH + TimeDelta::days(20_000)
}

fn login(seconds_ago: Option<i64>, acr: Option<&str>) -> Authentication {
    Authentication {
        time: seconds_ago.map(|seconds| now() - TimeDelta::seconds(seconds)),
        acr: acr.map(ToOwned::to_owned),
        amr: vec!["hwk".to_owned()],
    }
}

#[test]
fn the_table_holds() {
    let default = StepUpPolicy::default();
    let never = StepUpPolicy { fresh_login_seconds: 0, ..StepUpPolicy::default() };
    let classes = StepUpPolicy { acr_values: vec!["gold".into()], ..never.clone() };
    let (act, off) = (SteppedAct::Grant, SteppedAct::InvitationIssue);
    for (what, policy, act, login, code_ago, expected) in [
        ("not asked", &default, off, login(None, None), None, Some(Satisfied::NotAsked)),
        ("no proof", &default, act, login(None, None), None, None),
        ("fresh to the second", &default, act, login(Some(300), None), None, Some(Satisfied::FreshLogin)),
        ("a second late", &default, act, login(Some(301), None), None, None),
        ("fresh, and it never counts", &never, act, login(Some(0), None), None, None),
        ("fresh by a clock ahead", &default, act, login(Some(-30), None), None, Some(Satisfied::FreshLogin)),
        ("a login of the far future", &default, act, login(Some(-61), None), None, None),
        ("another class", &classes, act, login(None, Some("silver")), None, None),
        ("an accepted class", &classes, act, login(None, Some("gold")), None, Some(Satisfied::Acr)),
        ("a class that nobody accepts", &default, act, login(None, Some("gold")), None, None),
        ("a code just now", &never, act, login(None, None), Some(0), Some(Satisfied::Code)),
        ("a code, last second", &never, act, login(None, None), Some(599), Some(Satisfied::Code)),
        ("a code, too old", &never, act, login(None, None), Some(600), None),
        ("a code of the future", &never, act, login(None, None), Some(-1), None),
    ] {
        let code_at = code_ago.map(|seconds| now() - TimeDelta::seconds(seconds));
        assert_eq!(policy.decide(act, &login, code_at, now()).ok(), expected, "{what}");
    }
}

#[test]
fn what_is_needed_names_only_what_would_help() {
    let none = Authentication::default();
    let refused = |policy: StepUpPolicy| policy.decide(SteppedAct::Grant, &none, None, now()).unwrap_err();
    let needed = refused(StepUpPolicy::default());
    assert_eq!((needed.max_age, needed.acr_values.len()), (Some(300), 0));
    let only_codes = refused(StepUpPolicy { fresh_login_seconds: 0, ..StepUpPolicy::default() });
    assert_eq!(only_codes.max_age, None);
}

#[test]
fn a_code_never_counts_longer_than_a_day() {
    let policy = StepUpPolicy { minutes: u16::MAX, ..StepUpPolicy::default() };
    assert_eq!(policy.lasting(), TimeDelta::hours(24));
}

#[test]
fn a_policy_is_read_from_words_and_an_unknown_word_is_refused() {
    let read = |json: &str| serde_json::from_str::<StepUpPolicy>(json);
    let policy = read(r#"{"acts": ["link_revoke_by_staff"], "fresh_login_seconds": 0}"#).unwrap();
    assert_eq!(policy.acts, BTreeSet::from([SteppedAct::LinkRevokeByStaff]));
    assert_eq!(policy.minutes, 10);
    assert!(read(r#"{"acts": ["link_revoke"]}"#).is_err());
    assert!(read(r#"{"minute": 5}"#).is_err());
    let defaults: StepUpPolicy = read("{}").unwrap();
    let on: Vec<_> = SteppedAct::ALL.into_iter().filter(|act| defaults.acts.contains(act)).collect();
    assert_eq!(on, [SteppedAct::ReviewApprove, SteppedAct::Grant]);
}
