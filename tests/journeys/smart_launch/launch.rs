//! One record, somebody else's, none.

use serde_json::json;

launch! {
    async fn a_patient_with_one_record_sees_it_in_the_app(stage: Stage) {
        stage.own("anna", "p1").await;
        stage.launches("anna").await;
        let app = stage.person.app().await;
        let record = format!("{}/Patient/p1", stage.outside.fhir);
        assert_eq!(app["id_token"]["fhirUser"], record);
        assert_eq!(app["id_token"]["sub"], "anna");
        assert_eq!(app["token"]["patient"], "p1");
        assert_eq!(app["token"]["need_patient_banner"], false);
        assert_eq!(app["token"]["scope"], "openid fhirUser offline_access launch/patient patient/*.rs");
        assert_eq!(app["observations"], json!(["Body weight of p1"]));
        assert_eq!(app["heading"], "Growth chart");
    }
}

launch! {
    async fn a_mother_is_a_related_person_and_sees_only_what_she_may_of_her_child(stage: Stage) {
        let link = stage.acts_for("dora", "p3", "MTH", "patient/Patient.rs patient/Observation.rs").await;
        stage.launches("dora").await;
        let app = stage.person.app().await;
        let related = format!("{}/fhir/here/RelatedPerson/{}", stage.kinlink.url, link.uuid());
        assert_eq!(app["id_token"]["fhirUser"], related);
        assert_eq!(app["token"]["patient"], "p3");
        assert_eq!(app["token"]["fhirContext"], json!([{
            "identifier": {"system": "urn:ietf:rfc:3986", "value": related}, "type": "RelatedPerson",
            "role": "https://kinlink.dev/fhir/role/acts-as",
        }]));
        let scope = "openid fhirUser offline_access launch/patient patient/Observation.rs patient/Patient.rs";
        assert_eq!(app["token"]["scope"], scope);
        assert_eq!(app["banner"], "Record of Mina");
        assert_eq!(app["observations"], json!(["Body weight of p3"]));
        let read = stage.person.runs("return smart.request('Condition?patient=p3')").await;
        assert!(read["error"].is_string(), "{read}");
    }
}

launch! {
    async fn somebody_without_a_record_is_logged_in_and_told_so(stage: Stage) {
        stage.launches("ben").await;
        let app = stage.person.app().await;
        assert_eq!(app["heading"], "Your login opens no patient record");
        assert_eq!(app["id_token"]["sub"], "ben");
        assert!(app["id_token"].get("fhirUser").is_none(), "{app}");
        assert!(app["token"].get("patient").is_none(), "{app}");
        assert_eq!(app["token"]["scope"], "openid fhirUser offline_access");
        let read = stage.person.runs("return smart.request('Patient/p1')").await;
        assert!(read["error"].as_str().is_some_and(|why| why.contains("403")), "{read}");
    }
}
