use serde_json::{Value, json};

/// An `OperationOutcome` (FHIR R4): what went wrong, for a FHIR client. `code` is of the value set `issue-type`;
/// `expressions` are places in the resource that was sent, each with what is wrong there.
pub fn operation_outcome(code: &str, text: &str, places: &[(String, String)]) -> Value {
    let general = json!({"severity": "error", "code": code, "diagnostics": text});
    let particular = places.iter().map(|(place, what)| {
        json!({"severity": "error", "code": code, "diagnostics": what, "expression": [place]})
    });
    let issue: Vec<Value> = std::iter::once(general).chain(particular).collect();
    json!({"resourceType": "OperationOutcome", "issue": issue})
}
