//! Invitations: staff's offer of a link to whoever holds the code.

pub(crate) mod issue;
pub(crate) mod list;
pub(crate) mod read;
pub(crate) mod redeem;
pub(crate) mod reissue;
pub(crate) mod revoke;

use kinlink_delivery::letter_html;
use kinlink_domain::{
    actor::{Authorized, StaffAct},
    id::InvitationId,
    invitation::Invitation,
    service::issue_invitation::{EmailTarget, Issued},
    store::UnitOfWork,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use validator::Validate;

use super::{bars::BarView, view::InvitationView};
use crate::{
    extract::StaffCaller,
    problem::{Problem, ProblemType},
    state::State,
};

/// Where an emailed code goes. Without it, to the preferred email on the patient's record.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct EmailBody {
    #[validate(
        email(message = "not an email address"),
        length(max = 254, message = "at most 254 characters")
    )]
    #[schema(example = "n-001@patients.example")]
    address: String,
    /// Needed for an address that is not on the record: staff say that they validated it.
    #[serde(default)]
    validated_by_staff: bool,
}

fn email_target(email: Option<EmailBody>) -> EmailTarget {
    email.map_or(EmailTarget::OnRecord, |email| EmailTarget::Address {
        address: email.address,
        validated_by_staff: email.validated_by_staff,
    })
}

/// A new invitation with its code.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct IssuedAnswer {
    invitation: InvitationView,
    /// The code, shown this once; null when Kinlink sends it.
    #[schema(example = "7K3M-Q9ZT-4W2C")]
    code: Option<String>,
    /// For the channel `post`, when staff send the letter: the letter, as a page to print that needs nothing
    /// from elsewhere. Where the record has no name and address, the place for them is left empty.
    #[serde(skip_serializing_if = "Option::is_none")]
    letter_html: Option<String>,
    /// Accounts that open this record as the patient already. More than you expected? Look before you hand
    /// the code over.
    other_self_links: usize,
    /// The patient is a minor, or may be, and whoever redeems the code opens the record as the patient, also when they
    /// are grown up. Is it the child's own account? A parent acts for a child as a proxy.
    minor: bool,
    /// Bars of this record: people who must not get the code. Whom an account is known of, it would be refused
    /// to; the others, only you can tell.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    bars: Vec<BarView>,
}

impl IssuedAnswer {
    fn new(issued: &Issued, state: &State) -> Result<Self, Problem> {
        let now = state.ports.clock.now();
        let pages = state.settings.pages();
        let letter = issued.letter.as_ref().map(|(to, letter)| letter_html(to, letter, &pages)).transpose();
        let letter_html = letter.map_err(|_| Problem::new(ProblemType::Internal))?;
        Ok(Self {
            invitation: InvitationView::new(&issued.invitation, now),
            code: issued.code.as_ref().map(ToString::to_string),
            letter_html,
            minor: issued.minor,
            other_self_links: issued.other_self_links,
            bars: issued.bars.iter().map(|bar| BarView::new(bar, &issued.invitation.fhir_id, now)).collect(),
        })
    }
}

/// Finds an invitation at one of the organizations whose invitations the caller manages. One at another
/// organization is not found, as if it did not exist.
pub(crate) async fn find(
    unit: &mut dyn UnitOfWork,
    staff: &StaffCaller,
    id: InvitationId,
) -> Result<(Authorized, Invitation), Problem> {
    for by in staff.wherever(StaffAct::ManageInvitations)? {
        if let Some(invitation) = unit.invitation(by.organization(), id).await? {
            return Ok((by, invitation));
        }
    }
    Err(Problem::new(ProblemType::NotFound))
}
