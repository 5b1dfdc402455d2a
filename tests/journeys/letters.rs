//! Codes by post and by text message: printed by staff, or sent by Kinlink.

use kinlink_domain::{
    demographics::{Address, ContactPoint, ContactSystem},
    outbox::{MessageBody, MessageKind, Text},
};
use serde_json::json;

use crate::app::App;

/// Gives `p1` an address and a mobile number.
pub(crate) async fn reachable(app: &App) {
    let mut patient = kinlink_testkit::imported("p1");
    patient.demographics.addresses.push(Address {
        line: vec!["1 Main Street".to_owned()],
        city: Some("Cambridge".to_owned()),
        state: Some("MA".to_owned()),
        postal_code: Some("02139".to_owned()),
        country: Some("US".to_owned()),
        ..Address::default()
    });
    patient.demographics.telecom.push(ContactPoint {
        system: ContactSystem::Sms,
        value: "+1 617 555 0123".to_owned(),
        usage: None,
        rank: None,
    });
    let mut unit = app.fixture.begin().await;
    unit.upsert_patients(app.fixture.here.id, vec![patient], app.fixture.ports.clock.now()).await.unwrap();
    unit.save().await.unwrap();
}

journey! {
    async fn staff_print_the_letter_that_the_answer_holds_and_the_patient_redeems_its_code(app: App) {
        reachable(app).await;
        let ask = json!({"patient": {"id": "p1"}, "channel": "post"});
        let key = [("idempotency-key", "letter-1")];
        let issued = app.registrar().send(reqwest::Method::POST, "/v1/invitations", Some(ask.clone()), &key).await.expect(201);
        let letter = issued.text("/letter_html");
        for expected in ["Wilhelmina p1-Featherstonehaugh", "1 Main Street", "Cambridge, MA 02139", "Hospital here"] {
            assert!(letter.contains(expected), "{expected}");
        }
        for group in issued.text("/code").split('-') {
            assert!(letter.contains(&format!("<span>{group}</span>")), "{group}");
        }
        assert!(!letter.contains("1984"), "no birth date");
        let again = app.registrar().send(reqwest::Method::POST, "/v1/invitations", Some(ask), &key).await.expect(201);
        assert_eq!(again.body, issued.body, "the same letter again");
        app.person("anna").redeems(issued.text("/code")).await.expect(201);
        let elsewhere = app.registrar().invites("p1").await;
        assert!(elsewhere.body.get("letter_html").is_none(), "only for post");
        let nowhere = json!({"patient": {"id": "p2"}, "channel": "post"});
        let blank = app.registrar().post("/v1/invitations", nowhere).await.expect(201);
        assert!(blank.text("/letter_html").contains("<address></address>"), "to be filled in by hand");
    }
}

journey! {
    async fn kinlink_sends_letters_and_texts_when_staff_say_so(app: App) {
        reachable(app).await;
        let ask = |patient: &str, channel: &str| json!({"patient": {"id": patient}, "channel": channel, "send": true});
        let registrar = app.registrar();
        let texted = registrar.post("/v1/invitations", ask("p1", "phone")).await.expect(201);
        assert!(texted.body["code"].is_null(), "staff need not see it");
        let texts = app.fixture.outbox(MessageKind::Text).await;
        let MessageBody::Text { to, text: Text::Invitation { code, .. } } = &texts[0].body else { panic!("no code") };
        assert_eq!(to.as_str(), "+16175550123");
        assert_eq!(texts[0].expires_at, Some(app.fixture.ports.clock.now() + chrono::TimeDelta::minutes(10)));
        app.person("anna").redeems(code).await.expect(201);

        let id = texted.text("/invitation/id").to_owned();
        registrar.post(&format!("/v1/invitations/{id}/reissue"), json!({})).await.expect(409);
        let open = registrar.invites("p1").await;
        let reissue = format!("/v1/invitations/{}/reissue", open.text("/invitation/id"));
        let posted = registrar.post(&reissue, json!({"channel": "post", "send": true})).await.expect(201);
        assert!(posted.body["code"].is_null() && posted.body.get("letter_html").is_none());
        let letters = app.fixture.outbox(MessageKind::Letter).await;
        let MessageBody::Letter { to, .. } = &letters[0].body else { panic!("no letter") };
        assert_eq!(to.lines, ["1 Main Street", "Cambridge, MA 02139", "US"]);

        for (patient, channel, problem) in [
            ("p2", "phone", "no-contact"),
            ("p2", "post", "no-contact"),
            ("p1", "in_person", "channel-not-sendable"),
        ] {
            let refused = registrar.post("/v1/invitations", ask(patient, channel)).await.expect(422);
            assert_eq!(refused.problem(), problem, "{patient} by {channel}");
        }
        let audit = app.staff("auditor", "here").get("/v1/audit?action=invitation.issue").await.expect(200);
        assert_eq!(audit.body["entries"][0]["detail"]["sent"], true);
    }
}
