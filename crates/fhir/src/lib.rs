//! kinlink-fhir
