//! Streams of events, and what is to be sent to them.

entity!(event_stream, "event_stream", {
    #[sea_orm(primary_key, auto_increment = false)]
    client_id: Uuid,
    #[sea_orm(primary_key, auto_increment = false)]
    id: Uuid,
    kind: String,
    url: Option<String>,
    key_id: Option<i32>,
    sealed: Option<Vec<u8>>,
    events: String,
    description: Option<String>,
    status: String,
    reason: Option<String>,
    created_at: DateTimeUtc,
    updated_at: DateTimeUtc,
    verified_at: Option<DateTimeUtc>,
    failing_since: Option<DateTimeUtc>,
    last_error: Option<String>,
    failures: i32,
    retry_at: Option<DateTimeUtc>,
});

entity!(event_stream_muted, "event_stream_muted", {
    #[sea_orm(primary_key, auto_increment = false)]
    account_id: Uuid,
    #[sea_orm(primary_key, auto_increment = false)]
    stream_id: Uuid,
    client_id: Uuid,
});

entity!(event_delivery, "event_delivery", {
    #[sea_orm(primary_key, auto_increment = false)]
    subject_id: Uuid,
    #[sea_orm(primary_key, auto_increment = false)]
    id: Uuid,
    client_id: Uuid,
    stream_id: Uuid,
    organization_id: Option<Uuid>,
    event: String,
    detail: Option<String>,
    cause_id: Uuid,
    happened_at: DateTimeUtc,
    seq: i64,
    place: i32,
    status: String,
    due_at: DateTimeUtc,
    attempts: i32,
    error: Option<String>,
    settled_at: Option<DateTimeUtc>,
});
