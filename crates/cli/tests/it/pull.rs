use std::path::Path;

use kinlink_testkit::Kind;

use crate::kinlink::{Kinlink, on_both, patient};

const AT: [&str; 3] = ["main", "--organization", "northside"];

fn write(folder: &Path, name: &str, text: &str) {
    std::fs::write(folder.join(name), text).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn sources_are_added_listed_changed_and_removed_without_showing_a_secret() {
    on_both(async |it| {
        write(it.folder.path(), "token.txt", "s3cret-token\n");
        write(it.folder.path(), "key.pem", "no key");
        let add = |more: &[&str]| it.run(&[&["pull", "add"], &AT[..], more].concat());
        let wrong = add(&["--client-id", "kinlink", "--key-file", "key.pem"]).expect(2);
        assert!(wrong.err.contains("P-384"), "{}", wrong.err);
        assert!(add(&["--fhir-base", "http://fhir.example/r4"]).expect(2).err.contains("https"));
        let added = add(&["--token-file", "token.txt"]).expect(0).out;
        assert!(added.contains("Authorization: Bearer kls_"), "{added}");
        assert!(added.contains("/fhir/northside/notify/src_"), "{added}");
        assert!(add(&[]).expect(2).err.contains("already"));
        let listed = it.run(&["pull", "list", "--json"]).expect(0).out;
        assert!(listed.contains("\"credentials\": \"bearer\"") && listed.contains("https://fhir.example/r4"));
        assert!(!listed.contains("s3cret"));
        it.run(&[&["pull", "credentials"], &AT[..]].concat()).expect(0);
        let other = it.run(&[&["pull", "token"], &AT[..]].concat()).expect(0).out;
        let token = |text: &str| text.split("kls_").nth(1).unwrap().lines().next().unwrap().to_owned();
        assert_ne!(token(&added), token(&other));
        it.run(&[&["pull", "remove"], &AT[..]].concat()).expect(0);
        assert!(it.run(&[&["pull", "run"], &AT[..]].concat()).expect(2).err.contains("no source"));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_shows_what_it_did_and_fails_with_a_reason() {
    let it = Kinlink::new(Kind::Sqlite).await.with_organization();
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let base = format!("http://{}/r4", listener.local_addr().unwrap());
    let record = patient("q1", 1);
    let bundle = format!("{{\"resourceType\":\"Bundle\",\"entry\":[{{\"resource\":{record}}}]}}");
    let server = actix_web::HttpServer::new(move || {
        let bundle = bundle.clone();
        let answer = move || {
            let bundle = bundle.clone();
            async move { actix_web::HttpResponse::Ok().body(bundle) }
        };
        actix_web::App::new().route("/r4/Patient", actix_web::web::get().to(answer))
    });
    let server = server.workers(1).disable_signals().listen(listener).unwrap().run();
    let handle = server.handle();
    tokio::spawn(server);
    it.run(&[&["pull", "add"], &AT[..], &["--fhir-base", &base]].concat()).expect(0);
    let said = it.run(&[&["pull", "run"], &AT[..]].concat()).expect(0).out;
    assert!(said.contains("1 pages: 1 created"), "{said}");
    it.run(&[&["pull", "remove"], &AT[..]].concat()).expect(0);
    let nowhere = base.replace("/r4", "/r5");
    it.run(&[&["pull", "add"], &AT[..], &["--fhir-base", &nowhere]].concat()).expect(0);
    let said = it.run(&[&["pull", "run"], &AT[..]].concat()).expect(1).err;
    assert!(said.contains("status 404"), "{said}");
    handle.stop(false).await;
    it.close().await;
}
