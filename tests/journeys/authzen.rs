//! AuthZEN 1.0: the cases of its certification scenario that do not rest on somebody else's properties, with our
//! entities for the scenario's. Alice is `anna`, who may do everything with record 1; Bob is `ben`, who may only
//! read it.

use serde_json::{Value, json};

use crate::app::{App, Caller, Reply};

struct Fixture {
    client: Caller,
    alice: Value,
    bob: Value,
    record: Value,
    other: Value,
}

async fn fixture(app: &App) -> Fixture {
    let (_, client, _) = app.client(&[app.fixture.here.id]).await;
    for name in ["ben", "anna"] {
        let code = app.registrar().invites("p1").await.text("/code").to_owned();
        app.person(name).redeems(&code).await.expect(201);
        if name == "ben" {
            app.fixture.database.tamper("update link set permissions = 'patient/*.rs'").await;
        }
    }
    let account = |name: &str| json!({"type": "account", "id": format!("{}|{name}", app.idp.issuer())});
    let record = |id: &str| json!({"type": "Patient", "id": format!("here/{id}")});
    Fixture { client, alice: account("anna"), bob: account("ben"), record: record("p1"), other: record("p2") }
}

fn read() -> Value {
    json!({"name": "read"})
}

fn write() -> Value {
    json!({"name": "update"})
}

fn decisions(reply: &Reply) -> Vec<bool> {
    let evaluations = reply.body["evaluations"].as_array().unwrap();
    evaluations.iter().map(|one| one["decision"].as_bool().unwrap()).collect()
}

journey! {
    async fn one_question_gets_a_decision(app: App) {
        let f = fixture(app).await;
        for (subject, action, decision) in [
            (&f.alice, read(), true),
            (&f.alice, write(), true),
            (&f.bob, read(), true),
            (&f.bob, write(), false),
            (&f.alice, json!({"name": "Observation.rs"}), true),
            (&f.bob, json!({"name": "Observation.cruds"}), false),
            (&f.alice, json!({"name": "launch-missiles"}), false),
            (&json!({"type": "user", "id": "alice"}), read(), false),
        ] {
            let question = json!({"subject": subject, "action": action, "resource": f.record});
            let answer = f.client.post("/access/v1/evaluation", question.clone()).await.expect(200);
            assert_eq!(answer.body["decision"], decision, "{question}");
            assert_eq!(answer.headers["content-type"], "application/json");
            // Context, properties and members that nobody knows change nothing.
            let mut more = question;
            more["context"] = json!({"time": "2025-06-27T18:03-07:00", "ip": "192.168.1.1"});
            more["resource"]["properties"] = json!({"status": "active"});
            more["subject"]["properties"] = json!({"department": "Sales"});
            more["futureField"] = json!({"nested": true});
            let again = f.client.post("/access/v1/evaluation", more).await.expect(200);
            assert_eq!(again.body["decision"], decision);
        }
        let proven = json!({"subject": f.alice, "action": read(), "resource": f.record,
            "context": {"minimum_assurance": "IAL2"}});
        let answer = f.client.post("/access/v1/evaluation", proven).await.expect(200);
        assert_eq!((&answer.body["decision"], answer.text("/context/reason")), (&json!(false), "no_live_link"));
    }
}

journey! {
    async fn a_request_that_is_not_of_the_form_is_a_400_and_keeps_its_id(app: App) {
        let f = fixture(app).await;
        let (alice, record) = (&f.alice, &f.record);
        let login_of = |sub: &str| json!({"iss": app.idp.issuer(), "sub": sub});
        let named = |subject: &Value, sub: &str| {
            let mut subject = subject.clone();
            subject["properties"] = login_of(sub);
            subject
        };
        let same = json!({"subject": named(alice, "anna"), "action": read(), "resource": record});
        assert_eq!(f.client.post("/access/v1/evaluation", same).await.expect(200).body["decision"], true);
        let other = json!({"type": "user", "id": "alice", "properties": {"sub": 7}});
        let other = json!({"subject": other, "action": read(), "resource": record});
        assert_eq!(f.client.post("/access/v1/evaluation", other).await.expect(200).body["decision"], false);
        for wrong in [
            json!({"action": read(), "resource": record}),
            json!({"subject": alice, "resource": record}),
            json!({"subject": alice, "action": read()}),
            json!({"subject": {"id": "x"}, "action": read(), "resource": record}),
            json!({"subject": {"type": "account"}, "action": read(), "resource": record}),
            json!({"subject": {"type": "account", "properties": login_of("anna")}, "action": read(), "resource": record}),
            json!({"subject": named(&f.bob, "anna"), "action": read(), "resource": record}),
            json!({"subject": named(&json!({"type": "account", "id": "anna"}), "anna"), "action": read(), "resource": record}),
            json!({"subject": alice, "action": {}, "resource": record}),
            json!({"subject": alice, "action": read(), "resource": {"id": "here/p1"}}),
            json!({"subject": alice, "action": read(), "resource": {"type": "Patient"}}),
            json!({"subject": "alice", "action": read(), "resource": record}),
            json!({"subject": alice, "action": {"name": 123}, "resource": record}),
            json!([]),
        ] {
            let refused = f.client.post("/access/v1/evaluation", wrong.clone()).await;
            assert_eq!((refused.status, refused.problem()), (400, "malformed-body"), "{wrong}");
        }
        let http = reqwest::Client::new();
        for (kind, body) in [("text/plain", "{}"), ("application/json", "{"), ("application/json", "")] {
            let request = http.post(format!("{}/access/v1/evaluation", app.url)).bearer_auth(&f.client.token);
            let request = request.header("content-type", kind).header("x-request-id", "bf-7").body(body);
            let refused = request.send().await.unwrap();
            assert_eq!((refused.status(), &refused.headers()["x-request-id"]), (400.try_into().unwrap(), &"bf-7".parse().unwrap()));
        }
        let unknown = http.post(format!("{}/access/v1/evaluation", app.url)).header("x-request-id", "bf-8");
        let unknown = unknown.json(&json!({})).send().await.unwrap();
        assert_eq!((unknown.status().as_u16(), &unknown.headers()["x-request-id"]), (401, &"bf-8".parse().unwrap()));
    }
}

journey! {
    async fn several_questions_are_answered_in_order_with_what_stands_beside_them(app: App) {
        let f = fixture(app).await;
        let ask = async |question: Value| f.client.post("/access/v1/evaluations", question).await.expect(200);
        let both = json!({"subject": f.bob, "resource": f.record,
            "evaluations": [{"action": read()}, {"action": write()}]});
        assert_eq!(decisions(&ask(both).await), [true, false]);
        let alone = json!({"evaluations": [
            {"subject": f.alice, "action": read(), "resource": f.record},
            {"subject": f.bob, "action": write(), "resource": f.record}]});
        assert_eq!(decisions(&ask(alone).await), [true, false]);
        let inherited = json!({"subject": f.alice, "action": write(), "resource": f.record,
            "context": {"time": "2025-06-27T18:03-07:00"},
            "evaluations": [{}, {"resource": f.other, "context": {"source": "batch-override"}}]});
        assert_eq!(decisions(&ask(inherited).await), [true, false]);
        for empty in [json!({}), json!({"evaluations": []})] {
            let mut one = json!({"subject": f.alice, "action": read(), "resource": f.record});
            one.as_object_mut().unwrap().extend(empty.as_object().unwrap().clone());
            assert_eq!(ask(one).await.body, json!({"decision": true}));
        }
        let failing = json!({"subject": f.alice, "action": read(), "evaluations": [
            {"resource": f.record}, {}, {"resource": "record"}]});
        let answer = ask(failing).await;
        assert_eq!(decisions(&answer), [true, false, false]);
        assert_eq!(answer.body["evaluations"][1]["context"]["error"]["status"], 400);
        assert_eq!(answer.body["evaluations"][2]["context"]["error"]["status"], 400);
    }
}

journey! {
    async fn a_semantic_ends_at_the_first_denial_or_permit(app: App) {
        let f = fixture(app).await;
        for (semantic, expected) in [
            ("execute_all", vec![true, false, true]),
            ("deny_on_first_deny", vec![true, false]),
            ("permit_on_first_permit", vec![true]),
        ] {
            let question = json!({"subject": f.bob, "resource": f.record, "options": {"evaluations_semantic": semantic},
                "evaluations": [{"action": read()}, {"action": write()}, {"action": read()}]});
            let answer = f.client.post("/access/v1/evaluations", question).await.expect(200);
            assert_eq!(decisions(&answer), expected, "{semantic}");
        }
        let unknown = json!({"subject": f.bob, "options": {"evaluations_semantic": "maybe"}, "evaluations": [{}]});
        f.client.post("/access/v1/evaluations", unknown).await.expect(400);
    }
}

journey! {
    async fn subjects_resources_and_actions_are_found(app: App) {
        let f = fixture(app).await;
        let search = async |what: &str, question: Value| {
            f.client.post(&format!("/access/v1/search/{what}"), question).await
        };
        let results = |reply: &Reply, member: &str| -> Vec<String> {
            let all = reply.body["results"].as_array().unwrap();
            let mut all: Vec<_> = all.iter().map(|one| one[member].as_str().unwrap().to_owned()).collect();
            all.sort();
            all
        };
        let (anna, ben) = (f.alice["id"].as_str().unwrap(), f.bob["id"].as_str().unwrap());
        for (subject, action, expected) in [
            (json!({"type": "account"}), read(), vec![anna, ben]),
            // An id is passed over.
            (f.alice.clone(), read(), vec![anna, ben]),
            (json!({"type": "account"}), write(), vec![anna]),
            (json!({"type": "spaceship"}), read(), vec![]),
        ] {
            let question = json!({"subject": subject, "action": action, "resource": f.record});
            let found = search("subject", question).await.expect(200);
            assert_eq!(results(&found, "id"), expected, "{action}");
            let all = expected.len();
            assert_eq!(found.body["page"], json!({"next_token": "", "count": all, "total": all}));
        }
        for (subject, action, expected) in [
            (&f.alice, read(), vec!["here/p1"]),
            (&f.bob, write(), vec![]),
            (&json!({"type": "account", "id": "nobody"}), read(), vec![]),
        ] {
            let question = json!({"subject": subject, "action": action, "resource": {"type": "Patient", "id": "here/p9"}});
            assert_eq!(results(&search("resource", question).await.expect(200), "id"), expected);
        }
        for (subject, resource, expected) in [
            (&f.bob, &f.record, vec!["*.rs", "read", "search"]),
            (&f.bob, &f.other, vec![]),
            (&json!({"type": "account", "id": "nobody"}), &f.record, vec![]),
        ] {
            let found = search("action", json!({"subject": subject, "resource": resource})).await.expect(200);
            let names = results(&found, "name");
            assert_eq!(names, expected);
            // What a search finds is permitted.
            for name in names {
                let question = json!({"subject": subject, "action": {"name": name}, "resource": resource});
                let answer = f.client.post("/access/v1/evaluation", question).await.expect(200);
                assert_eq!(answer.body["decision"], true);
            }
        }
        for (what, wrong) in [
            ("subject", json!({"subject": {"type": "account"}, "resource": f.record})),
            ("subject", json!({"subject": {"type": "account"}, "action": read(), "resource": {"type": "Patient"}})),
            ("resource", json!({"action": read(), "resource": {"type": "Patient"}})),
            ("resource", json!({"subject": {"type": "account"}, "action": read(), "resource": {"type": "Patient"}})),
            ("action", json!({"subject": f.alice})),
            ("action", json!({"subject": {"type": "account"}, "resource": f.record})),
        ] {
            assert_eq!(search(what, wrong.clone()).await.expect(400).problem(), "malformed-body", "{what} {wrong}");
        }
    }
}

journey! {
    async fn a_revocation_counts_at_once_and_the_neighbours_client_finds_nothing(app: App) {
        let f = fixture(app).await;
        let (_, foreign, _) = app.client(&[app.fixture.there.id]).await;
        let question = json!({"subject": f.alice, "action": read(), "resource": f.record});
        let asked = async |client: &Caller| {
            client.post("/access/v1/evaluation", question.clone()).await.expect(200).body["decision"] == true
        };
        assert!(asked(&f.client).await && !asked(&foreign).await);
        let search = json!({"subject": {"type": "account"}, "action": read(), "resource": f.record});
        let found = foreign.post("/access/v1/search/subject", search).await.expect(200);
        assert_eq!(found.body["results"], json!([]));
        let links = app.person("anna").get("/v1/account/links").await.expect(200);
        let path = format!("/v1/links/{}/revoke", links.text("/links/0/id"));
        app.person("anna").post(&path, json!({"reason": "no_longer_wanted"})).await.expect(200);
        assert!(!asked(&f.client).await);
    }
}

journey! {
    async fn the_metadata_name_endpoints_that_answer(app: App) {
        let f = fixture(app).await;
        let metadata = app.with_token("").get("/.well-known/authzen-configuration").await.expect(200);
        assert_eq!(metadata.text("/policy_decision_point"), app.url);
        for (name, url) in metadata.body.as_object().unwrap() {
            if name == "policy_decision_point" {
                continue;
            }
            let path = url.as_str().unwrap().strip_prefix(&app.url).unwrap();
            assert_eq!(f.client.post(path, json!({})).await.status, 400, "{name}");
            assert_eq!(app.person("anna").post(path, json!({})).await.status, 403, "{name}");
        }
    }
}

/// All pages of a search, each with its results.
async fn pages(client: &Caller, what: &str, mut question: Value) -> Vec<Vec<String>> {
    let mut pages = Vec::new();
    loop {
        let found = client.post(&format!("/access/v1/search/{what}"), question.clone()).await.expect(200);
        let results = found.body["results"].as_array().unwrap();
        let name = |one: &Value| one["id"].as_str().or(one["name"].as_str()).unwrap().to_owned();
        assert_eq!(found.body["page"]["count"], results.len());
        pages.push(results.iter().map(name).collect());
        let next = found.text("/page/next_token").to_owned();
        if next.is_empty() {
            let all: usize = pages.iter().map(Vec::len).sum();
            assert_eq!(found.body["page"]["total"], all);
            return pages;
        }
        question["page"]["token"] = json!(next);
    }
}

fn sizes(pages: &[Vec<String>]) -> Vec<usize> {
    pages.iter().map(Vec::len).collect()
}

journey! {
    async fn what_is_found_comes_in_pages_of_the_size_that_is_asked_for(app: App) {
        let f = fixture(app).await;
        for name in ["carl", "dora", "eve"] {
            let code = app.registrar().invites("p1").await.text("/code").to_owned();
            app.person(name).redeems(&code).await.expect(201);
        }
        for record in ["p2", "p3"] {
            let code = app.registrar().invites(record).await.text("/code").to_owned();
            app.person("anna").redeems(&code).await.expect(201);
        }
        let who = json!({"subject": {"type": "account"}, "action": read(), "resource": f.record, "page": {"limit": 2}});
        let what = json!({"subject": f.alice, "action": read(), "resource": {"type": "Patient"}, "page": {"limit": 2}});
        let how = json!({"subject": f.bob, "resource": f.record, "page": {"limit": 1}});
        for (kind, question, expected) in
            [("subject", &who, vec![2, 2, 1]), ("resource", &what, vec![2, 1]), ("action", &how, vec![1, 1, 1])]
        {
            let pages = pages(&f.client, kind, question.clone()).await;
            assert_eq!(sizes(&pages), expected, "{kind}");
            let mut all = pages.concat();
            all.sort();
            all.dedup();
            assert_eq!(all.len(), expected.iter().sum::<usize>(), "{kind}: nothing comes twice");
        }
        // Without a page it is one; the most is more than there are.
        for page in [json!({}), json!({"limit": 100_000})] {
            let mut whole = who.clone();
            whole["page"] = page;
            assert_eq!(sizes(&pages(&f.client, "subject", whole).await), [5]);
        }
        let mut none = who.clone();
        none["page"]["limit"] = json!(0);
        let none = f.client.post("/access/v1/search/subject", none).await.expect(200);
        assert_eq!((&none.body["results"], &none.body["page"]["total"]), (&json!([]), &json!(5)));
        assert!(!none.text("/page/next_token").is_empty(), "there is more");
    }
}

journey! {
    async fn a_token_goes_on_with_its_own_question_of_its_own_client_alone(app: App) {
        let f = fixture(app).await;
        let ask = async |client: &Caller, what: &str, question: &Value| {
            client.post(&format!("/access/v1/search/{what}"), question.clone()).await
        };
        let first = json!({"subject": {"type": "account"}, "action": read(), "resource": f.record,
            "context": {"time": "2025-06-27T18:03-07:00"}, "page": {"limit": 1}});
        let begun = ask(&f.client, "subject", &first).await.expect(200);
        let token = begun.text("/page/next_token").to_owned();
        let with = |at: &str, value: Value| {
            let mut question = first.clone();
            question["page"]["token"] = json!(token);
            *question.pointer_mut(at).unwrap() = value;
            question
        };
        let same = with("/page/limit", json!(1));
        let mut without_limit = same.clone();
        without_limit["page"].as_object_mut().unwrap().remove("limit");
        for right in [&same, &without_limit] {
            let second = ask(&f.client, "subject", right).await.expect(200);
            assert_eq!((second.text("/page/next_token"), &second.body["page"]["count"]), ("", &json!(1)));
            assert_ne!(second.body["results"], begun.body["results"]);
        }
        let (_, colleague, _) = app.client(&[app.fixture.here.id]).await;
        let (_, neighbour, _) = app.client(&[app.fixture.there.id]).await;
        let mut broken = token.clone();
        broken.replace_range(10..11, if &token[10..11] == "A" { "B" } else { "A" });
        for (client, what, wrong) in [
            (&f.client, "subject", with("/action", write())),
            (&f.client, "subject", with("/resource", f.other.clone())),
            (&f.client, "subject", with("/context/time", json!("2025-06-27T18:04-07:00"))),
            (&f.client, "subject", with("/page/limit", json!(2))),
            (&f.client, "subject", with("/page/token", json!(broken))),
            (&f.client, "subject", with("/page/token", json!(""))),
            (&f.client, "subject", with("/page/limit", json!(-1))),
            (&f.client, "resource", {
                let mut question = same.clone();
                question["subject"] = f.alice.clone();
                question
            }),
            (&colleague, "subject", same.clone()),
            (&neighbour, "subject", same.clone()),
        ] {
            let refused = ask(client, what, &wrong).await;
            assert_eq!((refused.status, refused.problem()), (400, "malformed-body"), "{what} {wrong}");
        }
    }
}
