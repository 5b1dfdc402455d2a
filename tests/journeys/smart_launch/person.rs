//! A person before a browser.

use serde_json::Value;

use super::{
    outside::Outside,
    webdriver::{Element, WebDriver},
};

pub(crate) struct Person {
    browser: WebDriver,
    launch: String,
}

impl Person {
    pub(crate) async fn new(outside: &Outside) -> Self {
        let launch = format!("{}/launch?iss={}", outside.app, outside.fhir);
        Self { browser: WebDriver::start(&outside.driver).await, launch }
    }

    /// Opens the app, which sends the browser to the login.
    pub(crate) async fn opens_the_app(&self) {
        self.goes_to(&self.launch).await;
    }

    /// The same, with parameters of the app's own.
    pub(crate) async fn opens_the_app_with(&self, parameters: &str) {
        self.goes_to(&format!("{}&{parameters}", self.launch)).await;
    }

    pub(crate) async fn goes_to(&self, url: &str) {
        self.browser.goto(url).await;
    }

    pub(crate) async fn goes_back(&self) {
        self.browser.back().await;
    }

    pub(crate) async fn is_at(&self) -> String {
        self.browser.url().await
    }

    pub(crate) async fn logs_in(&self, name: &str) {
        self.enters("name", name).await;
        self.finds("button").await.click().await;
    }

    pub(crate) async fn finds(&self, selector: &str) -> Element<'_> {
        self.browser.element(selector).await
    }

    /// Presses the button that says these words.
    pub(crate) async fn presses(&self, words: &str) {
        self.browser
            .element_at(&format!("//button[contains(normalize-space(.), '{words}')]"))
            .await
            .click()
            .await;
    }

    /// Follows the link that says these words.
    pub(crate) async fn follows(&self, words: &str) {
        self.browser.element_at(&format!("//a[contains(normalize-space(.), '{words}')]")).await.click().await;
    }

    /// Fills in the field of this name.
    pub(crate) async fn enters(&self, name: &str, text: &str) {
        self.finds(&format!("input[name={name}]")).await.types(text).await;
    }

    /// Fills in a date, as from the browser's calendar: what to type depends on the browser's language.
    pub(crate) async fn enters_date(&self, name: &str, date: &str) {
        self.finds(&format!("input[name={name}]")).await;
        self.runs(&format!("document.querySelector('input[name={name}]').value = '{date}'")).await;
    }

    /// What stands there for people to read.
    pub(crate) async fn reads(&self, selector: &str) -> String {
        self.finds(selector).await.text().await
    }

    /// Waits for a page with this heading.
    pub(crate) async fn sees(&self, heading: &str) {
        self.browser.element_at(&format!("//h1[normalize-space(.) = \"{heading}\"]")).await;
    }

    /// What a script in the page comes to; it may await. What it throws is its `error`.
    pub(crate) async fn runs(&self, script: &str) -> Value {
        let script = format!(
            "const done = arguments[arguments.length - 1];
             (async () => {{ {script} }})().then(done, (error) => done({{error: error.message}}));"
        );
        self.browser.run(&script).await
    }

    /// What the app was told, when it has read what it may.
    pub(crate) async fn app(&self) -> Value {
        assert_eq!(self.reads("#done:not([hidden])").await, "ready");
        let told = "return {
            token: smart.state.tokenResponse,
            id_token: smart.getIdToken(),
            heading: document.querySelector('h1').textContent,
            banner: document.querySelector('#banner:not([hidden])')?.textContent,
            observations: [...document.querySelectorAll('li')].map((item) => item.textContent),
        }";
        self.runs(told).await
    }

    pub(crate) async fn leaves(self) {
        self.browser.close().await;
    }
}
