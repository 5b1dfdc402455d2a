//! The commands that are needed here of W3C `WebDriver` Level 2. The crates for it bring a second HTTP stack or a
//! second Unicode library.

use std::time::{Duration, Instant};

use reqwest::Method;
use serde_json::{Value, json};

/// Longer than anything here takes on a busy machine.
const PATIENCE: Duration = Duration::from_secs(30);
/// What an element's id is called (section 12.1).
const ELEMENT: &str = "element-6066-11e4-a52e-4f735466cecf";

/// A browser with one window.
pub(crate) struct WebDriver {
    http: reqwest::Client,
    session: String,
}

/// Something in the page.
pub(crate) struct Element<'d> {
    driver: &'d WebDriver,
    id: String,
}

impl WebDriver {
    /// Starts a headless Chromium.
    pub(crate) async fn start(url: &str) -> Self {
        // A container has neither a user for the sandbox nor shared memory to speak of.
        let arguments = ["--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu"];
        let wanted = json!({"capabilities": {"alwaysMatch": {"goog:chromeOptions": {"args": arguments}}}});
        let mut driver = Self { http: reqwest::Client::new(), session: format!("{url}/session") };
        let session =
            driver.send(Method::POST, "", wanted).await.unwrap_or_else(|why| panic!("no Chromium: {why}"));
        driver.session = format!("{}/{}", driver.session, session["sessionId"].as_str().unwrap());
        driver
    }

    pub(crate) async fn close(self) {
        self.send(Method::DELETE, "", Value::Null).await.unwrap();
    }

    pub(crate) async fn goto(&self, url: &str) {
        self.send(Method::POST, "/url", json!({"url": url})).await.unwrap();
    }

    pub(crate) async fn back(&self) {
        self.send(Method::POST, "/back", json!({})).await.unwrap();
    }

    pub(crate) async fn url(&self) -> String {
        self.send(Method::GET, "/url", Value::Null).await.unwrap().as_str().unwrap().to_owned()
    }

    /// Waits until it is there.
    pub(crate) async fn element(&self, selector: &str) -> Element<'_> {
        self.find("css selector", selector).await
    }

    /// Waits until it is there.
    pub(crate) async fn element_at(&self, xpath: &str) -> Element<'_> {
        self.find("xpath", xpath).await
    }

    async fn find(&self, using: &str, value: &str) -> Element<'_> {
        let until = Instant::now() + PATIENCE;
        loop {
            match self.send(Method::POST, "/element", json!({"using": using, "value": value})).await {
                Ok(found) => {
                    return Element { driver: self, id: found[ELEMENT].as_str().unwrap().to_owned() };
                }
                Err(_) if Instant::now() < until => tokio::time::sleep(Duration::from_millis(50)).await,
                Err(why) => {
                    let page = self.send(Method::GET, "/source", Value::Null).await;
                    panic!("{value}: {why}\n{}\n{page:?}", self.url().await)
                }
            }
        }
    }

    /// Runs a script that calls its last argument with what it comes to.
    pub(crate) async fn run(&self, script: &str) -> Value {
        self.send(Method::POST, "/execute/async", json!({"script": script, "args": []})).await.unwrap()
    }

    /// The answer's value, or the code of the error.
    async fn send(&self, method: Method, path: &str, body: Value) -> Result<Value, String> {
        let mut request = self.http.request(method, format!("{}{path}", self.session));
        if !body.is_null() {
            request = request.json(&body);
        }
        let mut answer: Value = request.send().await.unwrap().json().await.unwrap();
        let value = answer["value"].take();
        match (value["error"].as_str(), value["message"].as_str()) {
            (Some(error), Some(message)) => Err(format!("{error}: {message}")),
            _ => Ok(value),
        }
    }
}

impl Element<'_> {
    pub(crate) async fn click(&self) {
        self.send(Method::POST, "click", json!({})).await;
    }

    pub(crate) async fn types(&self, text: &str) {
        self.send(Method::POST, "value", json!({"text": text})).await;
    }

    /// What is shown.
    pub(crate) async fn text(&self) -> String {
        self.send(Method::GET, "text", Value::Null).await.as_str().unwrap().to_owned()
    }

    async fn send(&self, method: Method, command: &str, body: Value) -> Value {
        self.driver.send(method, &format!("/element/{}/{command}", self.id), body).await.unwrap()
    }
}
