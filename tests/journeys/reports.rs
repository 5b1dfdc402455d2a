//! Who is a proxy of unusually many?

use kinlink_testkit::imported;
use serde_json::json;

journey! {
    async fn accounts_and_records_with_unusually_many_proxies_are_shown_and_staff_among_them_marked(app: App) {
        app.set_policy(|policy| policy.family.unusual_proxies = 3).await;
        for n in 0..4 {
            app.import(imported(&format!("many-{n}"))).await;
        }
        for patient in ["many-0", "many-1", "many-2", "many-3"] {
            app.proxy("registrar-here", patient).await;
        }
        for patient in ["many-0", "many-1", "many-2"] {
            app.proxy("ben", patient).await;
        }
        app.proxy("carla", "many-0").await;
        let over = app.proxy("carla", "many-1").await;
        let ended = app.proxy("carla", "many-2").await;
        for link in [over, ended] {
            let path = format!("/v1/links/{link}/revoke");
            app.registrar().post(&path, json!({"reason": "fraud"})).await.expect(200);
        }
        let reviewer = app.staff("reviewer", "here");
        let report = "/v1/reports/unusual-proxies";
        let all = reviewer.get(report).await.expect(200);
        let mut numbers: Vec<_> = all.body["unusual"]
            .as_array()
            .unwrap()
            .iter()
            .map(|row| (row["proxies"].as_u64().unwrap(), row["staff"].as_bool().unwrap()))
            .collect();
        numbers.sort_unstable();
        assert_eq!(numbers, [(3, false), (4, true)]);
        let first = reviewer.get(&format!("{report}?limit=1")).await.expect(200);
        let next = first.text("/next_cursor");
        let second = reviewer.get(&format!("{report}?limit=1&cursor={next}")).await.expect(200);
        assert_ne!(first.text("/unusual/0/account"), second.text("/unusual/0/account"));
        assert!(second.body["next_cursor"].is_null());
        let records = reviewer.get(&format!("{report}?of=records")).await.expect(200);
        assert_eq!(records.body["unusual"], json!([{"patient": "many-0", "proxies": 3}]));
        let fewer = reviewer.get(&format!("{report}?of=records&at_least=4")).await.expect(200);
        assert_eq!(fewer.body["unusual"], json!([]));
        let there = app.staff("reviewer", "there").get(report).await.expect(200);
        assert_eq!(there.body["unusual"], json!([]), "the neighbour has none");
        reviewer.get(&format!("{report}?at_least=0")).await.expect(400);
    }
}
