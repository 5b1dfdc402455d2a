//! What was ended for many links at once.

entity!(ending, "ending", {
    #[sea_orm(primary_key, auto_increment = false)]
    organization_id: Uuid,
    #[sea_orm(primary_key, auto_increment = false)]
    id: Uuid,
    patient_id: Option<Uuid>,
    account_id: Option<Uuid>,
    keep_self: bool,
    reason: String,
    ended_by: String,
    ended_at: DateTimeUtc,
    undo_until: DateTimeUtc,
    undone_at: Option<DateTimeUtc>,
    undone_by: Option<String>,
});

entity!(ending_item, "ending_item", {
    #[sea_orm(primary_key, auto_increment = false)]
    organization_id: Uuid,
    #[sea_orm(primary_key, auto_increment = false)]
    ending_id: Uuid,
    #[sea_orm(primary_key, auto_increment = false)]
    kind: String,
    #[sea_orm(primary_key, auto_increment = false)]
    subject_id: Uuid,
    before: Option<String>,
});
