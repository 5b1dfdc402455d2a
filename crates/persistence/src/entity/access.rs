//! How access is given: invitations, grants, requests, and the bars against them.

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
