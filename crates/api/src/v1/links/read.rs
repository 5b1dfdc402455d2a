use actix_web::{HttpRequest, HttpResponse, web::Data};
use kinlink_domain::{
    actor::{Actor, StaffAct},
    audit::{Action, Subject},
    link::{Link, LinkState},
};
use serde::Serialize;
use utoipa::ToSchema;

use super::super::view::{EvidenceView, LinkView, OwnEvidenceView};
use crate::{
    extract::{AnyCaller, path_id},
    problem::{Problem, ProblemType},
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
        (status = "4XX", description = "Refused", body = Problem, content_type = "application/problem+json"),
        (status = "5XX", description = "Not decided", body = Problem, content_type = "application/problem+json"),
    ))]
pub(crate) async fn read(
    request: HttpRequest,
    state: Data<State>,
    caller: AnyCaller,
) -> Result<HttpResponse, Problem> {
    let id = path_id(&request)?;
    let mut unit = state.store.begin().await?;
    let link = unit.link(id).await?.ok_or_else(|| Problem::new(ProblemType::NotFound))?;
    let sight = sight(&caller, &link)?;
    let now = state.ports.clock.now();
    let view = LinkView::new(&link, now);
    let (actor, answer) = match sight {
        Sight::Staff(actor) => {
            let evidence = unit.evidence(id).await?.into_iter();
            let evidence = EvidenceList::Staff(evidence.map(|one| EvidenceView::new(one, now)).collect());
            (actor, LinkAnswer { link: view, evidence: Some(evidence) })
        }
        Sight::Owner(actor) => {
            let evidence = unit.evidence(id).await?;
            let evidence = evidence.iter().filter_map(|one| OwnEvidenceView::new(one, now));
            let evidence = EvidenceList::Own(evidence.collect());
            (actor, LinkAnswer { link: view.without_reason(), evidence: Some(evidence) })
        }
        Sight::Client(actor) => (actor, LinkAnswer { link: view.without_reason(), evidence: None }),
    };
    let subject = Subject {
        link: Some(id),
        account: Some(link.account),
        patient: Some(link.patient),
        ..Subject::default()
    };
    let detail = serde_json::json!({});
    unit.record(state.ports.audit(link.organization, actor, Action::LinkRead, subject, detail));
    unit.save().await?;
    Ok(HttpResponse::Ok().json(answer))
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
