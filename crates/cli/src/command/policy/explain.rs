use std::fmt::Write;

use kinlink_domain::{
    evidence::Fact,
    proofing::{Assurance, ProofingPolicy, explain, rules::Need, sufficient_for_link},
};

pub(super) const HELP: &str = "\
Evidence is one of:
  code:CHANNEL[:ADDRESS]    a redeemed code: in_person, post, phone or email; to an address that was none (default),
                            on_record or by_staff
  birth_date                the birth date on record was given
  document_seen:DOCUMENT    staff compared the person with a passport, driving_licence, identity_card,
                            residence_permit, insurance_card_with_photo or other_photo_id
  match[:BAND]              what the account claims of itself agrees with the record: certain (default) or review
  contact:CHANNEL           a code reached a contact on record and was entered: post, phone or email
  federated:iss=URL[,acr=…][,trust_framework=…][,assurance_level=…]
                            what the account's identity provider says

For example:
  kinlink policy explain --evidence document_seen:passport --evidence code:post:on_record";

/// What the facts are worth, in plain words.
pub(super) fn page(facts: &[Fact], policy: &ProofingPolicy) -> String {
    let explained = explain(facts, policy);
    let mut page = format!(
        "This evidence is worth {}: NIST SP 800-63A, and FHIR Person.link.assurance.\n",
        worth(explained.assurance)
    );
    let carries = if sufficient_for_link(facts) {
        "It can carry a link.\n"
    } else {
        "It makes no link: nothing that was given to the record's owner came back from the account.\n"
    };
    page.push_str(carries);
    page.push_str("\nBecause:\n");
    if explained.because.is_empty() {
        page.push_str("  no rule gives more for it\n");
    }
    for rule in &explained.because {
        let needs: Vec<_> = rule.needs.iter().map(|need| words(*need)).collect();
        // Writing to a String does not fail.
        let _ = writeln!(page, "  {}: {}", worth(rule.gives), needs.join("; "));
    }
    if !explained.raises.is_empty() {
        page.push_str("\nIt would be raised:\n");
    }
    for raise in &explained.raises {
        let missing: Vec<_> = raise.missing.iter().map(|need| words(*need)).collect();
        let _ = writeln!(page, "  to {}, if {}", worth(raise.to), missing.join(", and "));
    }
    page
}

fn worth(assurance: Assurance) -> String {
    format!("{}, {}", assurance.ial.as_str(), assurance.level.as_str())
}

fn words(need: Need) -> String {
    match need {
        Need::Code => "a code came back from the account".to_owned(),
        Need::ValidatedAddress => {
            "a code came back that went to an address on record, or validated by staff".to_owned()
        }
        Need::ContactOnRecord => "a code came back that went to a contact on record".to_owned(),
        Need::BirthDate => "the birth date on record was given".to_owned(),
        Need::Knowledge => "the birth date on record was given, or the demographics match".to_owned(),
        Need::CertainMatch => "the demographics match beyond doubt".to_owned(),
        Need::AnyDocument => "staff saw a document".to_owned(),
        Need::Documents => "staff saw documents that `proofing.documents` finds enough".to_owned(),
        Need::Federated(ial) => {
            format!("an identity provider's word counts as {} by `proofing.federated`", ial.as_str())
        }
        Need::Allowed(switch) => format!("`{}` is true", switch.member()),
    }
}
