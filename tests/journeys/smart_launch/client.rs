//! The client that the authorization server calls Kinlink with is generated from the OpenAPI document.

use super::outside::{command, folder};

async fn run(program: &str, arguments: &[&str]) {
    let program = folder().join("node_modules/.bin").join(program);
    let output = command(program).args(arguments).output().await.unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}{}", String::from_utf8_lossy(&output.stderr));
}

#[tokio::test]
async fn a_client_is_generated_from_the_document_and_the_recipe_fits_its_types() {
    run("openapi-typescript", &["../../openapi/kinlink.json", "--output", "kinlink-api.d.ts"]).await;
    run("tsc", &[]).await;
}
