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
