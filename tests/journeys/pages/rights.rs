use reqwest::Method;
use serde_json::json;

use crate::{app::App, browser::Browser};

/// A page about things of the organization `here`, and who may open it.
struct Door {
    method: Method,
    path: String,
    /// Of registrar, reviewer, auditor, admin at `here`.
    roles: [bool; 4],
}

const ROLES: [&str; 4] = ["registrar", "reviewer", "auditor", "admin"];

async fn doors(app: &App) -> Vec<Door> {
    let invitation = app.registrar().invites("p1").await.text("/invitation/id").to_owned();
    let linked = app.registrar().invites("p2").await;
    let redeemed = app.person("owner").redeems(linked.text("/code")).await.expect(201);
    let link = redeemed.text("/link/id").to_owned();
    let dispute = crate::disputes::disputed(app, "p3").await;
    let seen = app.registrar().get(&format!("/v1/links/{link}")).await.expect(200);
    let evidence = seen.text("/evidence/0/id").to_owned();
    crate::family::child(app, "c1").await;
    let mut body = crate::requests::asking("c1");
    body["demographics"]["birth_date"] = json!("2015-06-01");
    let asked = app.person("owner").post("/v1/access-requests", body).await.expect(202);
    app.match_claims().await;
    let request = asked.text("/id").to_owned();
    let order = json!({"patient": {"id": "p1"}, "person": "Karl", "reference": "12 F 34/26"});
    let bar = app.registrar().post("/v1/bars", order).await.expect(201).text("/bar/id").to_owned();
    let whose = json!({"organization": "here", "patient": "p2", "keep_self": true});
    app.registrar().invites("p2").await;
    let preview = app.registrar().post("/v1/endings/preview", whose.clone()).await.expect(200);
    let mut confirmed = whose;
    confirmed["digest"] = json!(preview.text("/digest"));
    confirmed["reason"] = json!("safety");
    let ending = app.registrar().post("/v1/endings", confirmed).await.expect(201).text("/id").to_owned();
    let (desk, readers) = ([true, false, false, true], [true, true, false, true]);
    let reviewers = [false, true, false, true];
    let get = |path: String, roles| Door { method: Method::GET, path, roles };
    let post = |path: String, roles| Door { method: Method::POST, path, roles };
    vec![
        get("/staff/record?organization=here&patient=p1".into(), readers),
        get("/staff/invitations?organization=here".into(), desk),
        get("/staff/invitations/new?organization=here".into(), desk),
        get(format!("/staff/invitations/{invitation}"), desk),
        get(format!("/staff/links/{link}"), readers),
        get("/staff/audit?organization=here".into(), [false, false, true, false]),
        get(format!("/staff/links/{link}/evidence/{evidence}/withdraw"), readers),
        get("/staff/disputes?organization=here".into(), reviewers),
        get(format!("/staff/disputes/{dispute}"), reviewers),
        get("/staff/proxies/new?organization=here&patient=p1".into(), desk),
        get("/staff/family?organization=here&patient=p1".into(), readers),
        get("/staff/requests?organization=here".into(), readers),
        get(format!("/staff/requests/{request}"), readers),
        get("/staff/endings?organization=here".into(), readers),
        get("/staff/endings/new?organization=here&patient=p1".into(), readers),
        get(format!("/staff/endings/{ending}"), readers),
        get("/staff/reports/unusual-proxies?organization=here".into(), reviewers),
        get("/staff/accounts?organization=here".into(), readers),
        get("/staff/authenticator?organization=here".into(), reviewers),
        post("/staff/accounts".into(), readers),
        post("/staff/authenticator".into(), reviewers),
        post(format!("/staff/invitations/{invitation}/letter"), desk),
        post("/staff/endings".into(), readers),
        post(format!("/staff/endings/{ending}/undo"), reviewers),
        post("/staff/proxies".into(), desk),
        post(format!("/staff/requests/{request}/approve"), readers),
        post(format!("/staff/requests/{request}/decline"), readers),
        post("/staff/bars".into(), readers),
        post(format!("/staff/bars/{bar}/lift"), readers),
        post("/staff/age-exceptions".into(), readers),
        post("/staff/age-exceptions/end".into(), readers),
        post("/staff/invitations".into(), desk),
        post(format!("/staff/invitations/{invitation}/revoke"), desk),
        post(format!("/staff/invitations/{invitation}/reissue"), desk),
        post(format!("/staff/links/{link}/revoke"), readers),
        post(format!("/staff/links/{link}/suspend"), reviewers),
        post(format!("/staff/links/{link}/reinstate"), reviewers),
        post(format!("/staff/links/{link}/evidence"), readers),
        post(format!("/staff/links/{link}/evidence/{evidence}/withdraw"), readers),
        post(format!("/staff/disputes/{dispute}/uphold"), reviewers),
        post(format!("/staff/disputes/{dispute}/dismiss"), reviewers),
    ]
}

/// Allowed means past the check of rights: an empty form is complained about.
fn allowed(status: u16) -> bool {
    matches!(status, 200 | 201 | 303 | 409 | 422)
}

async fn knock(browser: &Browser, door: &Door) -> u16 {
    if door.method == Method::GET {
        browser.get(&door.path).await.status
    } else {
        browser.submit(&door.path, &[("organization", "here"), ("patient", "p1")]).await.status
    }
}

journey! {
    async fn every_role_opens_the_pages_of_the_table_and_the_neighbour_none(app: App) {
        let doors = doors(app).await;
        let nobody = Browser::new(app);
        let person = Browser::of(app, "anna").await;
        let mut staff = Vec::new();
        for role in ROLES {
            let here = Browser::of(app, &format!("{role}-here")).await;
            staff.push((role, here, Browser::of(app, &format!("{role}-there")).await));
        }
        for door in &doors {
            let what = format!("{} {}", door.method, door.path);
            assert!(matches!(knock(&nobody, door).await, 303 | 401), "nobody: {what}");
            assert_eq!(knock(&person, door).await, 403, "a login without roles: {what}");
            for ((role, here, there), may) in staff.iter().zip(door.roles) {
                let status = knock(there, door).await;
                assert!(matches!(status, 403 | 404), "{role} of the neighbour: {what} gave {status}");
                let status = knock(here, door).await;
                assert_eq!(allowed(status), may, "{role}: {what} gave {status}");
            }
        }
    }
}

journey! {
    async fn every_page_forbids_scripts_frames_sniffing_and_storing(app: App) {
        let desk = Browser::of(app, "admin-here").await;
        let auditor = Browser::of(app, "auditor-here").await;
        let nobody = Browser::new(app);
        let mut pages = Vec::new();
        for path in ["/", "/login", "/nowhere", "/login/callback"] {
            pages.push((path.to_owned(), nobody.get(path).await));
        }
        for path in ["/", "/me", "/me/security", "/me/access", "/me/access/new", "/me/others", "/me/others/ask", "/redeem", "/staff", "/nowhere", "/me/links/x/end"] {
            pages.push((path.to_owned(), desk.get(path).await));
        }
        for door in doors(app).await.into_iter().filter(|door| door.method == Method::GET) {
            let browser = if door.path.contains("audit") { &auditor } else { &desk };
            pages.push((door.path.clone(), browser.get(&door.path).await));
        }
        for (path, page) in &pages {
            let policy = page.headers["content-security-policy"].to_str().unwrap();
            for rule in ["default-src 'none'", "style-src 'self'", "form-action 'self'", "frame-ancestors 'none'"] {
                assert!(policy.contains(rule), "{path}: {policy}");
            }
            assert!(!policy.contains("unsafe") && !policy.contains("script-src"), "{path}: {policy}");
            assert_eq!(page.headers["cache-control"], "no-store", "{path}");
            assert_eq!(page.headers["x-content-type-options"], "nosniff", "{path}");
            assert_eq!(page.headers["referrer-policy"], "same-origin", "{path}");
            assert_eq!(page.headers["content-type"], "text/html; charset=utf-8", "{path}");
            for forbidden in ["<script", " style=", " onclick", "javascript:"] {
                assert!(!page.text.contains(forbidden), "{path} holds {forbidden}");
            }
            assert!(page.text.contains("<html lang=\"en\">") && page.text.contains("<h1"), "{path}");
        }
        let style = nobody.get("/assets/style.css").await.expect(200);
        assert_eq!(style.headers["content-type"], "text/css; charset=utf-8");
    }
}

journey! {
    async fn what_is_written_on_a_page_is_never_taken_for_markup(app: App) {
        let mut patient = kinlink_testkit::imported("p3");
        patient.demographics.names[0].family = Some("<script>alert(1)</script>".into());
        let mut unit = app.fixture.begin().await;
        unit.upsert_patients(app.fixture.here.id, vec![patient], app.fixture.ports.clock.now()).await.unwrap();
        unit.save().await.unwrap();
        let desk = Browser::of(app, "admin-here").await;
        let page = desk.get("/staff/record?patient=p3").await.expect(200).says("&#60;script&#62;");
        assert!(!page.text.contains("<script"));
        let page = desk.get("/staff/record?patient=%22%3E%3Cscript%3E").await.expect(422);
        assert!(!page.text.contains("<script"));
        let page = desk.submit("/redeem", &[("code", "\"><script>alert(1)</script>")]).await.expect(422);
        assert!(!page.text.contains("<script"));
    }
}
