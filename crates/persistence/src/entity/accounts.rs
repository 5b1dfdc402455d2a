//! Accounts, and what they prove themselves with.

entity!(account, "account", {
    #[sea_orm(primary_key, auto_increment = false)]
    id: Uuid,
    iss: String,
    sub: String,
    created_at: DateTimeUtc,
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

entity!(attempt_counter, "attempt_counter", {
    #[sea_orm(primary_key, auto_increment = false)]
    scope: String,
    #[sea_orm(primary_key, auto_increment = false)]
    key: Vec<u8>,
    since: DateTimeUtc,
    failures: i32,
});
