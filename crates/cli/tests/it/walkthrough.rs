use crate::kinlink::run_in;

#[test]
fn the_demo_plays_the_main_job_and_every_check_holds() {
    let folder = tempfile::tempdir().unwrap();
    let said = run_in(folder.path(), &["demo", "--walkthrough"]).expect(0).out;
    assert!(said.contains("checks held") && !said.contains('✘'), "{said}");
}

#[test]
fn the_demo_refuses_to_listen_for_others_or_to_empty_a_foreign_folder() {
    let folder = tempfile::tempdir().unwrap();
    let said = run_in(folder.path(), &["demo", "--listen", "0.0.0.0:0"]).expect(1).err;
    assert!(said.contains("loopback"), "{said}");
    std::fs::create_dir(folder.path().join("mine")).unwrap();
    std::fs::write(folder.path().join("mine/thesis.txt"), "years of work").unwrap();
    let said = run_in(folder.path(), &["demo", "--listen", "127.0.0.1:0", "--folder", "mine"]).expect(1).err;
    assert!(said.contains("not made by the demo"), "{said}");
    assert!(folder.path().join("mine/thesis.txt").exists());
}
