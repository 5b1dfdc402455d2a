//! Claims stand where the operator says, under the names that the operator gives them.

use super::stage::Stage;

const NAME: &str = "https://apps.example/fhirUser";

/// The claims of the access token that the app has.
const ACCESS_TOKEN: &str = "
    const [, body] = smart.state.tokenResponse.access_token.split('.');
    return JSON.parse(atob(body.replaceAll('-', '+').replaceAll('_', '/')));
";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_renamed_claim_is_in_both_tokens_and_what_smart_names_keeps_its_name() {
    let renamed = format!("fhirUser={NAME}");
    let stage = Stage::with_claims(&[&renamed, "patient", "link"], Some(&[NAME])).await;
    let link = stage.own("anna", "p1").await;
    stage.launches("anna").await;
    let app = stage.person.app().await;
    let record = format!("{}/Patient/p1", stage.outside.fhir);
    assert_eq!(app["id_token"][NAME], record);
    for absent in ["fhirUser", "patient", "link"] {
        assert!(app["id_token"].get(absent).is_none(), "{absent}: {app}");
    }
    assert_eq!(app["token"]["patient"], "p1");
    let token = stage.person.runs(ACCESS_TOKEN).await;
    assert_eq!(token[NAME], record);
    assert_eq!((&token["patient"], &token["link"]), (&"p1".into(), &link.to_string().into()), "{token}");
    assert!(token.get("fhirUser").is_none(), "{token}");
    stage.person.runs("return (await smart.refresh()).tokenResponse").await;
    assert_eq!(stage.person.runs(ACCESS_TOKEN).await[NAME], record, "after a refresh too");
    Box::pin(stage.clear()).await;
}
