//! Patient records, and where they come from.

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
    deleted: bool,
});

entity!(patient_key, "patient_key", {
    #[sea_orm(primary_key, auto_increment = false)]
    organization_id: Uuid,
    #[sea_orm(primary_key, auto_increment = false)]
    key_hash: i64,
    #[sea_orm(primary_key, auto_increment = false)]
    patient_id: Uuid,
});

entity!(record_replacement, "record_replacement", {
    #[sea_orm(primary_key, auto_increment = false)]
    organization_id: Uuid,
    #[sea_orm(primary_key, auto_increment = false)]
    patient_id: Uuid,
    replaced_by: String,
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
