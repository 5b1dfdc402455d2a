//! Who takes part in the demo: two hospitals, a staff user of each role at both, three account holders, and
//! some hundred synthetic patients each.

use std::io::Read;

use anyhow::Context;
use chrono::{DateTime, Utc};
use kinlink_domain::{
    account::Iss,
    actor::Role,
    demographics::{ContactPoint, ContactSystem},
    id::OrganizationId,
    issuer::{ClaimPath, Issuer, StaffClaims, TrustedIssuer},
    organization::{FhirBase, Organization, Slug},
    patient::{FhirId, ImportedPatient},
    policy::Policy,
    port::Random,
};
use serde_json::json;

use crate::{
    idp::{AUDIENCE, User},
    start::PAGES,
};

/// Synthea's patients, see `assets/NOTICE`.
const SYNTHEA: &[u8] = include_bytes!("../assets/patients-100.ndjson.gz");

/// A hospital of the demo.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Hospital {
    pub(crate) slug: &'static str,
    pub(crate) name: &'static str,
}

pub(crate) const HOSPITALS: [Hospital; 2] = [
    Hospital { slug: "northside", name: "Northside General Hospital" },
    Hospital { slug: "riverside", name: "Riverside Children's Hospital" },
];

/// Logins that may redeem codes.
pub(crate) const ACCOUNTS: [&str; 3] = ["anna", "ben", "chloe"];

impl Hospital {
    pub(crate) fn organization(
        self,
        public_url: &str,
        now: DateTime<Utc>,
        random: &dyn Random,
    ) -> anyhow::Result<Organization> {
        Ok(Organization {
            id: OrganizationId::new(now, random),
            slug: Slug::parse(self.slug)?,
            name: self.name.to_owned(),
            fhir_base: FhirBase::parse(&format!("{public_url}/demo/fhir/{}", self.slug))?,
            policy: Policy::default(),
            created_at: now,
        })
    }

    /// Trusts the demo's identity provider: for accounts, and for staff by a claim of the hospital's own.
    pub(crate) fn trust(self, organization: OrganizationId, issuer: &str) -> anyhow::Result<TrustedIssuer> {
        let roles = ClaimPath::parse(format!("hospital_roles.{}", self.slug))?;
        Ok(TrustedIssuer {
            issuer: Issuer { iss: Iss::parse(issuer)?, subject_claim: ClaimPath::parse("sub")? },
            organization,
            audiences: vec![AUDIENCE.to_owned(), PAGES.to_owned()],
            accounts: true,
            staff: Some(StaffClaims { roles, names: std::collections::BTreeMap::new() }),
        })
    }

    /// The hospital's patients. Synthea gives nobody an email; every second one gets one here, so that
    /// invitations can be mailed.
    pub(crate) fn patients(self) -> anyhow::Result<Vec<ImportedPatient>> {
        let mut patients = synthea()?;
        for (index, patient) in patients.iter_mut().enumerate() {
            let id = format!("{}-{:03}", &self.slug[..1], index + 1);
            if index % 2 == 0 {
                patient.demographics.telecom.push(ContactPoint {
                    system: ContactSystem::Email,
                    value: format!("{id}@patients.example"),
                    usage: Some("home".to_owned()),
                    rank: None,
                });
            }
            patient.fhir_id = FhirId::parse(id)?;
        }
        Ok(patients)
    }
}

fn synthea() -> anyhow::Result<Vec<ImportedPatient>> {
    let mut lines = String::new();
    flate2::read::GzDecoder::new(SYNTHEA).read_to_string(&mut lines)?;
    lines
        .lines()
        .map(|line| kinlink_fhir::parse_patient(line.as_bytes()).context("a patient of the demo"))
        .collect()
}

/// Everybody who can log in.
pub(crate) fn users() -> Vec<User> {
    let staff = HOSPITALS.iter().flat_map(|hospital| {
        Role::ALL.map(|role| {
            let username = format!("{role}@{}", hospital.slug);
            User {
                sub: username.clone(),
                username,
                claims: json!({"hospital_roles": {hospital.slug: [role]}}),
                about: format!("{} at {}", about(role), hospital.name),
            }
        })
    });
    let accounts = ACCOUNTS.map(|name| User {
        username: name.to_owned(),
        sub: format!("account-{name}"),
        claims: json!({"email": format!("{name}@mail.example")}),
        about: "Somebody with a login, perhaps a patient".to_owned(),
    });
    accounts.into_iter().chain(staff).collect()
}

const fn about(role: Role) -> &'static str {
    match role {
        Role::Registrar => "Invites patients",
        Role::Reviewer => "Decides doubtful cases",
        Role::Auditor => "Reads the audit",
        Role::Admin => "Invites and decides",
    }
}
