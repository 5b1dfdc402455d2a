//! Plays the main job over real HTTP against a running demo, shows each request and answer, and checks
//! every one of them.

mod player;
mod steps;

use std::sync::Arc;

use kinlink_domain::port::Clock;

use player::Player;
pub use player::Report;

use crate::idp::SigningKey;

/// What the walkthrough needs to know of the demo that it is played against.
#[derive(Debug, Clone)]
pub struct Stage {
    /// Where Kinlink answers, without a trailing slash.
    pub base_url: String,
    /// The registered authorization server.
    pub client_id: String,
    /// Its private key.
    pub client_key: Arc<SigningKey>,
    /// Its API key.
    pub api_key: String,
    /// The time, for client assertions.
    pub clock: Arc<dyn Clock>,
}

/// Plays everything; the report says how many checks failed.
pub async fn play(stage: Stage, out: &mut (dyn std::io::Write + Send)) -> anyhow::Result<Report> {
    let mut player = Player::new(stage, out)?;
    steps::play(&mut player).await?;
    player.finish()
}
