use kinlink_domain::{
    actor::Actor,
    audit::{Action, Subject},
    id::{OrganizationId, SourceId},
    patient::{FhirId, ImportedPatient, UpsertReport},
    service::Ports,
    store::{StoreError, UnitOfWork},
};
use serde_json::json;

/// By whom records are taken, and for whom.
#[derive(Debug, Clone, Copy)]
pub struct Taking {
    /// Whose patients they are.
    pub organization: OrganizationId,
    /// Who takes them.
    pub by: Actor,
    /// The FHIR server that they came from, if it is one that is followed.
    pub from: Option<SourceId>,
}

impl Taking {
    /// Writes records, however they came, with one audit entry. Saved by the caller.
    pub async fn take(
        &self,
        unit: &mut dyn UnitOfWork,
        ports: &Ports,
        patients: Vec<ImportedPatient>,
        rejected: usize,
    ) -> Result<UpsertReport, StoreError> {
        if patients.is_empty() {
            return Ok(UpsertReport::default());
        }
        let report = unit.upsert_patients(self.organization, patients, ports.clock.now()).await?;
        let mut detail = json!({
            "created": report.created,
            "updated": report.updated,
            "unchanged": report.unchanged,
            "stale": report.stale,
            "rejected": rejected,
        });
        if let Some(source) = self.from {
            detail["source"] = json!(source);
        }
        let action = Action::PatientImport;
        unit.record(ports.audit(self.organization, self.by, action, Subject::default(), detail));
        Ok(report)
    }

    /// Closes a record that its server has deleted; false if there is none, or it is closed already. What is known of
    /// it stays, for the audit and should it come back.
    pub async fn close(
        &self,
        unit: &mut dyn UnitOfWork,
        ports: &Ports,
        id: &FhirId,
    ) -> Result<bool, StoreError> {
        let Some(known) = unit.patient(self.organization, id).await? else { return Ok(false) };
        if !known.record.active {
            return Ok(false);
        }
        let closed = ImportedPatient { active: false, ..known.record };
        let report = unit.upsert_patients(self.organization, vec![closed], ports.clock.now()).await?;
        let subject = Subject { patient: Some(known.id), ..Subject::default() };
        let detail = json!({"deleted": true, "source": self.from});
        unit.record(ports.audit(self.organization, self.by, Action::PatientImport, subject, detail));
        Ok(report.updated > 0)
    }
}
