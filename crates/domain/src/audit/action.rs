use serde::{Deserialize, Serialize};

macro_rules! actions {
    ($($(#[$doc:meta])* $name:ident = $word:literal;)*) => {
        /// What was done.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
        pub enum Action {
            $($(#[$doc])* #[serde(rename = $word)] $name,)*
        }

        impl Action {
            /// The word used in storage and JSON, for example `link.create`.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$name => $word,)* }
            }
        }
    };
}

actions! {
    /// An organization was added or changed.
    OrganizationConfigure = "organization.configure";
    /// Trust in an identity provider was added or changed.
    IssuerConfigure = "issuer.configure";
    /// A client was registered, changed, disabled, or got a new key.
    ClientConfigure = "client.configure";
    /// A batch of patient records was imported.
    PatientImport = "patient.import";
    /// Staff saw who a patient record is about.
    PatientRead = "patient.read";
    /// Records were sought by a person's demographics, and those found were read.
    PatientMatch = "patient.match";
    /// An invitation was issued.
    InvitationIssue = "invitation.issue";
    /// An invitation was read.
    InvitationRead = "invitation.read";
    /// Invitations were listed.
    InvitationList = "invitation.list";
    /// An invitation was revoked.
    InvitationRevoke = "invitation.revoke";
    /// An invitation was redeemed.
    InvitationRedeem = "invitation.redeem";
    /// A try to redeem an invitation was refused.
    InvitationRefuse = "invitation.refuse";
    /// A link was made.
    LinkCreate = "link.create";
    /// A link was read.
    LinkRead = "link.read";
    /// Staff or an operator asked what a login opens, and why.
    AccountRead = "account.read";
    /// Links were looked up; counted per client, account and minute.
    LinkLookup = "link.lookup";
    /// A link was ended.
    LinkRevoke = "link.revoke";
    /// A link became worth more or less by its evidence.
    LinkReassess = "link.reassess";
    /// A new authenticator was shown to its owner.
    TotpEnrol = "totp.enrol";
    /// A new authenticator was confirmed.
    TotpConfirm = "totp.confirm";
    /// A code of an authenticator, or a recovery code, was accepted.
    TotpVerify = "totp.verify";
    /// A code of an authenticator, or a recovery code, was refused.
    TotpRefuse = "totp.refuse";
    /// Staff reset an authenticator.
    TotpReset = "totp.reset";
    /// A claim was submitted.
    ClaimSubmit = "claim.submit";
    /// A claim was matched, and what follows was decided.
    ClaimProcess = "claim.process";
    /// The code of a claim was entered.
    ClaimConfirm = "claim.confirm";
    /// A try to confirm a claim was refused.
    ClaimRefuse = "claim.refuse";
    /// A claim was cut off with the link that its account should not have had.
    ClaimCutOff = "claim.cut_off";
    /// A claim was withdrawn.
    ClaimWithdraw = "claim.withdraw";
    /// Reviews were listed.
    ReviewList = "review.list";
    /// A review was read, with the data of a person and of the candidates.
    ReviewRead = "review.read";
    /// A reviewer approved.
    ReviewApprove = "review.approve";
    /// A reviewer asked for more.
    ReviewAsk = "review.ask";
    /// A reviewer declined.
    ReviewDecline = "review.decline";
    /// A link whose record was merged, or is one of its own again, opens another record.
    LinkMove = "link.move";
    /// A link that was ended along with others was opened again.
    LinkReopen = "link.reopen";
    /// What an ending would touch was looked at.
    EndingPreview = "ending.preview";
    /// Every access to a record, or of an account, was ended.
    EndingEnd = "ending.end";
    /// An ending was undone.
    EndingUndo = "ending.undo";
    /// An ending was read.
    EndingRead = "ending.read";
    /// Endings were listed.
    EndingList = "ending.list";
    /// A report was read.
    ReportRead = "report.read";
    /// The contacts on record were told that a link was made.
    LinkNotify = "link.notify";
    /// A link was suspended.
    LinkSuspend = "link.suspend";
    /// A link's suspension was lifted.
    LinkReinstate = "link.reinstate";
    /// A contact on record said that a link is not the patient's.
    DisputeOpen = "dispute.open";
    /// A dispute was read.
    DisputeRead = "dispute.read";
    /// Disputes were listed.
    DisputeList = "dispute.list";
    /// A dispute was found right, and its link ended.
    DisputeUphold = "dispute.uphold";
    /// A dispute was found wrong, and its link opened again.
    DisputeDismiss = "dispute.dismiss";
    /// Evidence was added to a link.
    EvidenceAdd = "evidence.add";
    /// Evidence of a link was withdrawn.
    EvidenceWithdraw = "evidence.withdraw";
    /// A person picked which record an app gets.
    LinkPick = "link.pick";
    /// A patient offered somebody to act for them.
    GrantOffer = "grant.offer";
    /// A grant was accepted, or made at once, and its link made.
    GrantAccept = "grant.accept";
    /// A try to accept a grant was refused.
    GrantRefuse = "grant.refuse";
    /// An offer was declined.
    GrantDecline = "grant.decline";
    /// An offer was taken back.
    GrantWithdraw = "grant.withdraw";
    /// A grant ended with its link.
    GrantEnd = "grant.end";
    /// A grant was prolonged by new papers.
    GrantRenew = "grant.renew";
    /// Grants were read.
    GrantRead = "grant.read";
    /// Somebody asked to act for a person.
    RequestSubmit = "access_request.submit";
    /// An access request was matched.
    RequestProcess = "access_request.process";
    /// Access requests were read.
    RequestRead = "access_request.read";
    /// An access request was agreed to.
    RequestApprove = "access_request.approve";
    /// An access request was declined.
    RequestDecline = "access_request.decline";
    /// An access request was taken back.
    RequestWithdraw = "access_request.withdraw";
    /// A bar was recorded.
    BarRecord = "bar.record";
    /// A bar was lifted.
    BarLift = "bar.lift";
    /// The bars of a record were read.
    BarRead = "bar.read";
    /// An exception from the age rules was recorded.
    AgeExceptionRecord = "age_exception.record";
    /// An exception from the age rules was ended.
    AgeExceptionEnd = "age_exception.end";
    /// An exception from the age rules was read.
    AgeExceptionRead = "age_exception.read";
    /// A link is over at another moment than before.
    LinkRenew = "link.renew";
    /// It was told that a link will narrow or end.
    LinkForetell = "link.foretell";
    /// The clock changed what a link gives.
    LinkTurn = "link.turn";
    /// A FHIR server that is followed was added, changed or removed.
    SourceConfigure = "source.configure";
    /// A server whose users carry attributes was added, changed or removed.
    ProvisioningConfigure = "provisioning.configure";
    /// The attributes of an account's user were written or taken away.
    ProvisioningWrite = "provisioning.write";
    /// All attributes at a server were asked to be compared, or were.
    ProvisioningReconcile = "provisioning.reconcile";
    /// New keys to sign with follow the old ones, since an operator asked for it.
    SigningKeysRotate = "signing_keys.rotate";
    /// What old keys had sealed was sealed anew.
    KeysReseal = "keys.reseal";
    /// The audit was read.
    AuditRead = "audit.read";
    /// The audit was exported.
    AuditExport = "audit.export";
}
