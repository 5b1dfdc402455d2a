//! The client that the authorization server calls Kinlink with is generated from the OpenAPI document; the recipe is
//! the documented one.

use crate::process::{command, folder};

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

#[test]
fn the_page_shows_the_very_recipe() {
    let page = include_str!("../../../docs/connect/oidc-provider.md");
    for recipe in [include_str!("../../smart/kinlink.js"), include_str!("../../smart/receiver.js")] {
        assert!(
            page.contains(&format!("```js\n{recipe}```\n")),
            "docs/connect/oidc-provider.md is stale: copy\n{recipe}"
        );
    }
}
