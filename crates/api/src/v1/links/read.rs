use actix_web::{HttpRequest, HttpResponse, web::Data};
use kinlink_domain::{
    actor::{Actor, StaffAct},
    audit::{Action, Subject},
    evidence::Evidence,
    id::LinkId,
    link::{Link, LinkState},
    store::UnitOfWork,
};
use serde::Serialize;
use utoipa::ToSchema;

use super::super::view::{EvidenceView, LinkView, OwnEvidenceView};
use crate::{
    extract::{AnyCaller, path_id},
    problem::{Problem, ProblemType, Refusals},
    state::State,
};

#[derive(Serialize, ToSchema)]
pub(crate) struct LinkAnswer {
    #[serde(flatten)]
    link: LinkView,
    /// Why the link is there: for staff with all particulars, for the account its kinds and dates, for clients
    /// not at all.
    #[serde(skip_serializing_if = "Option::is_none")]
    evidence: Option<EvidenceList>,
}

#[derive(Serialize, ToSchema)]
#[serde(untagged)]
enum EvidenceList {
    Staff(Vec<EvidenceView>),
    Own(Vec<OwnEvidenceView>),
}

/// What the caller may see of a link.
enum Sight {
    /// Everything, evidence included.
    Staff(Actor),
    /// The link with the kinds of its evidence, but not why staff ended it.
    Owner(Actor),
    /// The link while it is not ended.
    Client(Actor),
}

/// Read a link: its account, staff of its organization (`registrar`, `reviewer`, `admin`), or a client of
/// its organization.
#[utoipa::path(get, path = "/v1/links/{id}", tag = "links",
    security(("account" = []), ("staff" = []), ("client" = [])),
    params(("id" = String, Path, description = "The link")),
    responses(
        (status = 200, description = "The link", body = LinkAnswer),
        Refusals,
    ))]
pub(crate) async fn read(
    request: HttpRequest,
    state: Data<State>,
    caller: AnyCaller,
) -> Result<HttpResponse, Problem> {
    let id = path_id(&request)?;
    let mut unit = state.store.begin().await?;
    let (link, seen) = see(&state, &mut *unit, &caller, id).await?;
    let now = state.ports.clock.now();
    let view = LinkView::load(&mut *unit, &link, now).await?;
    unit.save().await?;
    let answer = match seen {
        Seen::Staff(evidence) => {
            let evidence = evidence.into_iter().map(|one| EvidenceView::new(one, now)).collect();
            LinkAnswer { link: view, evidence: Some(EvidenceList::Staff(evidence)) }
        }
        Seen::Owner(evidence) => {
            let evidence = evidence.iter().filter_map(|one| OwnEvidenceView::new(one, now)).collect();
            LinkAnswer { link: view.without_reason(), evidence: Some(EvidenceList::Own(evidence)) }
        }
        Seen::Client => LinkAnswer { link: view.without_reason(), evidence: None },
    };
    Ok(HttpResponse::Ok().json(answer))
}

/// What stands beside a link, by who sees it.
pub(crate) enum Seen {
    /// Staff see the evidence as it is.
    Staff(Vec<Evidence>),
    /// The account holder sees what [`OwnEvidenceView`] shows of it.
    Owner(Vec<Evidence>),
    /// A client sees none.
    Client,
}

/// A link as the caller may see it; that it was read is put on record.
pub(crate) async fn see(
    state: &State,
    unit: &mut dyn UnitOfWork,
    caller: &AnyCaller,
    id: LinkId,
) -> Result<(Link, Seen), Problem> {
    let link = unit.link(id).await?.ok_or_else(|| Problem::new(ProblemType::NotFound))?;
    let (actor, seen) = match sight(caller, &link)? {
        Sight::Staff(actor) => (actor, Seen::Staff(unit.evidence(id).await?)),
        Sight::Owner(actor) => (actor, Seen::Owner(unit.evidence(id).await?)),
        Sight::Client(actor) => (actor, Seen::Client),
    };
    let subject = Subject::from(&link);
    let detail = serde_json::json!({});
    unit.record(state.ports.audit(link.organization, actor, Action::LinkRead, subject, detail));
    Ok((link, seen))
}

fn sight(caller: &AnyCaller, link: &Link) -> Result<Sight, Problem> {
    let hidden = || Problem::new(ProblemType::NotFound);
    match caller {
        AnyCaller::Client(client) => {
            let seen = client.organizations.contains(&link.organization) && link.state == LinkState::Active;
            if seen { Ok(Sight::Client(Actor::Client(client.id))) } else { Err(hidden()) }
        }
        AnyCaller::Person { account, staff, .. } => match staff.at(link.organization, StaffAct::ReadLinks) {
            Ok(by) => Ok(Sight::Staff(by.actor())),
            Err(_) if *account == Some(link.account) => Ok(Sight::Owner(Actor::Account(link.account))),
            Err(kinlink_domain::actor::StaffRefusal::RoleMissing) => {
                Err(Problem::new(ProblemType::Forbidden))
            }
            Err(kinlink_domain::actor::StaffRefusal::Stranger) => Err(hidden()),
        },
    }
}
