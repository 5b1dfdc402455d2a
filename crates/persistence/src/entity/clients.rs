//! Clients of the API.

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
