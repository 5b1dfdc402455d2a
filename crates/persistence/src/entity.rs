//! Rows as they are stored. See `migrations/src/*/up.sql` for what each column means.

macro_rules! entity {
    ($module:ident, $table:literal, { $($(#[$meta:meta])* $field:ident: $ty:ty,)* }) => {
        pub(crate) mod $module {
            use sea_orm::entity::prelude::*;

            #[derive(Clone, Debug, PartialEq, DeriveEntityModel, serde::Serialize, serde::Deserialize)]
            #[sea_orm(table_name = $table)]
            pub(crate) struct Model {
                $($(#[$meta])* pub $field: $ty,)*
            }

            #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
            pub(crate) enum Relation {}

            impl ActiveModelBehavior for ActiveModel {}
        }
    };
}

mod access;
mod accounts;
mod claims;
mod clients;
mod connections;
mod directory;
mod endings;
mod events;
mod journal;
mod links;
mod patients;
mod provisioning;
mod signing_keys;

pub(crate) use access::{access_request, bar, invitation, proxy_grant};
pub(crate) use accounts::{
    account, attempt_counter, authenticator, authenticator_staff, recovery_code, step_up,
};
pub(crate) use claims::{claim, claim_candidate, review};
pub(crate) use clients::{api_key, client, client_assertion, client_organization};
pub(crate) use connections::{connection, picker};
pub(crate) use directory::{issuer, organization, organization_policy, trusted_issuer};
pub(crate) use endings::{ending, ending_item};
pub(crate) use events::{event_delivery, event_stream, event_stream_muted};
pub(crate) use journal::{audit_end, audit_entry, change_entry, idempotency_answer, outbox_message};
pub(crate) use links::{displaced_link, dispute, evidence, link, link_history, link_turn};
pub(crate) use patients::{patient, patient_key, patient_source, record_replacement};
pub(crate) use provisioning::{
    provisioning_account, provisioning_finding, provisioning_run, provisioning_target,
};
pub(crate) use signing_keys::signing_key;
