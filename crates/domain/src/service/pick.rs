//! A person picks which record an app gets: [`crate::picker`].

use chrono::{DateTime, Utc};

use super::Ports;
use crate::{
    account::AccountKey,
    actor::Actor,
    audit::{Action, Subject},
    connection::Connection,
    demographics::{Demographics, HumanName},
    id::{LinkId, PickerId},
    link::Link,
    picker::{LIFETIME, Picker, PickerRefusal, PickerSession, PickerState, PickerToken},
    relationship::Relationship,
    service::token_context::candidates,
    store::{AnswerableLink, StoreError, UnitOfWork},
};

/// Why a picker does not go on.
#[derive(Debug, thiserror::Error)]
pub enum PickError {
    /// Kinlink did not make this token, or its connection is gone.
    #[error("the address is not accepted")]
    NotAccepted,
    /// The picker itself refuses.
    #[error(transparent)]
    Refused(#[from] PickerRefusal),
    /// The link is not, or not any more, one that can be picked.
    #[error("this record cannot be picked")]
    NotOffered,
    /// Storage failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// What can be picked, as the person knows it.
#[derive(Debug)]
pub struct Offered {
    /// The link.
    pub link: LinkId,
    /// Whose record.
    pub whose: Whose,
}

/// Whose record it is, in the words of the person who picks. Nothing more of a record is shown.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Whose {
    /// The person's own.
    Own,
    /// Somebody's, by their given name, and what they are to the person.
    Somebody {
        /// The given name that they go by; absent if the record has none.
        given_name: Option<String>,
        /// What they are to the person who picks.
        are: Kin,
    },
}

/// What a patient is to their proxy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kin {
    /// Their child.
    Child,
    /// Their parent.
    Parent,
    /// Their husband, wife or partner.
    Partner,
    /// Somebody else whom they act for.
    Other,
}

/// Begins a picker; the unit is to be saved.
pub async fn begin(
    unit: &mut dyn UnitOfWork,
    ports: &Ports,
    connection: &Connection,
    account: &AccountKey,
    session: PickerSession,
) -> Result<PickerToken, StoreError> {
    let now = ports.clock.now();
    let picker = Picker {
        id: PickerId::new(now, &*ports.random),
        account: account.id(),
        client: connection.client,
        connection: connection.id,
        organization: connection.organization,
        session,
        expires_at: now + LIFETIME,
        state: PickerState::Waiting,
    };
    unit.add_picker(&picker).await?;
    Ok(picker.token())
}

/// Lets a browser see what can be picked; the unit is to be saved. `links` are those of the account.
pub async fn look(
    unit: &mut dyn UnitOfWork,
    ports: &Ports,
    picker: Picker,
    secret: &[u8],
    links: &[AnswerableLink],
) -> Result<(Picker, Vec<Offered>), PickError> {
    let now = ports.clock.now();
    let opened = picker.open(secret, &*ports.vault, now)?;
    let connection = connection(unit, &opened).await?;
    let mut choices = Vec::new();
    for link in offered_links(links, &connection, now) {
        choices.push(Offered { link: link.id, whose: whose(unit, link).await? });
    }
    unit.update_picker(&opened).await?;
    Ok((opened, choices))
}

/// Takes the answer; the unit is to be saved. Without a link, the person picked none of them.
pub async fn answer(
    unit: &mut dyn UnitOfWork,
    ports: &Ports,
    picker: Picker,
    secret: &[u8],
    links: &[AnswerableLink],
    choice: Option<LinkId>,
) -> Result<Picker, PickError> {
    let now = ports.clock.now();
    let connection = connection(unit, &picker).await?;
    let answered = picker.answer(secret, &*ports.vault, now)?;
    if let Some(chosen) = choice {
        let link = offered_links(links, &connection, now).find(|link| link.id == chosen);
        let link = link.ok_or(PickError::NotOffered)?;
        let subject = Subject {
            patient: Some(link.patient),
            account: Some(link.account),
            link: Some(link.id),
            client: Some(answered.client),
            ..Subject::default()
        };
        let by = Actor::Account(link.account);
        let detail = serde_json::json!({"connection": connection.id});
        unit.record(ports.audit(answered.organization, by, Action::LinkPick, subject, detail));
    }
    unit.update_picker(&answered).await?;
    Ok(answered)
}

async fn connection(unit: &mut dyn UnitOfWork, picker: &Picker) -> Result<Connection, PickError> {
    let connection = unit.connection(picker.connection).await?.ok_or(PickError::NotAccepted)?;
    let same = connection.client == picker.client && connection.organization == picker.organization;
    // Taken from the connection since the picker was begun: the answer goes nowhere.
    let registered = connection.settings.return_urls.contains(&picker.session.return_url);
    if same && registered { Ok(connection) } else { Err(PickError::NotAccepted) }
}

fn offered_links<'a>(
    links: &'a [AnswerableLink],
    connection: &Connection,
    now: DateTime<Utc>,
) -> impl Iterator<Item = &'a Link> {
    let minimum = connection.settings.minimum_assurance;
    candidates(links, connection.organization, minimum, now).into_iter().map(|found| &found.answerable.link)
}

async fn whose(unit: &mut dyn UnitOfWork, link: &Link) -> Result<Whose, StoreError> {
    let Some(relationship) = link.role.relationship() else { return Ok(Whose::Own) };
    let record = unit.patient_by_id(link.organization, link.patient).await?;
    let given_name = record.and_then(|record| given_name(&record.record.demographics));
    Ok(Whose::Somebody { given_name, are: kin(relationship) })
}

/// The name somebody goes by: the first given name of the usual name, else of the first that has one.
fn given_name(demographics: &Demographics) -> Option<String> {
    let present = |name: &&HumanName| !matches!(name.usage.as_deref(), Some("old" | "maiden"));
    let usual = |name: &&HumanName| name.usage.as_deref() == Some("usual");
    let first = |name: &HumanName| name.given.first().cloned();
    let names = || demographics.names.iter().filter(present);
    names().filter(usual).find_map(first).or_else(|| names().find_map(first))
}

/// The other side of a relationship: v3-RoleCode says what the proxy is to the patient.
fn kin(relationship: Relationship) -> Kin {
    match relationship.code() {
        "PRN" | "MTH" | "FTH" | "NMTH" | "NFTH" | "ADOPTP" | "ADOPTM" | "ADOPTF" | "STPPRN" | "STPMTH"
        | "STPFTH" | "PRNFOST" | "MTHFOST" | "FTHFOST" => Kin::Child,
        "CHILD" | "DAU" | "SON" | "NCHILD" | "CHLDADOPT" | "STPCHLD" | "STPDAU" | "STPSON" | "CHLDFOST" => {
            Kin::Parent
        }
        "SPS" | "HUSB" | "WIFE" | "DOMPART" | "SIGOTHR" => Kin::Partner,
        _ => Kin::Other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_relationship_is_said_from_the_other_side() {
        for (relationship, expected) in [
            ("MTH", Kin::Child),
            ("PRN", Kin::Child),
            ("DAU", Kin::Parent),
            ("HUSB", Kin::Partner),
            ("GUARD", Kin::Other),
            ("POWATT", Kin::Other),
        ] {
            assert_eq!(kin(Relationship::parse(relationship).unwrap()), expected, "{relationship}");
        }
    }

    #[test]
    fn somebody_is_called_by_the_name_they_go_by_and_never_by_an_old_one() {
        let name = |usage: &str, given: &str| HumanName {
            usage: Some(usage.to_owned()),
            given: vec![given.to_owned(), "Middle".to_owned()],
            ..HumanName::default()
        };
        let named = |names| given_name(&Demographics { names, ..Demographics::default() });
        let both = named(vec![name("official", "Wilhelmina"), name("usual", "Mina")]);
        assert_eq!(both.as_deref(), Some("Mina"));
        assert_eq!(named(vec![name("old", "Dead"), name("official", "Alive")]).as_deref(), Some("Alive"));
        assert_eq!(named(vec![name("old", "Dead")]), None);
    }
}
