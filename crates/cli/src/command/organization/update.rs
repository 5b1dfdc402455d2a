use kinlink_domain::{
    actor::Authorized,
    organization::{FhirBase, Organization},
    service::change_organization::{OrganizationChange, change},
    store::{Store, StoreError},
};

use super::valid_name;
use crate::{
    command::context::{self, Context},
    exit::UsageError,
    output,
};

pub(super) async fn run(
    context: &Context,
    slug: &str,
    name: Option<String>,
    fhir_base: Option<String>,
) -> anyhow::Result<()> {
    let fhir_base = fhir_base.as_deref().map(FhirBase::parse).transpose();
    let asked = OrganizationChange {
        name: name.as_deref().map(valid_name).transpose()?,
        fhir_base: fhir_base.map_err(|error| UsageError(error.to_string()))?,
    };
    let mut unit = context.store.begin().await?;
    let id = context::organization(&mut *unit, slug).await?.id;
    let changed = change(&mut *unit, &context.ports, Authorized::operator(id), asked).await?;
    let (before, after) = changed.ok_or_else(|| UsageError(format!("there is no organization `{slug}`")))?;
    unit.save().await?;
    for (what, from, to) in [
        ("name", before.name.as_str(), after.name.as_str()),
        ("FHIR base", before.fhir_base.as_str(), after.fhir_base.as_str()),
    ] {
        output::line(if from == to {
            format!("{what}: {to}, as before")
        } else {
            format!("{what}: {from} → {to}")
        });
    }
    if before.fhir_base != after.fhir_base {
        output::remark("A running Kinlink tells of every link that it is under another base now.");
        remark_on_sources(context, &after).await?;
    }
    Ok(())
}

/// Where records are pulled from is a setting of its own, and may be right as it is.
async fn remark_on_sources(context: &Context, organization: &Organization) -> Result<(), StoreError> {
    let sources = context.store.begin_read().await?.sources(organization.id).await?;
    for source in sources.iter().filter(|source| source.base != organization.fhir_base) {
        output::remark(format!(
            "`{}` goes on pulling records from {}: if that is over, add the new server by `kinlink pull add`",
            source.name, source.base
        ));
    }
    Ok(())
}
