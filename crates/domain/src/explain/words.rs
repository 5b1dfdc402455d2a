//! The one place where explanations get their sentences.

use chrono::{DateTime, Utc};

use super::{About, Explanation, Listener, Reason, Situation, age};
use crate::{
    access::{Access, AccessRules, AgeExceptionKind, Closed},
    actor::Actor,
    link::{Link, LinkRole, LinkState, LinkStatus, Revocation, Suspension},
    relationship::ProxyBasis,
};

fn reason(about: About, holds: bool, text: impl Into<String>) -> Reason {
    Reason { about, holds, text: text.into() }
}

fn moment(at: DateTime<Utc>) -> String {
    at.format("%Y-%m-%d %H:%M UTC").to_string()
}

/// What the account is to the patient.
fn role(role: &LinkRole) -> String {
    match role {
        LinkRole::SelfRole => "the patient".to_owned(),
        LinkRole::Proxy { relationship, basis } => {
            format!("a proxy ({}, {})", relationship.display(), ground(*basis))
        }
    }
}

const fn ground(basis: ProxyBasis) -> &'static str {
    match basis {
        ProxyBasis::PatientGrant => "whom the patient chose",
        ProxyBasis::ParentalResponsibility => "with parental responsibility",
        ProxyBasis::Guardianship => "a guardian by a court's order",
        ProxyBasis::PowerOfAttorney => "with a power of attorney",
        ProxyBasis::Executor => "who settles the estate",
    }
}

pub(super) fn summary(told: &Explanation, situation: Situation<'_>, access: &Access<'_>) -> String {
    let at = moment(situation.at);
    let who = role(&situation.link.role);
    match (access, told.reasons.iter().find(|reason| !reason.holds)) {
        (Access::Live(_), _) => format!("At {at} this link opens the record: its account is {who}."),
        (Access::Closed(_), Some(against)) => {
            format!("At {at} this link opens nothing. {}", against.text)
        }
        (Access::Closed(Closed::Status(_) | Closed::Unproven), None) => {
            format!("At {at} this link opens nothing.")
        }
    }
}

pub(super) fn state(link: &Link, listener: Listener) -> Reason {
    let for_staff = listener == Listener::Staff;
    match link.state {
        LinkState::Active => reason(About::State, true, "Nobody has ended or suspended it."),
        LinkState::Suspended { at, by, reason: why } if for_staff => {
            let text = format!("It was suspended on {} by {}: {}.", moment(at), actor(by), suspension(why));
            reason(About::State, false, text)
        }
        LinkState::Revoked { at, by, reason: why } if for_staff => {
            let text = format!("It was ended on {} by {}: {}.", moment(at), actor(by), revocation(why));
            reason(About::State, false, text)
        }
        LinkState::Suspended { .. } => reason(About::State, false, "It is suspended."),
        LinkState::Revoked { .. } => reason(About::State, false, "It was ended."),
    }
}

const fn actor(by: Actor) -> &'static str {
    match by {
        Actor::Staff(_) => "staff",
        Actor::Account(_) => "its account",
        Actor::Client(_) => "a client",
        Actor::Contact(_) => "somebody who was told at a contact on record",
        Actor::Operator => "an operator",
        Actor::System => "Kinlink",
    }
}

const fn revocation(why: Revocation) -> &'static str {
    match why {
        Revocation::NotMe => "the record is somebody else's",
        Revocation::NoLongerWanted => "it is not wanted any more",
        Revocation::WrongPerson => "the account is another person's",
        Revocation::PatientRequest => "the patient asked for it",
        Revocation::Fraud => "fraud, or the suspicion of it",
        Revocation::CourtOrder => "a court ordered it",
        Revocation::Safety => "somebody's safety asks for it",
        Revocation::StaffError => "a mistake of staff",
        Revocation::PatientEnded => "the patient ended what they had granted",
        Revocation::Superseded => "a newer grant took its place",
        Revocation::GrantorEnded => "whoever passed it on does not have it any more",
        Revocation::Merged => "records were merged, and another link of the account opens the same one",
    }
}

const fn suspension(why: Suspension) -> &'static str {
    match why {
        Suspension::Disputed => "a contact on record says that it is not the patient's",
        Suspension::PatientRequest => "the patient asked for it",
        Suspension::Fraud => "fraud, or the suspicion of it",
        Suspension::Safety => "somebody's safety asks for it",
        Suspension::Review => "staff look into it",
        Suspension::Grantor => "whoever granted it is in doubt",
    }
}

pub(super) fn period(link: &Link, at: DateTime<Utc>) -> Reason {
    let text = match link.period.end {
        _ if at < link.period.start => format!("It does not hold before {}.", moment(link.period.start)),
        Some(end) if end <= at => format!("It held until {}.", moment(end)),
        Some(end) => format!("It holds from {} until {}.", moment(link.period.start), moment(end)),
        None => format!("It holds from {} on, without an end.", moment(link.period.start)),
    };
    reason(About::Period, link.period.contains(at), text)
}

pub(super) fn record(link: &Link) -> Reason {
    let text = if link.record_usable {
        "The record is in use."
    } else {
        "The record is inactive, or was merged into one that is not there."
    };
    reason(About::Record, link.record_usable, text)
}

pub(super) fn life(link: &Link, rules: &AccessRules, at: DateTime<Utc>) -> Reason {
    let dead = link.facts.deceased_since.is_some_and(|since| since <= at);
    let closed = link.gives(rules, at).err();
    let text = match (dead, &link.role) {
        (false, LinkRole::Proxy { basis: ProxyBasis::Executor, .. }) => {
            "It is for after the patient's death, of which nothing is on record."
        }
        (false, _) => "No death is on record.",
        (true, LinkRole::Proxy { basis: ProxyBasis::Executor, .. }) => {
            "The patient died: executors open the record."
        }
        (true, LinkRole::Proxy { .. }) => "The patient died: other proxies than executors open nothing.",
        (true, LinkRole::SelfRole) if closed == Some(LinkStatus::PatientDeceased) => {
            "The patient died, and the time for which the own link stays open is over."
        }
        (true, LinkRole::SelfRole) => "The patient died; the own link stays open for a time.",
    };
    let holds = match &link.role {
        LinkRole::Proxy { basis, .. } => dead == (*basis == ProxyBasis::Executor),
        LinkRole::SelfRole => closed != Some(LinkStatus::PatientDeceased),
    };
    reason(About::Life, holds, text)
}

pub(super) fn exception(link: &Link, at: DateTime<Utc>) -> Option<Reason> {
    let exception = link.facts.exception?;
    let holds = exception.from <= at && exception.until.is_none_or(|until| at < until);
    let what = match exception.kind {
        AgeExceptionKind::Emancipated => "the patient decides as an adult does".to_owned(),
        AgeExceptionKind::Incapacity => "the patient cannot decide, at whatever age".to_owned(),
        AgeExceptionKind::TreatedAs { age } => format!("the rules apply as if the patient were {age}"),
    };
    let when = if holds { "Staff recorded an exception" } else { "An exception of staff does not hold then" };
    Some(reason(About::Exception, true, format!("{when}: {what}.")))
}

pub(super) fn age(situation: Situation<'_>, rules: &AccessRules, listener: Listener) -> Option<Reason> {
    let closed = situation.link.gives(rules, situation.at).err();
    let against = matches!(closed, Some(LinkStatus::AgedOut | LinkStatus::AgeUnknown | LinkStatus::TooYoung));
    let counts = match &situation.link.role {
        LinkRole::SelfRole => closed == Some(LinkStatus::TooYoung),
        LinkRole::Proxy { basis, .. } => basis.follows_age() || against,
    };
    if !counts {
        return None;
    }
    let band = age::band(situation.link, rules, situation.at);
    let text = match (closed, band.filter(|_| situation.may_know_age(listener))) {
        (Some(LinkStatus::TooYoung), _) => {
            format!("Patients open their own record from {} on.", rules.self_from_age)
        }
        (Some(LinkStatus::AgeUnknown), _) => {
            "It follows the patient's age, which is not on record.".to_owned()
        }
        (Some(LinkStatus::AgedOut), Some(band)) => {
            format!("By the organization's rules it gives nothing from {} on.", band.from)
        }
        (Some(LinkStatus::AgedOut), None) => {
            "By the organization's rules of age it gives nothing any more.".to_owned()
        }
        (_, Some(band)) => match band.to {
            Some(to) => format!("The rules for patients from {} to {to} apply.", band.from),
            None => format!("The rules for patients from {} on apply.", band.from),
        },
        (_, None) => "The organization's rules of age leave it open.".to_owned(),
    };
    Some(reason(About::Age, !against, text))
}

pub(super) fn assurance(situation: Situation<'_>) -> Reason {
    let (worth, minimum) = (situation.link.assurance.at(situation.at), situation.policy.minimum_assurance);
    let holds = worth.ial >= minimum;
    let against = if holds { "at least" } else { "less than" };
    let text = format!(
        "Its evidence is worth {} ({}), {against} the {} that the organization asks for.",
        worth.ial.as_str(),
        worth.level.as_str(),
        minimum.as_str()
    );
    reason(About::Assurance, holds, text)
}

pub(super) fn permissions(situation: Situation<'_>, rules: &AccessRules) -> Reason {
    let link = situation.link;
    let text = match link.gives(rules, situation.at) {
        Ok(gives) if *gives == link.permissions => format!("It gives {gives}."),
        Ok(gives) => format!("Of {} the rules leave {gives}.", link.permissions),
        Err(_) => format!("It could give {} at most.", link.permissions),
    };
    reason(About::Permissions, true, text)
}
