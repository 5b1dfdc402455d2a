use kinlink_domain::{connection::Server, id::ClientId, relationship::ProxyBasis};
use reqwest::Method;
use serde_json::{Value, json};

use crate::{
    app::{App, Caller},
    hooks::stage::{connect_client, settings},
};

/// An operation on things of the organization `here`, and who may do it.
struct Operation {
    method: Method,
    path: String,
    body: Option<Value>,
    /// Of registrar, reviewer, auditor, admin at `here`.
    roles: [bool; 4],
    account: bool,
    client: bool,
    /// What staff of the neighbour get: 404 for a thing named by its id, 403 for a named organization.
    neighbour: u16,
}

const ROLES: [&str; 4] = ["registrar", "reviewer", "auditor", "admin"];

#[expect(clippy::too_many_lines, reason = "one row for each operation")]
async fn operations(app: &App, id: ClientId, client: &Caller) -> Vec<Operation> {
    let doubtful = crate::claims::doubtful("p1");
    let claim =
        app.person("owner").post("/v1/claims", doubtful.clone()).await.expect(202).text("/id").to_owned();
    app.match_claims().await;
    let queue = app.staff("reviewer", "here").get("/v1/reviews").await.expect(200);
    let review = queue.text("/reviews/0/id").to_owned();
    let invitation = app.registrar().invites("p1").await.text("/invitation/id").to_owned();
    let linked = app.registrar().invites("p2").await;
    let redeemed = app.person("owner").redeems(linked.text("/code")).await.expect(201);
    let link = redeemed.text("/link/id").to_owned();
    let reset = json!({"account": redeemed.text("/link/account"), "proof": {"document": "passport"}});
    let dispute = crate::disputes::disputed(app, "p3").await;
    let granting = crate::grants::offering(&link, "basics");
    let offered = app.person("owner").post("/v1/grants", granting.clone()).await.expect(201);
    let offer = offered.text("/grant/id").to_owned();
    let other = app.person("owner").post("/v1/grants", granting).await.expect(201);
    let accepted = crate::grants::accepts(&app.person("proxy"), other.text("/code")).await.expect(201);
    let grant = accepted.text("/grant/id").to_owned();
    crate::family::child(app, "c9").await;
    let mut asking = crate::requests::asking("c9");
    asking["demographics"]["birth_date"] = json!("2015-06-01");
    let asked = app.person("owner").post("/v1/access-requests", asking.clone()).await.expect(202);
    let asked = asked.text("/id").to_owned();
    app.match_claims().await;
    let bar = json!({"organization": "here", "patient": {"id": "p3"}, "person": "Nobody", "reference": "1"});
    let barred = app.registrar().post("/v1/bars", bar.clone()).await.expect(201).text("/bar/id").to_owned();
    let exception = json!({
        "organization": "here", "patient": {"id": "p3"}, "kind": "incapacity", "reason": "r", "reference": "1",
    });
    let no_exception = json!({"organization": "here", "patient": {"id": "p3"}});
    let papers = json!([{"paper": "court_order"}]);
    let proxy = crate::family::inviting("p3", "GUARD", "guardianship", &papers);
    let acting = crate::fhir::proxy(app, "owner", "p1", ProxyBasis::PatientGrant).await;
    let person = format!("/fhir/here/Person/{}", acting.account.uuid());
    let person_by_login = format!("/fhir/here/Person?identifier={}%7Cowner", app.idp.issuer());
    let related_person = format!("/fhir/here/RelatedPerson/{}", acting.id.uuid());
    let consent = format!("/fhir/here/Consent/{}", acting.id.uuid());
    let notify = format!("/fhir/here/notify/{}", crate::fhir::source(app).await.0.id);
    let seen = app.registrar().get(&format!("/v1/links/{link}")).await.expect(200);
    let evidence = seen.text("/evidence/0/id").to_owned();
    let passport = json!({"type": "document_seen", "document": "passport"});
    let mother = app.registrar().invites("p1").await;
    let ended = app.person("ended").redeems(mother.text("/code")).await.expect(201);
    let ending = json!({"organization": "here", "account": ended.text("/link/account")});
    let ending = crate::endings::ends(app, &app.registrar(), &ending, "fraud").await.text("/id").to_owned();
    let whose = json!({"organization": "here", "patient": "p2"});
    let unconfirmed = json!({"organization": "here", "patient": "p2", "reason": "safety", "digest": "0"});
    let target = crate::provisioning::target(app, "https://id.example").await;
    let mistake = json!({"reason": "entered_by_mistake"});
    let server = settings(Server::OidcProvider, app.idp.issuer());
    let connection = connect_client(app, id, server).await.id;
    let poll = client.post("/ssf/streams", json!({})).await.expect(201).text("/stream_id").to_owned();
    let hook = json!({"url": "https://receiver.example/"});
    let webhook = client.post("/v1/webhooks", hook.clone()).await.expect(201).text("/id").to_owned();
    let about =
        json!({"stream_id": poll, "subject": {"format": "iss_sub", "iss": "https://i.example", "sub": "s"}});
    let op = |method: &Method, path: String, body: Option<Value>| Operation {
        method: method.clone(),
        path,
        body,
        roles: [false; 4],
        account: false,
        client: false,
        neighbour: 403,
    };
    let (get, post) = (Method::GET, Method::POST);
    let (patch, put) = (Method::PATCH, Method::PUT);
    let own = json!({"stream_id": poll});
    let desk = [true, false, false, true];
    let readers = [true, true, false, true];
    let reviewers = [false, true, false, true];
    let authzen = json!({
        "subject": {"type": "account", "id": "x|y"}, "action": {"name": "read"},
        "resource": {"type": "Patient", "id": "here/p2"}});
    let issue = json!({"organization": "here", "patient": {"id": "p3"}, "channel": "in_person"});
    vec![
        Operation { roles: desk, ..op(&post, "/v1/invitations".into(), Some(proxy)) },
        // Whoever may grant has a link of their own: with that of another, everybody is wrong.
        Operation {
            neighbour: 404,
            ..op(&post, "/v1/grants".into(), Some(crate::grants::offering(&link, "basics")))
        },
        Operation { account: true, roles: [true; 4], neighbour: 200, ..op(&get, "/v1/grants".into(), None) },
        Operation { roles: readers, ..op(&get, "/v1/grants?organization=here".into(), None) },
        Operation { roles: readers, neighbour: 404, ..op(&get, format!("/v1/grants/{grant}"), None) },
        Operation { neighbour: 404, ..op(&post, format!("/v1/grants/{offer}/withdraw"), None) },
        Operation {
            roles: readers,
            neighbour: 404,
            ..op(&post, format!("/v1/grants/{grant}/renew"), Some(json!({"papers": papers})))
        },
        Operation {
            roles: readers,
            neighbour: 404,
            ..op(&post, format!("/v1/grants/{grant}/end"), Some(json!({"reason": "staff_error"})))
        },
        Operation {
            account: true,
            roles: [true; 4],
            neighbour: 202,
            ..op(&post, "/v1/access-requests".into(), Some(asking))
        },
        Operation {
            account: true,
            roles: [true; 4],
            neighbour: 200,
            ..op(&get, "/v1/access-requests".into(), None)
        },
        Operation { roles: readers, ..op(&get, "/v1/access-requests?organization=here".into(), None) },
        Operation {
            roles: readers,
            neighbour: 404,
            ..op(&get, format!("/v1/access-requests/{asked}"), None)
        },
        // It is whoever asked who takes it back.
        Operation { neighbour: 404, ..op(&post, format!("/v1/access-requests/{asked}/withdraw"), None) },
        Operation {
            roles: readers,
            neighbour: 404,
            ..op(
                &post,
                format!("/v1/access-requests/{asked}/approve"),
                Some(
                    json!({"profile": "basics", "patient": "c9", "basis": "guardianship", "papers": papers}),
                ),
            )
        },
        Operation {
            roles: readers,
            neighbour: 404,
            ..op(&post, format!("/v1/access-requests/{asked}/decline"), Some(json!({"reason": "fraud"})))
        },
        Operation { roles: readers, ..op(&post, "/v1/bars".into(), Some(bar)) },
        Operation { roles: readers, ..op(&get, "/v1/bars?organization=here&patient=p3".into(), None) },
        Operation { roles: readers, neighbour: 404, ..op(&post, format!("/v1/bars/{barred}/lift"), None) },
        Operation { roles: readers, ..op(&post, "/v1/age-exceptions".into(), Some(exception)) },
        Operation {
            roles: readers,
            ..op(&get, "/v1/age-exceptions?organization=here&patient=p3".into(), None)
        },
        Operation { roles: readers, ..op(&post, "/v1/age-exceptions/end".into(), Some(no_exception)) },
        Operation { roles: desk, ..op(&post, "/v1/invitations".into(), Some(issue)) },
        Operation { roles: desk, ..op(&get, "/v1/invitations?organization=here".into(), None) },
        Operation { roles: desk, neighbour: 404, ..op(&get, format!("/v1/invitations/{invitation}"), None) },
        Operation {
            roles: desk,
            neighbour: 404,
            ..op(&post, format!("/v1/invitations/{invitation}/reissue"), Some(json!({})))
        },
        Operation {
            roles: desk,
            neighbour: 404,
            ..op(&post, format!("/v1/invitations/{invitation}/revoke"), Some(json!({"reason": "lost"})))
        },
        Operation {
            roles: [false, false, true, false],
            ..op(&get, "/v1/audit?organization=here".into(), None)
        },
        Operation {
            roles: readers,
            client: true,
            neighbour: 404,
            ..op(&get, format!("/v1/links/{link}"), None)
        },
        Operation {
            roles: readers,
            client: true,
            neighbour: 404,
            ..op(&get, format!("/v1/links/{link}/explain"), None)
        },
        Operation { roles: readers, ..op(&post, "/v1/endings/preview".into(), Some(whose)) },
        Operation { roles: readers, ..op(&post, "/v1/endings".into(), Some(unconfirmed)) },
        Operation { roles: readers, ..op(&get, "/v1/endings?organization=here".into(), None) },
        Operation { roles: readers, neighbour: 404, ..op(&get, format!("/v1/endings/{ending}"), None) },
        Operation {
            roles: reviewers,
            neighbour: 404,
            ..op(&post, format!("/v1/endings/{ending}/undo"), None)
        },
        Operation {
            roles: reviewers,
            ..op(&get, "/v1/reports/unusual-proxies?organization=here".into(), None)
        },
        Operation { client: true, ..op(&post, "/v1/links/lookup".into(), Some(app.account("owner"))) },
        // A stream or webhook is its client's alone.
        Operation { client: true, ..op(&post, "/ssf/streams".into(), Some(json!({}))) },
        Operation { client: true, ..op(&get, "/ssf/streams".into(), None) },
        Operation { client: true, ..op(&get, format!("/ssf/streams?stream_id={poll}"), None) },
        Operation { client: true, ..op(&patch, "/ssf/streams".into(), Some(own.clone())) },
        Operation { client: true, ..op(&put, "/ssf/streams".into(), Some(own.clone())) },
        Operation { client: true, ..op(&get, format!("/ssf/status?stream_id={poll}"), None) },
        Operation {
            client: true,
            ..op(&post, "/ssf/status".into(), Some(json!({"stream_id": poll, "status": "enabled"})))
        },
        Operation { client: true, ..op(&post, "/ssf/subjects/add".into(), Some(about.clone())) },
        Operation { client: true, ..op(&post, "/ssf/subjects/remove".into(), Some(about)) },
        Operation { client: true, ..op(&post, "/ssf/verify".into(), Some(own)) },
        Operation {
            client: true,
            ..op(&post, format!("/ssf/poll/{poll}"), Some(json!({"returnImmediately": true})))
        },
        Operation { client: true, ..op(&post, "/v1/webhooks".into(), Some(hook)) },
        Operation { client: true, ..op(&get, "/v1/webhooks".into(), None) },
        Operation { client: true, ..op(&get, format!("/v1/webhooks/{webhook}"), None) },
        Operation { client: true, ..op(&patch, format!("/v1/webhooks/{webhook}"), Some(json!({}))) },
        Operation {
            client: true,
            ..op(&post, format!("/v1/webhooks/{webhook}/rotate-secret"), Some(json!({})))
        },
        Operation { client: true, ..op(&post, format!("/v1/webhooks/{webhook}/test"), None) },
        Operation { client: true, ..op(&get, "/v1/events/dead".into(), None) },
        Operation { client: true, ..op(&post, "/v1/events/replay".into(), Some(json!({}))) },
        Operation { client: true, ..op(&post, "/access/v1/evaluation".into(), Some(authzen.clone())) },
        Operation { client: true, ..op(&post, "/access/v1/evaluations".into(), Some(authzen.clone())) },
        Operation { client: true, ..op(&post, "/access/v1/search/subject".into(), Some(authzen.clone())) },
        Operation { client: true, ..op(&post, "/access/v1/search/resource".into(), Some(authzen.clone())) },
        Operation { client: true, ..op(&post, "/access/v1/search/action".into(), Some(authzen.clone())) },
        Operation {
            client: true,
            ..op(&post, "/v1/smart/context".into(), Some(json!({"sub": "owner", "connection": connection})))
        },
        Operation {
            client: true,
            ..op(
                &post,
                format!("/hooks/oidc-provider/{connection}"),
                Some(json!({"accountId": "owner", "clientId": "app"})),
            )
        },
        Operation {
            account: true,
            roles: [true; 4],
            neighbour: 200,
            ..op(&get, "/v1/account/links".into(), None)
        },
        Operation { account: true, roles: [true; 4], neighbour: 200, ..op(&get, "/v1/totp".into(), None) },
        Operation {
            account: true,
            roles: [true; 4],
            neighbour: 201,
            ..op(&post, "/v1/totp/enrol".into(), Some(json!({})))
        },
        Operation {
            account: true,
            roles: [true; 4],
            neighbour: 409,
            ..op(&post, "/v1/totp/verify".into(), Some(json!({"code": "000000"})))
        },
        Operation {
            roles: [false, true, false, true],
            neighbour: 404,
            ..op(&post, "/v1/totp/reset".into(), Some(reset))
        },
        Operation {
            account: true,
            roles: [true; 4],
            neighbour: 202,
            ..op(&post, "/v1/claims".into(), Some(doubtful))
        },
        Operation { account: true, roles: [true; 4], neighbour: 200, ..op(&get, "/v1/claims".into(), None) },
        Operation {
            roles: [false, false, false, true],
            ..op(&get, "/v1/provisioning?organization=here".into(), None)
        },
        Operation {
            roles: [false, false, false, true],
            neighbour: 404,
            ..op(&get, format!("/v1/provisioning/{target}"), None)
        },
        Operation {
            roles: [false, false, false, true],
            neighbour: 404,
            ..op(&post, format!("/v1/provisioning/{target}/reconcile"), None)
        },
        // A claim is its account's alone.
        Operation { neighbour: 404, ..op(&get, format!("/v1/claims/{claim}"), None) },
        Operation {
            neighbour: 404,
            ..op(&post, format!("/v1/claims/{claim}/confirm"), Some(json!({"code": "0000-0000-0000"})))
        },
        Operation { neighbour: 404, ..op(&post, format!("/v1/claims/{claim}/withdraw"), None) },
        Operation { roles: reviewers, ..op(&get, "/v1/reviews?organization=here".into(), None) },
        Operation {
            roles: [true, true, false, true],
            neighbour: 403,
            ..op(
                &post,
                "/fhir/here/Patient/$match".into(),
                Some(json!({"resourceType": "Parameters", "parameter": [
                    {"name": "resource", "resource": {"resourceType": "Patient"}}]})),
            )
        },
        Operation {
            roles: readers,
            client: true,
            ..op(&get, "/fhir/here/RelatedPerson?patient=p2".into(), None)
        },
        Operation { roles: readers, client: true, ..op(&get, "/fhir/here/Consent?patient=p2".into(), None) },
        Operation { roles: readers, client: true, ..op(&get, person_by_login, None) },
        Operation { roles: readers, client: true, neighbour: 404, ..op(&get, person, None) },
        Operation { roles: readers, client: true, neighbour: 404, ..op(&get, related_person, None) },
        Operation { roles: readers, client: true, ..op(&get, consent, None) },
        Operation { roles: [false, false, true, false], ..op(&get, "/fhir/here/AuditEvent".into(), None) },
        // Only the organization's FHIR server, by the token of its Subscription.
        op(&post, "/fhir/here/Patient".into(), Some(json!({"resourceType": "Patient", "id": "x"}))),
        op(&post, notify, None),
        Operation { roles: reviewers, neighbour: 404, ..op(&get, format!("/v1/reviews/{review}"), None) },
        Operation {
            roles: reviewers,
            neighbour: 404,
            ..op(&post, format!("/v1/reviews/{review}/ask"), Some(json!({"missing": ["photo_id"]})))
        },
        Operation {
            roles: reviewers,
            neighbour: 404,
            ..op(
                &post,
                format!("/v1/reviews/{review}/approve"),
                // The account acts for the patient: a mailbox would not do.
                Some(json!({"patient": "p1", "handover": "email", "proof": [passport]})),
            )
        },
        Operation {
            roles: reviewers,
            neighbour: 404,
            ..op(&post, format!("/v1/reviews/{review}/decline"), Some(json!({"reason": "fraud"})))
        },
        Operation {
            roles: reviewers,
            neighbour: 404,
            ..op(&post, format!("/v1/links/{link}/suspend"), Some(json!({"reason": "review"})))
        },
        Operation {
            roles: reviewers,
            neighbour: 404,
            ..op(&post, format!("/v1/links/{link}/reinstate"), Some(json!({"reason": "unfounded"})))
        },
        Operation { roles: reviewers, ..op(&get, "/v1/disputes?organization=here".into(), None) },
        Operation { roles: reviewers, neighbour: 404, ..op(&get, format!("/v1/disputes/{dispute}"), None) },
        Operation {
            roles: reviewers,
            neighbour: 404,
            ..op(&post, format!("/v1/disputes/{dispute}/dismiss"), Some(json!({"reason": "unfounded"})))
        },
        Operation {
            roles: reviewers,
            neighbour: 404,
            ..op(&post, format!("/v1/disputes/{dispute}/uphold"), Some(json!({"reason": "fraud"})))
        },
        Operation {
            roles: readers,
            neighbour: 404,
            ..op(&post, format!("/v1/links/{link}/evidence"), Some(passport))
        },
        Operation {
            roles: readers,
            neighbour: 404,
            ..op(&post, format!("/v1/links/{link}/evidence/{evidence}/withdraw"), Some(mistake))
        },
        Operation {
            roles: readers,
            neighbour: 404,
            ..op(&post, format!("/v1/links/{link}/revoke"), Some(json!({"reason": "staff_error"})))
        },
    ]
}

async fn call(caller: &Caller, operation: &Operation) -> u16 {
    caller.send(operation.method.clone(), &operation.path, operation.body.clone(), &[]).await.status
}

/// Allowed means past the check of rights: a thing that an earlier call has ended answers 409.
fn allowed(status: u16) -> bool {
    matches!(status, 200 | 201 | 202 | 204 | 409)
}

journey! {
    async fn every_role_may_do_what_the_table_says_and_the_neighbour_nothing(app: App) {
        let (id, client, _) = app.client(&[app.fixture.here.id]).await;
        let (_, foreign_client, _) = app.client(&[app.fixture.there.id]).await;
        for operation in &operations(app, id, &client).await {
            let what = format!("{} {}", operation.method, operation.path);
            assert_eq!(call(&app.with_token(""), operation).await, 401, "nobody: {what}");
            for role in ROLES {
                let status = call(&app.staff(role, "there"), operation).await;
                let lookup_is_for_clients = operation.path.ends_with("lookup");
                let expected = if lookup_is_for_clients { 403 } else { operation.neighbour };
                // A role that gives no such right anywhere is told so, before anything is looked for.
                assert!(status == expected || status == 403, "{role} of the neighbour: {what} gave {status}");
            }
            let status = call(&app.person("somebody"), operation).await;
            assert_eq!(allowed(status), operation.account, "a login without roles: {what} gave {status}");
            let status = call(&client, operation).await;
            assert_eq!(allowed(status), operation.client, "a client: {what} gave {status}");
            for (role, may) in ROLES.iter().zip(operation.roles) {
                let status = call(&app.staff(role, "here"), operation).await;
                assert_eq!(allowed(status), may, "{role}: {what} gave {status}");
                assert!(may || matches!(status, 403 | 404), "{role}: {what} gave {status}");
            }
        }
        let found = foreign_client.post("/v1/links/lookup", app.account("owner")).await.expect(200);
        assert_eq!(found.body["links"], json!([]), "the neighbour's client sees nothing");
    }
}

journey! {
    async fn the_neighbours_client_does_not_see_a_link_by_its_id(app: App) {
        let (_, client, _) = app.client(&[app.fixture.here.id]).await;
        let (_, foreign, _) = app.client(&[app.fixture.there.id]).await;
        let code = app.registrar().invites("p1").await.text("/code").to_owned();
        let link = app.person("anna").redeems(&code).await.expect(201);
        let path = format!("/v1/links/{}", link.text("/link/id"));
        client.get(&path).await.expect(200);
        assert_eq!(foreign.get(&path).await.expect(404).problem(), "not-found");
        let evidence = app.registrar().get(&path).await.expect(200);
        assert_eq!(evidence.body["evidence"][0]["fact"]["type"], "code_redeemed");
        let own = app.person("anna").get(&path).await.expect(200);
        assert_eq!(own.text("/evidence/0/type"), "code_redeemed");
        assert!(own.body["evidence"][0]["by"].is_null() && own.body["evidence"][0]["fact"].is_null());
        assert!(client.get(&path).await.expect(200).body["evidence"].is_null());
        app.person("ben").get(&path).await.expect(404);
    }
}

journey! {
    async fn each_side_ends_links_with_its_own_reasons_and_staffs_are_not_told(app: App) {
        let code = app.registrar().invites("p1").await.text("/code").to_owned();
        let anna = app.person("anna");
        let link = anna.redeems(&code).await.expect(201);
        let path = format!("/v1/links/{}", link.text("/link/id"));
        let revoke = format!("{path}/revoke");
        anna.post(&revoke, json!({"reason": "court_order"})).await.expect(422);
        app.registrar().post(&revoke, json!({"reason": "not_me"})).await.expect(422);
        app.person("ben").post(&revoke, json!({"reason": "not_me"})).await.expect(404);
        app.registrar().post(&revoke, json!({"reason": "safety"})).await.expect(200);
        let seen = anna.get(&path).await.expect(200);
        assert_eq!(seen.text("/status"), "revoked");
        assert!(seen.body["reason"].is_null(), "why staff ended it may endanger somebody");
        let listed = anna.get("/v1/account/links").await.expect(200);
        assert!(listed.body["links"][0]["reason"].is_null());
        assert_eq!(app.registrar().get(&path).await.expect(200).text("/reason"), "safety");
    }
}
