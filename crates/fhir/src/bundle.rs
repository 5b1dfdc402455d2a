use serde_json::{Value, json};

/// A searchset (FHIR R4, "Search"): what was found, the address with what it was found by, and where the next page is.
/// `total` is left out where it is not known without reading everything.
pub fn searchset(
    id: &str,
    base: &str,
    own: &str,
    next: Option<&str>,
    total: Option<usize>,
    found: Vec<Value>,
) -> Value {
    let mut link = vec![json!({"relation": "self", "url": own})];
    link.extend(next.map(|url| json!({"relation": "next", "url": url})));
    let mut bundle = json!({"resourceType": "Bundle", "id": id, "type": "searchset", "link": link});
    if let Some(total) = total {
        bundle["total"] = json!(total);
    }
    // An empty array is no valid FHIR JSON.
    if !found.is_empty() {
        bundle["entry"] = found.into_iter().map(|resource| entry(base, &resource)).collect();
    }
    bundle
}

fn entry(base: &str, resource: &Value) -> Value {
    let name = |member: &str| resource[member].as_str().unwrap_or_default();
    let url = format!("{base}/{}/{}", name("resourceType"), name("id"));
    json!({"fullUrl": url, "resource": resource, "search": {"mode": "match"}})
}
