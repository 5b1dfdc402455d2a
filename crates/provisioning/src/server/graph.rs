//! Microsoft Entra, by Microsoft Graph v1.0: a directory extension on the user
//! (`api-reference/v1.0/api/user-update.md` of `microsoftgraph/microsoft-graph-docs-contrib`).
//!
//! A `PATCH` changes what it names and nothing else; `null` takes a value away. What was written is not read
//! again: Graph says so if a property does not exist, and a reading right after may come from a copy that does
//! not know of it yet.

use std::sync::Arc;

use async_trait::async_trait;
use kinlink_domain::{
    port::Clock,
    provisioning::{AttributeName, ClientSecret, PathPart, ServerUrl, Values},
};
use reqwest::{Client, StatusCode};
use serde_json::{Map, Value};
use url::Url;

use super::{
    Code, Remark, ServerError, SetupError, UserAttributes, UserPage,
    http::{Answer, authorized, behind, client, under},
    token::Tokens,
};

/// Users in a page of the list; Graph takes up to 999.
const PAGE: u16 = 500;

#[derive(Debug)]
pub(super) struct Graph {
    http: Client,
    tokens: Tokens,
    /// `…/v1.0/users`
    users: Url,
    fhir_user: AttributeName,
    patient: Option<AttributeName>,
}

impl Graph {
    pub(super) fn new(
        base: &ServerUrl,
        login: &ServerUrl,
        tenant: &PathPart,
        (fhir_user, patient): (AttributeName, Option<AttributeName>),
        credentials: (String, ClientSecret),
        clock: Arc<dyn Clock>,
    ) -> Result<Self, SetupError> {
        let http = client()?;
        let endpoint = under(login, &[tenant.as_str(), "oauth2/v2.0/token"])?;
        let users = under(base, &["v1.0/users"])?;
        let scope = Some(format!("{base}/.default"));
        let tokens = Tokens::new(http.clone(), endpoint, credentials, scope, clock);
        Ok(Self { http, tokens, users, fhir_user, patient })
    }

    fn names(&self) -> impl Iterator<Item = &AttributeName> {
        [Some(&self.fhir_user), self.patient.as_ref()].into_iter().flatten()
    }

    fn select(&self) -> String {
        let names: Vec<_> = self.names().map(AttributeName::as_str).collect();
        format!("$select=id,{}", names.join(","))
    }

    async fn get(&self, url: &Url) -> Result<Value, ServerError> {
        let answer = authorized(&self.tokens, || self.http.get(url.clone())).await?;
        if answer.status == StatusCode::OK { Ok(answer.body) } else { Err(refusal(&answer)) }
    }

    /// Where a list goes on is the server's to say, but a token is sent to no other place.
    fn place(&self, next: &str) -> Result<Url, ServerError> {
        let elsewhere =
            ServerError::Refused { status: 200, code: Code::of(Some("nextLink-leads-elsewhere")) };
        let url = Url::parse(next).map_err(|_| elsewhere.clone())?;
        let ours = url.origin() == self.users.origin() && url.path() == self.users.path();
        if ours { Ok(url) } else { Err(elsewhere) }
    }

    fn user(&self, id: &str) -> Url {
        behind(&self.users, id)
    }

    fn held(&self, user: &Value) -> Values {
        let one = |name: &AttributeName| {
            user[name.as_str()].as_str().filter(|text| !text.is_empty()).map(str::to_owned)
        };
        Values {
            fhir_user: one(&self.fhir_user).into_iter().collect(),
            patient: self.patient.iter().filter_map(one).collect(),
        }
    }

    fn changes(&self, values: &Values) -> Value {
        let mut body = Map::new();
        let mut put = |name: &AttributeName, values: &[String]| {
            body.insert(name.to_string(), values.first().map_or(Value::Null, |one| one.as_str().into()));
        };
        put(&self.fhir_user, &values.fhir_user);
        if let Some(patient) = &self.patient {
            put(patient, &values.patient);
        }
        Value::Object(body)
    }
}

fn refusal(answer: &Answer) -> ServerError {
    let code = answer.body["error"]["code"].as_str();
    // A wrong address answers 404 too, with another code.
    if answer.status == StatusCode::NOT_FOUND && code == Some("Request_ResourceNotFound") {
        return ServerError::Gone;
    }
    answer.refusal(code)
}

#[async_trait]
impl UserAttributes for Graph {
    async fn keep(&self, user: &str, desired: &Values) -> Result<Values, ServerError> {
        let held = self.read(user).await?;
        if held == *desired {
            return Ok(held);
        }
        let url = self.user(user);
        let body = self.changes(desired);
        let answer = authorized(&self.tokens, || self.http.patch(url.clone()).json(&body)).await?;
        if answer.status.is_success() { Ok(held) } else { Err(refusal(&answer)) }
    }

    async fn read(&self, user: &str) -> Result<Values, ServerError> {
        let mut selected = self.user(user);
        selected.set_query(Some(&self.select()));
        Ok(self.held(&self.get(&selected).await?))
    }

    /// After `@odata.nextLink` ("Paging Microsoft Graph data in your app"), which holds the whole question.
    async fn page(&self, place: Option<&str>) -> Result<UserPage, ServerError> {
        let mut url = self.users.clone();
        url.set_query(Some(&format!("$top={PAGE}&{}", self.select())));
        if let Some(next) = place {
            url = self.place(next)?;
        }
        let body = self.get(&url).await?;
        let users = body["value"].as_array().map(Vec::as_slice).unwrap_or_default();
        let holders = users.iter().filter(|user| !self.held(user).is_empty());
        Ok(UserPage {
            users: users.len(),
            holders: holders.filter_map(|user| user["id"].as_str()).map(str::to_owned).collect(),
            next: body["@odata.nextLink"].as_str().map(str::to_owned),
        })
    }

    async fn check(&self) -> Result<Vec<Remark>, ServerError> {
        self.tokens.get().await?;
        let mut remarks = vec![Remark::good("the client gets tokens")];
        let mut list = self.users.clone();
        list.set_query(Some(&format!("$top=1&{}", self.select())));
        let listed = authorized(&self.tokens, || self.http.get(list.clone())).await?;
        remarks.push(match listed.status {
            StatusCode::OK => Remark::good("the client may read users, and Graph knows the extension"),
            StatusCode::BAD_REQUEST => Remark::wrong(format!(
                "Graph does not know the extension ({}): make it on the application that its name holds",
                refusal(&listed)
            )),
            _ => Remark::wrong(format!(
                "users cannot be read ({}): grant the application permission User.ReadWrite.All, with admin \
                 consent",
                refusal(&listed)
            )),
        });
        remarks.push(Remark::doubtful(
            "whether the client may write users shows at the first write: Graph has no way to ask",
        ));
        Ok(remarks)
    }
}
