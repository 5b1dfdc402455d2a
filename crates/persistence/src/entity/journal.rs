//! What is written along with a decision: the audit, the feed of changes, mail, answers for a retry.

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

entity!(change_entry, "change_entry", {
    #[sea_orm(primary_key, auto_increment = false)]
    partition: i32,
    #[sea_orm(primary_key, auto_increment = false)]
    seq: i64,
    kind: String,
    subject: Uuid,
    at: DateTimeUtc,
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

entity!(idempotency_answer, "idempotency_answer", {
    #[sea_orm(primary_key, auto_increment = false)]
    request: Vec<u8>,
    body_hash: Vec<u8>,
    status: Option<i32>,
    key_id: Option<i32>,
    sealed: Option<Vec<u8>>,
    created_at: DateTimeUtc,
});
