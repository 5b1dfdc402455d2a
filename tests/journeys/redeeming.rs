use chrono::TimeDelta;
use serde_json::json;

journey! {
    async fn every_refusal_of_a_code_looks_the_same(app: App) {
        let registrar = app.registrar();
        let used = registrar.invites("p1").await;
        app.person("anna").redeems(used.text("/code")).await.expect(201);
        let revoked = registrar.invites("p2").await;
        let path = format!("/v1/invitations/{}/revoke", revoked.text("/invitation/id"));
        registrar.post(&path, json!({"reason": "lost"})).await.expect(200);
        let expired = registrar.invites("p2").await;
        app.pass(TimeDelta::days(8));
        let body = json!({"patient": {"id": "p3"}, "channel": "in_person", "challenge": "birth_date"});
        let challenged = app.registrar().post("/v1/invitations", body).await.expect(201);

        let ben = app.person("ben");
        let mut refusals = Vec::new();
        for code in [used.text("/code"), revoked.text("/code"), expired.text("/code"), "0000-0000-0000"] {
            refusals.push(ben.redeems(code).await);
        }
        let wrong = json!({"code": challenged.text("/code"), "birth_date": "1984-03-01"});
        refusals.push(ben.post("/v1/invitations/redeem", wrong).await);
        for refusal in &refusals {
            assert_eq!((refusal.status, refusal.problem()), (422, "code-not-accepted"));
            assert_eq!(refusal.body, refusals[0].body);
            let names = |reply: &crate::app::Reply| {
                let mut names: Vec<_> = reply.headers.keys().map(ToString::to_string).collect();
                names.sort();
                names
            };
            assert_eq!(names(refusal), names(&refusals[0]));
        }
    }
}

journey! {
    async fn a_typing_error_is_told_from_a_wrong_code_and_not_counted(app: App) {
        let code = app.registrar().invites("p1").await.text("/code").to_owned();
        let anna = app.person("anna");
        let last = code.chars().last().unwrap();
        let wrong = format!("{}{}", &code[..code.len() - 1], if last == '7' { '8' } else { '7' });
        for _ in 0..30 {
            assert_eq!(anna.redeems(&wrong).await.expect(422).problem(), "code-mistyped");
        }
        assert_eq!(anna.redeems("AAAA").await.expect(422).problem(), "code-mistyped");
        let typed = code.to_lowercase().replace('-', " ").replace('0', "o").replace('1', "l");
        anna.redeems(&typed).await.expect(201);
    }
}

journey! {
    async fn ten_wrong_tries_lock_the_account_until_the_clock_says_so(app: App) {
        let code = app.registrar().invites("p1").await.text("/code").to_owned();
        let anna = app.person("anna");
        for _ in 0..10 {
            assert_eq!(anna.redeems("0000-0000-0000").await.expect(422).problem(), "code-not-accepted");
        }
        let locked = anna.redeems(&code).await.expect(429);
        assert_eq!(locked.problem(), "too-many-attempts");
        assert_eq!(locked.headers["retry-after"], "3600");
        app.person("ben").redeems("0000-0000-0000").await.expect(422);
        app.pass(TimeDelta::hours(1));
        app.person("anna").redeems(&code).await.expect(201);
    }
}

journey! {
    async fn five_wrong_birth_dates_lock_the_invitation_for_good(app: App) {
        let body = json!({"patient": {"id": "p1"}, "channel": "post", "challenge": "birth_date"});
        let issued = app.registrar().post("/v1/invitations", body).await.expect(201);
        let code = issued.text("/code");
        for n in 0..5 {
            let guess = json!({"code": code, "birth_date": format!("1990-01-0{}", n + 1)});
            app.person(&format!("guesser-{n}")).post("/v1/invitations/redeem", guess).await.expect(422);
        }
        let right = json!({"code": code, "birth_date": "1984-02-29"});
        let refused = app.person("anna").post("/v1/invitations/redeem", right).await.expect(422);
        assert_eq!(refused.problem(), "code-not-accepted");
        let path = format!("/v1/invitations/{}", issued.text("/invitation/id"));
        assert_eq!(app.registrar().get(&path).await.expect(200).text("/status"), "locked");
        let again = app.registrar().post(&format!("{path}/reissue"), json!({})).await.expect(201);
        let right = json!({"code": again.text("/code"), "birth_date": "1984-02-29"});
        app.person("anna").post("/v1/invitations/redeem", right).await.expect(201);
    }
}

journey! {
    async fn a_code_ends_with_its_channels_validity(app: App) {
        for (channel, minutes) in [("phone", 10), ("in_person", 7 * 24 * 60), ("post", 10 * 24 * 60)] {
            for (wait, status) in [(minutes * 60 - 1, 201), (minutes * 60, 422)] {
                let body = json!({"patient": {"id": "p1"}, "channel": channel});
                let issued = app.registrar().post("/v1/invitations", body).await.expect(201);
                app.pass(TimeDelta::seconds(wait));
                let name = format!("{channel}-{wait}");
                app.person(&name).redeems(issued.text("/code")).await.expect(status);
            }
        }
    }
}

journey! {
    async fn reissuing_ends_the_old_code(app: App) {
        let first = app.registrar().invites("p1").await;
        let path = format!("/v1/invitations/{}/reissue", first.text("/invitation/id"));
        let second = app.registrar().post(&path, json!({"channel": "post"})).await.expect(201);
        assert_eq!(second.text("/invitation/replaces"), first.text("/invitation/id"));
        app.person("anna").redeems(first.text("/code")).await.expect(422);
        app.person("anna").redeems(second.text("/code")).await.expect(201);
        assert_eq!(app.registrar().post(&path, json!({})).await.expect(409).problem(), "invitation-closed");
    }
}

journey! {
    async fn an_emailed_code_goes_to_the_record_and_is_not_shown(app: App) {
        let email = |email: serde_json::Value| json!({"patient": {"id": "p1"}, "channel": "email", "email": email});
        let stranger = json!({"address": "mallory@evil.example"});
        let refused = app.registrar().post("/v1/invitations", email(stranger)).await.expect(422);
        assert_eq!(refused.problem(), "contact-not-on-record");
        let vouched = json!({"address": "new@mail.example", "validated_by_staff": true});
        let issued = app.registrar().post("/v1/invitations", email(vouched)).await.expect(201);
        assert_eq!(issued.body["code"], serde_json::Value::Null);
        assert_eq!(issued.text("/invitation/address"), "by_staff");
        let preferred = json!({"patient": {"id": "p1"}, "channel": "email"});
        let issued = app.registrar().post("/v1/invitations", preferred).await.expect(201);
        assert_eq!(issued.text("/invitation/address"), "on_record");
    }
}

journey! {
    async fn a_hundred_at_once_make_one_link(app: App) {
        let code = app.registrar().invites("p1").await.text("/code").to_owned();
        let mut race = tokio::task::JoinSet::new();
        for n in 0..100 {
            let (racer, code) = (app.person(&format!("racer-{n}")), code.clone());
            race.spawn(async move { racer.redeems(&code).await.status });
        }
        let statuses = race.join_all().await;
        assert_eq!(statuses.iter().filter(|status| **status == 201).count(), 1, "{statuses:?}");
        assert!(statuses.iter().all(|status| [201, 422, 429].contains(status)), "{statuses:?}");
    }
}
