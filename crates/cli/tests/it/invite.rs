use kinlink_testkit::Kind;

use crate::kinlink::{Kinlink, on_both, patient};

#[tokio::test(flavor = "multi_thread")]
async fn one_invitation_by_id_or_by_identifier() {
    on_both(async |it| {
        it.import(&patient("p1", 1)).expect(0);
        let by_id = it.run(&["invite", "--organization", "northside", "--patient", "p1"]).expect(0).out;
        assert!(by_id.contains("code ") && by_id.contains("valid until"), "{by_id}");
        let by_mrn =
            ["invite", "--organization", "northside", "--identifier", "urn:mrn|mrn p1", "--channel", "post"];
        it.run(&by_mrn).expect(0);
        let unknown = it.run(&["invite", "--organization", "northside", "--patient", "nope"]).expect(2).err;
        assert!(unknown.contains("no such patient"), "{unknown}");
        let no_email = ["invite", "--organization", "northside", "--patient", "p1", "--channel", "email"];
        assert!(it.run(&no_email).expect(2).err.contains("no email"));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn letters_are_written_one_for_each_invitation_by_post_and_for_their_owner_only() {
    on_both(async |it| {
        it.import(&format!("{}{}", patient("p1", 1), patient("p2", 1))).expect(0);
        let rows = "patient_id,channel\np1,post\np2,in_person\n";
        std::fs::write(it.folder.path().join("in.csv"), rows).unwrap();
        let invite = ["invite", "--organization", "northside"];
        let many = ["--csv", "in.csv", "--out", "out.csv", "--letters", "letters"];
        it.run(&[&invite[..], &many].concat()).expect(0);
        let letters: Vec<_> =
            std::fs::read_dir(it.folder.path().join("letters")).unwrap().map(Result::unwrap).collect();
        assert_eq!(letters.len(), 1, "only for post");
        let out = std::fs::read_to_string(it.folder.path().join("out.csv")).unwrap();
        assert!(out.contains(letters[0].path().file_stem().unwrap().to_str().unwrap()), "{out}");
        let letter = std::fs::read_to_string(letters[0].path()).unwrap();
        let code =
            out.lines().nth(1).unwrap().split(',').find(|cell| cell.matches('-').count() == 3).unwrap();
        assert!(code.split('-').all(|group| letter.contains(&format!("<span>{group}</span>"))), "{code}");
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            assert_eq!(letters[0].metadata().unwrap().permissions().mode() & 0o777, 0o600);
        }
        let one = ["--patient", "p1", "--channel", "post", "--letters", "letters"];
        let said = it.run(&[&invite[..], &one].concat()).expect(0).out;
        assert!(said.contains("letter ") && said.contains(".html"), "{said}");
        let sent = ["--patient", "p1", "--channel", "post", "--send"];
        assert!(it.run(&[&invite[..], &sent].concat()).expect(2).err.contains("cannot send codes"));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_letter_names_our_own_page_once_people_can_log_in_to_it() {
    let it = Kinlink::new(Kind::Sqlite).await.with_organization();
    it.import(&patient("p1", 1)).expect(0);
    let folder = it.folder.path();
    let trust = ["issuer", "add", "--organization", "northside", "--iss", "https://login.example"];
    it.run(&[&trust[..], &["--audience", "k", "--accounts"]].concat()).expect(0);
    let letter = |name: &str| {
        let invite = ["invite", "--organization", "northside", "--patient", "p1", "--channel", "post"];
        let said = it.run(&[&invite[..], &["--letters", name]].concat()).expect(0).out;
        let path = said.lines().find_map(|line| line.strip_prefix("letter ")).unwrap().trim().to_owned();
        std::fs::read_to_string(folder.join(path)).unwrap()
    };
    let checked = || it.run(&["config", "check"]).expect(0).out;
    assert!(checked().contains("messages name no page"));
    assert!(!letter("before").contains("<svg"));
    let server = "[server]\npublic_url = \"https://kinlink.example/\"\n";
    let login = "[[pages.logins]]\nissuer = \"https://login.example\"\nclient_id = \"k\"\nlabel = \"x\"\n";
    let set = |text: &str| std::fs::write(folder.join("kinlink.toml"), text).unwrap();
    set(&format!("{server}{login}"));
    let own = letter("own");
    assert!(own.contains("<strong>https://kinlink.example/redeem</strong>"), "{own}");
    assert!(own.contains("type the code") && own.contains("<svg"), "{own}");
    assert!(checked().contains("https://kinlink.example/redeem, Kinlink's own page"));
    set(&format!("{server}redeem_url = \"https://portal.example/code\"\n{login}"));
    let portal = letter("portal");
    assert!(portal.contains("https://portal.example/code") && !portal.contains("type the code"), "{portal}");
    it.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn many_from_csv_where_a_bad_row_does_not_stop_the_rest_and_done_rows_are_passed_over() {
    on_both(async |it| {
        it.import(&format!("{}{}", patient("p1", 1), patient("p2", 1))).expect(0);
        let rows = "patient_id,channel,challenge\np1,in_person,birth_date\nnope,post,\np2,pigeon,\n";
        std::fs::write(it.folder.path().join("in.csv"), rows).unwrap();
        let many = |from: &str, to: &str| {
            it.run(&["invite", "--organization", "northside", "--csv", from, "--out", to])
        };
        assert!(many("in.csv", "out.csv").expect(1).out.contains("1 issued, 0 passed over, 2 refused"));
        assert!(many("in.csv", "out.csv").expect(2).err.contains("name a new file"));
        let out = it.folder.path().join("out.csv");
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            assert_eq!(std::fs::metadata(&out).unwrap().permissions().mode() & 0o777, 0o600);
        }
        let mended = std::fs::read_to_string(&out).unwrap().replace("pigeon", "post");
        std::fs::write(it.folder.path().join("again.csv"), mended).unwrap();
        assert!(many("again.csv", "last.csv").expect(1).out.contains("1 issued, 1 passed over, 1 refused"));
    })
    .await;
}
