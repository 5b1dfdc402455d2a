use std::{net::SocketAddr, path::PathBuf, process::ExitCode, sync::Arc};

use kinlink_demo::DemoOptions;
use kinlink_matching::Model;
use tokio_util::sync::CancellationToken;

use crate::exit::CHECK_FAILED;

#[derive(Debug, clap::Args)]
#[command(after_help = "\
Nothing of the demo is kept: its folder is emptied at every start. It listens on this machine only, since \
in it everybody may be anybody.")]
pub(crate) struct Demo {
    /// Play the main job over HTTP, check every answer, and stop. Exit code 1 if one was not as it should be.
    #[arg(long)]
    walkthrough: bool,
    /// Where to listen; by default port 8080, for the walkthrough any free port.
    #[arg(long, value_name = "ADDRESS:PORT")]
    listen: Option<SocketAddr>,
    /// Where to keep the demo's database.
    #[arg(long, default_value = "kinlink-demo")]
    folder: PathBuf,
}

impl Demo {
    pub(crate) async fn run(self) -> anyhow::Result<ExitCode> {
        let port = if self.walkthrough { 0 } else { 8080 };
        // The walkthrough must not empty the folder of a demo that is running.
        let folder = if self.walkthrough { self.folder.with_extension("walkthrough") } else { self.folder };
        let listen = self.listen.unwrap_or_else(|| SocketAddr::from(([127, 0, 0, 1], port)));
        let options = DemoOptions {
            listen,
            folder,
            walkthrough: self.walkthrough,
            matcher: Arc::new(Model::shipped()),
        };
        let stop = CancellationToken::new();
        tokio::spawn(super::serve::cancel_on_signal(stop.clone()));
        let held = kinlink_demo::run(options, stop, &mut std::io::stdout()).await?;
        Ok(if held { ExitCode::SUCCESS } else { ExitCode::from(CHECK_FAILED) })
    }
}
