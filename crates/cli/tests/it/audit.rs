use crate::kinlink::{on_both, patient};

#[tokio::test(flavor = "multi_thread")]
async fn verify_finds_a_changed_and_a_removed_entry_and_says_which() {
    on_both(async |it| {
        it.import(&patient("p1", 1)).expect(0);
        for _ in 0..3 {
            it.run(&["invite", "--organization", "northside", "--patient", "p1"]).expect(0);
        }
        let exported = it.run(&["audit", "export", "--organization", "northside"]).expect(0).out;
        assert_eq!(exported.lines().count(), 7, "six entries and the end: {exported}");
        assert!(it.run(&["audit", "verify"]).expect(0).out.contains("6 entries, none changed"));
        it.database.tamper("update audit_entry set detail = '{}' where seq = 3").await;
        assert!(it.run(&["audit", "verify"]).expect(1).out.contains("entry 3 was changed"));
        it.database.tamper("delete from audit_entry where seq = 6").await;
        assert!(it.run(&["audit", "verify"]).expect(1).out.contains("entries 6 to 6 were removed"));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kept_export_tells_what_a_restore_took_away() {
    on_both(async |it| {
        it.import(&patient("p1", 1)).expect(0);
        let invite = ["invite", "--organization", "northside", "--patient", "p1"];
        it.run(&invite).expect(0);
        let backup = it.database.copy().await;
        it.run(&invite).expect(0);
        it.run(&["end", "--organization", "northside", "--record", "p1", "--reason", "safety", "--yes"])
            .expect(0);
        let kept = it.run(&["audit", "export", "--organization", "northside"]).expect(0).out;
        let keep = |name: &str, text: &str| std::fs::write(it.folder.path().join(name), text).unwrap();
        keep("kept.ndjson", &kept);
        keep("end.ndjson", kept.lines().last().unwrap());
        keep("strange.ndjson", "nonsense");
        let compare = |url: &str, file: &str| {
            let args = ["--database-url", url, "audit", "compare", file, "--organization", "northside"];
            crate::kinlink::run_in(it.folder.path(), &args)
        };
        let (here, restored) = (it.database.url(), backup.url());
        for file in ["kept.ndjson", "end.ndjson"] {
            assert_eq!(compare(here, file).expect(0).out, "");
        }
        let here_on = it.run(&invite).expect(0);
        assert_eq!(compare(here, "kept.ndjson").expect(0).out, "", "it went on: {}", here_on.out);
        // The restored one goes on too, with the same numbers.
        crate::kinlink::run_in(it.folder.path(), &[&["--database-url", restored][..], &invite].concat())
            .expect(0);
        let lost = compare(restored, "kept.ndjson").expect(1);
        let lines: Vec<&str> = kept.lines().collect();
        assert_eq!(
            lost.out.lines().collect::<Vec<_>>(),
            lines[3..lines.len() - 1],
            "all but the first three and the end"
        );
        assert!(
            lost.out.contains("ending.end") && lost.err.contains("entries that were kept are not"),
            "{}",
            lost.err
        );
        assert_eq!(compare(restored, "end.ndjson").expect(1).out.trim(), lines[lines.len() - 1]);
        compare(here, "strange.ndjson").expect(2);
        compare(here, "nowhere.ndjson").expect(2);
        backup.close().await;
    })
    .await;
}
