//! What Kinlink is for, from the desk to the app.

use serde_json::json;

launch! {
    async fn a_patient_redeems_an_invitation_and_the_app_shows_their_record(stage: Stage) {
        let (kinlink, patient) = (&stage.kinlink, &stage.person);

        // At the desk, a registrar has seen a passport, and hands over a code.
        let invitation = json!({"patient": {"id": "p1"}, "channel": "in_person", "challenge": "birth_date",
            "proof": [{"type": "document_seen", "document": "passport"}]});
        let issued = kinlink.registrar().post("/v1/invitations", invitation).await.expect(201);

        // At home, the patient opens Kinlink's pages, and logs in as they do everywhere at this hospital.
        patient.goes_to(&format!("{}/redeem", kinlink.url)).await;
        patient.follows("Log in with your hospital login").await;
        patient.logs_in("anna").await;
        patient.sees("Enter your code").await;
        patient.enters("code", issued.text("/code")).await;
        patient.presses("Continue").await;
        patient.enters_date("birth_date", "1984-02-29").await;
        patient.presses("Continue").await;
        patient.sees("My records").await;

        // Any app that uses this login now opens the record, without another login.
        patient.opens_the_app().await;
        let app = patient.app().await;
        assert_eq!(app["observations"], json!(["Body weight of p1"]));
        assert_eq!(app["token"]["patient"], "p1");
        assert_eq!(app["id_token"]["sub"], "anna");
        assert_eq!(app["id_token"]["fhirUser"], format!("{}/Patient/p1", stage.outside.fhir));
    }
}
