//! Who reads, and what of an organization they may see.

use actix_web::{FromRequest, HttpRequest, dev::Payload};
use chrono::{DateTime, Utc};
use kinlink_domain::{
    access::{Access, AccessRules},
    account::AccountKey,
    actor::{Actor, StaffAct, StaffRefusal},
    audit::{Action, Subject},
    fhir_user::face,
    id::{AccountId, ClientId},
    link::{Link, LinkState},
    organization::Organization,
    patient::FhirId,
    permission::Permissions,
    store::UnitOfWork,
};
use kinlink_fhir::Place;
use serde_json::json;

use super::asked::{malformed, organization_named, reference, token};
use crate::{
    extract::{AnyCaller, state},
    problem::{Problem, ProblemType},
    state::State,
};

/// Who reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reader {
    /// A client of the organization.
    Client(ClientId),
    /// Staff that may read its links.
    Staff(AccountId),
    /// An account, what is its own.
    Own(AccountId),
}

/// A read at an organization, in one transaction with its audit.
pub(crate) struct Reading<'a> {
    pub(crate) state: &'a State,
    pub(crate) unit: Box<dyn UnitOfWork>,
    pub(crate) organization: Organization,
    pub(crate) reader: Reader,
    /// The organization's FHIR base here.
    pub(crate) base: String,
    pub(crate) now: DateTime<Utc>,
    rules: AccessRules,
}

impl<'a> Reading<'a> {
    /// Finds out who reads where, and refuses whoever may read nothing there.
    pub(crate) async fn begin(request: &'a HttpRequest) -> Result<Self, Problem> {
        let caller = AnyCaller::from_request(request, &mut Payload::None).await?;
        let named = organization_named(request)?;
        let state = state(request)?;
        let mut unit = state.store.begin().await?;
        let organization = named.find(&mut *unit).await?;
        let organization = organization.ok_or_else(|| Problem::new(ProblemType::NotYourOrganization))?;
        let reader = reader(&caller, &organization)?;
        let base = base(state, &organization);
        let (rules, now) = (organization.policy.family.rules(), state.ports.clock.now());
        Ok(Self { state, unit, organization, reader, base, now, rules })
    }

    /// The same, for clients and staff only.
    pub(crate) async fn begin_of_others(request: &'a HttpRequest) -> Result<Self, Problem> {
        let reading = Self::begin(request).await?;
        match reading.reader {
            Reader::Own(_) => Err(Problem::new(ProblemType::Forbidden)),
            Reader::Client(_) | Reader::Staff(_) => Ok(reading),
        }
    }

    pub(crate) fn place(&self) -> Place<'_> {
        place(&self.base, &self.organization)
    }

    /// What a link gives now: the one decision, with the organization's own minimum of assurance.
    pub(crate) fn gives(&self, link: &Link) -> Option<Permissions> {
        match link.access(&self.rules, self.organization.policy.minimum_assurance, self.now) {
            Access::Live(gives) => Some(gives.into_owned()),
            Access::Closed(_) => None,
        }
    }

    /// Whether this reader may know of a link. Clients hear nothing of suspended and ended ones, as everywhere.
    fn sees(&self, link: &Link) -> bool {
        link.organization == self.organization.id
            && match self.reader {
                Reader::Staff(_) => true,
                Reader::Client(_) => link.state == LinkState::Active,
                Reader::Own(account) => link.account == account,
            }
    }

    /// The account that an `identifier` or `_id` names; one that is not the reader's own is refused to accounts.
    pub(crate) fn account(&self, identifier: &str) -> Result<AccountId, Problem> {
        let (iss, sub) = token(identifier).ok_or_else(|| malformed("identifier", "<iss>|<sub>"))?;
        let named = AccountKey::derive(&iss, &sub);
        match self.reader {
            Reader::Own(own) if own != named => Err(Problem::new(ProblemType::Forbidden)),
            _ => Ok(named),
        }
    }

    /// The account's links here that this reader may know of.
    pub(crate) async fn links_of(&mut self, account: AccountId) -> Result<Vec<Link>, Problem> {
        let links = self.unit.links_of_account(account).await?;
        Ok(links.into_iter().filter(|link| self.sees(link)).collect())
    }

    /// The links to the record that `patient` names.
    pub(crate) async fn links_to(&mut self, patient: &str) -> Result<Vec<Link>, Problem> {
        let Some(id) = self.patient(patient)? else { return Ok(Vec::new()) };
        let Some(record) = self.unit.patient(self.organization.id, &id).await? else { return Ok(Vec::new()) };
        let links = self.unit.links_to_patient(self.organization.id, record.id).await?;
        Ok(links.into_iter().filter(|link| self.sees(link)).collect())
    }

    /// The link with this id, as a resource's id writes it.
    pub(crate) async fn link(&mut self, id: &str) -> Result<Option<Link>, Problem> {
        let Ok(id) = uuid::Uuid::try_parse(id) else { return Ok(None) };
        let link = self.unit.link(kinlink_domain::id::Id::from_uuid(id)).await?;
        Ok(link.filter(|link| self.sees(link)))
    }

    /// The record that a `patient` parameter names; none for one of another server.
    pub(crate) fn patient(&self, patient: &str) -> Result<Option<FhirId>, Problem> {
        let id = reference(patient, "Patient", self.organization.fhir_base.as_str());
        let id = id.map(FhirId::parse).transpose();
        id.map_err(|error| malformed("patient", &error.to_string()))
    }

    /// Puts on record what was read, and saves.
    pub(crate) async fn end(self, resource: &str, subject: Subject, found: usize) -> Result<(), Problem> {
        let Self { state, mut unit, organization, reader, .. } = self;
        let (actor, client) = match reader {
            Reader::Client(id) => (Actor::Client(id), Some(id)),
            Reader::Staff(id) => (Actor::Staff(id), None),
            Reader::Own(id) => (Actor::Account(id), None),
        };
        let subject = Subject { client, ..subject };
        let detail = json!({"fhir": resource, "found": found});
        unit.record(state.ports.audit(organization.id, actor, Action::LinkRead, subject, detail));
        Ok(unit.save().await?)
    }
}

/// An organization's FHIR base here.
pub(crate) fn base(state: &State, organization: &Organization) -> String {
    face(&state.settings.public_url, organization.slug.as_str()).to_string()
}

pub(crate) fn place<'a>(base: &'a str, organization: &'a Organization) -> Place<'a> {
    Place { base, records: &organization.fhir_base, name: &organization.name }
}

fn reader(caller: &AnyCaller, organization: &Organization) -> Result<Reader, Problem> {
    let stranger = || Problem::new(ProblemType::NotYourOrganization);
    match caller {
        AnyCaller::Client(client) if client.organizations.contains(&organization.id) => {
            Ok(Reader::Client(client.id))
        }
        AnyCaller::Client(_) => Err(stranger()),
        AnyCaller::Person { account, staff, .. } => match staff.at(organization.id, StaffAct::ReadLinks) {
            Ok(_) => Ok(Reader::Staff(staff.account)),
            Err(refusal) => match (account, refusal) {
                (Some(account), _) => Ok(Reader::Own(*account)),
                (None, StaffRefusal::RoleMissing) => Err(Problem::new(ProblemType::Forbidden)),
                (None, StaffRefusal::Stranger) => Err(stranger()),
            },
        },
    }
}
