//! Keys that sign what leaves.

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
