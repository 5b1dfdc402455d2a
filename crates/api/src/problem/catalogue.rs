use std::fmt::Write;

use serde::{Serialize, Serializer};

/// Where the types are named; each page of `docs/errors.md` is one.
const BASE: &str = "https://kinlink.dev/problems/";

macro_rules! catalogue {
    ($($(#[doc = $doc:literal])+ $variant:ident $status:literal $name:literal $title:literal;)*) => {
        /// Every type of problem that this API answers with.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum ProblemType {
            $($(#[doc = $doc])+ $variant,)*
        }

        impl ProblemType {
            /// Every type.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The last part of its URI.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            /// Its HTTP status.
            pub const fn status(self) -> u16 {
                match self { $(Self::$variant => $status,)* }
            }

            /// What it is.
            pub const fn title(self) -> &'static str {
                match self { $(Self::$variant => $title,)* }
            }

            const fn explanation(self) -> &'static str {
                match self { $(Self::$variant => concat!($($doc,)+),)* }
            }
        }
    };
}

catalogue! {
    /// The body is not JSON, or not of the documented form. `errors` names the members, as far as they are known.
    MalformedBody 400 "malformed-body" "The request's body cannot be read";
    /// A path or query parameter is not of the documented form, or not known.
    MalformedParameter 400 "malformed-parameter" "A parameter of the request cannot be read";
    /// The `Idempotency-Key` is not 1 to 64 visible ASCII characters.
    MalformedIdempotencyKey 400 "malformed-idempotency-key" "The Idempotency-Key cannot be read";
    /// No credential was sent, or one that is not valid. `detail` holds a word that says what is wrong with a token.
    Unauthenticated 401 "unauthenticated" "Who calls is not known";
    /// The act wants more proof than the token gives (RFC 9470): a code of the authenticator app given with this token, or a login that is more recent or of another class. `detail` says what helps; so does `WWW-Authenticate`.
    StepUpRequired 401 "step-up-required" "More proof of who acts is needed";
    /// The caller is known and may not do this.
    Forbidden 403 "forbidden" "The caller may not do this";
    /// The staff user has no role at the organization that the request names.
    NotYourOrganization 403 "not-your-organization" "The caller has no role at this organization";
    /// The code is right, but the organization does not accept logins of the caller's identity provider.
    IssuerNotTrusted 403 "issuer-not-trusted" "Logins of this identity provider are not accepted here";
    /// The authenticator took a hundred wrong tries in a row. Staff can reset it.
    AuthenticatorDisabled 403 "authenticator-disabled" "The authenticator is disabled";
    /// There is nothing at this address, or nothing that the caller may see.
    NotFound 404 "not-found" "There is nothing here";
    /// The address exists, but not for this method. `Allow` names those that it has.
    MethodNotAllowed 405 "method-not-allowed" "The method is not allowed here";
    /// The caller takes no form of answer that there is; FHIR is answered as JSON of R4.
    NotAcceptable 406 "not-acceptable" "No answer of the wanted form can be given";
    /// The request did not arrive in time.
    RequestTimeout 408 "request-timeout" "The request did not arrive in time";
    /// The invitation was redeemed or revoked before.
    InvitationClosed 409 "invitation-closed" "The invitation cannot be changed any more";
    /// The link was ended before.
    LinkEnded 409 "link-ended" "The link was ended before";
    /// The account has no authenticator that is confirmed; or, where one is to be confirmed, none was enrolled in the last 15 minutes.
    AuthenticatorMissing 409 "authenticator-missing" "There is no such authenticator";
    /// The claim was linked or withdrawn before, its time is over, or too many wrong codes were entered.
    ClaimClosed 409 "claim-closed" "The claim cannot be changed any more";
    /// The review was decided before, or its claim is closed.
    ReviewClosed 409 "review-closed" "The review cannot be decided any more";
    /// The organization wants two reviewers to agree here, and the caller was the first.
    SecondReviewerNeeded 409 "second-reviewer-needed" "Another reviewer has to agree";
    /// The first reviewer picked another record.
    ReviewersDisagree 409 "reviewers-disagree" "The reviewers picked different records";
    /// The link is suspended already.
    LinkSuspended 409 "link-suspended" "The link is suspended already";
    /// The link is not suspended, so there is nothing to lift.
    LinkNotSuspended 409 "link-not-suspended" "The link is not suspended";
    /// A dispute about the link is open; whoever decides it lifts the suspension or ends the link.
    DisputeOpen 409 "dispute-open" "A dispute about the link is open";
    /// The dispute was decided before.
    DisputeDecided 409 "dispute-decided" "The dispute was decided before";
    /// What would be ended is not what was confirmed by its digest. `preview` holds what would be ended now; nothing was.
    EndingChanged 409 "ending-changed" "Something else would be ended now";
    /// There is no link, invitation or claim to end.
    NothingToEnd 409 "nothing-to-end" "There is nothing to end";
    /// The ending was undone before.
    EndingUndone 409 "ending-undone" "The ending was undone before";
    /// The time in which the ending could be undone is over.
    UndoTooLate 409 "undo-too-late" "The ending cannot be undone any more";
    /// Whoever ended every access cannot take it back: another person has to.
    SecondPersonNeeded 409 "second-person-needed" "Another person has to undo it";
    /// The grant is not in a state for this: it was accepted, declined, taken back or ended before, or its time is over.
    GrantClosed 409 "grant-closed" "The grant cannot be changed any more";
    /// The caller's link opens nothing now, so nothing of it can be given to others.
    LinkNotLive 409 "link-not-live" "The link opens nothing now";
    /// The record is the caller's own: nobody is a proxy of themselves.
    OwnRecord 409 "own-record" "The record is the caller's own";
    /// The code is for the patient's own account, and this account acts for the patient, or did. If it is the patient's, staff end what it has as a proxy, as a mistake of theirs.
    ActsForPatient 409 "acts-for-patient" "The account acts for this patient";
    /// As many people as the organization allows act for this patient already, or the account acts for as many patients.
    TooManyProxies 409 "too-many-proxies" "There are as many proxies as are allowed";
    /// Whoever asked cannot be given access to this record. Staff are told why.
    ProxyNotPossible 409 "proxy-not-possible" "This person cannot be given access";
    /// The access request was decided or taken back before, or its time is over.
    RequestClosed 409 "request-closed" "The access request cannot be decided any more";
    /// The bar was lifted before.
    BarLifted 409 "bar-lifted" "The bar was lifted before";
    /// The evidence was withdrawn before.
    EvidenceWithdrawn 409 "evidence-withdrawn" "The evidence was withdrawn before";
    /// A client has at most ten event streams and webhooks.
    TooManyStreams 409 "too-many-streams" "The client has too many streams";
    /// Somebody else changed the same thing at the same time.
    Conflict 409 "conflict" "The request stands against another one";
    /// The time in which the notice could be answered with "this was not me" is over. The organization can still look into it.
    DisputeTokenExpired 410 "dispute-token-expired" "The link in the notice has expired";
    /// The question which record is meant was answered before, or its time is over.
    PickerClosed 410 "picker-closed" "The question cannot be answered any more";
    /// The body is longer than allowed.
    BodyTooLarge 413 "body-too-large" "The request's body is too large";
    /// The body is not declared as `application/json`.
    UnsupportedMediaType 415 "unsupported-media-type" "The request's media type is not supported";
    /// The body is of the documented form, but a member's value is not allowed. `errors` says which.
    InvalidMember 422 "invalid-member" "A member of the request is not valid";
    /// No code looks like this: its length, its characters or its check symbol are wrong. Nothing was looked up and no try was counted.
    CodeMistyped 422 "code-mistyped" "The code is mistyped";
    /// The code, or the birth date given with it, is not accepted: wrong, used, revoked, locked or expired. Which of these, nobody is told.
    CodeNotAccepted 422 "code-not-accepted" "The code is not accepted";
    /// The code is right so far; the birth date on record must be given too.
    BirthDateNeeded 422 "birth-date-needed" "The birth date is needed too";
    /// The account has an authenticator; to enrol another one, a code of it or a recovery code must be given.
    AuthenticatorCodeNeeded 422 "authenticator-code-needed" "A code of the present authenticator is needed";
    /// The code of the authenticator app, or the recovery code, is wrong, of another time, or was used before. Which of these, nobody is told.
    AuthenticatorCodeNotAccepted 422 "authenticator-code-not-accepted" "The code is not accepted";
    /// No patient record of the organization has this id or identifier.
    PatientNotFound 422 "patient-not-found" "No such patient at this organization";
    /// What the person gave could be anybody's. `errors` says what more would help. Nothing was looked up.
    InputTooThin 422 "input-too-thin" "What was given is not enough to be found by";
    /// A code is handed only to a person whom a document was compared with, and emailed for a minor, for an account that acts for the patient, or for one whose link was ended for cause only if a document was seen: name it.
    ProofNeeded 422 "proof-needed" "A document must have been seen";
    /// Nobody is given access for another person unless a paper was seen that shows why: name the paper.
    RelationshipNotShown 422 "relationship-not-shown" "A paper that shows the relationship must have been seen";
    /// Several patient records have this identifier; name one by its id.
    PatientAmbiguous 422 "patient-ambiguous" "Several patients have this identifier";
    /// The record is inactive, merged into another, or its patient is deceased.
    RecordNotInvitable 422 "record-not-invitable" "Nobody can be invited to this record";
    /// A birth date is to be asked for, but the record has none that is complete.
    ChallengeImpossible 422 "challenge-impossible" "The record has no complete birth date to ask for";
    /// A code is to be sent, but the record has no contact for that channel: no email address, no mobile number, or no name with a postal address.
    NoContact 422 "no-contact" "The record has no contact for this channel";
    /// Kinlink is to send a code by a channel that this installation has no service for.
    ChannelNotSendable 422 "channel-not-sendable" "Kinlink cannot send codes by this channel here";
    /// Kinlink did not write this "this was not me" link, or what it names is gone.
    DisputeTokenNotAccepted 422 "dispute-token-not-accepted" "The link in the notice is not accepted";
    /// The email address is not on the patient's record, and nobody says that it was validated.
    ContactNotOnRecord 422 "contact-not-on-record" "The email address is not on the patient's record";
    /// Nothing that the token says of how its user was identified counts by the organization's policy, or it speaks of another person.
    AssuranceNotRecognized 422 "assurance-not-recognized" "The identity provider's word does not count here";
    /// The same `Idempotency-Key` came with another body before.
    IdempotencyKeyReused 422 "idempotency-key-reused" "The Idempotency-Key was used for another request";
    /// Too many wrong tries by this account or from this address. `retry_after` says how long to wait.
    TooManyAttempts 429 "too-many-attempts" "Too many wrong tries";
    /// Too many claims by this account or from this address. `retry_after` says how long to wait.
    TooManyClaims 429 "too-many-claims" "Too many claims";
    /// The client has no connection to an organization's records, or several and names none.
    ConnectionUnclear 422 "connection-unclear" "Which connection is meant is not clear";
    /// A verification or test event was asked for less than ten seconds ago.
    TooManyVerifications 429 "too-many-verifications" "Verification is asked for too often";
    /// Too many offers by this account, or too many access requests by it or from this address. `retry_after` says how long to wait.
    TooManyRequests 429 "too-many-requests" "Too many offers or requests";
    /// Something is wrong with Kinlink. The request id leads to the log.
    Internal 500 "internal" "Something is wrong here";
    /// The database or the identity provider does not answer. Nothing was decided; the same request may succeed later.
    Unavailable 503 "unavailable" "The service cannot answer just now";
}

impl ProblemType {
    /// Its URI.
    pub fn uri(self) -> String {
        format!("{BASE}{}", self.name())
    }
}

impl Serialize for ProblemType {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.uri())
    }
}

/// The catalogue as a page for people: `docs/errors.md`.
pub fn catalogue_markdown() -> String {
    let mut page = String::from(
        "# Problems\n\n\
         Every refusal is a problem of RFC 9457, sent as `application/problem+json`. `type` is stable; \
         `title` and `detail` are for people and may change. This page is written from\n\
         `crates/api/src/problem/catalogue.rs`.\n\n\
         | status | type | when |\n| --- | --- | --- |\n",
    );
    for kind in ProblemType::ALL {
        // Writing to a String does not fail.
        let _ = writeln!(page, "| {} | `{}` | {} |", kind.status(), kind.uri(), kind.explanation().trim());
    }
    page
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_of_errors_is_what_the_catalogue_says() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/errors.md");
        if std::env::var_os("KINLINK_UPDATE").is_some() {
            std::fs::write(path, catalogue_markdown()).unwrap();
        }
        let page = std::fs::read_to_string(path).unwrap();
        assert!(page == catalogue_markdown(), "docs/errors.md is stale: run KINLINK_UPDATE=1 ./test");
    }

    #[test]
    fn no_two_problems_share_a_type() {
        let names: std::collections::HashSet<_> = ProblemType::ALL.iter().map(|kind| kind.name()).collect();
        assert_eq!(names.len(), ProblemType::ALL.len());
    }
}
