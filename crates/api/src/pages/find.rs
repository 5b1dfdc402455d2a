//! "Find my record", for the patient who has no code. What these pages say never depends on what is on record,
//! until the right code was entered.

pub(super) mod ask;
pub(super) mod claim;
mod given;
pub(super) mod withdraw;

use kinlink_domain::claim::ClaimantStatus;

/// Where a claim stands, for its claimant.
const fn status(status: ClaimantStatus) -> &'static str {
    match status {
        ClaimantStatus::Open => "Open",
        ClaimantStatus::Linked => "Done",
        ClaimantStatus::Withdrawn => "Withdrawn",
        ClaimantStatus::Closed => "Closed",
    }
}
