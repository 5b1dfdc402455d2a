//! The SMART context, and the picker between it and the app.

use chrono::TimeDelta;
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, jwk::JwkSet};
use kinlink_domain::{
    connection::{ReturnUrl, Server, Several, WithoutRecord},
    id::LinkId,
};
use serde_json::{Value, json};

use crate::{
    app::{App, Reply},
    browser::{Browser, Page},
    hooks::stage::{Connected, ISS, connect, link, link_at, own, proxy, reconfigure, revoke, settings},
};

const RETURN: &str = "https://login.example/picked?tenant=1";

async fn connected(app: &App) -> Connected {
    let mut chosen = settings(Server::Smart, ISS);
    chosen.several = Several::Picker;
    chosen.return_urls = vec![ReturnUrl::parse(RETURN).unwrap()];
    connect(app, chosen).await
}

fn question(sub: &str) -> Value {
    json!({
        "sub": sub, "scope": "openid fhirUser launch/patient patient/*.rs user/*.rs",
        "picker": {"session": "sess-1", "state": "st&te=1", "return_url": RETURN},
    })
}

async fn asks(it: &Connected, body: Value) -> Reply {
    it.client.post("/v1/smart/context", body).await
}

/// Somebody with a record of their own and two children's, and where they are asked which.
async fn parent(app: &App, it: &Connected) -> ([LinkId; 3], String) {
    let me = own(app, "anna", "p1").await;
    let one = link(app, "anna", "p2", proxy("MTH"), "patient/Observation.rs").await;
    let two = link(app, "anna", "p3", proxy("MTH"), "patient/*.cruds").await;
    let answer = asks(it, question("anna")).await.expect(200);
    let url = answer.text("/picker_url").strip_prefix(&app.url).unwrap().to_owned();
    ([me, one, two], url)
}

async fn press(browser: &Browser, path: &str, link: &str) -> Page {
    browser.submit(path, &[("link", link)]).await
}

/// The claims of the answer that a browser carries back.
async fn answer_of(app: &App, page: &Page) -> Value {
    let url = url::Url::parse(page.location()).unwrap();
    let parameter = |name: &str| url.query_pairs().find(|(known, _)| known == name).unwrap().1.into_owned();
    assert_eq!((parameter("tenant").as_str(), parameter("state").as_str()), ("1", "st&te=1"));
    let keys = app.with_token("").get("/v1/smart/jwks").await.expect(200);
    let keys: JwkSet = serde_json::from_value(keys.body).unwrap();
    let answer = parameter("answer");
    let header = jsonwebtoken::decode_header(&answer).unwrap();
    assert_eq!(header.typ.as_deref(), Some("kinlink-pick+jwt"));
    let key = keys.find(header.kid.as_deref().unwrap()).unwrap();
    let mut rules = Validation::new(Algorithm::ES256);
    rules.validate_exp = false;
    rules.validate_aud = false;
    decode::<Value>(&answer, &DecodingKey::from_jwk(key).unwrap(), &rules).unwrap().claims
}

journey! {
    async fn one_record_gives_the_context_with_the_scopes_that_the_link_permits(app: App) {
        let it = connected(app).await;
        let id = own(app, "anna", "p1").await;
        let answer = asks(&it, question("anna")).await.expect(200);
        assert_eq!(answer.body, json!({
            "status": "record", "patient": "p1", "fhirUser": "https://fhir.here.example/r4/Patient/p1",
            "need_patient_banner": false, "scope": "openid fhirUser launch/patient patient/*.rs", "link": id,
        }));
        let looked_up = app.staff("auditor", "here");
        app.pass(TimeDelta::seconds(1));
        tokio::time::sleep(std::time::Duration::from_millis(400)).await;
        let audit = looked_up.get("/v1/audit?organization=here&action=link.lookup").await.expect(200);
        assert_eq!(audit.body["entries"].as_array().map(Vec::len), Some(1), "counted as a lookup: {}", audit.body);
    }
}

journey! {
    async fn a_proxy_is_a_related_person_with_a_banner_and_their_own_permissions(app: App) {
        let it = connected(app).await;
        let id = link(app, "anna", "p2", proxy("MTH"), "patient/Observation.rs").await;
        let answer = asks(&it, question("anna")).await.expect(200);
        let related = format!("{}/fhir/here/RelatedPerson/{}", app.url, id.uuid());
        assert_eq!(answer.text("/fhirUser"), related);
        assert_eq!(answer.text("/patient"), "p2");
        assert_eq!(answer.body["need_patient_banner"], true);
        // The RelatedPerson is not at the FHIR server that the app works with, however `fhirUser` is written.
        let acts_as = json!([{
            "identifier": {"system": "urn:ietf:rfc:3986", "value": related}, "type": "RelatedPerson",
            "role": "https://kinlink.dev/fhir/role/acts-as",
        }]);
        assert_eq!(answer.body["fhirContext"], acts_as);
        reconfigure(app, &it, |settings| settings.fhir_user = kinlink_domain::fhir_user::UrlForm::Relative).await;
        assert_eq!(asks(&it, question("anna")).await.expect(200).body["fhirContext"], acts_as);
        assert_eq!(answer.text("/scope"), "openid fhirUser launch/patient patient/Observation.rs");
    }
}

journey! {
    async fn an_app_is_told_what_its_scopes_ask_for(app: App) {
        let it = connected(app).await;
        let id = link(app, "anna", "p2", proxy("MTH"), "patient/Observation.rs").await;
        let ask = async |scope: Value| asks(&it, json!({"sub": "anna", "scope": scope})).await.expect(200);
        assert_eq!(ask(json!("openid")).await.body, json!({"status": "record", "scope": "openid", "link": id}));
        let user = ask(json!("openid fhirUser")).await;
        assert!(user.body["fhirUser"].is_string() && user.body["patient"].is_null(), "{}", user.body);
        let patient = ask(json!("launch/patient")).await;
        assert!(patient.body["fhirUser"].is_null() && patient.body["patient"] == "p2", "{}", patient.body);
        let untold = ask(json!(null)).await;
        assert!(untold.body["fhirUser"].is_string() && untold.body["patient"] == "p2", "{}", untold.body);
        assert_eq!(untold.text("/scope"), "");
    }
}

journey! {
    async fn without_a_live_link_there_is_no_patient(app: App) {
        let it = connected(app).await;
        let nothing = json!({"status": "none", "scope": "openid fhirUser", "refuse": false});
        assert_eq!(asks(&it, question("nobody")).await.expect(200).body, nothing);
        let id = own(app, "anna", "p1").await;
        asks(&it, question("anna")).await.expect(200);
        revoke(app, id).await;
        assert_eq!(asks(&it, question("anna")).await.expect(200).body, nothing);
        link_at(app, app.fixture.there.id, "ben", "p1", kinlink_domain::link::LinkRole::SelfRole, "patient/*.rs").await;
        assert_eq!(asks(&it, question("ben")).await.expect(200).body, nothing, "a record of the neighbour");
        reconfigure(app, &it, |settings| settings.without_record = WithoutRecord::Refuse).await;
        assert_eq!(asks(&it, question("anna")).await.expect(200).body["refuse"], true);
        reconfigure(app, &it, |settings| settings.minimum_assurance = Some(kinlink_domain::proofing::Ial::Ial2)).await;
        own(app, "cleo", "p2").await;
        assert_eq!(asks(&it, question("cleo")).await.expect(200).text("/status"), "none");
    }
}

journey! {
    async fn which_connection_is_meant_must_be_clear_and_nobody_uses_anothers(app: App) {
        let it = connected(app).await;
        let (_, bare, _) = app.client(&[app.fixture.here.id]).await;
        let refused = bare.post("/v1/smart/context", question("anna")).await.expect(422);
        assert_eq!(refused.problem(), "connection-unclear");
        let mut named = question("anna");
        named["connection"] = json!(it.connection.id);
        bare.post("/v1/smart/context", named.clone()).await.expect(422);
        asks(&it, named.clone()).await.expect(200);
        crate::hooks::stage::connect_client(app, it.connection.client, settings(Server::Okta, ISS)).await;
        asks(&it, question("anna")).await.expect(422);
        asks(&it, named).await.expect(200);
    }
}

journey! {
    async fn a_client_that_is_disabled_or_disconnected_is_answered_no_more(app: App) {
        let it = connected(app).await;
        own(app, "anna", "p1").await;
        asks(&it, question("anna")).await.expect(200);
        let mut unit = app.begin().await;
        let by = kinlink_domain::actor::Authorized::operator(app.fixture.here.id);
        let ports = &app.fixture.ports;
        kinlink_domain::service::configure_connection::remove(&mut *unit, ports, by, &it.connection).await.unwrap();
        unit.save().await.unwrap();
        assert_eq!(asks(&it, question("anna")).await.expect(422).problem(), "connection-unclear");
    }
}

journey! {
    async fn the_person_picks_a_child_and_the_answer_opens_that_record(app: App) {
        let it = connected(app).await;
        let ([me, one, _], path) = parent(app, &it).await;
        let browser = Browser::new(app);
        let page = browser.get(&path).await.expect(200).says("Whose record do you want to open?");
        assert!(page.text.contains("You") && page.text.contains("Wilhelmina") && page.text.contains("your child"));
        for never in ["Featherstonehaugh", "1984", "p2", "MRN", "patients.example", "anna"] {
            assert!(!page.text.contains(never), "{never} is nobody's business here");
        }
        let policy = page.headers["content-security-policy"].to_str().unwrap();
        assert!(!policy.contains("form-action"), "it would stop the way back to the app: {policy}");
        assert!(page.text.find(&me.to_string()) < page.text.find(&one.to_string()), "themselves first");
        let back = press(&browser, &path, &one.to_string()).await.expect(303);
        let claims = answer_of(app, &back).await;
        assert_eq!(claims["link"], json!(one));
        assert_eq!(claims["aud"], json!(it.connection.client));
        assert_eq!((&claims["session"], &claims["state"]), (&json!("sess-1"), &json!("st&te=1")));
        assert!(claims["patient"].is_null() && claims["sub"].is_null(), "an address is no place for them");
        let mut picked = question("anna");
        picked["link"] = claims["link"].clone();
        let context = asks(&it, picked.clone()).await.expect(200);
        assert_eq!(context.text("/patient"), "p2");
        assert_eq!(context.body["need_patient_banner"], true);
        let audit = app.staff("auditor", "here").get("/v1/audit?organization=here&action=link.pick").await.expect(200);
        assert_eq!(audit.text("/entries/0/subject/link"), one.to_string());
        revoke(app, one).await;
        assert_eq!(asks(&it, picked).await.expect(200).text("/status"), "none");
        app.fixture.reseals(&["picker"]).await;
    }
}

journey! {
    async fn a_picker_answers_once_within_minutes_and_to_the_browser_that_came_first(app: App) {
        let it = connected(app).await;
        let ([me, ..], path) = parent(app, &it).await;
        let (first, thief) = (Browser::new(app), Browser::new(app));
        press(&first, &path, &me.to_string()).await.expect(404);
        first.get(&path).await.expect(200);
        first.get(&path).await.expect(200);
        thief.get(&path).await.expect(404).says("This question is closed");
        press(&thief, &path, &me.to_string()).await.expect(404);
        press(&first, &path, &me.to_string()).await.expect(303);
        press(&first, &path, &me.to_string()).await.expect(410);
        first.get(&path).await.expect(410);
        let answer = asks(&it, question("anna")).await.expect(200);
        let late = answer.text("/picker_url").strip_prefix(&app.url).unwrap().to_owned();
        first.get(&late).await.expect(200);
        app.pass(TimeDelta::minutes(5));
        press(&first, &late, &me.to_string()).await.expect(410);
        first.get("/picker/nonsense").await.expect(404);
        let mut forged = path.clone();
        forged.replace_range(path.len() - 4.., "AAAA");
        first.get(&forged).await.expect(404);
    }
}

journey! {
    async fn nobody_picks_what_is_not_theirs_or_from_elsewhere_and_none_is_an_answer(app: App) {
        let it = connected(app).await;
        let (_, path) = parent(app, &it).await;
        let foreign = own(app, "ben", "p1").await;
        let browser = Browser::new(app);
        browser.get(&path).await.expect(200);
        press(&browser, &path, &foreign.to_string()).await.expect(422);
        press(&browser, &path, "nonsense").await.expect(400);
        let evil = [("origin", "https://evil.example"), ("sec-fetch-site", "cross-site")];
        let form = [("link", foreign.to_string())];
        let form: Vec<_> = form.iter().map(|(name, value)| (*name, value.as_str())).collect();
        browser.send(reqwest::Method::POST, &path, &form, &evil).await.expect(403);
        let back = press(&browser, &path, "").await.expect(303);
        let claims = answer_of(app, &back).await;
        assert_eq!(claims["error"], "access_denied");
        assert!(claims["link"].is_null());
    }
}

journey! {
    async fn the_answer_goes_only_where_the_operator_said(app: App) {
        let it = connected(app).await;
        let (_, path) = parent(app, &it).await;
        let mut elsewhere = question("anna");
        for wrong in ["https://evil.example/picked", "https://login.example/picked", "nonsense"] {
            elsewhere["picker"]["return_url"] = json!(wrong);
            assert_eq!(asks(&it, elsewhere.clone()).await.expect(422).problem(), "invalid-member");
        }
        elsewhere.as_object_mut().unwrap().remove("picker");
        let undecided = asks(&it, elsewhere).await.expect(200);
        assert_eq!(undecided.body, json!({"status": "several", "scope": "openid fhirUser"}));
        // Taken from the connection since the question was asked.
        reconfigure(app, &it, |settings| settings.return_urls.clear()).await;
        Browser::new(app).get(&path).await.expect(404);
    }
}

journey! {
    async fn a_server_that_adds_a_state_of_its_own_gets_that_back_and_no_other_server_does(app: App) {
        let it = connected(app).await;
        let ([me, ..], path) = parent(app, &it).await;
        let browser = Browser::new(app);
        let meddled = format!("{path}?state=of-the-browser");
        browser.get(&meddled).await.expect(200);
        let back = press(&browser, &meddled, &me.to_string()).await.expect(303);
        assert_eq!(answer_of(app, &back).await["state"], "st&te=1");

        let mut silent = question("anna");
        silent["picker"].as_object_mut().unwrap().remove("state");
        let answer = asks(&it, silent).await.expect(200);
        let bare = answer.text("/picker_url").strip_prefix(&app.url).unwrap().to_owned();
        for lost in [bare.clone(), format!("{bare}?state="), format!("{bare}?state={}", "x".repeat(1_001))] {
            browser.get(&lost).await.expect(404).says("This question is closed");
        }
        let path = format!("{bare}?state=st%26te%3D1");
        browser.get(&path).await.expect(200);
        press(&browser, &bare, &me.to_string()).await.expect(404);
        let back = press(&browser, &path, &me.to_string()).await.expect(303);
        assert_eq!(answer_of(app, &back).await["state"], "st&te=1");
    }
}

journey! {
    async fn an_app_that_the_connection_does_not_answer_gets_no_record(app: App) {
        let it = connected(app).await;
        own(app, "anna", "p1").await;
        reconfigure(app, &it, |settings| settings.apps = vec!["app-1".into()]).await;
        let mut asked = question("anna");
        for (named, status) in [("app-1", "record"), ("app-2", "none")] {
            asked["app"] = json!(named);
            assert_eq!(asks(&it, asked.clone()).await.expect(200).text("/status"), status);
        }
    }
}

journey! {
    async fn two_questions_at_once_in_one_browser_do_not_disturb_each_other(app: App) {
        let it = connected(app).await;
        let ([me, ..], path) = parent(app, &it).await;
        let answer = asks(&it, question("anna")).await.expect(200);
        let second = answer.text("/picker_url").strip_prefix(&app.url).unwrap().to_owned();
        let browser = Browser::new(app);
        browser.get(&path).await.expect(200);
        browser.get(&second).await.expect(200);
        press(&browser, &path, &me.to_string()).await.expect(303);
        press(&browser, &second, &me.to_string()).await.expect(303);
    }
}
