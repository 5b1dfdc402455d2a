//! Offers and requests, of which a link may still come.

use chrono::{DateTime, Utc};

use crate::{
    access_request::{AccessRequest, RequestDecline, RequestStatus},
    actor::Actor,
    ending::{EndedItem, Ending, EndingScope, Touched},
    grant::{Grant, GrantStatus},
    id::OrganizationId,
    link::LinkRole,
    page::Page,
    store::{StoreError, UnitOfWork},
};

/// Requests of one account that are looked at: more than the limits let anybody have open.
const REQUESTS: u16 = 200;

/// Adds them to what an ending touches.
pub(super) async fn touch(
    unit: &mut dyn UnitOfWork,
    organization: OrganizationId,
    scope: EndingScope,
    touched: &mut Touched,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    let offered = |grant: &Grant| grant.status(now) == GrantStatus::Offered;
    match scope {
        EndingScope::Record(patient) => {
            let offers = unit.grants_to_patient(organization, patient).await?;
            touched.offers.extend(offers.into_iter().filter(offered));
            touched.requests.extend(unit.requests_to_patient(organization, patient, now).await?);
        }
        EndingScope::Account(account) => {
            let by = Actor::Account(account);
            let own = touched.links.iter().filter(|link| link.role == LinkRole::SelfRole);
            for patient in own.map(|link| link.patient).collect::<Vec<_>>() {
                let offers = unit.grants_to_patient(organization, patient).await?;
                let own = offers.into_iter().filter(|grant| offered(grant) && grant.by == by);
                let new: Vec<Grant> = own.filter(|grant| !touched.offers.contains(grant)).collect();
                touched.offers.extend(new);
            }
            let page = Page { after: None, limit: REQUESTS };
            let requests = unit.requests_of_account(account, page).await?.items.into_iter();
            touched.requests.extend(
                requests.filter(|request| request.organization == organization && is_open(request, now)),
            );
        }
    }
    Ok(())
}

fn is_open(request: &AccessRequest, now: DateTime<Utc>) -> bool {
    matches!(request.status(now), RequestStatus::Submitted | RequestStatus::Pending)
}

/// Closes them. Whoever asked is not told; whoever was offered something finds the code refused.
pub(super) async fn close(
    unit: &mut dyn UnitOfWork,
    ending: &Ending,
    offers: Vec<Grant>,
    requests: Vec<AccessRequest>,
) -> Result<Vec<EndedItem>, StoreError> {
    let mut closed = Vec::new();
    for offer in offers {
        // What followed from the end of a link may have withdrawn it.
        let Some(offer) = unit.grant_for_update(offer.id).await? else { continue };
        let Ok(withdrawn) = offer.withdraw(ending.by, ending.at) else { continue };
        unit.update_grant(&withdrawn).await?;
        closed.push(EndedItem::Offer(withdrawn.id));
    }
    for request in requests {
        let request = unit.request_for_update(ending.organization, request.id).await?;
        let Some(request) = request else { continue };
        let Ok(declined) = request.decline(ending.by, RequestDecline::NoRelationship, ending.at) else {
            continue;
        };
        unit.update_request(&declined).await?;
        closed.push(EndedItem::Request(declined.id));
    }
    Ok(closed)
}
