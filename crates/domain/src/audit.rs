//! The audit: every decision and every read of a person's data, append-only and hash-chained per
//! organization.
//!
//! Each entry carries a keyed hash over the hash before it and over all its own members, so a changed,
//! removed or inserted entry breaks the chain at its place, and whoever holds the database but not the key
//! cannot mend it. The end of the chain is kept apart, hashed too, so that a cut-off end shows.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::{
    actor::Actor,
    id::{AccountId, AuditId, ClientId, InvitationId, LinkId, OrganizationId, PatientId},
    link::Link,
    port::{KeyedHash, Purpose, Vault},
};

/// What was done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Action {
    /// An organization was added or changed.
    #[serde(rename = "organization.configure")]
    OrganizationConfigure,
    /// Trust in an identity provider was added or changed.
    #[serde(rename = "issuer.configure")]
    IssuerConfigure,
    /// A client was registered, changed, disabled, or got a new key.
    #[serde(rename = "client.configure")]
    ClientConfigure,
    /// A batch of patient records was imported.
    #[serde(rename = "patient.import")]
    PatientImport,
    /// Staff saw who a patient record is about.
    #[serde(rename = "patient.read")]
    PatientRead,
    /// Records were sought by a person's demographics, and those found were read.
    #[serde(rename = "patient.match")]
    PatientMatch,
    /// An invitation was issued.
    #[serde(rename = "invitation.issue")]
    InvitationIssue,
    /// An invitation was read.
    #[serde(rename = "invitation.read")]
    InvitationRead,
    /// Invitations were listed.
    #[serde(rename = "invitation.list")]
    InvitationList,
    /// An invitation was revoked.
    #[serde(rename = "invitation.revoke")]
    InvitationRevoke,
    /// An invitation was redeemed.
    #[serde(rename = "invitation.redeem")]
    InvitationRedeem,
    /// A try to redeem an invitation was refused.
    #[serde(rename = "invitation.refuse")]
    InvitationRefuse,
    /// A link was made.
    #[serde(rename = "link.create")]
    LinkCreate,
    /// A link was read.
    #[serde(rename = "link.read")]
    LinkRead,
    /// Links were looked up; counted per client, account and minute.
    #[serde(rename = "link.lookup")]
    LinkLookup,
    /// A link was ended.
    #[serde(rename = "link.revoke")]
    LinkRevoke,
    /// A link became worth more or less by its evidence.
    #[serde(rename = "link.reassess")]
    LinkReassess,
    /// A new authenticator was shown to its owner.
    #[serde(rename = "totp.enrol")]
    TotpEnrol,
    /// A new authenticator was confirmed.
    #[serde(rename = "totp.confirm")]
    TotpConfirm,
    /// A code of an authenticator, or a recovery code, was accepted.
    #[serde(rename = "totp.verify")]
    TotpVerify,
    /// A code of an authenticator, or a recovery code, was refused.
    #[serde(rename = "totp.refuse")]
    TotpRefuse,
    /// Staff reset an authenticator.
    #[serde(rename = "totp.reset")]
    TotpReset,
    /// A claim was submitted.
    #[serde(rename = "claim.submit")]
    ClaimSubmit,
    /// A claim was matched, and what follows was decided.
    #[serde(rename = "claim.process")]
    ClaimProcess,
    /// The code of a claim was entered.
    #[serde(rename = "claim.confirm")]
    ClaimConfirm,
    /// A try to confirm a claim was refused.
    #[serde(rename = "claim.refuse")]
    ClaimRefuse,
    /// A claim was withdrawn.
    #[serde(rename = "claim.withdraw")]
    ClaimWithdraw,
    /// Reviews were listed.
    #[serde(rename = "review.list")]
    ReviewList,
    /// A review was read, with the data of a person and of the candidates.
    #[serde(rename = "review.read")]
    ReviewRead,
    /// A reviewer approved.
    #[serde(rename = "review.approve")]
    ReviewApprove,
    /// A reviewer asked for more.
    #[serde(rename = "review.ask")]
    ReviewAsk,
    /// A reviewer declined.
    #[serde(rename = "review.decline")]
    ReviewDecline,
    /// A link whose record was merged, or is one of its own again, opens another record.
    #[serde(rename = "link.move")]
    LinkMove,
    /// A link that was ended along with others was opened again.
    #[serde(rename = "link.reopen")]
    LinkReopen,
    /// What an ending would touch was looked at.
    #[serde(rename = "ending.preview")]
    EndingPreview,
    /// Every access to a record, or of an account, was ended.
    #[serde(rename = "ending.end")]
    EndingEnd,
    /// An ending was undone.
    #[serde(rename = "ending.undo")]
    EndingUndo,
    /// An ending was read.
    #[serde(rename = "ending.read")]
    EndingRead,
    /// Endings were listed.
    #[serde(rename = "ending.list")]
    EndingList,
    /// A report was read.
    #[serde(rename = "report.read")]
    ReportRead,
    /// The contacts on record were told that a link was made.
    #[serde(rename = "link.notify")]
    LinkNotify,
    /// A link was suspended.
    #[serde(rename = "link.suspend")]
    LinkSuspend,
    /// A link's suspension was lifted.
    #[serde(rename = "link.reinstate")]
    LinkReinstate,
    /// A contact on record said that a link is not the patient's.
    #[serde(rename = "dispute.open")]
    DisputeOpen,
    /// A dispute was read.
    #[serde(rename = "dispute.read")]
    DisputeRead,
    /// Disputes were listed.
    #[serde(rename = "dispute.list")]
    DisputeList,
    /// A dispute was found right, and its link ended.
    #[serde(rename = "dispute.uphold")]
    DisputeUphold,
    /// A dispute was found wrong, and its link opened again.
    #[serde(rename = "dispute.dismiss")]
    DisputeDismiss,
    /// Evidence was added to a link.
    #[serde(rename = "evidence.add")]
    EvidenceAdd,
    /// Evidence of a link was withdrawn.
    #[serde(rename = "evidence.withdraw")]
    EvidenceWithdraw,
    /// A person picked which record an app gets.
    #[serde(rename = "link.pick")]
    LinkPick,
    /// A patient offered somebody to act for them.
    #[serde(rename = "grant.offer")]
    GrantOffer,
    /// A grant was accepted, or made at once, and its link made.
    #[serde(rename = "grant.accept")]
    GrantAccept,
    /// A try to accept a grant was refused.
    #[serde(rename = "grant.refuse")]
    GrantRefuse,
    /// An offer was declined.
    #[serde(rename = "grant.decline")]
    GrantDecline,
    /// An offer was taken back.
    #[serde(rename = "grant.withdraw")]
    GrantWithdraw,
    /// A grant ended with its link.
    #[serde(rename = "grant.end")]
    GrantEnd,
    /// A grant was prolonged by new papers.
    #[serde(rename = "grant.renew")]
    GrantRenew,
    /// Grants were read.
    #[serde(rename = "grant.read")]
    GrantRead,
    /// Somebody asked to act for a person.
    #[serde(rename = "access_request.submit")]
    RequestSubmit,
    /// An access request was matched.
    #[serde(rename = "access_request.process")]
    RequestProcess,
    /// Access requests were read.
    #[serde(rename = "access_request.read")]
    RequestRead,
    /// An access request was agreed to.
    #[serde(rename = "access_request.approve")]
    RequestApprove,
    /// An access request was declined.
    #[serde(rename = "access_request.decline")]
    RequestDecline,
    /// An access request was taken back.
    #[serde(rename = "access_request.withdraw")]
    RequestWithdraw,
    /// A bar was recorded.
    #[serde(rename = "bar.record")]
    BarRecord,
    /// A bar was lifted.
    #[serde(rename = "bar.lift")]
    BarLift,
    /// The bars of a record were read.
    #[serde(rename = "bar.read")]
    BarRead,
    /// An exception from the age rules was recorded.
    #[serde(rename = "age_exception.record")]
    AgeExceptionRecord,
    /// An exception from the age rules was ended.
    #[serde(rename = "age_exception.end")]
    AgeExceptionEnd,
    /// An exception from the age rules was read.
    #[serde(rename = "age_exception.read")]
    AgeExceptionRead,
    /// A link is over at another moment than before.
    #[serde(rename = "link.renew")]
    LinkRenew,
    /// It was told that a link will narrow or end.
    #[serde(rename = "link.foretell")]
    LinkForetell,
    /// The clock changed what a link gives.
    #[serde(rename = "link.turn")]
    LinkTurn,
    /// A FHIR server that is followed was added, changed or removed.
    #[serde(rename = "source.configure")]
    SourceConfigure,
    /// A server whose users carry attributes was added, changed or removed.
    #[serde(rename = "provisioning.configure")]
    ProvisioningConfigure,
    /// The attributes of an account's user were written or taken away.
    #[serde(rename = "provisioning.write")]
    ProvisioningWrite,
    /// All attributes at a server were asked to be compared, or were.
    #[serde(rename = "provisioning.reconcile")]
    ProvisioningReconcile,
    /// The audit was read.
    #[serde(rename = "audit.read")]
    AuditRead,
    /// The audit was exported.
    #[serde(rename = "audit.export")]
    AuditExport,
}

impl Action {
    /// The word used in storage and JSON, for example `link.create`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::OrganizationConfigure => "organization.configure",
            Self::IssuerConfigure => "issuer.configure",
            Self::ClientConfigure => "client.configure",
            Self::PatientImport => "patient.import",
            Self::PatientMatch => "patient.match",
            Self::PatientRead => "patient.read",
            Self::InvitationIssue => "invitation.issue",
            Self::InvitationRead => "invitation.read",
            Self::InvitationList => "invitation.list",
            Self::InvitationRevoke => "invitation.revoke",
            Self::InvitationRedeem => "invitation.redeem",
            Self::InvitationRefuse => "invitation.refuse",
            Self::LinkCreate => "link.create",
            Self::LinkRead => "link.read",
            Self::LinkLookup => "link.lookup",
            Self::LinkRevoke => "link.revoke",
            Self::LinkReassess => "link.reassess",
            Self::TotpEnrol => "totp.enrol",
            Self::TotpConfirm => "totp.confirm",
            Self::TotpVerify => "totp.verify",
            Self::TotpRefuse => "totp.refuse",
            Self::TotpReset => "totp.reset",
            Self::ClaimSubmit => "claim.submit",
            Self::ClaimProcess => "claim.process",
            Self::ClaimConfirm => "claim.confirm",
            Self::ClaimRefuse => "claim.refuse",
            Self::ClaimWithdraw => "claim.withdraw",
            Self::ReviewList => "review.list",
            Self::ReviewRead => "review.read",
            Self::ReviewApprove => "review.approve",
            Self::ReviewAsk => "review.ask",
            Self::ReviewDecline => "review.decline",
            Self::LinkMove => "link.move",
            Self::LinkReopen => "link.reopen",
            Self::EndingPreview => "ending.preview",
            Self::EndingEnd => "ending.end",
            Self::EndingUndo => "ending.undo",
            Self::EndingRead => "ending.read",
            Self::EndingList => "ending.list",
            Self::ReportRead => "report.read",
            Self::LinkNotify => "link.notify",
            Self::LinkSuspend => "link.suspend",
            Self::LinkReinstate => "link.reinstate",
            Self::DisputeOpen => "dispute.open",
            Self::DisputeRead => "dispute.read",
            Self::DisputeList => "dispute.list",
            Self::DisputeUphold => "dispute.uphold",
            Self::DisputeDismiss => "dispute.dismiss",
            Self::EvidenceAdd => "evidence.add",
            Self::EvidenceWithdraw => "evidence.withdraw",
            Self::LinkPick => "link.pick",
            Self::GrantOffer => "grant.offer",
            Self::GrantAccept => "grant.accept",
            Self::GrantRefuse => "grant.refuse",
            Self::GrantDecline => "grant.decline",
            Self::GrantWithdraw => "grant.withdraw",
            Self::GrantEnd => "grant.end",
            Self::GrantRenew => "grant.renew",
            Self::GrantRead => "grant.read",
            Self::RequestSubmit => "access_request.submit",
            Self::RequestProcess => "access_request.process",
            Self::RequestRead => "access_request.read",
            Self::RequestApprove => "access_request.approve",
            Self::RequestDecline => "access_request.decline",
            Self::RequestWithdraw => "access_request.withdraw",
            Self::BarRecord => "bar.record",
            Self::BarLift => "bar.lift",
            Self::BarRead => "bar.read",
            Self::AgeExceptionRecord => "age_exception.record",
            Self::AgeExceptionEnd => "age_exception.end",
            Self::AgeExceptionRead => "age_exception.read",
            Self::LinkRenew => "link.renew",
            Self::LinkForetell => "link.foretell",
            Self::LinkTurn => "link.turn",
            Self::SourceConfigure => "source.configure",
            Self::ProvisioningConfigure => "provisioning.configure",
            Self::ProvisioningWrite => "provisioning.write",
            Self::ProvisioningReconcile => "provisioning.reconcile",
            Self::AuditRead => "audit.read",
            Self::AuditExport => "audit.export",
        }
    }
}

/// What an entry is about. Ids only: no name, birth date, code or `sub` ever stands in the audit.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Subject {
    /// The patient record.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub patient: Option<PatientId>,
    /// The account.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<AccountId>,
    /// The link.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub link: Option<LinkId>,
    /// The invitation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub invitation: Option<InvitationId>,
    /// The client.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client: Option<ClientId>,
}

/// A link, with its account and its record.
impl From<&Link> for Subject {
    fn from(link: &Link) -> Self {
        Self {
            link: Some(link.id),
            account: Some(link.account),
            patient: Some(link.patient),
            ..Self::default()
        }
    }
}

/// An entry to be written.
#[derive(Debug, Clone, PartialEq)]
pub struct AuditEntry {
    /// Its id.
    pub id: AuditId,
    /// In whose chain.
    pub organization: OrganizationId,
    /// When it happened.
    pub at: DateTime<Utc>,
    /// Who did it.
    pub actor: Actor,
    /// What was done.
    pub action: Action,
    /// What it is about.
    pub subject: Subject,
    /// Particulars, such as a reason code or a count; an object.
    pub detail: serde_json::Value,
}

/// An entry in its place in the chain.
#[derive(Debug, Clone, PartialEq)]
pub struct ChainedEntry {
    /// Its place, from 1 on without gaps.
    pub seq: i64,
    /// The entry.
    pub entry: AuditEntry,
    /// The hash over the one before and this entry.
    pub hash: KeyedHash,
}

/// The end of an organization's chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChainEnd {
    /// The organization.
    pub organization: OrganizationId,
    /// How many entries the chain has.
    pub seq: i64,
    /// The hash of the last; zeros if there is none.
    pub last: [u8; 32],
    /// A hash over all of this, so that the end cannot be set back.
    pub hash: KeyedHash,
}

impl AuditEntry {
    /// Puts the entry behind the one with hash `previous`.
    pub fn chain(self, seq: i64, previous: &[u8; 32], vault: &dyn Vault) -> ChainedEntry {
        let hash = vault.keyed_hash(Purpose::Audit, &self.canonical(seq, previous));
        ChainedEntry { seq, entry: self, hash }
    }

    /// What is hashed: all members in a fixed order, as a JSON array, which leaves no doubt where one ends.
    fn canonical(&self, seq: i64, previous: &[u8; 32]) -> Vec<u8> {
        serde_json::json!([
            "entry",
            previous,
            self.organization,
            seq,
            self.id,
            self.at.timestamp_micros(),
            self.actor,
            self.action.as_str(),
            self.subject,
            self.detail,
        ])
        .to_string()
        .into_bytes()
    }
}

impl ChainedEntry {
    /// Whether the entry is what was written, behind the one with hash `previous`.
    pub fn is_authentic(&self, previous: &[u8; 32], vault: &dyn Vault) -> bool {
        vault.verify(Purpose::Audit, &self.entry.canonical(self.seq, previous), &self.hash)
    }
}

impl ChainEnd {
    /// The end of a chain of `seq` entries, the last of which has hash `last`.
    pub fn new(organization: OrganizationId, seq: i64, last: [u8; 32], vault: &dyn Vault) -> Self {
        let hash = vault.keyed_hash(Purpose::Audit, &Self::canonical(organization, seq, &last));
        Self { organization, seq, last, hash }
    }

    /// Whether this end is what was written.
    pub fn is_authentic(&self, vault: &dyn Vault) -> bool {
        vault.verify(Purpose::Audit, &Self::canonical(self.organization, self.seq, &self.last), &self.hash)
    }

    fn canonical(organization: OrganizationId, seq: i64, last: &[u8; 32]) -> Vec<u8> {
        serde_json::json!(["end", organization, seq, last]).to_string().into_bytes()
    }
}

/// What is wrong with a chain, and where.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ChainFault {
    /// The entry is not what was written, or the one before it is not.
    #[error("entry {0} was changed, or inserted")]
    Changed(i64),
    /// Entries are missing between two that are there.
    #[error("entries {first} to {last} were removed")]
    Removed {
        /// The first missing.
        first: i64,
        /// The last missing.
        last: i64,
    },
    /// Entries stand behind the end.
    #[error("entry {0} was inserted behind the end of the chain")]
    BehindEnd(i64),
    /// The end itself is not what was written, or is missing.
    #[error("the end of the chain was changed or removed")]
    EndChanged,
}

/// Checks a chain entry by entry, in memory that does not grow with it.
#[derive(Debug)]
pub struct ChainVerifier<'a> {
    vault: &'a dyn Vault,
    next: i64,
    previous: [u8; 32],
    faults: Vec<ChainFault>,
}

impl<'a> ChainVerifier<'a> {
    /// A verifier at the beginning of a chain.
    pub fn new(vault: &'a dyn Vault) -> Self {
        Self { vault, next: 1, previous: [0; 32], faults: Vec::new() }
    }

    /// Checks the next entry, in order of `seq`.
    pub fn check(&mut self, entry: &ChainedEntry) {
        if entry.seq > self.next {
            self.faults.push(ChainFault::Removed { first: self.next, last: entry.seq - 1 });
        } else if entry.seq < self.next || !entry.is_authentic(&self.previous, self.vault) {
            self.faults.push(ChainFault::Changed(entry.seq));
        }
        // Going on from what is stored finds each fault once, instead of blaming all that follows.
        self.previous = entry.hash.bytes;
        self.next = entry.seq.max(self.next - 1) + 1;
    }

    /// Checks the end and returns all faults, and how many entries were read. Even a chain without entries
    /// has an end, from the day its organization was added.
    pub fn finish(mut self, end: Option<&ChainEnd>) -> (i64, Vec<ChainFault>) {
        let read = self.next - 1;
        match end {
            Some(end) if end.is_authentic(self.vault) => {
                if read < end.seq {
                    self.faults.push(ChainFault::Removed { first: self.next, last: end.seq });
                } else if read > end.seq {
                    self.faults.push(ChainFault::BehindEnd(end.seq + 1));
                } else if self.previous != end.last {
                    self.faults.push(ChainFault::Changed(read));
                }
            }
            None | Some(_) => self.faults.push(ChainFault::EndChanged),
        }
        (read, self.faults)
    }
}
