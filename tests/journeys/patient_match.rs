use kinlink_testkit::imported;
use serde_json::{Value, json};

fn parameters(patient: &Value, more: &[Value]) -> Value {
    let parameter = [&[json!({"name": "resource", "resource": patient})], more].concat();
    json!({"resourceType": "Parameters", "parameter": parameter})
}

/// What a desk would know of the person of this record.
fn person(record: &str) -> Value {
    json!({
        "resourceType": "Patient",
        "name": [{"given": ["Wilhelmina"], "family": format!("{record}-Featherstonehaugh")}],
        "birthDate": "1984-02-29",
        "identifier": [{"system": "urn:mrn", "value": format!("MRN-{record}-7731")}],
    })
}

const PATH: &str = "/fhir/here/Patient/$match";

journey! {
    async fn staff_find_a_person_with_score_and_grade(app: App) {
        // The other records of these tests are alike but for a letter: twins, as it were.
        let answer = app.registrar().post(PATH, parameters(&person("p1"), &[])).await.expect(200);
        assert_eq!(answer.text("/entry/0/resource/id"), "p1");
        assert_eq!(answer.body["entry"][0]["search"]["extension"][0]["valueCode"], "probable");

        let mut other = imported("q1");
        other.demographics.names[0].family = Some("Quackenbush".to_owned());
        other.demographics.names[0].given = vec!["Zebulon".to_owned()];
        other.demographics.birth_date = Some("1951-11-23".parse().unwrap());
        app.import(other).await;
        let zebulon = json!({
            "resourceType": "Patient", "name": [{"given": ["Zebulon"], "family": "Quackenbush"}],
            "birthDate": "1951-11-23", "identifier": [{"system": "urn:mrn", "value": "MRN-q1-7731"}],
        });
        let answer = app.registrar().post(PATH, parameters(&zebulon, &[])).await.expect(200);
        assert_eq!(answer.headers["content-type"], "application/fhir+json");
        assert_eq!(answer.text("/resourceType"), "Bundle");
        assert_eq!(answer.text("/type"), "searchset");
        assert_eq!(answer.text("/entry/0/resource/id"), "q1");
        assert!(answer.text("/entry/0/fullUrl").ends_with("/Patient/q1"));
        assert_eq!(answer.text("/entry/0/search/mode"), "match");
        let extension = &answer.body["entry"][0]["search"]["extension"][0];
        assert_eq!(extension["url"], "http://hl7.org/fhir/StructureDefinition/match-grade");
        assert_eq!(extension["valueCode"], "certain");
        let score = answer.body["entry"][0]["search"]["score"].as_f64().unwrap();
        assert!((0.999..=1.0).contains(&score), "{score}");
        let audit = app.staff("auditor", "here").get("/v1/audit?action=patient.match").await.expect(200);
        assert_eq!(audit.body["entries"].as_array().unwrap().len(), 2);
        assert!(!audit.body.to_string().contains("Quackenbush"));
    }
}

journey! {
    async fn nobody_found_is_an_empty_bundle_and_a_doubtful_one_is_not_certain(app: App) {
        let nobody = json!({"resourceType": "Patient", "birthDate": "1901-01-01", "name": [{"family": "Nemo"}]});
        let answer = app.registrar().post(PATH, parameters(&nobody, &[])).await.expect(200);
        assert_eq!(answer.body["total"], 0);
        assert!(answer.body.get("entry").is_none());
        // The identifier of one person with all else of another.
        let mut mixed = person("p1");
        mixed["name"][0]["family"] = json!("Otherwise");
        mixed["name"][0]["given"] = json!(["Bartholomew"]);
        mixed["birthDate"] = json!("1931-07-04");
        let only = json!({"name": "onlyCertainMatches", "valueBoolean": true});
        let answer = app.registrar().post(PATH, parameters(&mixed, &[only])).await.expect(200);
        assert_eq!(answer.body["total"], 0);
    }
}

journey! {
    async fn refusals_are_operation_outcomes_and_name_no_value(app: App) {
        let wrong = json!({"resourceType": "Patient", "name": [{"family": "Secret"}], "birthDate": "yesterday"});
        let answer = app.registrar().post(PATH, parameters(&wrong, &[])).await.expect(400);
        assert_eq!(answer.headers["content-type"], "application/fhir+json");
        assert_eq!(answer.text("/resourceType"), "OperationOutcome");
        assert!(answer.text("/issue/0/diagnostics").contains("Patient.birthDate"));
        assert!(!answer.body.to_string().contains("yesterday"));
        let there = app.staff("registrar", "there").post(PATH, parameters(&person("p1"), &[])).await.expect(403);
        assert_eq!(there.text("/issue/0/code"), "forbidden");
    }
}
