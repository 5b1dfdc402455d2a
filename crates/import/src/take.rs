use kinlink_domain::{
    actor::Actor,
    audit::{Action, Subject},
    id::{OrganizationId, SourceId},
    patient::{Deletion, FhirId, ImportedPatient, UpsertReport},
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

    /// Closes a record that its server has deleted; false if there was none in use, or it was made again since. What is
    /// known of it stays, for the audit and should it come back.
    ///
    /// Of a record that never came, the deletion is kept: a copy from before it may still arrive.
    pub async fn close(
        &self,
        unit: &mut dyn UnitOfWork,
        ports: &Ports,
        id: &FhirId,
        deletion: &Deletion,
    ) -> Result<bool, StoreError> {
        let known = match unit.patient(self.organization, id).await? {
            Some(found) => unit.patient_for_update(self.organization, found.id).await?,
            None => None,
        };
        let (patient, was_active) =
            known.as_ref().map_or((None, false), |it| (Some(it.id), it.record.active));
        let record = known.map_or_else(|| ImportedPatient::unknown(id.clone()), |known| known.record);
        if !deletion.version.supersedes(&record.version) {
            return Ok(false);
        }
        let deleted = record.delete(deletion);
        let report = unit.upsert_patients(self.organization, vec![deleted], ports.clock.now()).await?;
        if report.created + report.updated > 0 {
            let subject = Subject { patient, ..Subject::default() };
            let detail = json!({"deleted": true, "source": self.from});
            unit.record(ports.audit(self.organization, self.by, Action::PatientImport, subject, detail));
        }
        Ok(was_active && report.updated > 0)
    }
}
