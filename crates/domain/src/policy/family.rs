use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Findings, Violation};
use crate::{
    access::{AccessRules, AgeRule},
    age::{LeapBirthday, TimeZone},
    permission::Permissions,
};

/// Who may act for whom, and until when.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct FamilyPolicy {
    /// Where the organization's days begin and end.
    pub time_zone: TimeZone,
    /// When those born on 29 February have their birthday in other years.
    pub leap_birthday: LeapBirthday,
    /// From which age patients open their own record: 0 to 18.
    pub self_from_age: u8,
    /// Days for which a patient's own link stays open after their death; proxies end with it.
    pub self_days_after_death: u16,
    /// Hours in which an ending of every access can be undone: 0 to 720.
    pub undo_hours: u16,
    /// Live proxy links from which on an account, or a record, is reported as unusual: 2 to 1,000.
    pub unusual_proxies: u16,
    /// What can be given to a proxy, by a short name.
    pub profiles: BTreeMap<String, Profile>,
    /// What proxies of a minor get from an age on.
    pub ages: Vec<AgeProfile>,
    /// How many may act for one patient, and for how many one may act.
    pub limits: ProxyLimits,
    /// Days for which an offer can be accepted.
    pub offer_days: u16,
    /// Days for which an access request is open.
    pub request_days: u16,
    /// Days before a proxy's access narrows or ends by the clock at which it is told.
    pub notice_days: u16,
    /// Whether a proxy may let another person act too, with no more than they have themselves.
    pub proxies_may_grant: bool,
}

/// How many may act for one patient, and for how many one may act.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ProxyLimits {
    /// Live proxies of one record.
    pub per_record: u16,
    /// Records of the organization that one account opens as a proxy.
    pub per_account: u16,
}

impl Default for ProxyLimits {
    /// More than a family has; a home's staff want an organization that says so.
    fn default() -> Self {
        Self { per_record: 10, per_account: 10 }
    }
}

/// Something that can be given to a proxy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Profile {
    /// What people read, such as "Appointments only".
    pub title: String,
    /// SMART v2 scopes.
    pub permissions: Permissions,
}

/// What proxies of a minor get from an age on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AgeProfile {
    /// In years.
    pub from: u8,
    /// A name among `profiles`; nothing if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub profile: Option<String>,
}

/// SMART v2 scopes that read these resource types.
fn reading(types: &[&str]) -> Permissions {
    let scopes: Vec<String> = types.iter().map(|kind| format!("patient/{kind}.rs")).collect();
    scopes.join(" ").parse().unwrap_or_else(|_| Permissions::everything())
}

impl Default for FamilyPolicy {
    /// Ages as many portals have them: all to 11, little from 12, nothing from 18.
    fn default() -> Self {
        let labelled =
            "patient/*.rs?_security:not=http://terminology.hl7.org/CodeSystem/v3-Confidentiality|R";
        let profile = |title: &str, permissions| Profile { title: title.to_owned(), permissions };
        let profiles = [
            ("everything", profile("Everything", Permissions::everything())),
            (
                "all_but_sensitive",
                profile(
                    "Everything but what is marked as sensitive",
                    labelled.parse().unwrap_or_else(|_| Permissions::everything()),
                ),
            ),
            (
                "basics",
                profile(
                    "Appointments, vaccinations and allergies",
                    reading(&["AllergyIntolerance", "Appointment", "Immunization", "Patient"]),
                ),
            ),
            ("appointments", profile("Appointments only", reading(&["Appointment", "Patient"]))),
        ];
        let age = |from, profile: Option<&str>| AgeProfile { from, profile: profile.map(ToOwned::to_owned) };
        Self {
            time_zone: TimeZone::UTC,
            leap_birthday: LeapBirthday::default(),
            self_from_age: 12,
            self_days_after_death: 0,
            undo_hours: 72,
            unusual_proxies: 5,
            profiles: profiles.into_iter().map(|(name, profile)| (name.to_owned(), profile)).collect(),
            ages: vec![age(0, Some("everything")), age(12, Some("basics")), age(18, None)],
            limits: ProxyLimits::default(),
            offer_days: 7,
            request_days: 30,
            notice_days: 30,
            proxies_may_grant: false,
        }
    }
}

impl FamilyPolicy {
    /// As a lookup needs them. An age whose profile does not exist gives nothing.
    pub fn rules(&self) -> AccessRules {
        let permissions = |name: &String| self.profiles.get(name).map(|profile| profile.permissions.clone());
        let rule = |age: &AgeProfile| AgeRule {
            from: age.from,
            permissions: age.profile.as_ref().and_then(permissions),
        };
        AccessRules {
            time_zone: self.time_zone,
            leap_birthday: self.leap_birthday,
            ages: self.ages.iter().map(rule).collect(),
            self_from_age: self.self_from_age,
            self_days_after_death: self.self_days_after_death,
        }
    }

    pub(super) fn check(&self, findings: &mut Findings) {
        findings.range("self_from_age", self.self_from_age.into(), 0, 18);
        findings.range("undo_hours", self.undo_hours.into(), 0, 720);
        findings.range("unusual_proxies", self.unusual_proxies.into(), 2, 1_000);
        findings.range("limits.per_record", self.limits.per_record.into(), 1, 1_000);
        findings.range("limits.per_account", self.limits.per_account.into(), 1, 1_000);
        // Longer, and whoever has the mailbox by then may be somebody else.
        findings.range("offer_days", self.offer_days.into(), 1, 30);
        findings.range("request_days", self.request_days.into(), 1, 365);
        findings.range("notice_days", self.notice_days.into(), 1, 365);
        for (name, profile) in &self.profiles {
            if profile.permissions.is_empty() {
                findings.add(&format!("profiles.{name}.permissions"), Violation::NothingPermitted);
            }
            if profile.title.trim().is_empty() {
                findings.add(&format!("profiles.{name}.title"), Violation::Empty);
            }
        }
        let mut before = None;
        for (i, age) in self.ages.iter().enumerate() {
            findings.range(&format!("ages[{i}].from"), age.from.into(), 0, 26);
            if before.is_some_and(|before| age.from <= before) {
                findings.add(&format!("ages[{i}].from"), Violation::AgesOutOfOrder);
            }
            if age.profile.as_ref().is_some_and(|name| !self.profiles.contains_key(name)) {
                findings.add(&format!("ages[{i}].profile"), Violation::UnknownProfile);
            }
            before = Some(age.from);
        }
        if self.ages.last().is_none_or(|last| last.profile.is_some()) {
            findings.add("ages", Violation::ParentsForever);
        }
    }
}
