//! A browser without a screen or scripts: it keeps cookies, follows links, and fills in forms.

use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
};

use reqwest::{Method, header::HeaderMap, redirect::Policy};

use crate::app::App;

pub(crate) struct Browser {
    url: String,
    http: reqwest::Client,
    cookies: Mutex<BTreeMap<String, String>>,
    form_token: Mutex<String>,
}

/// A page, or where it leads.
pub(crate) struct Page {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
}

impl Page {
    pub(crate) fn expect(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{}", self.text);
        self
    }

    pub(crate) fn location(&self) -> &str {
        self.headers
            .get("location")
            .unwrap_or_else(|| panic!("{} leads nowhere", self.status))
            .to_str()
            .unwrap()
    }

    pub(crate) fn says(self, words: &str) -> Self {
        let text = self.text.replace('\n', " ");
        assert!(text.contains(words), "not said: {words}\n{}", self.text);
        self
    }

    /// What stands between two texts.
    pub(crate) fn between(&self, before: &str, after: &str) -> &str {
        let rest = self.text.split_once(before).unwrap_or_else(|| panic!("no {before} in {}", self.text)).1;
        rest.split_once(after).unwrap().0
    }
}

impl Browser {
    pub(crate) fn new(app: &App) -> Self {
        let http = reqwest::Client::builder().redirect(Policy::none()).build().unwrap();
        Self { url: app.url.clone(), http, cookies: Mutex::default(), form_token: Mutex::default() }
    }

    /// The same cookies at another replica.
    pub(crate) fn at(&self, url: &str) -> Self {
        let cookies = Mutex::new(self.cookies());
        Self { url: url.into(), http: self.http.clone(), cookies, form_token: Mutex::default() }
    }

    pub(crate) fn cookies(&self) -> BTreeMap<String, String> {
        self.cookies.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(crate) fn set_cookie(&self, name: &str, value: &str) {
        self.cookies.lock().unwrap_or_else(PoisonError::into_inner).insert(name.into(), value.into());
    }

    pub(crate) fn form_token(&self) -> String {
        self.form_token.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// One request; redirects are not followed.
    pub(crate) async fn send(
        &self,
        method: Method,
        path: &str,
        form: &[(&str, &str)],
        headers: &[(&str, &str)],
    ) -> Page {
        let url = if path.starts_with('/') { format!("{}{path}", self.url) } else { path.to_owned() };
        let jar: Vec<_> = self.cookies().into_iter().map(|(name, value)| format!("{name}={value}")).collect();
        let mut request = self.http.request(method.clone(), url).header("cookie", jar.join("; "));
        request = request.header("accept", "text/html");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        if method == Method::POST {
            request = request.form(form);
        }
        let response = request.send().await.unwrap();
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        for cookie in headers.get_all("set-cookie") {
            let (name, value) = cookie.to_str().unwrap().split(';').next().unwrap().split_once('=').unwrap();
            self.set_cookie(name, value);
        }
        let page = Page { status, headers, text: response.text().await.unwrap() };
        if page.text.contains("name=\"form_token\"") {
            let token = page.between("name=\"form_token\" value=\"", "\"").to_owned();
            *self.form_token.lock().unwrap_or_else(PoisonError::into_inner) = token;
        }
        page
    }

    pub(crate) async fn get(&self, path: &str) -> Page {
        self.send(Method::GET, path, &[], &[]).await
    }

    /// Opens a page, following redirects.
    pub(crate) async fn open(&self, path: &str) -> Page {
        let mut page = self.get(path).await;
        for _ in 0..8 {
            if page.status != 303 {
                return page;
            }
            let next = page.location().to_owned();
            page = self.get(&next).await;
        }
        panic!("{path} leads in circles")
    }

    /// Sends a form as the last page of this browser would.
    pub(crate) async fn submit(&self, path: &str, form: &[(&str, &str)]) -> Page {
        let token = self.form_token();
        let form = [&[("form_token", token.as_str())], form].concat();
        let headers = [("origin", self.url.as_str()), ("sec-fetch-site", "same-origin")];
        self.send(Method::POST, path, &form, &headers).await
    }

    /// Logs in as this user, and lands where the login was asked for.
    pub(crate) async fn logs_in(&self, user: &str, return_to: &str) -> Page {
        let start = self.get(&format!("/login/start?provider=0&return_to={return_to}")).await.expect(303);
        let back = self.get(&format!("{}&choose={user}", start.location())).await.expect(303);
        self.open(back.location()).await
    }

    /// A browser in which this user is logged in.
    pub(crate) async fn of(app: &App, user: &str) -> Self {
        let browser = Self::new(app);
        browser.logs_in(user, "/").await.expect(200);
        browser
    }
}
