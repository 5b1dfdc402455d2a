//! What already speaks for a relationship between whoever asks and a record: for staff to weigh, never enough by
//! itself.

use serde::{Deserialize, Serialize};

use crate::{
    access_request::AccessRequest,
    demographics::{Address, Demographics},
    link::{Link, LinkRole, LinkStatus},
    patient::PatientRecord,
    relationship::Relationship,
    service::Ports,
    store::{StoreError, UnitOfWork},
};

/// Something that speaks for a relationship.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum CandidateRelationship {
    /// The asker is a patient here, and lives where the patient does, by both records.
    SameHousehold,
    /// The asker says that they live where the patient does.
    SameHouseholdAsTold,
    /// The same telephone or email stands on both records.
    SharedContact,
    /// The patient acts for the asker, as this.
    OtherWay {
        /// What the patient is to the asker.
        relationship: Relationship,
    },
    /// The asker acts, or acted, for this patient before, as this.
    Before {
        /// What the asker is to the patient.
        relationship: Relationship,
    },
    /// The asker is a patient here: who they are was proven.
    PatientHere,
}

fn plain(text: &str) -> String {
    text.chars().filter(char::is_ascii_alphanumeric).flat_map(char::to_lowercase).collect()
}

fn is_same_place(one: &Address, two: &Address) -> bool {
    let place = |address: &Address| {
        let line: String = address.line.iter().map(|line| plain(line)).collect();
        let town = address.postal_code.as_ref().or(address.city.as_ref()).map(|town| plain(town));
        (!line.is_empty()).then_some(line).zip(town)
    };
    place(one).is_some_and(|place_of_one| Some(place_of_one) == place(two))
}

fn share_home(one: &Demographics, two: &Demographics) -> bool {
    let in_use = |address: &&Address| address.usage.as_deref() != Some("old");
    one.addresses
        .iter()
        .filter(in_use)
        .any(|here| two.addresses.iter().filter(in_use).any(|there| is_same_place(here, there)))
}

fn share_contact(one: &Demographics, two: &Demographics) -> bool {
    one.telecom.iter().any(|here| {
        let value = plain(&here.value);
        !value.is_empty()
            && two.telecom.iter().any(|there| here.system == there.system && plain(&there.value) == value)
    })
}

/// What speaks for a relationship of whoever asked to this record.
pub async fn candidate_relationships(
    unit: &mut dyn UnitOfWork,
    ports: &Ports,
    request: &AccessRequest,
    patient: &PatientRecord,
) -> Result<Vec<CandidateRelationship>, StoreError> {
    let now = ports.clock.now();
    let person = &patient.record.demographics;
    let mut found = Vec::new();
    if share_home(&request.asker, person) {
        found.push(CandidateRelationship::SameHouseholdAsTold);
    }
    let askers = unit.links_of_account(request.account).await?;
    let here = askers.iter().filter(|link| link.organization == patient.organization);
    for link in here {
        let live = link.stored_status(now) == LinkStatus::Active;
        match link.role {
            LinkRole::SelfRole if live && link.patient != patient.id => {
                found.push(CandidateRelationship::PatientHere);
                found.extend(by_own_record(unit, request, link, patient).await?);
            }
            LinkRole::Proxy { relationship, .. } if link.patient == patient.id => {
                found.push(CandidateRelationship::Before { relationship });
            }
            LinkRole::SelfRole | LinkRole::Proxy { .. } => {}
        }
    }
    Ok(found)
}

/// What the asker's own record adds.
async fn by_own_record(
    unit: &mut dyn UnitOfWork,
    request: &AccessRequest,
    own: &Link,
    patient: &PatientRecord,
) -> Result<Vec<CandidateRelationship>, StoreError> {
    let mut found = Vec::new();
    let Some(record) = unit.patient_by_id(own.organization, own.patient).await? else { return Ok(found) };
    let (asker, person) = (&record.record.demographics, &patient.record.demographics);
    if share_home(asker, person) {
        found.push(CandidateRelationship::SameHousehold);
    }
    if share_contact(asker, person) {
        found.push(CandidateRelationship::SharedContact);
    }
    let to_patient = unit.links_to_patient(patient.organization, patient.id).await?;
    let patients: Vec<_> = to_patient
        .iter()
        .filter(|link| link.role == LinkRole::SelfRole && link.account != request.account)
        .map(|link| link.account)
        .collect();
    let to_asker = unit.links_to_patient(own.organization, own.patient).await?;
    let other_way = to_asker.iter().filter(|link| patients.contains(&link.account));
    found.extend(other_way.filter_map(|link| {
        link.role.relationship().map(|relationship| CandidateRelationship::OtherWay { relationship })
    }));
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::demographics::{ContactPoint, ContactSystem};

    fn home(line: &str, postal_code: &str, usage: Option<&str>) -> Demographics {
        let address = Address {
            usage: usage.map(ToOwned::to_owned),
            line: vec![line.to_owned()],
            postal_code: Some(postal_code.to_owned()),
            ..Address::default()
        };
        Demographics { addresses: vec![address], ..Demographics::default() }
    }

    #[test]
    fn one_home_is_one_however_it_is_written_and_an_old_one_is_none() {
        let here = home("1 Elm Street", "02139", None);
        for (there, same) in [
            (home("1, ELM street", "02139", None), true),
            (home("2 Elm Street", "02139", None), false),
            (home("1 Elm Street", "02140", None), false),
            (home("1 Elm Street", "02139", Some("old")), false),
            (home("", "02139", None), false),
            (Demographics::default(), false),
        ] {
            assert_eq!(share_home(&here, &there), same, "{:?}", there.addresses.first().map(|a| &a.line));
        }
    }

    #[test]
    fn a_contact_is_shared_if_it_is_of_one_kind_and_one_number() {
        let phone = |system, value: &str| Demographics {
            telecom: vec![ContactPoint { system, value: value.to_owned(), usage: None, rank: None }],
            ..Demographics::default()
        };
        let here = phone(ContactSystem::Phone, "617 555-0123");
        assert!(share_contact(&here, &phone(ContactSystem::Phone, "(617) 5550123")));
        assert!(!share_contact(&here, &phone(ContactSystem::Email, "6175550123")));
        assert!(!share_contact(&here, &phone(ContactSystem::Phone, "617 555-0124")));
        assert!(!share_contact(&phone(ContactSystem::Phone, "-"), &phone(ContactSystem::Phone, "-")));
    }
}
