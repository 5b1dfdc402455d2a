//! Claims, and the reviews of them.

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
