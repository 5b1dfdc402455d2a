use crate::kinlink::{on_both, patient};

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_indexed_is_told_until_it_was_rebuilt() {
    on_both(async |it| {
        let lines: String = (0..30).map(|n| patient(&format!("p{n}"), 1)).collect();
        it.import(&lines).expect(0);
        assert!(it.run(&["migrate", "status"]).expect(0).err.is_empty());
        let rebuild = ["index", "rebuild", "--organization", "northside"];
        assert!(it.run(&rebuild).expect(0).out.contains("0 records indexed"));

        it.database.tamper("update patient set indexed = false, index_keys = null").await;
        it.database.tamper("delete from patient_key").await;
        for step in ["up", "status"] {
            let said = it.run(&["migrate", step]).expect(0).err;
            assert!(
                said.contains("30 records of northside") && said.contains("kinlink index rebuild"),
                "{said}"
            );
        }
        assert!(it.run(&rebuild).expect(0).out.contains("30 records indexed"));
        assert!(it.run(&["migrate", "status"]).expect(0).err.is_empty());
        let again = [&rebuild[..], &["--all"]].concat();
        assert!(it.run(&again).expect(0).out.contains("30 records indexed"));
    })
    .await;
}
