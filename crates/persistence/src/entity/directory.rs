//! Organizations and whom they trust.

entity!(organization, "organization", {
    #[sea_orm(primary_key, auto_increment = false)]
    id: Uuid,
    slug: String,
    name: String,
    fhir_base: String,
    policy: String,
    minimum_assurance: String,
    created_at: DateTimeUtc,
    access_rules: Option<String>,
});

entity!(organization_policy, "organization_policy", {
    #[sea_orm(primary_key, auto_increment = false)]
    organization_id: Uuid,
    #[sea_orm(primary_key, auto_increment = false)]
    since: DateTimeUtc,
    policy: String,
});

entity!(issuer, "issuer", {
    #[sea_orm(primary_key, auto_increment = false)]
    iss: String,
    subject_claim: String,
});

entity!(trusted_issuer, "trusted_issuer", {
    #[sea_orm(primary_key, auto_increment = false)]
    organization_id: Uuid,
    #[sea_orm(primary_key, auto_increment = false)]
    iss: String,
    audiences: String,
    accounts: bool,
    staff: Option<String>,
});
