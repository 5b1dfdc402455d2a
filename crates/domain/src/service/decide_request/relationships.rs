//! What already speaks for a relationship between whoever asks and a record: for staff to weigh, never enough by
//! itself.

use serde::{Deserialize, Serialize};

use crate::{
    access_request::AccessRequest,
    demographics::{Address, Demographics, HumanName},
    link::{Link, LinkRole, LinkStatus},
    patient::{NamedContact, PatientRecord},
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
    /// The record names somebody like the asker as close to the patient (FHIR R4 `Patient.contact`).
    NamedContact {
        /// What the record calls them.
        #[serde(skip_serializing_if = "Option::is_none")]
        relationship: Option<Relationship>,
    },
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

/// Whether two names may be one person's: the family name, and a given name that both have.
fn is_same_name(one: &HumanName, two: &HumanName) -> bool {
    let family = |name: &HumanName| name.family.as_deref().map(plain).filter(|family| !family.is_empty());
    let given = |name: &HumanName| name.given.iter().map(|given| plain(given)).collect::<Vec<_>>();
    let (one_given, two_given) = (given(one), given(two));
    family(one).is_some_and(|of_one| Some(of_one) == family(two))
        && one_given.iter().any(|given| two_given.contains(given))
}

/// The contacts that the record names who may be this person: by name, or by a telephone or email.
fn named(contacts: &[NamedContact], person: &Demographics) -> Vec<CandidateRelationship> {
    let may_be = |contact: &&NamedContact| {
        let reached = Demographics { telecom: contact.telecom.clone(), ..Demographics::default() };
        let called = contact.name.iter().any(|name| person.names.iter().any(|own| is_same_name(name, own)));
        called || share_contact(&reached, person)
    };
    let found = contacts.iter().filter(may_be);
    found.map(|contact| CandidateRelationship::NamedContact { relationship: contact.relationship }).collect()
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
    found.extend(named(&patient.record.contacts, &request.asker));
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
    found.extend(named(&patient.record.contacts, asker));
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
    fn a_contact_that_the_record_names_speaks_for_whoever_is_called_or_reached_like_them() {
        let name = |family: &str, given: &str| HumanName {
            family: Some(family.to_owned()),
            given: vec![given.to_owned()],
            ..HumanName::default()
        };
        let phone = ContactPoint {
            system: ContactSystem::Phone,
            value: "617 555 0123".to_owned(),
            usage: None,
            rank: None,
        };
        let mother = Relationship::parse("MTH").ok();
        let contacts = [NamedContact {
            relationship: mother,
            name: Some(name("O'Hara", "Scarlett")),
            telecom: vec![phone.clone()],
        }];
        let called = |name| Demographics { names: vec![name], ..Demographics::default() };
        let reached = Demographics { telecom: vec![phone], ..called(name("Other", "Name")) };
        for (person, speaks) in [
            (called(name("OHARA", "scarlett")), true),
            (called(name("O'Hara", "Gerald")), false),
            (called(name("", "Scarlett")), false),
            (reached, true),
            (Demographics::default(), false),
        ] {
            let found = named(&contacts, &person);
            let expected = CandidateRelationship::NamedContact { relationship: mother };
            assert_eq!(found, if speaks { vec![expected] } else { Vec::new() });
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
