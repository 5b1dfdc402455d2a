use serde_json::Value;

use crate::kinlink::{Kinlink, on_both};

/// The keys that are published: what for, whether they sign now, and their names.
fn keys(it: &Kinlink) -> Vec<(String, bool, String)> {
    let listed = it.run(&["signing-keys", "list", "--json"]).expect(0).out;
    let listed: Vec<Value> = serde_json::from_str(&listed).unwrap();
    let text = |key: &Value, name: &str| key[name].as_str().unwrap().to_owned();
    listed
        .iter()
        .map(|key| (text(key, "purpose"), key["signs_now"].as_bool().unwrap(), text(key, "kid")))
        .collect()
}

/// As `answer+` for a key that signs and `answer-` for one that does not yet, or no more.
fn told(keys: &[(String, bool, String)]) -> String {
    let told = keys.iter().map(|(purpose, signs, _)| format!("{purpose}{}", if *signs { '+' } else { '-' }));
    told.collect::<Vec<_>>().join(" ")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_operator_sees_keys_and_has_new_ones_follow_for_all_purposes_or_one_soon_or_at_once() {
    on_both(async |it| {
        let first = keys(it);
        assert_eq!(told(&first), "answer+ event+");
        let said = it.run(&["signing-keys", "rotate"]).expect(0).out;
        let both = keys(it);
        assert_eq!(told(&both), "answer+ answer- event+ event-");
        assert_eq!((&both[0], &both[2]), (&first[0], &first[1]), "those that signed go on");
        for (purpose, signs, kid) in &both {
            assert_eq!(said.contains(&format!("{purpose}: {kid} signs from")), !signs, "{said}");
        }
        it.run(&["signing-keys", "rotate", "--purpose", "event", "--at-once"]).expect(0);
        let last = keys(it);
        assert_eq!(told(&last), "answer+ answer- event+");
        assert_eq!(last[..2], both[..2], "the other purpose is left alone");
        assert!(!both.contains(&last[2]));
        it.run(&["signing-keys", "rotate", "--purpose", "vault"]).expect(2);
        let southside =
            ["organization", "add", "southside", "--name", "S", "--fhir-base", "https://s.example"];
        it.run(&southside).expect(0);
        it.run(&["signing-keys", "rotate", "--purpose", "answer"]).expect(0);
        for (organization, rotations) in [("northside", 4), ("southside", 1)] {
            let audit = it.run(&["audit", "export", "--organization", organization]).expect(0).out;
            assert_eq!(
                audit.matches("signing_keys.rotate").count(),
                rotations,
                "the keys are everybody's: {audit}"
            );
            assert!(
                audit.contains(r#""at_once":false"#) && audit.contains(r#""purpose":"answer""#),
                "{audit}"
            );
        }
    })
    .await;
}
