entity!(provisioning_target, "provisioning_target", {
    #[sea_orm(primary_key, auto_increment = false)]
    organization_id: Uuid,
    #[sea_orm(primary_key, auto_increment = false)]
    id: Uuid,
    iss: String,
    settings: String,
    client_id: String,
    key_id: i32,
    sealed: Vec<u8>,
    state: String,
    paused_until: Option<DateTimeUtc>,
    created_at: DateTimeUtc,
    updated_at: DateTimeUtc,
});

entity!(provisioning_account, "provisioning_account", {
    #[sea_orm(primary_key, auto_increment = false)]
    organization_id: Uuid,
    #[sea_orm(primary_key, auto_increment = false)]
    target_id: Uuid,
    #[sea_orm(primary_key, auto_increment = false)]
    account_id: Uuid,
    generation: i64,
    status: String,
    due_at: DateTimeUtc,
    leased_until: Option<DateTimeUtc>,
    attempts: i32,
    written: Option<Vec<u8>>,
    error: Option<String>,
    changed_at: DateTimeUtc,
    settled_at: Option<DateTimeUtc>,
});

entity!(provisioning_run, "provisioning_run", {
    #[sea_orm(primary_key, auto_increment = false)]
    organization_id: Uuid,
    #[sea_orm(primary_key, auto_increment = false)]
    target_id: Uuid,
    #[sea_orm(primary_key, auto_increment = false)]
    kind: String,
    phase: String,
    cause: String,
    requested_at: DateTimeUtc,
    leased_until: Option<DateTimeUtc>,
    after_account: Option<Uuid>,
    sweep: Option<String>,
    total: i64,
    counts: String,
    failures: i32,
    last: Option<String>,
});

entity!(provisioning_finding, "provisioning_finding", {
    #[sea_orm(primary_key, auto_increment = false)]
    organization_id: Uuid,
    #[sea_orm(primary_key, auto_increment = false)]
    target_id: Uuid,
    #[sea_orm(primary_key, auto_increment = false)]
    kind: String,
    #[sea_orm(primary_key, auto_increment = false)]
    account_id: Uuid,
    verdict: String,
});
