use chrono::TimeDelta;

use super::find::doubted;
use crate::browser::Browser;

journey! {
    async fn a_reviewer_sees_the_differences_and_hands_over_a_code_that_is_shown_once(app: App) {
        let (anna, claim, review) = doubted(app).await;
        let reviewer = Browser::of(app, "reviewer-here").await;
        let page = reviewer.get(&review).await.expect(200);
        let page = page.says("Married-Otherwise").says("p1-Featherstonehaugh").says("Wilhelmina");
        let row = page.between("<tr class=\"different\">", "</tr>");
        assert!(row.contains("Family name") && row.contains("Different") && row.contains("−8.0"), "{row}");
        assert!(row.contains("<svg class=\"fall down\""), "{row}");
        let sums: Vec<_> = page.text.match_indices("<td class=\"number\">").map(|(at, _)| {
            page.text[at + 19..].split_once('<').unwrap().0
        }).collect();
        for number in ["−6.0", "−3.0", "−11.0", "4.0", "+4.0"] {
            assert!(sums.contains(&number), "{number} is missing in {sums:?}");
        }
        let once = page.between("name=\"once\" value=\"", "\"").to_owned();
        let approve = format!("{review}/approve");
        reviewer.submit(&approve, &[]).await.expect(422).says("href=\"#patient\"").says("href=\"#handover\"");
        let form = [("once", once.as_str()), ("patient", "p1"), ("handover", "handed_over")];
        reviewer.submit(&approve, &form).await.expect(422).says("href=\"#document\"");
        let form = [&form[..], &[("document", "passport"), ("reference", "desk 3")]].concat();
        let approved = reviewer.submit(&approve, &form).await.expect(200);
        let code = approved.between("<p class=\"bigcode\"><code>", "</code>").to_owned();
        let again = reviewer.submit(&approve, &form).await.expect(303);
        let again = reviewer.get(again.location()).await.expect(200).says("Approved");
        assert!(!again.text.contains(&code));
        let linked = anna.submit(&claim, &[("code", &code)]).await.expect(303);
        anna.get(linked.location()).await.expect(200).says("Well proven");
    }
}

journey! {
    async fn more_is_asked_for_and_a_decline_is_not_seen_by_the_claimant(app: App) {
        let (anna, claim, review) = doubted(app).await;
        let before = anna.get(&claim).await.expect(200).text;
        let reviewer = Browser::of(app, "reviewer-here").await;
        reviewer.submit(&format!("{review}/ask"), &[]).await.expect(422).says("Tick what is missing");
        let form = [("photo_id", "yes"), ("contact", "yes"), ("tell", "p1")];
        let asked = reviewer.submit(&format!("{review}/ask"), &form).await.expect(303);
        reviewer.get(asked.location()).await.expect(200).says("to come by with a photo id, a contact to be put on record");
        reviewer.submit(&format!("{review}/decline"), &[("reason", "no_match")]).await.expect(422);
        let form = [("reason", "not_the_same_person")];
        let declined = reviewer.submit(&format!("{review}/decline"), &form).await.expect(303);
        reviewer.get(declined.location()).await.expect(200).says("None of these is the person");
        reviewer.submit(&format!("{review}/decline"), &form).await.expect(409);
        assert_eq!(anna.get(&claim).await.expect(200).text, before);
    }
}

journey! {
    async fn two_reviewers_agree_where_policy_asks_for_four_eyes(app: App) {
        let (_, _, review) = doubted(app).await;
        app.set_policy(|policy| {
            policy.claims.four_eyes = vec![kinlink_domain::review::ReviewReason::Ambiguous];
        }).await;
        let approve = format!("{review}/approve");
        let form = [("patient", "p1"), ("handover", "email"), ("document", "passport")];
        let first = Browser::of(app, "reviewer-here").await;
        first.get(&review).await.expect(200).says("This takes two reviewers");
        let noted = first.submit(&approve, &[&form[..], &[("once", "a")]].concat()).await.expect(303);
        let page = first.get(noted.location()).await.expect(200).says("Another reviewer has to agree");
        assert!(!page.text.contains("/approve\""), "the first cannot agree with themselves");
        first.submit(&approve, &[&form[..], &[("once", "b")]].concat()).await.expect(422);
        assert!(app.mails().await.is_empty());
        let second = Browser::of(app, "admin-here").await;
        second.get(&review).await.expect(200).says("You are the second pair of eyes");
        second.submit(&approve, &[&form[..], &[("once", "c")]].concat()).await.expect(303);
        assert_eq!(app.claim_codes().await.len(), 1);
    }
}

journey! {
    async fn an_approval_asks_for_a_fresh_login(app: App) {
        let (_, _, review) = doubted(app).await;
        let reviewer = Browser::of(app, "reviewer-here").await;
        app.pass(TimeDelta::minutes(10));
        reviewer.get(&review).await.expect(200);
        let form = [("once", "a"), ("patient", "p1"), ("handover", "email")];
        let approve = format!("{review}/approve");
        let asked = reviewer.submit(&approve, &form).await.expect(403).says("Show once more that it is you");
        let step_up = asked.between("class=\"button\" href=\"", "\"").replace("&#38;", "&");
        let page = reviewer.get(&step_up).await.expect(200).says("Is it still you?");
        let again = page.between("href=\"/login/start?", "\"").replace("&#38;", "&");
        let start = reviewer.get(&format!("/login/start?{again}")).await.expect(303);
        assert!(start.location().contains("prompt=login"));
        let back = reviewer.get(&format!("{}&choose=reviewer-here", start.location())).await.expect(303);
        reviewer.open(back.location()).await.expect(200).says("Whose record is it?");
        reviewer.submit(&approve, &form).await.expect(303);
    }
}

journey! {
    async fn reviews_are_for_reviewers_of_the_organization(app: App) {
        let (anna, _, review) = doubted(app).await;
        anna.get(&review).await.expect(403);
        for (user, status) in [
            ("registrar-here", 403), ("auditor-here", 403), ("admin-here", 200), ("reviewer-there", 404),
            ("admin-there", 404), ("registrar-there", 403),
        ] {
            let browser = Browser::of(app, user).await;
            assert_eq!(browser.get(&review).await.status, status, "{user}");
            for act in ["approve", "ask", "decline"] {
                let form = [("reason", "fraud"), ("photo_id", "yes"), ("patient", "p1"), ("handover", "email")];
                let page = browser.submit(&format!("{review}/{act}"), &form).await;
                let allowed = !matches!(page.status, 403 | 404);
                assert_eq!(allowed, status == 200, "{user} {act}: {}", page.status);
            }
            assert_eq!(browser.get("/staff/reviews?organization=here").await.status == 200, user == "admin-here");
        }
    }
}
