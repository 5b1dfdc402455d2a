//! A server that is killed in a storm of redemptions loses no acknowledged link and keeps the audit whole.

use std::{
    io::{BufRead, BufReader},
    process::{Child, Stdio},
    sync::Arc,
    time::Duration,
};

use kinlink_demo::idp::Idp;
use kinlink_vault::SystemClock;
use serde_json::json;

use crate::kinlink::{Kinlink, on_both, patient};

pub(crate) const STORM: usize = 120;

/// Starts the server and returns where it listens.
pub(crate) fn serve(it: &Kinlink) -> (Child, String) {
    let mut command = it.command();
    command.args(["serve", "--listen", "127.0.0.1:0"]).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut child = command.spawn().unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let url = line.split_whitespace().last().unwrap().to_owned();
    (child, url)
}

/// An OpenID provider on a port of its own, so that it outlives the server.
pub(crate) fn provider() -> (Arc<Idp>, actix_web::dev::ServerHandle) {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let issuer = format!("http://{}/idp", listener.local_addr().unwrap());
    let idp = Arc::new(Idp::new(issuer, Arc::new(SystemClock), Vec::new()).unwrap());
    let routes = idp.clone();
    let server = actix_web::HttpServer::new(move || {
        actix_web::App::new().service(kinlink_demo::idp::routes("/idp", routes.clone()))
    });
    let server = server.workers(1).disable_signals().listen(listener).unwrap().run();
    let handle = server.handle();
    tokio::spawn(server);
    (idp, handle)
}

/// Codes for so many patients.
pub(crate) fn codes(it: &Kinlink, patients: usize) -> Vec<String> {
    let lines: String = (0..patients).map(|n| patient(&format!("p{n}"), 1)).collect();
    it.import(&lines).expect(0);
    let rows = (0..patients).map(|n| format!("p{n},in_person")).collect::<Vec<_>>().join("\n");
    std::fs::write(it.folder.path().join("in.csv"), format!("patient_id,channel\n{rows}\n")).unwrap();
    it.run(&["invite", "--organization", "northside", "--csv", "in.csv", "--out", "out.csv"]).expect(0);
    let out = std::fs::read_to_string(it.folder.path().join("out.csv")).unwrap();
    let code = |line: &str| {
        line.split(',').find(|cell| cell.len() == 14 && cell.contains('-')).map(ToOwned::to_owned)
    };
    out.lines().skip(1).filter_map(code).collect()
}

pub(crate) async fn storm(idp: &Arc<Idp>, url: &str, codes: Vec<String>, mut child: Child) -> Vec<usize> {
    let http = reqwest::Client::new();
    let mut redemptions = tokio::task::JoinSet::new();
    for (n, code) in codes.into_iter().enumerate() {
        let (http, url) = (http.clone(), format!("{url}/v1/invitations/redeem"));
        let token = idp.token(&format!("person-{n}"), &json!({})).unwrap();
        redemptions.spawn(async move {
            let answer = http.post(url).bearer_auth(token).json(&json!({"code": code})).send().await;
            answer.is_ok_and(|answer| answer.status() == 201).then_some(n)
        });
    }
    let mut acknowledged = Vec::new();
    while let Some(redeemed) = redemptions.join_next().await {
        acknowledged.extend(redeemed.unwrap());
        // In the middle of it, so that some are answered and others are not.
        if acknowledged.len() == STORM / 4 {
            child.kill().unwrap();
        }
    }
    child.wait().unwrap();
    acknowledged
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_killed_server_loses_no_acknowledged_link_and_keeps_the_audit_whole() {
    let (idp, provider) = provider();
    on_both(async |it| {
        let trust =
            ["issuer", "add", "--organization", "northside", "--iss", idp.issuer(), "--audience", "kinlink"];
        it.run(&[&trust[..], &["--accounts"]].concat()).expect(0);
        let made =
            it.run(&["client", "add", "--name", "c", "--organization", "northside", "--api-key"]).expect(0);
        let api_key = made.out.split_whitespace().find(|word| word.starts_with("klk_")).unwrap().to_owned();
        let codes = codes(it, STORM);
        assert_eq!(codes.len(), STORM);

        let (child, url) = serve(it);
        let acknowledged = storm(&idp, &url, codes, child).await;
        assert!(acknowledged.len() >= STORM / 4, "only {} were acknowledged", acknowledged.len());
        assert!(it.run(&["audit", "verify"]).expect(0).out.contains("none changed"));

        let (child, url) = serve(it);
        let http = reqwest::Client::new();
        for n in &acknowledged {
            let asked = json!({"iss": idp.issuer(), "sub": format!("person-{n}")});
            let request = http.post(format!("{url}/v1/links/lookup")).bearer_auth(&api_key).json(&asked);
            let found: serde_json::Value = request.send().await.unwrap().json().await.unwrap();
            assert_eq!(found["links"][0]["patient"], format!("p{n}"), "an acknowledged link is gone");
        }
        stop_gracefully(child);
    })
    .await;
    provider.stop(false).await;
}

/// SIGTERM ends it with success.
pub(crate) fn stop_gracefully(mut child: Child) {
    let id = nix::unistd::Pid::from_raw(i32::try_from(child.id()).unwrap());
    nix::sys::signal::kill(id, nix::sys::signal::Signal::SIGTERM).unwrap();
    for _ in 0..300 {
        if let Some(status) = child.try_wait().unwrap() {
            assert!(status.success(), "{status}");
            return;
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    child.kill().unwrap();
    panic!("it did not stop within thirty seconds");
}
