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

mod provisioning;

pub(crate) use provisioning::{
    provisioning_account, provisioning_finding, provisioning_run, provisioning_target,
};

entity!(organization, "organization", {
    #[sea_orm(primary_key, auto_increment = false)]
    id: Uuid,
    slug: String,
    name: String,
    fhir_base: String,
    policy: String,
    minimum_assurance: String,
    created_at: DateTimeUtc,
    access_rules: Option<String>,
});

entity!(issuer, "issuer", {
    #[sea_orm(primary_key, auto_increment = false)]
    iss: String,
    subject_claim: String,
});

entity!(trusted_issuer, "trusted_issuer", {
    #[sea_orm(primary_key, auto_increment = false)]
    organization_id: Uuid,
    #[sea_orm(primary_key, auto_increment = false)]
    iss: String,
    audiences: String,
    accounts: bool,
    staff: Option<String>,
});

entity!(account, "account", {
    #[sea_orm(primary_key, auto_increment = false)]
    id: Uuid,
    iss: String,
    sub: String,
    created_at: DateTimeUtc,
});

entity!(patient, "patient", {
    #[sea_orm(primary_key, auto_increment = false)]
    organization_id: Uuid,
    #[sea_orm(primary_key, auto_increment = false)]
    id: Uuid,
    fhir_id: String,
    active: bool,
    deceased: bool,
    usable: bool,
    version_id: Option<String>,
    last_updated: Option<DateTimeUtc>,
    content_hash: Vec<u8>,
    key_id: i32,
    sealed: Vec<u8>,
    updated_at: DateTimeUtc,
    contacts_hash: Option<Vec<u8>>,
    contacts_changed_at: Option<DateTimeUtc>,
    index_keys: Option<Vec<u8>>,
    indexed: bool,
    deceased_seen_at: Option<DateTimeUtc>,
    exception_key_id: Option<i32>,
    exception_sealed: Option<Vec<u8>>,
});

entity!(patient_key, "patient_key", {
    #[sea_orm(primary_key, auto_increment = false)]
    organization_id: Uuid,
    #[sea_orm(primary_key, auto_increment = false)]
    key_hash: i64,
    #[sea_orm(primary_key, auto_increment = false)]
    patient_id: Uuid,
});

entity!(invitation, "invitation", {
    #[sea_orm(primary_key, auto_increment = false)]
    organization_id: Uuid,
    #[sea_orm(primary_key, auto_increment = false)]
    id: Uuid,
    patient_id: Uuid,
    fhir_id: String,
    role: String,
    relationship: Option<String>,
    channel: String,
    address: String,
    locator: String,
    code_key_id: i32,
    code_hash: Vec<u8>,
    challenge: Option<String>,
    proof: String,
    failures: i32,
    issued_by: String,
    issued_at: DateTimeUtc,
    expires_at: DateTimeUtc,
    replaces: Option<Uuid>,
    status: String,
    ended_at: Option<DateTimeUtc>,
    ended_by: Option<String>,
    ended_reason: Option<String>,
    link_id: Option<Uuid>,
    basis: Option<String>,
    terms: Option<String>,
});

entity!(link, "link", {
    #[sea_orm(primary_key, auto_increment = false)]
    account_id: Uuid,
    #[sea_orm(primary_key, auto_increment = false)]
    id: Uuid,
    version: i32,
    organization_id: Uuid,
    patient_id: Uuid,
    fhir_id: String,
    role: String,
    relationship: Option<String>,
    permissions: String,
    period_start: DateTimeUtc,
    period_end: Option<DateTimeUtc>,
    ial: String,
    assurance_level: String,
    record_usable: bool,
    invitation_id: Option<Uuid>,
    created_at: DateTimeUtc,
    updated_at: DateTimeUtc,
    status: String,
    ended_at: Option<DateTimeUtc>,
    ended_by: Option<String>,
    ended_reason: Option<String>,
    suspended_at: Option<DateTimeUtc>,
    suspended_by: Option<String>,
    suspended_reason: Option<String>,
    assurance_later: Option<String>,
    basis: Option<String>,
    facts_key_id: Option<i32>,
    facts_sealed: Option<Vec<u8>>,
});

entity!(link_history, "link_history", {
    #[sea_orm(primary_key, auto_increment = false)]
    account_id: Uuid,
    #[sea_orm(primary_key, auto_increment = false)]
    link_id: Uuid,
    #[sea_orm(primary_key, auto_increment = false)]
    version: i32,
    at: DateTimeUtc,
    contents: String,
    facts_key_id: Option<i32>,
    facts_sealed: Option<Vec<u8>>,
});

entity!(organization_policy, "organization_policy", {
    #[sea_orm(primary_key, auto_increment = false)]
    organization_id: Uuid,
    #[sea_orm(primary_key, auto_increment = false)]
    since: DateTimeUtc,
    policy: String,
});

entity!(record_replacement, "record_replacement", {
    #[sea_orm(primary_key, auto_increment = false)]
    organization_id: Uuid,
    #[sea_orm(primary_key, auto_increment = false)]
    patient_id: Uuid,
    replaced_by: String,
});

entity!(displaced_link, "displaced_link", {
    #[sea_orm(primary_key, auto_increment = false)]
    organization_id: Uuid,
    #[sea_orm(primary_key, auto_increment = false)]
    link_id: Uuid,
    account_id: Uuid,
    home_id: Uuid,
    absorbed_by: Option<Uuid>,
    before: Option<String>,
});

entity!(ending, "ending", {
    #[sea_orm(primary_key, auto_increment = false)]
    organization_id: Uuid,
    #[sea_orm(primary_key, auto_increment = false)]
    id: Uuid,
    patient_id: Option<Uuid>,
    account_id: Option<Uuid>,
    keep_self: bool,
    reason: String,
    ended_by: String,
    ended_at: DateTimeUtc,
    undo_until: DateTimeUtc,
    undone_at: Option<DateTimeUtc>,
    undone_by: Option<String>,
});

entity!(ending_item, "ending_item", {
    #[sea_orm(primary_key, auto_increment = false)]
    organization_id: Uuid,
    #[sea_orm(primary_key, auto_increment = false)]
    ending_id: Uuid,
    #[sea_orm(primary_key, auto_increment = false)]
    kind: String,
    #[sea_orm(primary_key, auto_increment = false)]
    subject_id: Uuid,
    before: Option<String>,
});

entity!(proxy_grant, "proxy_grant", {
    #[sea_orm(primary_key, auto_increment = false)]
    organization_id: Uuid,
    #[sea_orm(primary_key, auto_increment = false)]
    id: Uuid,
    patient_id: Uuid,
    fhir_id: String,
    granted_by: String,
    relationship: String,
    basis: String,
    profile: String,
    permissions: String,
    until: Option<DateTimeUtc>,
    contact_key_id: Option<i32>,
    contact_sealed: Option<Vec<u8>>,
    made_at: DateTimeUtc,
    status: String,
    locator: Option<String>,
    code_key_id: Option<i32>,
    code_hash: Option<Vec<u8>>,
    channel: Option<String>,
    expires_at: Option<DateTimeUtc>,
    failures: i32,
    account_id: Option<Uuid>,
    link_id: Option<Uuid>,
    accepted_at: Option<DateTimeUtc>,
    ended_at: Option<DateTimeUtc>,
    ended_by: Option<String>,
    ended_reason: Option<String>,
    due_at: Option<DateTimeUtc>,
    turns_at: Option<DateTimeUtc>,
    told: bool,
});

entity!(bar, "bar", {
    #[sea_orm(primary_key, auto_increment = false)]
    organization_id: Uuid,
    #[sea_orm(primary_key, auto_increment = false)]
    id: Uuid,
    patient_id: Uuid,
    account_id: Option<Uuid>,
    key_id: i32,
    sealed: Vec<u8>,
    until: Option<DateTimeUtc>,
    recorded_by: String,
    recorded_at: DateTimeUtc,
    lifted_at: Option<DateTimeUtc>,
    lifted_by: Option<String>,
});

entity!(access_request, "access_request", {
    #[sea_orm(primary_key, auto_increment = false)]
    organization_id: Uuid,
    #[sea_orm(primary_key, auto_increment = false)]
    id: Uuid,
    account_id: Uuid,
    key_id: i32,
    sealed: Vec<u8>,
    relationship: String,
    submitted_at: DateTimeUtc,
    expires_at: DateTimeUtc,
    due_at: DateTimeUtc,
    status: String,
    patient_id: Option<Uuid>,
    candidates: Option<String>,
    ended_at: Option<DateTimeUtc>,
    ended_by: Option<String>,
    ended_reason: Option<String>,
    grant_id: Option<Uuid>,
});

entity!(dispute, "dispute", {
    #[sea_orm(primary_key, auto_increment = false)]
    organization_id: Uuid,
    #[sea_orm(primary_key, auto_increment = false)]
    id: Uuid,
    link_id: Uuid,
    account_id: Uuid,
    patient_id: Uuid,
    message_id: Uuid,
    opened_at: DateTimeUtc,
    status: String,
    decided_at: Option<DateTimeUtc>,
    decided_by: Option<String>,
    decided_reason: Option<String>,
});

entity!(evidence, "evidence", {
    #[sea_orm(primary_key, auto_increment = false)]
    link_id: Uuid,
    #[sea_orm(primary_key, auto_increment = false)]
    id: Uuid,
    organization_id: Uuid,
    fact: String,
    established_at: DateTimeUtc,
    established_by: String,
    valid_until: Option<DateTimeUtc>,
    withdrawn_at: Option<DateTimeUtc>,
    withdrawn_by: Option<String>,
    withdrawn_reason: Option<String>,
});

entity!(claim, "claim", {
    #[sea_orm(primary_key, auto_increment = false)]
    organization_id: Uuid,
    #[sea_orm(primary_key, auto_increment = false)]
    id: Uuid,
    account_id: Uuid,
    key_id: i32,
    sealed: Vec<u8>,
    submitted_by: String,
    submitted_at: DateTimeUtc,
    expires_at: DateTimeUtc,
    due_at: DateTimeUtc,
    failures: i32,
    code_key_id: i32,
    code_hash: Vec<u8>,
    band: Option<String>,
    status: String,
    patient_id: Option<Uuid>,
    code_channel: Option<String>,
    code_contact: Option<i32>,
    code_sent_at: Option<DateTimeUtc>,
    code_expires_at: Option<DateTimeUtc>,
    review_id: Option<Uuid>,
    ended_at: Option<DateTimeUtc>,
    ended_by: Option<String>,
    ended_reason: Option<String>,
    link_id: Option<Uuid>,
});

entity!(claim_candidate, "claim_candidate", {
    #[sea_orm(primary_key, auto_increment = false)]
    organization_id: Uuid,
    #[sea_orm(primary_key, auto_increment = false)]
    claim_id: Uuid,
    #[sea_orm(primary_key, auto_increment = false)]
    place: i32,
    patient_id: Uuid,
    key_id: i32,
    sealed: Vec<u8>,
});

entity!(review, "review", {
    #[sea_orm(primary_key, auto_increment = false)]
    organization_id: Uuid,
    #[sea_orm(primary_key, auto_increment = false)]
    id: Uuid,
    kind: String,
    claim_id: Option<Uuid>,
    link_id: Option<Uuid>,
    patient_id: Option<Uuid>,
    reasons: String,
    opened_at: DateTimeUtc,
    asks: String,
    status: String,
    approvals: String,
    decided_at: Option<DateTimeUtc>,
    decided_by: Option<String>,
    decided_reason: Option<String>,
});

entity!(client, "client", {
    #[sea_orm(primary_key, auto_increment = false)]
    id: Uuid,
    name: String,
    keys: Option<String>,
    disabled_at: Option<DateTimeUtc>,
    created_at: DateTimeUtc,
});

entity!(client_organization, "client_organization", {
    #[sea_orm(primary_key, auto_increment = false)]
    client_id: Uuid,
    #[sea_orm(primary_key, auto_increment = false)]
    organization_id: Uuid,
});

entity!(api_key, "api_key", {
    #[sea_orm(primary_key, auto_increment = false)]
    id: Uuid,
    client_id: Uuid,
    key_id: i32,
    hash: Vec<u8>,
    created_at: DateTimeUtc,
    expires_at: Option<DateTimeUtc>,
});

entity!(client_assertion, "client_assertion", {
    #[sea_orm(primary_key, auto_increment = false)]
    client_id: Uuid,
    #[sea_orm(primary_key, auto_increment = false)]
    jti_hash: Vec<u8>,
    expires_at: DateTimeUtc,
});

entity!(attempt_counter, "attempt_counter", {
    #[sea_orm(primary_key, auto_increment = false)]
    scope: String,
    #[sea_orm(primary_key, auto_increment = false)]
    key: Vec<u8>,
    since: DateTimeUtc,
    failures: i32,
});

entity!(authenticator, "authenticator", {
    #[sea_orm(primary_key, auto_increment = false)]
    account_id: Uuid,
    version: i32,
    failures: i32,
    active_key_id: Option<i32>,
    active_sealed: Option<Vec<u8>>,
    confirmed_at: Option<DateTimeUtc>,
    last_step: Option<i64>,
    pending_key_id: Option<i32>,
    pending_sealed: Option<Vec<u8>>,
    enrolled_at: Option<DateTimeUtc>,
});

entity!(recovery_code, "recovery_code", {
    #[sea_orm(primary_key, auto_increment = false)]
    account_id: Uuid,
    #[sea_orm(primary_key, auto_increment = false)]
    number: i32,
    key_id: i32,
    hash: Vec<u8>,
    used_at: Option<DateTimeUtc>,
});

entity!(authenticator_staff, "authenticator_staff", {
    #[sea_orm(primary_key, auto_increment = false)]
    account_id: Uuid,
    #[sea_orm(primary_key, auto_increment = false)]
    organization_id: Uuid,
});

entity!(step_up, "step_up", {
    #[sea_orm(primary_key, auto_increment = false)]
    account_id: Uuid,
    #[sea_orm(primary_key, auto_increment = false)]
    token_hash: Vec<u8>,
    at: DateTimeUtc,
});

entity!(idempotency_answer, "idempotency_answer", {
    #[sea_orm(primary_key, auto_increment = false)]
    request: Vec<u8>,
    body_hash: Vec<u8>,
    status: Option<i32>,
    key_id: Option<i32>,
    sealed: Option<Vec<u8>>,
    created_at: DateTimeUtc,
});

entity!(outbox_message, "outbox_message", {
    #[sea_orm(primary_key, auto_increment = false)]
    id: Uuid,
    organization_id: Uuid,
    key_id: Option<i32>,
    sealed: Option<Vec<u8>>,
    kind: String,
    status: String,
    due_at: DateTimeUtc,
    expires_at: Option<DateTimeUtc>,
    attempts: i32,
    error: Option<String>,
    settled_at: Option<DateTimeUtc>,
});

entity!(audit_entry, "audit_entry", {
    #[sea_orm(primary_key, auto_increment = false)]
    organization_id: Uuid,
    #[sea_orm(primary_key, auto_increment = false)]
    seq: i64,
    id: Uuid,
    at: DateTimeUtc,
    actor_type: String,
    actor_id: Option<Uuid>,
    action: String,
    patient_id: Option<Uuid>,
    account_id: Option<Uuid>,
    link_id: Option<Uuid>,
    invitation_id: Option<Uuid>,
    client_id: Option<Uuid>,
    detail: String,
    key_id: i32,
    hash: Vec<u8>,
});

entity!(audit_end, "audit_end", {
    #[sea_orm(primary_key, auto_increment = false)]
    organization_id: Uuid,
    seq: i64,
    last: Vec<u8>,
    key_id: i32,
    hash: Vec<u8>,
});

entity!(change_head, "change_head", {
    #[sea_orm(primary_key, auto_increment = false)]
    partition: i32,
    seq: i64,
});

entity!(change_entry, "change_entry", {
    #[sea_orm(primary_key, auto_increment = false)]
    partition: i32,
    #[sea_orm(primary_key, auto_increment = false)]
    seq: i64,
    kind: String,
    subject: Uuid,
    at: DateTimeUtc,
});

entity!(connection, "connection", {
    #[sea_orm(primary_key, auto_increment = false)]
    id: Uuid,
    client_id: Uuid,
    organization_id: Uuid,
    settings: String,
    created_at: DateTimeUtc,
});

entity!(picker, "picker", {
    #[sea_orm(primary_key, auto_increment = false)]
    account_id: Uuid,
    #[sea_orm(primary_key, auto_increment = false)]
    id: Uuid,
    client_id: Uuid,
    connection_id: Uuid,
    organization_id: Uuid,
    key_id: i32,
    sealed: Vec<u8>,
    expires_at: DateTimeUtc,
    browser_key_id: Option<i32>,
    browser_hash: Option<Vec<u8>>,
    answered_at: Option<DateTimeUtc>,
});

entity!(event_stream, "event_stream", {
    #[sea_orm(primary_key, auto_increment = false)]
    client_id: Uuid,
    #[sea_orm(primary_key, auto_increment = false)]
    id: Uuid,
    kind: String,
    url: Option<String>,
    key_id: Option<i32>,
    sealed: Option<Vec<u8>>,
    events: String,
    description: Option<String>,
    status: String,
    reason: Option<String>,
    created_at: DateTimeUtc,
    updated_at: DateTimeUtc,
    verified_at: Option<DateTimeUtc>,
    failing_since: Option<DateTimeUtc>,
    last_error: Option<String>,
    failures: i32,
    retry_at: Option<DateTimeUtc>,
});

entity!(event_stream_muted, "event_stream_muted", {
    #[sea_orm(primary_key, auto_increment = false)]
    account_id: Uuid,
    #[sea_orm(primary_key, auto_increment = false)]
    stream_id: Uuid,
    client_id: Uuid,
});

entity!(event_delivery, "event_delivery", {
    #[sea_orm(primary_key, auto_increment = false)]
    subject_id: Uuid,
    #[sea_orm(primary_key, auto_increment = false)]
    id: Uuid,
    client_id: Uuid,
    stream_id: Uuid,
    organization_id: Option<Uuid>,
    event: String,
    detail: Option<String>,
    cause_id: Uuid,
    happened_at: DateTimeUtc,
    seq: i64,
    place: i32,
    status: String,
    due_at: DateTimeUtc,
    attempts: i32,
    error: Option<String>,
    settled_at: Option<DateTimeUtc>,
});

entity!(signing_key, "signing_key", {
    #[sea_orm(primary_key, auto_increment = false)]
    purpose: String,
    #[sea_orm(primary_key, auto_increment = false)]
    number: i32,
    kid: String,
    public: String,
    key_id: i32,
    sealed: Vec<u8>,
    signs_from: DateTimeUtc,
    ends_at: Option<DateTimeUtc>,
});

entity!(patient_source, "patient_source", {
    #[sea_orm(primary_key, auto_increment = false)]
    organization_id: Uuid,
    #[sea_orm(primary_key, auto_increment = false)]
    id: Uuid,
    name: String,
    fhir_base: String,
    key_id: i32,
    sealed: Vec<u8>,
    token_key_id: i32,
    token_hash: Vec<u8>,
    every_seconds: i32,
    overlap_seconds: i32,
    deletions: bool,
    since: Option<DateTimeUtc>,
    due_at: DateTimeUtc,
    notified_at: Option<DateTimeUtc>,
    lease_id: Option<Uuid>,
    lease_began: Option<DateTimeUtc>,
    leased_until: Option<DateTimeUtc>,
    failures: i32,
    last_run: Option<String>,
    created_at: DateTimeUtc,
});
