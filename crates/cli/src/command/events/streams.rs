use kinlink_domain::{
    store::Store,
    stream::{EventStream, Outlet},
};
use serde::Serialize;

use crate::{
    command::context::Context,
    output::{self, Format},
};

#[derive(Serialize)]
struct Row {
    id: String,
    client: String,
    kind: &'static str,
    host: String,
    status: String,
    failing_since: Option<String>,
    error: Option<String>,
}

impl From<EventStream> for Row {
    fn from(stream: EventStream) -> Self {
        // The host only: what follows may be a secret of the receiver's.
        let host = match &stream.outlet {
            Outlet::Push { url, .. } | Outlet::Webhook { url, .. } => url.host_str().map(ToOwned::to_owned),
            Outlet::Poll => None,
        };
        let (failing_since, error) =
            stream.failing.map(|failing| (failing.since.to_rfc3339(), failing.error)).unzip();
        Self {
            id: stream.id.to_string(),
            client: stream.client.to_string(),
            kind: stream.outlet.as_str(),
            host: host.unwrap_or_default(),
            status: format!("{:?}", stream.status).to_lowercase(),
            failing_since,
            error,
        }
    }
}

pub(super) async fn list(context: &Context, format: Format) -> anyhow::Result<()> {
    let streams = context.store.begin_read().await?.streams(None).await?;
    let rows: Vec<Row> = streams.into_iter().map(Into::into).collect();
    let headings = ["kind", "host", "status", "failing since", "because of", "client", "id"];
    output::list(format, &rows, &headings, |row| {
        vec![
            row.kind.to_owned(),
            row.host.clone(),
            row.status.clone(),
            row.failing_since.clone().unwrap_or_default(),
            row.error.clone().unwrap_or_default(),
            row.client.clone(),
            row.id.clone(),
        ]
    })
}
