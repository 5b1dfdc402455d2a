//! The Node process with all that stands around Kinlink.

use serde_json::Value;

use crate::process::Process;

pub(crate) struct Outside {
    node: Process,
    /// The authorization server; an issuer.
    pub(crate) login: String,
    /// The FHIR server's base.
    pub(crate) fhir: String,
    /// The app.
    pub(crate) app: String,
    /// The browser's driver.
    pub(crate) driver: String,
}

impl Outside {
    pub(crate) async fn start() -> Self {
        let mut node = Process::node("main.js");
        let urls = node.hear().await;
        let url = |name: &str| urls[name].as_str().unwrap().to_owned();
        let (login, fhir, app, driver) = (url("login"), url("fhir"), url("app"), url("driver"));
        Self { node, login, fhir, app, driver }
    }

    /// Tells it how to reach Kinlink; from then on it answers.
    pub(crate) async fn configure(&mut self, config: &Value) {
        assert_eq!(self.node.tell(config).await["ready"], true);
    }

    pub(crate) async fn end(self) {
        self.node.end().await;
    }
}
