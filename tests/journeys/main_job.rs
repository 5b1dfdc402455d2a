use serde_json::json;

journey! {
    async fn staff_invite_the_patient_redeems_the_authorization_server_asks_and_the_patient_unlinks(app: App) {
        let here = &app.fixture.here;
        let (_, client, _) = app.client(&[here.id]).await;
        let body = json!({
            "patient": {"identifier": {"system": "urn:mrn", "value": "mrn p1 7731"}},
            "channel": "in_person",
            "challenge": "birth_date",
            "proof": [{"type": "document_seen", "document": "passport"}],
        });
        let issued = app.registrar().post("/v1/invitations", body).await.expect(201);
        assert_eq!(issued.headers["location"], format!("/v1/invitations/{}", issued.text("/invitation/id")));
        let anna = app.person("anna");
        let answer = json!({"code": issued.text("/code"), "birth_date": "1984-02-29"});
        let redeemed = anna.post("/v1/invitations/redeem", answer).await.expect(201);
        assert_eq!(redeemed.text("/link/assurance/ial"), "IAL2");

        let found = client.post("/v1/links/lookup", app.account("anna")).await.expect(200);
        let link = &found.body["links"][0];
        assert_eq!(found.body["links"].as_array().unwrap().len(), 1);
        assert_eq!(link["patient"], "p1");
        assert_eq!(link["role"], "self");
        assert_eq!(link["fhirUser"], "https://fhir.here.example/r4/Patient/p1");
        assert_eq!(link["permissions"], "patient/*.cruds");
        assert_eq!(link["organization"], json!({"id": here.id, "slug": "here"}));
        assert_eq!(link["assurance"], json!({"ial": "IAL2", "level": "level3"}));
        assert_eq!(link["id"], redeemed.body["link"]["id"]);

        let path = format!("/v1/links/{}/revoke", redeemed.text("/link/id"));
        let ended = anna.post(&path, json!({"reason": "no_longer_wanted"})).await.expect(200);
        assert_eq!(ended.text("/link/status"), "revoked");
        let found = client.post("/v1/links/lookup", app.account("anna")).await.expect(200);
        assert_eq!(found.body["links"], json!([]));
        assert_eq!(anna.post(&path, json!({"reason": "no_longer_wanted"})).await.expect(409).problem(), "link-ended");
    }
}

journey! {
    async fn a_lookup_is_narrowed_by_organization_assurance_and_patient(app: App) {
        let (_, client, _) = app.client(&[app.fixture.here.id, app.fixture.there.id]).await;
        let anna = app.person("anna");
        for (slug, patient) in [("here", "p1"), ("there", "p2")] {
            let issued = app.staff("registrar", slug).invites(patient).await;
            anna.redeems(issued.text("/code")).await.expect(201);
        }
        for (narrowed, expected) in [
            (json!({}), 2),
            (json!({"organization": "here"}), 1),
            (json!({"organization": app.fixture.there.id}), 1),
            (json!({"organization": "nowhere"}), 0),
            (json!({"minimum_assurance": "IAL2"}), 0),
            (json!({"patient": "p1"}), 1),
            (json!({"patient": "p3"}), 0),
            (json!({"patient": "p1", "organization": "there"}), 0),
        ] {
            let mut asked = app.account("anna");
            asked.as_object_mut().unwrap().extend(narrowed.as_object().unwrap().clone());
            let found = client.post("/v1/links/lookup", asked).await.expect(200);
            assert_eq!(found.body["links"].as_array().unwrap().len(), expected, "{narrowed}");
        }
        let unknown = client.post("/v1/links/lookup", app.account("nobody")).await.expect(200);
        assert_eq!(unknown.body["links"], json!([]));
    }
}

journey! {
    async fn a_merged_record_is_answered_no_more_and_again_when_the_merge_is_undone(app: App) {
        let (_, client, _) = app.client(&[app.fixture.here.id]).await;
        let issued = app.registrar().invites("p1").await;
        app.person("anna").redeems(issued.text("/code")).await.expect(201);
        for (active, expected) in [(true, 1), (false, 0), (true, 1)] {
            let mut patient = kinlink_testkit::imported("p1");
            patient.active = active;
            // What the import does, in another process: the application hears of it by the change feed.
            let mut unit = app.fixture.begin().await;
            unit.upsert_patients(app.fixture.here.id, vec![patient], app.fixture.ports.clock.now()).await.unwrap();
            unit.save().await.unwrap();
            tokio::time::sleep(std::time::Duration::from_secs(1)).await;
            let found = client.post("/v1/links/lookup", app.account("anna")).await.expect(200);
            assert_eq!(found.body["links"].as_array().unwrap().len(), expected);
        }
    }
}

journey! {
    async fn the_audit_tells_the_whole_story_and_lookups_are_counted(app: App) {
        let (_, client, _) = app.client(&[app.fixture.here.id]).await;
        let issued = app.registrar().invites("p1").await;
        app.person("ben").redeems("0000-0000-0000").await.expect(422);
        app.person("anna").redeems(issued.text("/code")).await.expect(201);
        for _ in 0..3 {
            client.post("/v1/links/lookup", app.account("anna")).await.expect(200);
        }
        tokio::time::sleep(std::time::Duration::from_millis(600)).await;
        let auditor = app.staff("auditor", "here");
        let all = auditor.get("/v1/audit").await.expect(200);
        let entries = all.body["entries"].as_array().unwrap();
        for action in ["invitation.issue", "link.create", "invitation.redeem", "link.lookup"] {
            assert!(entries.iter().any(|entry| entry["action"] == action), "{action} is missing in {}", all.body);
        }
        let lookups = entries.iter().filter(|entry| entry["action"] == "link.lookup");
        assert_eq!(lookups.map(|entry| entry["detail"]["count"].as_u64().unwrap()).sum::<u64>(), 3);
        let text = all.body.to_string();
        for secret in ["Featherstonehaugh", "1984-02-29", "anna", issued.text("/code")] {
            assert!(!text.contains(secret), "the audit holds {secret}");
        }
        let one = auditor.get("/v1/audit?action=link.create&patient=p1").await.expect(200);
        assert_eq!(one.body["entries"].as_array().unwrap().len(), 1);
        let none = auditor.get("/v1/audit?patient=p3").await.expect(200);
        assert_eq!(none.body["entries"], json!([]));
        let reading = auditor.get("/v1/audit?action=audit.read").await.expect(200);
        assert_eq!(reading.body["entries"].as_array().unwrap().len(), 3, "reading the audit is audited");
    }
}

journey! {
    async fn lists_go_on_by_cursor_without_gap_or_repetition(app: App) {
        let registrar = app.registrar();
        let mut made = Vec::new();
        for _ in 0..5 {
            made.push(registrar.invites("p1").await.text("/invitation/id").to_owned());
        app.pass(chrono::TimeDelta::milliseconds(1));
        }
        made.reverse();
        let mut seen = Vec::new();
        let mut path = "/v1/invitations?limit=2".to_owned();
        loop {
            let page = registrar.get(&path).await.expect(200);
            let items = page.body["invitations"].as_array().unwrap();
            assert!(items.len() <= 2);
            seen.extend(items.iter().map(|item| item["id"].as_str().unwrap().to_owned()));
            match page.body["next_cursor"].as_str() {
                Some(cursor) => path = format!("/v1/invitations?limit=2&cursor={cursor}"),
                None => break,
            }
        }
        assert_eq!(seen, made);
        for (query, expected) in [("status=issued", 5), ("status=redeemed", 0), ("patient=p2", 0), ("channel=post", 0)] {
            let page = registrar.get(&format!("/v1/invitations?{query}")).await.expect(200);
            assert_eq!(page.body["invitations"].as_array().unwrap().len(), expected, "{query}");
        }
    }
}
