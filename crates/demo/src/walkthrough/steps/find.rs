//! Find my record: a patient without a code asks to be matched.

use anyhow::Context;
use kinlink_domain::demographics::{ContactSystem, Demographics};
use reqwest::StatusCode;
use serde_json::{Value, json};

use super::{account, get, login, mailed_code, post};
use crate::walkthrough::player::Player;

/// A patient of Northside whom nobody has met yet in this walkthrough, with an email on record.
fn patient() -> anyhow::Result<(String, Demographics)> {
    let patients = crate::people::HOSPITALS[0].patients()?;
    let with_email = patients.into_iter().filter(|p| !p.deceased && !p.demographics.emails().is_empty());
    let patient = with_email.skip(1).find(|p| p.demographics.names.iter().any(|name| name.family.is_some()));
    let patient = patient.context("no patient of the demo fits")?;
    Ok((patient.fhir_id.to_string(), patient.demographics))
}

/// What that person would type: name, birth date, address and telephone; and an email that is not on record.
fn typed(person: &Demographics) -> Value {
    let name = person.names.first();
    let address = person.addresses.first();
    let phone = person.telecom.iter().find(|point| point.system == ContactSystem::Phone);
    json!({
        "organization": "northside",
        "demographics": {
            "name": {"given": name.map(|name| &name.given), "family": name.and_then(|name| name.family.as_ref())},
            "birth_date": person.birth_date,
            "address": {
                "line": address.map(|address| &address.line),
                "city": address.and_then(|address| address.city.as_ref()),
                "postal_code": address.and_then(|address| address.postal_code.as_ref()),
            },
            "phone": phone.map(|point| &point.value),
            "email": "chloe@mail.example",
        },
    })
}

pub(super) async fn play(player: &mut Player<'_>, client: &str) -> anyhow::Result<()> {
    const PATH: &str = "/v1/claims";
    let (record, person) = patient()?;
    let chloe = login(player, "chloe").await?;
    player.say("Chloe has no code; she says who she is and asks for her record")?;
    let found = post(player, PATH, ("chloe", &chloe), typed(&person)).await?;
    player.check("taken, whatever is on record", found.status == StatusCode::ACCEPTED)?;

    player.say("Somebody asks for a person who is no patient here: the answer is word for word the same")?;
    let mut nobody = typed(&person);
    nobody["demographics"]["name"] = json!({"given": ["Nemo"], "family": "Nowhere"});
    nobody["demographics"]["birth_date"] = json!("1931-07-04");
    nobody["demographics"]["phone"] = json!("+1 617 555 0199");
    nobody["demographics"]["address"] = json!({"line": ["9 Nowhere Lane"], "city": "Nowhere"});
    let ben = login(player, "ben").await?;
    let missed = post(player, PATH, ("ben", &ben), nobody).await?;
    let same = missed.status == found.status && missed.text("/message") == found.text("/message");
    player.check("so nobody learns who is a patient", same)?;

    player.say("If it was she, a code has gone to the contact that the hospital has on record")?;
    let on_record = person.emails().first().copied().unwrap_or_default().to_owned();
    let code = mailed_code(player, &on_record).await?;
    player.check("it went there, not to the address that she typed", code.is_some())?;
    let path = format!("{PATH}/{}/confirm", found.text("/id"));
    let answer = post(player, &path, ("chloe", &chloe), json!({"code": code.unwrap_or_default()})).await?;
    player.check("the code makes the link", answer.status == StatusCode::CREATED)?;
    player.check("to her record", answer.text("/link/patient") == record)?;
    let query = account(player, "chloe");
    let answer = post(player, "/v1/links/lookup", ("the authorization server", client), query).await?;
    player.check("the authorization server hears of it", answer.text("/links/0/patient") == record)?;
    let answer = get(player, "/v1/account/links", ("chloe", &chloe)).await?;
    player.check("and Chloe sees it among her records", answer.count("/links") == Some(1))
}
