use std::time::Duration;

use chrono::TimeDelta;
use kinlink_domain::outbox::Mail;
use serde_json::json;

use crate::{
    browser::{Browser, Page},
    family::{child, inviting},
    grants::{found, granted, patient},
    requests::asking,
};

const NEW: &str = "/me/access/new";

fn hidden(page: &Page, name: &str) -> String {
    page.between(&format!("name=\"{name}\" value=\""), "\"").to_owned()
}

/// Fills in the form to give access; returns what comes.
async fn gives(browser: &Browser, form: &[(&str, &str)]) -> Page {
    let page = browser.get(NEW).await.expect(200);
    let (once, link) = (hidden(&page, "once"), hidden(&page, "link"));
    browser.submit(NEW, &[&[("once", once.as_str()), ("link", link.as_str())], form].concat()).await
}

const SPOUSE: [(&str, &str); 3] =
    [("relationship", "SPS"), ("profile", "appointments"), ("handover", "in_person")];

fn code_on(page: &Page) -> String {
    page.between("<p class=\"bigcode\"><code>", "</code>").to_owned()
}

journey! {
    async fn a_patient_gives_access_sees_when_it_is_used_and_ends_it_with_one_press(app: App) {
        let (_, client, _) = app.client(&[app.fixture.here.id]).await;
        patient(app, "anna", "p1").await;
        let (anna, ben) = (Browser::of(app, "anna").await, Browser::of(app, "ben").await);
        anna.get("/me/access").await.expect(200).says("Nobody but you");
        let page = anna.get(NEW).await.expect(200).says("Your record p1 of Hospital here").says("Appointments only");
        let (once, link) = (hidden(&page, "once"), hidden(&page, "link"));
        let form = [&[("once", once.as_str()), ("link", link.as_str())], &SPOUSE[..]].concat();
        let given = anna.submit(NEW, &form).await.expect(201).says("the only time that the code is shown");
        let code = code_on(&given);
        assert_eq!(anna.submit(NEW, &form).await.expect(303).location(), "/me/access");
        let list = anna.get("/me/access").await.expect(200).says("Offered, and not accepted yet").says("handed over by you");
        assert!(!list.text.contains(&code), "the code is shown a second time");

        let offer = ben.submit("/redeem", &[("code", &code.to_lowercase())]).await.expect(200);
        offer.says("Do you want to act for this person?").says("Appointments only").says("Spouse");
        assert!(found(app, &client, "ben").await.is_empty(), "looking at an offer takes nothing");
        let done = ben.submit("/redeem/accept", &[("code", &code)]).await.expect(303);
        ben.get(done.location()).await.expect(200).says("You can open this record now").says("Appointments only");
        ben.submit("/redeem", &[("code", &code)]).await.expect(422).says("This is not accepted");

        anna.get("/me/access").await.expect(200).says("not yet");
        assert_eq!(found(app, &client, "ben").await.len(), 1);
        tokio::time::sleep(Duration::from_millis(600)).await;
        let list = anna.get("/me/access").await.expect(200).says("<dt>Last used</dt><dd>1 March 2026");
        let end = format!("/me/access/{}", list.between("action=\"/me/access/", "\""));
        let done = anna.submit(&end, &[]).await.expect(303);
        anna.get(done.location()).await.expect(200).says("Ended. That person cannot open").says("Nobody but you");
        assert!(found(app, &client, "ben").await.is_empty());
        anna.submit(&end, &[]).await.expect(409).says("Somebody was faster");
        for path in ["/me/others", "/me"] {
            let over = ben.get(path).await.expect(200).says("What is over (1)");
            for telling in ["patient ended", "Not wanted", " to 1 March 2026"] {
                assert!(!over.text.contains(telling), "{path} tells {telling}: {}", over.text);
            }
        }
    }
}

journey! {
    async fn what_is_wrong_with_giving_access_stands_at_its_field(app: App) {
        let anna = Browser::of(app, "anna").await;
        anna.get(NEW).await.expect(200).says("nothing that you can let others see");
        patient(app, "anna", "p1").await;
        let page = gives(&anna, &[]).await.expect(422).says("href=\"#relationship\"");
        page.says("href=\"#profile\"").says("href=\"#handover\"");
        for (changed, field) in [
            (("until", "2026-02-27"), "until"), (("until", "soon"), "until"), (("profile", "nothing"), "profile"),
            (("relationship", "KING"), "relationship"), (("handover", "email"), "email"),
        ] {
            let rest = SPOUSE.into_iter().filter(|(name, _)| *name != changed.0);
            let form: Vec<_> = rest.chain([changed]).collect();
            gives(&anna, &form).await.expect(422).says(&format!("href=\"#{field}\""));
        }
        let ben = Browser::of(app, "ben").await;
        let link = hidden(&anna.get(NEW).await.expect(200), "link");
        ben.get("/me").await.expect(200);
        let form = [&[("once", "x"), ("link", link.as_str())], &SPOUSE[..]].concat();
        ben.submit(NEW, &form).await.expect(422);
        app.pass(TimeDelta::minutes(6));
        let asked = gives(&anna, &SPOUSE).await.expect(403).says("Show once more that it is you");
        let step_up = asked.between("class=\"button\" href=\"", "\"").replace("&#38;", "&");
        anna.get(&step_up).await.expect(200).says("Is it still you?");
    }
}

journey! {
    async fn an_offer_goes_out_by_email_and_is_taken_back_or_declined(app: App) {
        patient(app, "anna", "p1").await;
        let (anna, ben) = (Browser::of(app, "anna").await, Browser::of(app, "ben").await);
        let form = [("relationship", "SPS"), ("profile", "basics"), ("handover", "email"), ("email", "ben@mail.example")];
        let given = gives(&anna, &form).await.expect(201).says("goes out by email now");
        assert!(!given.text.contains("bigcode"));
        let mails = app.mails().await;
        let codes: Vec<_> = mails.iter().filter_map(|(to, mail)| match mail {
            Mail::ProxyOffer { code, .. } => Some((to.as_str(), code.clone())),
            _ => None,
        }).collect();
        let [(to, code)] = codes.as_slice() else { panic!("{} offers", codes.len()) };
        assert_eq!(*to, "ben@mail.example");
        let list = anna.get("/me/access").await.expect(200).says("ben@mail.example").says("by email");
        let withdraw = format!("/me/access/{}", list.between("action=\"/me/access/", "\""));
        ben.get("/me").await.expect(200);
        ben.submit(&withdraw, &[]).await.expect(404);
        let done = anna.submit(&withdraw, &[]).await.expect(303);
        anna.get(done.location()).await.expect(200).says("Taken back").says("What is over (1)");
        ben.submit("/redeem", &[("code", code)]).await.expect(422).says("This is not accepted");

        let code = code_on(&gives(&anna, &SPOUSE).await.expect(201));
        let done = ben.submit("/redeem/decline", &[("code", &code)]).await.expect(303);
        ben.get(done.location()).await.expect(200).says("Declined.");
        ben.submit("/redeem/accept", &[("code", &code)]).await.expect(422).says("This is not accepted");
        anna.get("/me/access").await.expect(200).says("Declined");
        anna.submit("/redeem/accept", &[("code", &code_on(&gives(&anna, &SPOUSE).await.expect(201)))]).await.expect(409);
    }
}

journey! {
    async fn a_proxy_walks_away_and_nobody_else_walks_for_them(app: App) {
        let (_, grant, _) = granted(app).await;
        let (anna, ben) = (Browser::of(app, "anna").await, Browser::of(app, "ben").await);
        ben.get("/me/others").await.expect(200).says("Everything").says("I do not want this any more");
        let leave = format!("/me/others/{grant}/leave");
        anna.get("/me/others").await.expect(200).says("None yet");
        anna.get("/me/access").await.expect(200);
        anna.submit(&leave, &[]).await.expect(404);
        let done = ben.submit(&leave, &[]).await.expect(303);
        ben.get(done.location()).await.expect(200).says("Your login does not open that record any more");
        anna.get("/me/access").await.expect(200).says("Nobody but you").says("Ended");
    }
}

journey! {
    async fn who_asks_to_act_reads_the_same_whoever_is_a_patient_until_somebody_agrees(app: App) {
        const ASK: &str = "/me/others/ask";
        patient(app, "anna", "p1").await;
        let (anna, ben) = (Browser::of(app, "anna").await, Browser::of(app, "ben").await);
        let page = ben.get(ASK).await.expect(200).says("Hospital here");
        let wrong = ben.submit(ASK, &[("once", "w"), ("organization", "here")]).await.expect(422);
        for field in ["relationship", "person_given", "person_family", "person_birth_date", "my_given", "my_family"] {
            assert!(wrong.text.contains(&format!("href=\"#{field}\"")), "{field}");
        }
        let once = hidden(&page, "once");
        let ask = async |once: &str, record: &str| {
            let (family, number) = (format!("{record}-Featherstonehaugh"), format!("MRN-{record}-7731"));
            let (family, number) = (family.as_str(), number.as_str());
            let form = [
                ("once", once), ("organization", "here"), ("relationship", "SPS"), ("person_given", "Wilhelmina"),
                ("person_family", family), ("person_birth_date", "1984-02-29"), ("my_given", "Ben"),
                ("my_family", "Asker"), ("my_email", "ben@mail.example"), ("person_number", number),
                ("person_number_system", "urn:mrn"),
            ];
            ben.submit(ASK, &form).await.expect(303).location().to_owned()
        };
        let (there, nobody) = (ask(&once, "p1").await, ask("n", "p9").await);
        assert_eq!(ask(&once, "p1").await, "/me/others", "the same form asks once");
        app.match_claims().await;
        let read = async |path: &str, family: &str| {
            let page = ben.get(path).await.expect(200).says("If that person is a patient here");
            page.text.replace(path.rsplit('/').next().unwrap(), "ID").replace(family, "NAME")
        };
        assert_eq!(read(&there, "p1").await, read(&nobody, "p9").await);
        let list = anna.get("/me/access").await.expect(200).says("Somebody asks you").says("Ben Asker");
        let request = format!("/me/requests/{}", list.between("/me/requests/", "\""));
        anna.get(&request).await.expect(200).says("Ben Asker asks to open your record").says("ben@mail.example");
        ben.get(&request).await.expect(404);
        anna.get(&request).await.expect(200);
        anna.submit(&format!("{request}/approve"), &[]).await.expect(422).says("href=\"#profile\"");
        let form = [("profile", "basics"), ("until", "")];
        let done = anna.submit(&format!("{request}/approve"), &form).await.expect(303);
        anna.get(done.location()).await.expect(200).says("That person can open your record now").says("ben@mail.example");
        ben.get(&there).await.expect(200).says("Agreed to: your login opens the record");
        ben.get("/me/others").await.expect(200).says("Appointments, vaccinations and allergies");
        let done = ben.submit(&format!("{nobody}/withdraw"), &[]).await.expect(303);
        ben.get(done.location()).await.expect(200).says("Taken back.");
    }
}

journey! {
    async fn whoever_is_declined_sees_no_difference(app: App) {
        patient(app, "anna", "p1").await;
        let (anna, ben) = (Browser::of(app, "anna").await, Browser::of(app, "ben").await);
        let asked = app.person("ben").post("/v1/access-requests", asking("p1")).await.expect(202);
        app.match_claims().await;
        let path = format!("/me/others/asked/{}", asked.text("/id"));
        let before = ben.get(&path).await.expect(200).text;
        let request = format!("/me/requests/{}", asked.text("/id"));
        anna.get(&request).await.expect(200);
        let done = anna.submit(&format!("{request}/decline"), &[]).await.expect(303);
        anna.get(done.location()).await.expect(200).says("Declined. Whoever asked is not told");
        assert_eq!(ben.get(&path).await.expect(200).text, before);
        anna.submit(&format!("{request}/decline"), &[]).await.expect(404);
    }
}

journey! {
    async fn a_parent_reads_what_the_childs_age_will_change(app: App) {
        child(app, "c1").await;
        let body = inviting("c1", "MTH", "parental_responsibility", &json!([{"paper": "birth_certificate"}]));
        let issued = app.registrar().post("/v1/invitations", body).await.expect(201);
        let ben = Browser::of(app, "ben").await;
        ben.submit("/redeem", &[("code", issued.text("/code"))]).await.expect(303);
        let page = ben.get("/me/others").await.expect(200).says("Mother").says("Everything");
        page.says("From 1 June 2027, when the patient turns 12, your access gives at most this: Appointments, vaccinations");
        app.pass(TimeDelta::days(600));
        let ben = Browser::of(app, "ben").await;
        let page = ben.get("/me/others").await.expect(200).says("Given was: Everything");
        page.says("From 1 June 2033, when the patient turns 18, your access gives nothing any more");
        app.pass(TimeDelta::days(2400));
        let ben = Browser::of(app, "ben").await;
        let page = ben.get("/me/others").await.expect(200).says("Over, by the patient’s age");
        assert!(!page.text.contains("turns"), "nothing is left to change");
    }
}
