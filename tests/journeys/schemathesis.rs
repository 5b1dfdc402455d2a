//! The API fuzzer reads our OpenAPI document and tries whatever it allows, and what it does not.

use std::{path::PathBuf, process::Command};

use crate::{app::App, process::python};

async fn fuzz(token: String, url: String) {
    let output = tokio::task::spawn_blocking(move || {
        let schemathesis = PathBuf::from(python()).with_file_name("schemathesis");
        let folder = tempfile::tempdir().unwrap();
        Command::new(schemathesis)
            .current_dir(folder.path())
            .args(["run", &format!("{url}/openapi.json"), "--header", &format!("Authorization: Bearer {token}")])
            .args(["--checks", "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance"])
            .args(["--max-examples", "6", "--seed", "7", "--no-color", "--suppress-health-check", "all"])
            .output()
            .unwrap()
    });
    let output = output.await.unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}{}", String::from_utf8_lossy(&output.stderr));
}

async fn fuzz_as_everybody(app: &App) {
    let (_, client, _) = app.client(&[app.fixture.here.id]).await;
    let staff =
        app.idp.token("staff", &serde_json::json!({"roles": {"here": ["admin", "auditor"]}})).unwrap();
    for token in [staff, client.token] {
        fuzz(token, app.url.clone()).await;
    }
}

journey! {
    async fn no_request_makes_a_server_error_or_an_undocumented_answer(app: App) {
        fuzz_as_everybody(app).await;
    }
}
