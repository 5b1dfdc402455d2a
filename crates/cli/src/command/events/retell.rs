use kinlink_domain::{
    service::retell::{Told, tell_next},
    store::Store,
};

use crate::{command::context::Context, output};

pub(super) async fn run(context: &Context, slug: &str) -> anyhow::Result<()> {
    let organization = context.organization(slug).await?.id;
    let mut so_far = Told::default();
    loop {
        let mut unit = context.store.begin().await?;
        let Some(next) = tell_next(&mut *unit, &context.ports, organization, so_far).await? else { break };
        unit.save().await?;
        so_far = next;
    }
    output::line(format!("{} links are told of", so_far.links));
    Ok(())
}
