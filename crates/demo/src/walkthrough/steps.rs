mod find;

use std::time::Duration;

use anyhow::{Context, ensure};
use chrono::TimeDelta;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use super::player::{Answer, Body, Call, Player};

/// The main job: staff invite, the patient redeems or is matched, the authorization server asks, the patient
/// unlinks.
pub(super) async fn play(player: &mut Player<'_>) -> anyhow::Result<()> {
    let registrar = login(player, "registrar@northside").await?;
    let anna = login(player, "anna").await?;
    let code = invite(player, &registrar).await?;
    let link = redeem(player, &anna, &code).await?;
    ben_tries_annas_code(player, &code).await?;
    let client = authenticate_client(player).await?;
    lookup(player, &client).await?;
    neighbour(player).await?;
    invite_by_email(player, &registrar).await?;
    find::play(player, &client).await?;
    unlink(player, &anna, &client, &link).await?;
    audit(player).await
}

async fn login(player: &mut Player<'_>, username: &str) -> anyhow::Result<String> {
    let body = Body::Form(vec![("grant_type", "password".into()), ("username", username.into())]);
    let call = Call { method: Method::POST, path: "/demo/idp/token", caller: None, body };
    let token = player.send(&call).await?.text("/access_token");
    ensure!(!token.is_empty(), "the demo's identity provider gave no token for {username}");
    Ok(token)
}

async fn post(player: &mut Player<'_>, path: &str, who: (&str, &str), body: Value) -> anyhow::Result<Answer> {
    player.call(Call { method: Method::POST, path, caller: Some(who), body: Body::Json(body) }).await
}

async fn get(player: &mut Player<'_>, path: &str, who: (&str, &str)) -> anyhow::Result<Answer> {
    player.call(Call { method: Method::GET, path, caller: Some(who), body: Body::None }).await
}

/// A patient of Northside who is alive and has a whole birth date, with that date.
fn patient() -> anyhow::Result<(String, String)> {
    let patients = crate::people::HOSPITALS[0].patients()?;
    let found = patients.iter().find_map(|patient| {
        let birth_date = patient.demographics.birth_date?.day()?;
        let lives = !patient.deceased && patient.demographics.emails().is_empty();
        lives.then(|| (patient.fhir_id.to_string(), birth_date.to_string()))
    });
    found.context("no patient of the demo fits the walkthrough")
}

async fn invite(player: &mut Player<'_>, registrar: &str) -> anyhow::Result<String> {
    let (patient, _) = patient()?;
    player.say("At the desk, the registrar saw a passport and issues an invitation to hand over")?;
    let body = json!({
        "patient": {"id": patient},
        "channel": "in_person",
        "challenge": "birth_date",
        "proof": [{"type": "document_seen", "document": "passport", "reference": "desk 3, 2026-11"}],
    });
    let answer = post(player, "/v1/invitations", ("registrar@northside", registrar), body).await?;
    player.check("the invitation was made", answer.status == StatusCode::CREATED)?;
    let code = answer.text("/code");
    player.check("its code is shown, this once", code.len() == 14)?;
    let path = format!("/v1/invitations/{}", answer.text("/invitation/id"));
    let again = get(player, &path, ("registrar@northside", registrar)).await?;
    player.check("reading it does not show the code again", !again.body.to_string().contains(&code))?;
    Ok(code)
}

/// The code with its first two different neighbours swapped, as fingers do.
fn mistype(code: &str) -> String {
    let mut symbols: Vec<char> = code.chars().collect();
    let swap = |i: &usize| symbols[*i] != symbols[i + 1] && symbols[*i] != '-' && symbols[i + 1] != '-';
    if let Some(i) = (0..symbols.len() - 1).find(swap) {
        symbols.swap(i, i + 1);
    }
    symbols.into_iter().collect()
}

async fn redeem(player: &mut Player<'_>, anna: &str, code: &str) -> anyhow::Result<String> {
    const PATH: &str = "/v1/invitations/redeem";
    let (patient, birth_date) = patient()?;
    player.say("At home, Anna logs in and mistypes the code: it is told apart from a wrong one")?;
    let answer = post(player, PATH, ("anna", anna), json!({"code": mistype(code)})).await?;
    player.check("a typing error is named as such", answer.text("/type").ends_with("/code-mistyped"))?;

    player.say("The right code with a wrong birth date is refused like any wrong code")?;
    let body = json!({"code": code, "birth_date": "1900-01-01"});
    let answer = post(player, PATH, ("anna", anna), body).await?;
    player.check("refused", answer.text("/type").ends_with("/code-not-accepted"))?;

    player.say("The right code and birth date make the link")?;
    let body = json!({"code": code.to_lowercase(), "birth_date": birth_date});
    let answer = post(player, PATH, ("anna", anna), body.clone()).await?;
    player.check("the link was made", answer.status == StatusCode::CREATED)?;
    player.check("to that patient", answer.text("/link/patient") == patient)?;
    player.check("worth IAL2: a document and a code", answer.text("/link/assurance/ial") == "IAL2")?;
    let link = answer.text("/link/id");

    player.say("Doing it again changes nothing")?;
    let answer = post(player, PATH, ("anna", anna), body).await?;
    player.check("the same link", answer.status == StatusCode::OK && answer.text("/link/id") == link)?;
    Ok(link)
}

async fn ben_tries_annas_code(player: &mut Player<'_>, code: &str) -> anyhow::Result<()> {
    const PATH: &str = "/v1/invitations/redeem";
    let ben = login(player, "ben").await?;
    let (_, birth_date) = patient()?;
    player.say("Ben found the letter: a used code looks to him like one that never was")?;
    let body = json!({"code": code, "birth_date": birth_date});
    let used = post(player, PATH, ("ben", &ben), body).await?;
    player.check("refused", used.text("/type").ends_with("/code-not-accepted"))
}

async fn authenticate_client(player: &mut Player<'_>) -> anyhow::Result<String> {
    player.say("The authorization server authenticates with its private key (RFC 7523)")?;
    let now = player.stage.clock.now();
    let claims = json!({
        "iss": player.stage.client_id,
        "sub": player.stage.client_id,
        "aud": format!("{}/oauth2/token", player.stage.base_url),
        "jti": now.timestamp_micros().to_string(),
        "iat": now.timestamp(),
        "exp": (now + TimeDelta::minutes(1)).timestamp(),
    });
    let assertion = player.stage.client_key.sign(&claims)?;
    let form = || {
        Body::Form(vec![
            ("grant_type", "client_credentials".into()),
            ("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer".into()),
            ("client_assertion", assertion.clone()),
        ])
    };
    let call = |body| Call { method: Method::POST, path: "/oauth2/token", caller: None, body };
    let answer = player.call(call(form())).await?;
    let token = answer.text("/access_token");
    player.check("it gets an access token", answer.status == StatusCode::OK && !token.is_empty())?;
    let replay = player.call(call(form())).await?;
    player.check("the same assertion again is refused", replay.text("/error") == "invalid_client")?;
    Ok(token)
}

fn account(player: &Player<'_>, name: &str) -> Value {
    json!({"iss": format!("{}/demo/idp", player.stage.base_url), "sub": format!("account-{name}")})
}

async fn lookup(player: &mut Player<'_>, client: &str) -> anyhow::Result<()> {
    const PATH: &str = "/v1/links/lookup";
    let (patient, _) = patient()?;
    player.say("Anna logs in to an app; the authorization server asks which records she may open")?;
    let anna = account(player, "anna");
    let answer = post(player, PATH, ("the authorization server", client), anna.clone()).await?;
    player.check("exactly one", answer.count("/links") == Some(1))?;
    player.check("her own", answer.text("/links/0/patient") == patient)?;
    let url = format!("/demo/fhir/northside/Patient/{patient}");
    player.check("fhirUser for the id_token", answer.text("/links/0/fhirUser").ends_with(&url))?;

    player.say("An app asks for somebody else's record: may this account open it?")?;
    let mut other = anna;
    other["patient"] = json!("n-099");
    let answer = post(player, PATH, ("the authorization server", client), other).await?;
    player.check("it may not", answer.count("/links") == Some(0))?;

    player.say("Ben has no record here; an API key works as well as a token")?;
    let api_key = player.stage.api_key.clone();
    let ben = account(player, "ben");
    let answer = post(player, PATH, ("the authorization server", &api_key), ben).await?;
    player.check("none", answer.status == StatusCode::OK && answer.count("/links") == Some(0))
}

async fn neighbour(player: &mut Player<'_>) -> anyhow::Result<()> {
    let neighbour = login(player, "registrar@riverside").await?;
    player.say("The registrar of the hospital next door looks for Northside's invitations")?;
    let path = "/v1/invitations?organization=northside";
    let answer = get(player, path, ("registrar@riverside", &neighbour)).await?;
    player.check("refused", answer.status == StatusCode::FORBIDDEN)
}

async fn invite_by_email(player: &mut Player<'_>, registrar: &str) -> anyhow::Result<()> {
    let patients = crate::people::HOSPITALS[0].patients()?;
    let mailed = patients.iter().find(|p| !p.deceased && !p.demographics.emails().is_empty());
    let patient = mailed.context("no patient of the demo has an email")?;
    player.say("A code goes by email, to the contact on the patient's record and nowhere else")?;
    let body = json!({"patient": {"id": patient.fhir_id}, "channel": "email"});
    let who = ("registrar@northside", registrar);
    let answer = post(player, "/v1/invitations", who, body).await?;
    player.check("the invitation was made", answer.status == StatusCode::CREATED)?;
    player.check("staff do not see its code", answer.body.pointer("/code") == Some(&Value::Null))?;
    let address = patient.demographics.emails().first().copied().unwrap_or_default().to_owned();
    let code = mailed_code(player, &address).await?;
    player.check("the mail arrived, with a code", code.is_some())?;

    let ben = login(player, "ben").await?;
    player.say("Ben is that patient; he redeems the code from his mail")?;
    let body = json!({"code": code.unwrap_or_default()});
    let answer = post(player, "/v1/invitations/redeem", ("ben", &ben), body).await?;
    player.check("the link was made", answer.status == StatusCode::CREATED)?;
    player.check(
        "worth IAL1: nobody compared him with a document",
        answer.text("/link/assurance/ial") == "IAL1",
    )
}

/// The code in the newest mail to this address, once it is there.
async fn mailed_code(player: &mut Player<'_>, address: &str) -> anyhow::Result<Option<String>> {
    for _ in 0..50 {
        let path = "/demo/mailbox/messages.json";
        let mails = player.send(&Call { method: Method::GET, path, caller: None, body: Body::None }).await?;
        let to_address = |mail: &&Value| mail["to"][0].as_str() == Some(address);
        let mail = mails.body.as_array().and_then(|mails| mails.iter().rev().find(to_address).cloned());
        if let Some(code) = mail.as_ref().and_then(|mail| find_code(mail["source"].as_str()?)) {
            return Ok(Some(code));
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    Ok(None)
}

/// Five groups of four, as a mailed code is written.
fn find_code(source: &str) -> Option<String> {
    let grouped = |word: &&str| {
        word.len() == 24
            && word.split('-').count() == 5
            && word
                .split('-')
                .all(|group| group.len() == 4 && group.chars().all(|c| c.is_ascii_alphanumeric()))
    };
    source.split(|c: char| !c.is_ascii_alphanumeric() && c != '-').find(grouped).map(ToOwned::to_owned)
}

async fn unlink(player: &mut Player<'_>, anna: &str, client: &str, link: &str) -> anyhow::Result<()> {
    player.say("Anna sees what her account opens, and ends it")?;
    let answer = get(player, "/v1/account/links", ("anna", anna)).await?;
    player.check("one link", answer.count("/links") == Some(1))?;
    let path = format!("/v1/links/{link}/revoke");
    let answer = post(player, &path, ("anna", anna), json!({"reason": "no_longer_wanted"})).await?;
    player.check("ended", answer.text("/status") == "revoked" || answer.text("/link/status") == "revoked")?;
    let query = account(player, "anna");
    let answer = post(player, "/v1/links/lookup", ("the authorization server", client), query).await?;
    player.check("at once, the authorization server hears of none", answer.count("/links") == Some(0))
}

async fn audit(player: &mut Player<'_>) -> anyhow::Result<()> {
    let auditor = login(player, "auditor@northside").await?;
    player.say("The auditor asks who ended links, and why")?;
    let path = "/v1/audit?action=link.revoke&limit=5";
    let answer = get(player, path, ("auditor@northside", &auditor)).await?;
    player.check("it is on record", answer.text("/entries/0/action") == "link.revoke")?;
    let reason = answer.text("/entries/0/detail/reason");
    player.check("with its reason", reason == "no_longer_wanted")
}
