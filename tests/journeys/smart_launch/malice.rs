//! An app, or a person, that wants somebody else's record.

use reqwest::Method;
use serde_json::json;

use super::{picker::at_the_picker, stage::Stage};
use crate::browser::{Browser, Page};

/// Another patient's id in the access token.
const EDITED: &str = "
    const [head, body, signature] = smart.state.tokenResponse.access_token.split('.');
    const claims = atob(body.replaceAll('-', '+').replaceAll('_', '/')).replace('p1', 'p2');
    const token = [head, btoa(claims).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', ''), signature].join('.');
    const headers = { authorization: `Bearer ${token}` };
    return (await fetch(`${smart.state.serverUrl}/Patient/p2`, { headers })).status;
";

launch! {
    async fn an_app_that_names_a_patient_gets_the_one_that_the_link_opens(stage: Stage) {
        stage.own("anna", "p1").await;
        stage.own("ben", "p2").await;
        let scope = "openid fhirUser launch/patient launch/patient=p2 patient/*.rs user/*.rs system/*.rs";
        stage.person.opens_the_app_with(&format!("scope={scope}")).await;
        stage.person.logs_in("anna").await;
        let app = stage.person.app().await;
        assert_eq!(app["token"]["patient"], "p1");
        let scope = app["token"]["scope"].as_str().unwrap();
        for never in ["user/", "system/", "launch/patient=", "p2"] {
            assert!(!scope.contains(never), "{never} is in {scope}");
        }
        for request in ["Patient/p2", "Observation?patient=p2", "Observation/o2", "Observation?patient=Patient/p2"] {
            let read = stage.person.runs(&format!("return smart.request('{request}')")).await;
            assert!(read["error"].as_str().is_some_and(|why| why.contains("403")), "{request}: {read}");
        }
        assert_eq!(stage.person.runs(EDITED).await, 401, "a token that was edited is nobody's");
    }
}

launch! {
    async fn a_form_that_was_edited_picks_nothing(stage: Stage) {
        let foreign = stage.own("ben", "p2").await;
        at_the_picker(stage).await;
        let edit = format!("document.querySelector('.picks button').value = '{foreign}'; return null");
        assert_eq!(stage.person.runs(&edit).await, json!(null));
        stage.person.presses("You").await;
        stage.person.sees("This question is closed").await;
        assert!(stage.person.is_at().await.starts_with(&stage.kinlink.url));
    }
}

launch! {
    async fn an_answer_carried_to_another_browser_is_refused(stage: Stage) {
        let answer = answer_of_ben(stage).await;
        at_the_picker(stage).await;
        stage.person.goes_to(&answer).await;
        stage.person.sees("This login cannot go on").await;
        assert_eq!(stage.person.reads("#why").await, "interaction session id cookie not found");
    }
}

/// Where ben's browser would go next, with the answer of a picker of his own.
async fn answer_of_ben(stage: &Stage) -> String {
    stage.own("ben", "p1").await;
    stage.acts_for("ben", "p2", "MTH", "patient/*.rs").await;
    let (login, app) = (&stage.outside.login, &stage.outside.app);
    let here = |page: &Page| {
        let location = page.location();
        if location.starts_with('/') { format!("{login}{location}") } else { location.to_owned() }
    };
    let ben = Browser::new(&stage.kinlink);
    let request = format!(
        "{login}/auth?client_id=app&response_type=code&scope=openid%20launch/patient&aud={}&redirect_uri={app}/\
         &code_challenge_method=S256&code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM",
        stage.outside.fhir
    );
    let interaction = here(&ben.get(&request).await.expect(303));
    let resume = ben.send(Method::POST, &interaction, &[("name", "ben")], &[]).await.expect(303);
    let consent = ben.get(&here(&resume)).await.expect(303);
    let picker = ben.get(&here(&consent)).await.expect(303);
    let picker = picker.location().strip_prefix(&stage.kinlink.url).unwrap().to_owned();
    let page = ben.get(&picker).await.expect(200);
    let link = page.between("name=\"link\" value=\"", "\"").to_owned();
    ben.submit(&picker, &[("link", &link)]).await.expect(303).location().to_owned()
}
