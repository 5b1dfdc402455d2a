use chrono::TimeDelta;

use crate::{
    browser::{Browser, Page},
    grants::{found, granted},
};

const NEW: &str = "/staff/endings/new?organization=here&patient=p1";

fn hidden(page: &Page, name: &str) -> String {
    page.between(&format!("name=\"{name}\" value=\""), "\"").to_owned()
}

journey! {
    async fn everything_that_opens_a_record_ends_after_it_was_seen_and_a_second_person_undoes_it(app: App) {
        let (_, client, _) = app.client(&[app.fixture.here.id]).await;
        granted(app).await;
        app.registrar().invites("p1").await;
        let first = Browser::of(app, "admin-here").await;
        first.get("/staff/record?patient=p1").await.expect(200).says("End all access to this record");
        let page = first.get(NEW).await.expect(200).says("Nothing has changed yet");
        let page = page.says("2 accounts that open a record").says("1 code that can still be used").says("(spouse)");
        let (once, digest) = (hidden(&page, "once"), hidden(&page, "digest"));
        let form = [
            ("once", once.as_str()), ("organization", "here"), ("patient", "p1"), ("account", ""), ("keep_self", ""),
            ("digest", digest.as_str()),
        ];
        first.submit("/staff/endings", &form).await.expect(422).says("href=\"#reason\"");
        let form = [&form[..], &[("reason", "safety")]].concat();
        app.registrar().invites("p1").await;
        let changed = first.submit("/staff/endings", &form).await.expect(409).says("nothing was ended");
        changed.says("2 codes that can still be used");
        assert_eq!(found(app, &client, "ben").await.len(), 1);
        let page = first.get(NEW).await.expect(200);
        let (once, digest) = (hidden(&page, "once"), hidden(&page, "digest"));
        let form = [&[("once", once.as_str())], &form[1..5], &[("digest", digest.as_str()), ("reason", "safety")]].concat();
        let done = first.submit("/staff/endings", &form).await.expect(303);
        first.submit("/staff/endings", &form).await.expect(303);
        let page = first.get(done.location()).await.expect(200).says("Ended, at once").says("Somebody’s safety");
        let page = page.says("a second person is needed");
        assert!(!page.text.contains("/undo\""), "who ended it does not undo it");
        let path = done.location().split_once('?').unwrap().0.to_owned();
        for name in ["anna", "ben"] {
            assert!(found(app, &client, name).await.is_empty());
            let own = Browser::of(app, name).await.get("/me").await.expect(200);
            for telling in ["safety", "Safety", "admin", " to 1 March 2026"] {
                assert!(!own.text.contains(telling), "{name} reads {telling}");
            }
        }
        first.submit(&format!("{path}/undo"), &[]).await.expect(409).says("Another person");
        let second = Browser::of(app, "reviewer-here").await;
        let list = second.get("/staff/endings?organization=here").await.expect(200).says("Everybody’s access to record p1");
        assert!(list.text.contains(&path));
        second.get(&path).await.expect(200).says("Undo it");
        let done = second.submit(&format!("{path}/undo"), &[]).await.expect(303);
        second.get(done.location()).await.expect(200).says("Undone.");
        for name in ["anna", "ben"] {
            assert_eq!(found(app, &client, name).await.len(), 1, "{name} opens it again");
        }
        second.submit(&format!("{path}/undo"), &[]).await.expect(409).says("It was undone before");
    }
}

journey! {
    async fn the_patients_own_access_is_left_alone_if_staff_say_so_and_undoing_has_its_time(app: App) {
        let (_, client, _) = app.client(&[app.fixture.here.id]).await;
        granted(app).await;
        let first = Browser::of(app, "registrar-here").await;
        let page = first.get(NEW).await.expect(200);
        let otherwise = page.between("access ends too. <a href=\"", "\"").replace("&#38;", "&");
        let page = first.get(&otherwise).await.expect(200).says("own access is left alone").says("1 account that opens a record");
        let (once, digest) = (hidden(&page, "once"), hidden(&page, "digest"));
        let form = [
            ("once", once.as_str()), ("organization", "here"), ("patient", "p1"), ("keep_self", "yes"),
            ("digest", digest.as_str()), ("reason", "court_order"),
        ];
        let done = first.submit("/staff/endings", &form).await.expect(303);
        let path = done.location().split_once('?').unwrap().0.to_owned();
        first.get(&path).await.expect(200).says("Left alone");
        assert_eq!(found(app, &client, "anna").await.len(), 1);
        assert!(found(app, &client, "ben").await.is_empty());
        first.submit(&format!("{path}/undo"), &[]).await.expect(403);
        app.pass(TimeDelta::hours(73));
        let late = Browser::of(app, "reviewer-here").await;
        let page = late.get(&path).await.expect(200);
        assert!(!page.text.contains("/undo\""));
        late.submit(&format!("{path}/undo"), &[]).await.expect(409).says("too late");
    }
}

journey! {
    async fn a_link_says_why_it_opens_the_record_and_everything_of_its_account_can_be_ended(app: App) {
        let (_, _, link) = granted(app).await;
        let reviewer = Browser::of(app, "reviewer-here").await;
        let path = format!("/staff/links/{link}");
        let page = reviewer.get(&path).await.expect(200).says("<h2>Why</h2>").says("For it:");
        assert!(!page.text.contains("Against it:"));
        let all = page.between("<a href=\"/staff/endings/new?", "\"").replace("&#38;", "&").replace("&amp;", "&");
        reviewer.get(&format!("/staff/endings/new?{all}")).await.expect(200).says("all access of account acc_");
        reviewer.submit(&format!("{path}/suspend"), &[("reason", "review")]).await.expect(303);
        reviewer.get(&path).await.expect(200).says("Against it:");
        reviewer.get("/staff/reports/unusual-proxies?organization=here").await.expect(200).says("None has 5 or more");
        let few = "/staff/reports/unusual-proxies?organization=here&at_least=1";
        reviewer.submit(&format!("{path}/reinstate"), &[("reason", "unfounded")]).await.expect(303);
        reviewer.get(few).await.expect(200).says("What it opens, and end it");
        let records = reviewer.get(&format!("{few}&of=records")).await.expect(200).says("Who acts");
        assert!(records.text.contains("/staff/family?organization=here"));
    }
}
