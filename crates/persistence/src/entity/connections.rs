//! Apps' connections, and their pickers.

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
