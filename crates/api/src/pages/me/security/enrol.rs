use actix_web::{HttpResponse, http::StatusCode, web::Data};
use askama::Template;
use kinlink_domain::service::totp::{TotpRefusal, enrol::enrol as enrol_authenticator};

use super::show_again;
use crate::{
    pages::{
        authenticator::{explain, login, typed},
        complaint::Complaints,
        form::{Entered, Form},
        frame::{Frame, show},
        refusal::Refusal,
        visitor::{Person, Visitor},
        words,
    },
    state::State,
    v1::totp::enrol::{EnrolAnswer, shown, shown_login},
};

const PATH: &str = "/me/security";

/// The new secret, this once.
#[derive(Template)]
#[template(path = "me/enrolled.html")]
struct EnrolledPage {
    frame: Frame,
    qr: String,
    secret: String,
    until: String,
}

/// A new authenticator app is set up; it counts once its first code was given.
pub(in crate::pages) async fn enrol(
    state: Data<State>,
    Person(visitor): Person,
    Form(form): Form<Entered>,
) -> Result<HttpResponse, Refusal> {
    let given = match typed(&form.code) {
        Ok(given) => given,
        Err(why) => {
            let complaints = Complaints::one("code", why);
            return show_again(&state, &visitor, StatusCode::UNPROCESSABLE_ENTITY, complaints).await;
        }
    };
    let staff_at = visitor.staff_at();
    let mut unit = state.store.begin().await?;
    unit.ensure_account(&visitor.login, state.ports.clock.now()).await?;
    let login = login(&visitor, &staff_at);
    match enrol_authenticator(&mut *unit, &state.ports, login, given.as_ref()).await? {
        Ok(enrolled) => {
            let at = trusted_by(&visitor, &staff_at);
            let shown = shown(&mut *unit, &at, &shown_login(&visitor.login, None), &enrolled).await?;
            unit.save().await?;
            Ok(show(&state, &visitor, StatusCode::CREATED, &page(&visitor, &shown)))
        }
        Err(refusal) => {
            // It is counted.
            unit.save().await?;
            if matches!(refusal, TotpRefusal::LoginTooOld { .. }) {
                return Err(Refusal::StepUp { return_to: PATH.to_owned() });
            }
            let (status, why) = explain(refusal);
            show_again(&state, &visitor, status, Complaints::one("code", why)).await
        }
    }
}

/// Where this login counts, as a patient's or as staff's.
fn trusted_by(
    visitor: &Visitor,
    staff_at: &[kinlink_domain::id::OrganizationId],
) -> Vec<kinlink_domain::id::OrganizationId> {
    let mut all = [&visitor.account_at, staff_at].concat();
    all.sort_unstable();
    all.dedup();
    all
}

fn page(visitor: &Visitor, shown: &EnrolAnswer) -> EnrolledPage {
    // The picture stands in the page itself, where an XML declaration has no place.
    let start = shown.qr_svg.find("<svg").unwrap_or_default();
    let letters: Vec<char> = shown.secret.chars().collect();
    let groups: Vec<String> = letters.chunks(4).map(|group| group.iter().collect()).collect();
    EnrolledPage {
        frame: Frame::new(visitor, PATH),
        qr: shown.qr_svg[start..].to_owned(),
        secret: groups.join(" "),
        until: words::moment(shown.expires_at),
    }
}
