//! Links, and what belongs to one.

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

entity!(link_turn, "link_turn", {
    #[sea_orm(primary_key, auto_increment = false)]
    organization_id: Uuid,
    #[sea_orm(primary_key, auto_increment = false)]
    link_id: Uuid,
    gave: Option<Vec<u8>>,
    answered_by: Option<Vec<u8>>,
    foretold: Option<DateTimeUtc>,
    due_at: Option<DateTimeUtc>,
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
