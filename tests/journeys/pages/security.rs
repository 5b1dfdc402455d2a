use chrono::TimeDelta;

use crate::{app::App, browser::Browser, step_up::code};

/// Sets an app up; returns its secret and the recovery codes. The next code counts a step later.
pub(crate) async fn sets_up(app: &App, browser: &Browser) -> (String, Vec<String>) {
    browser.get("/me/security").await.expect(200).says("Not set up");
    let shown = browser.submit("/me/security/enrol", &[("code", "")]).await.expect(201);
    assert_eq!(shown.headers["cache-control"], "no-store");
    let picture = shown.between("<div class=\"qr\"", "</div>");
    assert!(picture.contains("<svg") && !picture.contains("<?xml"), "{picture}");
    let secret = shown.between("<code class=\"secret\">", "</code>").replace(' ', "");
    let first = code(app, &secret, 0);
    let kept = browser.submit("/me/security/confirm", &[("first_code", &first)]).await.expect(200);
    let list = kept.between("<ol class=\"recovery\">", "</ol>");
    let codes: Vec<_> =
        list.split("<code>").skip(1).map(|it| it.split_once('<').unwrap().0.to_owned()).collect();
    assert_eq!(codes.len(), 10);
    app.pass(TimeDelta::seconds(30));
    (secret, codes)
}

journey! {
    async fn an_app_is_set_up_by_its_picture_and_its_first_code_and_nothing_is_shown_twice(app: App) {
        let anna = Browser::of(app, "anna").await;
        let (secret, codes) = sets_up(app, &anna).await;
        let page = anna.get("/me/security").await.expect(200).says("Set up").says("10 of 10");
        for hidden in [secret.as_str(), &codes[0], "<svg"] {
            assert!(!page.text.contains(hidden));
        }
        let late = anna.submit("/me/security/confirm", &[("first_code", &code(app, &secret, 0))]).await;
        late.expect(422).says("Set the app up anew");
        let asked = anna.submit("/me/security/enrol", &[]).await.expect(422);
        asked.says("href=\"#code\"").says("a code of the app that you have now");
        anna.submit("/me/security/enrol", &[("code", "000000")]).await.expect(422).says("not accepted");
        let other = anna.submit("/me/security/enrol", &[("code", &codes[3])]).await.expect(201);
        assert_ne!(other.between("<code class=\"secret\">", "</code>").replace(' ', ""), secret);
        let page = anna.get("/me/security").await.expect(200).says("Finish setting up").says("9 of 10");
        assert!(page.text.contains("waits for its first code"));
        anna.submit("/me/security/confirm", &[("first_code", "12")]).await.expect(422).says("href=\"#first_code\"");
    }
}

journey! {
    async fn a_first_app_asks_for_a_fresh_login_and_a_patient_gets_one(app: App) {
        let anna = Browser::of(app, "anna").await;
        app.pass(TimeDelta::minutes(16));
        anna.get("/me/security").await.expect(200);
        let asked = anna.submit("/me/security/enrol", &[]).await.expect(403).says("Show once more that it is you");
        let step_up = asked.between("class=\"button\" href=\"", "\"").replace("&#38;", "&");
        let page = anna.get(&step_up).await.expect(200).says("Is it still you?");
        let again = page.between("href=\"/login/start?", "\"").replace("&#38;", "&");
        let start = anna.get(&format!("/login/start?{again}")).await.expect(303);
        let back = anna.get(&format!("{}&choose=anna", start.location())).await.expect(303);
        anna.open(back.location()).await.expect(200).says("Security of your login");
        anna.submit("/me/security/enrol", &[]).await.expect(201);
    }
}

journey! {
    async fn a_code_of_the_app_or_a_recovery_code_steps_up(app: App) {
        let anna = Browser::of(app, "anna").await;
        let (secret, codes) = sets_up(app, &anna).await;
        let step = async |typed: &str| {
            anna.submit("/step-up", &[("return_to", "/me"), ("code", typed)]).await
        };
        anna.get("/step-up?return_to=/me").await.expect(200).says("one of your recovery codes");
        step("").await.expect(422).says("Enter a code");
        step("nonsense-that-is-no-code").await.expect(422);
        step("000000").await.expect(422).says("not accepted");
        assert_eq!(step(&code(app, &secret, 0)).await.expect(303).location(), "/me");
        assert_eq!(step(&codes[0].to_lowercase()).await.expect(303).location(), "/me");
        step(&codes[0]).await.expect(422).says("not accepted");
        for _ in 0..5 {
            step("000000").await;
        }
        step("000000").await.expect(429).says("Try again after");
        anna.get("/me/security").await.expect(200).says("No code is taken");
    }
}

journey! {
    async fn an_app_that_was_lost_is_taken_away_at_the_desk(app: App) {
        let anna = Browser::of(app, "anna").await;
        sets_up(app, &anna).await;
        let page = anna.get("/me/security").await.expect(200).says("Lost your telephone, and no recovery code?");
        let account = page.between("<code class=\"id\">", "</code>").to_owned();
        anna.get("/step-up?return_to=/me").await.expect(200).says("Lost your telephone");
        let reviewer = Browser::of(app, "reviewer-here").await;
        reviewer.get("/staff").await.expect(200).says("A lost authenticator app");
        let path = format!("/staff/authenticator?organization=here&account={account}");
        let form = async |account: &str, document: &str| {
            let page = reviewer.get(&path).await.expect(200);
            let once = page.between("name=\"once\" value=\"", "\"").to_owned();
            [
                ("once", once), ("organization", "here".into()), ("account", account.into()),
                ("document", document.into()), ("reference", "desk 3".into()),
            ]
        };
        let send = async |form: &[(&str, String)]| {
            let form: Vec<_> = form.iter().map(|(name, value)| (*name, value.as_str())).collect();
            reviewer.submit("/staff/authenticator", &form).await
        };
        reviewer.get(&path).await.expect(200).says(&account);
        send(&form(&account, "").await).await.expect(422).says("href=\"#document\"").says(&account);
        send(&form("acc_", "passport").await).await.expect(422).says("href=\"#account\"");
        let stranger = send(&form(&account, "passport").await).await.expect(422);
        stranger.says("No such account opens a record here");
        let code = app.registrar().invites("p1").await.text("/code").to_owned();
        app.person("anna").redeems(&code).await.expect(201);
        let link = reviewer.get("/staff/record?patient=p1").await.expect(200);
        let link = format!("/staff/links/{}", link.between("/staff/links/", "\""));
        reviewer.get(&link).await.expect(200).says(&path.replace('&', "&amp;"));
        let desk = Browser::of(app, "registrar-here").await;
        let seen = desk.get(&link).await.expect(200);
        assert!(!seen.text.contains("/staff/authenticator"), "a registrar does not reset");

        let right = form(&account, "passport").await;
        let done = send(&right).await.expect(303);
        reviewer.get(done.location()).await.expect(200).says("counts no more");
        send(&right).await.expect(303);
        send(&form(&account, "passport").await).await.expect(422).says("there is nothing to take away");
        anna.get("/me/security").await.expect(200).says("Not set up");
        let audit = app.staff("auditor", "here").get("/v1/audit?action=totp.reset").await.expect(200);
        let entries = audit.body["entries"].as_array().unwrap();
        assert_eq!((entries.len(), &entries[0]["detail"]["reference"]), (1, &serde_json::json!("desk 3")));
        let told = app.mails().await.into_iter().filter(|(_, mail)| {
            matches!(mail, kinlink_domain::outbox::Mail::AuthenticatorReset { .. })
        });
        assert_eq!(told.count(), 1, "the owner is told once");
        let own = app.staff("reviewer", "here").get("/v1/totp").await.expect(200).text("/account").to_owned();
        send(&form(&own, "passport").await).await.expect(422).says("your own account");
    }
}

journey! {
    async fn a_reset_asks_for_more_proof_where_the_organization_wants_it(app: App) {
        app.set_policy(|policy| {
            policy.step_up.acts.insert(kinlink_domain::step_up::SteppedAct::AuthenticatorReset);
        })
        .await;
        let anna = Browser::of(app, "anna").await;
        let page = anna.get("/me/security").await.expect(200);
        let account = page.between("<code class=\"id\">", "</code>").to_owned();
        let reviewer = Browser::of(app, "reviewer-here").await;
        reviewer.get("/staff/authenticator?organization=here").await.expect(200);
        app.pass(TimeDelta::minutes(20));
        let form = [("organization", "here"), ("account", account.as_str()), ("document", "passport")];
        let asked = reviewer.submit("/staff/authenticator", &form).await.expect(403).says("Show once more");
        assert!(asked.text.contains("%2Fstaff%2Fauthenticator%3Forganization%3Dhere"), "{}", asked.text);
    }
}
