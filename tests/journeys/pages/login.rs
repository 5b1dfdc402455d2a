use chrono::TimeDelta;
use kinlink_domain::{issuer::TrustedIssuer, store::Change};
use reqwest::Method;

use crate::{app::trust, browser::Browser};

journey! {
    async fn a_login_leads_back_to_where_it_was_asked_for(app: App) {
        let browser = Browser::new(app);
        let asked = browser.get("/redeem").await.expect(303);
        assert_eq!(asked.location(), "/login?return_to=%2Fredeem");
        browser.get(asked.location()).await.expect(200).says("Log in with the test’s login service");
        browser.logs_in("anna", "/redeem").await.expect(200).says("Enter your code");
        browser.logs_in("registrar-here", "//evil.example").await.expect(200).says("Hospital here");
        let session = browser.cookies()["kinlink"].clone();
        assert!(session.len() > 100 && !session.contains("registrar"), "it is sealed");
    }
}

journey! {
    async fn a_login_counts_only_where_its_registration_is_an_audience(app: App) {
        // Both organizations read the same claim of the same provider, each for an app of its own.
        let change = async |organization, audience: &str| {
            let trusted = trust(organization, "here", app.idp.issuer());
            let mut unit = app.begin().await;
            unit.put_trusted_issuer(&TrustedIssuer { audiences: vec![audience.to_owned()], ..trusted }).await.unwrap();
            unit.changed(Change::Organization(organization));
            unit.save().await.unwrap();
        };
        change(app.fixture.there.id, "another-app").await;
        let registrar = Browser::of(app, "registrar-here").await;
        let page = registrar.get("/staff").await.expect(200).says("Hospital here");
        assert!(!page.text.contains("Hospital there"), "the role was given for another app");
        // Nor does a session that was begun before.
        change(app.fixture.there.id, "pages").await;
        let registrar = Browser::of(app, "registrar-here").await;
        registrar.open("/staff").await.expect(200).says("Hospital there");
        change(app.fixture.there.id, "another-app").await;
        let page = registrar.open("/staff").await.expect(200).says("Hospital here");
        assert!(!page.text.contains("Hospital there"));
        change(app.fixture.here.id, "another-app").await;
        registrar.get("/staff").await.expect(303);
        Browser::new(app).logs_in("anna", "/").await.expect(403).says("untrusted");
    }
}

journey! {
    async fn the_session_cookie_is_out_of_reach_of_scripts_and_other_sites(app: App) {
        let browser = Browser::new(app);
        let start = browser.get("/login/start").await.expect(303);
        let back = browser.get(&format!("{}&choose=anna", start.location())).await.expect(303);
        let landed = browser.get(back.location()).await.expect(303);
        for cookie in landed.headers.get_all("set-cookie").iter().chain(start.headers.get_all("set-cookie")) {
            let cookie = cookie.to_str().unwrap();
            for attribute in ["HttpOnly", "SameSite=Lax", "Path=/"] {
                assert!(cookie.contains(attribute), "{attribute} is missing");
            }
            assert!(!cookie.contains("Domain"));
        }
    }
}

journey! {
    async fn an_answer_that_belongs_to_no_login_of_this_browser_logs_nobody_in(app: App) {
        let mallory = Browser::new(app);
        let start = mallory.get("/login/start").await.expect(303);
        let back = mallory.get(&format!("{}&choose=anna", start.location())).await.expect(303);
        let victim = Browser::new(app);
        victim.get(back.location()).await.expect(400).says("not-begun-here");
        victim.get("/login/start").await.expect(303);
        victim.get(back.location()).await.expect(400).says("not-begun-here");
        victim.get("/me").await.expect(303);

        let changed = back.location().replace("state=", "state=x");
        mallory.get(&changed).await.expect(400).says("not-begun-here");
        let elsewhere = back.location().replace("&iss=", "&iss=x");
        mallory.get(&elsewhere).await.expect(400).says("<code>iss</code>");
        let unnamed = back.location().split('&').filter(|part| !part.starts_with("iss=")).collect::<Vec<_>>();
        mallory.get(&unnamed.join("&")).await.expect(400).says("<code>iss</code>");
        app.pass(TimeDelta::minutes(15));
        mallory.get(back.location()).await.expect(400).says("not-begun-here");
    }
}

journey! {
    async fn a_code_is_taken_once_and_only_with_its_verifier(app: App) {
        let browser = Browser::new(app);
        let start = browser.get("/login/start").await.expect(303);
        let back = browser.get(&format!("{}&choose=anna", start.location())).await.expect(303);
        browser.get(back.location()).await.expect(303);
        browser.set_cookie("kinlink-login", "");
        browser.get(back.location()).await.expect(400).says("not-begun-here");

        // The code of one login with the state of another: the verifier does not fit.
        let first = browser.get("/login/start").await.expect(303);
        let first = browser.get(&format!("{}&choose=anna", first.location())).await.expect(303);
        let second = browser.get("/login/start").await.expect(303);
        let second = browser.get(&format!("{}&choose=anna", second.location())).await.expect(303);
        let part = |page: &crate::browser::Page, name: &str| {
            page.location().split(['?', '&']).find(|part| part.starts_with(name)).unwrap().to_owned()
        };
        let mixed = second.location().replace(&part(&second, "code="), &part(&first, "code="));
        browser.get(&mixed).await.expect(400).says("<code>code</code>");
    }
}

journey! {
    async fn wrong_id_tokens_log_nobody_in(app: App) {
        for (user, word) in [
            ("wrong-nonce", "nonce"),
            ("wrong-audience", "audience"),
            ("wrong-party", "audience"),
            ("several-audiences", "audience"),
            ("wrong-issuer", "iss"),
            ("expired", "expired"),
            ("no-subject", "subject"),
        ] {
            let browser = Browser::new(app);
            browser.logs_in(user, "/").await.expect(400).says(&format!("<code>{word}</code>"));
            browser.get("/me").await.expect(303);
        }
        Browser::new(app).logs_in("", "/").await.expect(403).says("you broke off");
        Browser::new(app).get("/login/start?provider=7").await.expect(404);
    }
}

journey! {
    async fn a_session_ends_when_idle_or_old_or_changed(app: App) {
        let browser = Browser::of(app, "anna").await;
        for _ in 0..15 {
            app.pass(TimeDelta::minutes(29));
            browser.get("/me").await.expect(200);
        }
        app.pass(TimeDelta::minutes(30));
        browser.get("/me").await.expect(303);

        let browser = Browser::of(app, "anna").await;
        for _ in 0..16 {
            app.pass(TimeDelta::minutes(29));
            browser.get("/me").await.expect(200);
        }
        app.pass(TimeDelta::minutes(16));
        browser.get("/me").await.expect(303);

        let browser = Browser::of(app, "anna").await;
        let session = browser.cookies()["kinlink"].clone();
        let middle = session.len() / 2;
        let other = if session.as_bytes()[middle] == b'A' { "B" } else { "A" };
        browser.set_cookie("kinlink", &format!("{}{other}{}", &session[..middle], &session[middle + 1..]));
        browser.get("/me").await.expect(303);
        browser.set_cookie("kinlink", "AAEAAAA");
        browser.get("/me").await.expect(303);
        browser.set_cookie("kinlink", &session);
        browser.get("/me").await.expect(200);
        // A sealed cookie of another kind is no session.
        browser.get("/login/start").await.expect(303);
        let login = browser.cookies()["kinlink-login"].clone();
        browser.set_cookie("kinlink", &login);
        browser.get("/me").await.expect(303);
    }
}

journey! {
    async fn logging_out_forgets_and_another_replica_knows_the_session(app: App) {
        let browser = Browser::of(app, "anna").await;
        let (url, replica) = app.replica();
        browser.at(&url).get("/me").await.expect(200);
        replica.stop().await;
        browser.get("/logout").await.expect(405);
        assert_eq!(browser.submit("/logout", &[]).await.expect(303).location(), "/login?out=1");
        browser.get("/me").await.expect(303);
    }
}

journey! {
    async fn who_is_not_trusted_any_more_is_logged_out(app: App) {
        let browser = Browser::of(app, "registrar-here").await;
        browser.get("/staff").await.expect(200);
        let iss = kinlink_domain::account::Iss::parse(app.idp.issuer()).unwrap();
        for organization in [app.fixture.here.id, app.fixture.there.id] {
            let mut unit = app.fixture.begin().await;
            unit.remove_trusted_issuer(organization, &iss).await.unwrap();
            unit.changed(kinlink_domain::store::Change::Organization(organization));
            unit.save().await.unwrap();
        }
        tokio::time::sleep(std::time::Duration::from_millis(1_100)).await;
        browser.get("/staff").await.expect(303);
    }
}

journey! {
    async fn forms_from_elsewhere_and_without_their_token_do_nothing(app: App) {
        let anna = Browser::of(app, "anna").await;
        anna.get("/redeem").await.expect(200);
        let token = anna.form_token();
        let foreign = Browser::of(app, "ben").await.form_token();
        let form = |token| [("form_token", token), ("code", "0000-0000-0000")];
        for (what, form, headers, status) in [
            ("another site", form(token.as_str()), vec![("origin", "https://evil.example")], 403),
            ("an opaque origin", form(token.as_str()), vec![("origin", "null")], 403),
            ("a site next door", form(token.as_str()), vec![("sec-fetch-site", "same-site")], 403),
            ("no token", form(""), vec![], 401),
            ("another session's token", form(foreign.as_str()), vec![], 401),
            ("our page, by an old browser", form(token.as_str()), vec![], 422),
            ("our page", form(token.as_str()), vec![("origin", app.url.as_str()), ("sec-fetch-site", "same-origin")], 422),
        ] {
            let page = anna.send(Method::POST, "/redeem", &form, &headers).await;
            assert_eq!(page.status, status, "{what}: {}", page.text);
        }
        let nobody = Browser::new(app);
        nobody.send(Method::POST, "/redeem", &form(token.as_str()), &[]).await.expect(401).says("logged out");
    }
}
