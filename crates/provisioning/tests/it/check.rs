use kinlink_domain::provisioning::ProvisioningTarget;
use kinlink_provisioning::{Weight, check};
use kinlink_testkit::{Fixture, GraphDouble, KeycloakDouble, Kind, UserProfile};

use crate::stage::{graph, keycloak};

/// The heaviest remark, and all of what was said.
async fn looked_at(it: &Fixture, target: &ProvisioningTarget) -> (Weight, String) {
    let remarks = check(target, &it.ports.clock).await.unwrap();
    let text: Vec<_> = remarks.iter().map(|remark| remark.text.as_str()).collect();
    let heaviest = [Weight::Wrong, Weight::Doubtful, Weight::Good]
        .into_iter()
        .find(|weight| remarks.iter().any(|remark| remark.weight == *weight));
    (heaviest.unwrap(), text.join("; "))
}

#[tokio::test]
async fn a_realm_is_looked_through_without_changing_anything() {
    let it = Fixture::new(Kind::Sqlite).await;
    let double = KeycloakDouble::start(it.ports.clock.clone());
    let target = keycloak(&it, &double);
    for (profile, weight, says) in [
        (UserProfile::AdminEdit, Weight::Good, "users cannot change it"),
        (UserProfile::Declared, Weight::Good, "users cannot change it"),
        (UserProfile::Enabled, Weight::Wrong, "users can set fhirUser themselves"),
        (UserProfile::Unmanaged, Weight::Wrong, "does not keep fhirUser"),
        (UserProfile::ReadOnly, Weight::Wrong, "does not keep fhirUser"),
    ] {
        double.set_profile(profile);
        let (found, text) = looked_at(&it, &target).await;
        assert_eq!(found, weight, "{profile:?}: {text}");
        assert!(text.contains(says), "{profile:?}: {text}");
    }
    double.permit(false);
    let (found, text) = looked_at(&it, &target).await;
    assert!(found == Weight::Wrong && text.contains("manage-users"), "{text}");
    double.change_secret("another");
    let (found, text) = looked_at(&it, &target).await;
    assert!(found == Weight::Wrong && text.contains("its secret is not accepted"), "{text}");
    assert_eq!(double.count("PUT"), 0);
    double.stop().await;
    it.close().await;
}

#[tokio::test]
async fn a_tenant_is_looked_at_as_far_as_graph_lets_one() {
    let it = Fixture::new(Kind::Sqlite).await;
    let double = GraphDouble::start(it.ports.clock.clone());
    let target = graph(&it, &double);
    let (found, text) = looked_at(&it, &target).await;
    assert!(found == Weight::Doubtful && text.contains("may read users"), "{text}");
    double.permit(false);
    let (found, text) = looked_at(&it, &target).await;
    assert!(found == Weight::Wrong && text.contains("User.ReadWrite.All"), "{text}");
    double.stop().await;
    it.close().await;
}
