use crate::kinlink::{on_both, patient};

#[tokio::test(flavor = "multi_thread")]
async fn an_ending_is_shown_confirmed_and_left_to_a_second_person() {
    on_both(async |it| {
        it.import(&patient("p1", 1)).expect(0);
        it.run(&["invite", "--organization", "northside", "--patient", "p1"]).expect(0);
        let end = ["end", "--organization", "northside", "--record", "p1", "--reason", "safety"];
        let shown = it.run(&[&end[..], &["--dry-run"]].concat()).expect(0).out;
        assert!(shown.contains("invitation") && shown.contains("inv_"), "{shown}");
        assert!(it.run(&end).expect(2).err.contains("--yes"), "nobody is there to ask");
        let said = it.run(&[&end[..], &["--yes"]].concat()).expect(0).out;
        let ending = said.lines().find_map(|line| line.strip_prefix("ended ")).unwrap().to_owned();
        let again = it.run(&[&end[..], &["--yes"]].concat()).expect(1).err;
        assert!(again.contains("nothing to end"), "{again}");
        let undo = it.run(&["undo", &ending, "--organization", "northside"]).expect(1).err;
        assert!(undo.contains("another person"), "{undo}");
        it.run(&["undo", "end_nonsense", "--organization", "northside"]).expect(2);
        let report = it.run(&["report", "proxies", "--organization", "northside", "--json"]).expect(0).out;
        assert_eq!(report.trim(), "[]");
        let unknown = [&end[..4], &["nobody", "--reason", "safety"]].concat();
        assert!(it.run(&unknown).expect(2).err.contains("no record"));
        it.run(&["audit", "verify"]).expect(0);
    })
    .await;
}
