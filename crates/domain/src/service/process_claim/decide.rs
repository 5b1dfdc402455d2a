use crate::{comparison::Band, review::ReviewReason};

/// What is to be done about a claim.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decision {
    /// A code goes to a contact on record.
    Confirm,
    /// A link, without a code.
    Link,
    /// Somebody has to look.
    Review(Vec<ReviewReason>),
    /// Every access to the record was ended since the claim was submitted.
    CutOff,
    /// Nobody on record is this person.
    Decline,
}

impl Decision {
    /// One word, for the metrics.
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Confirm => "confirm",
            Self::Link => "link",
            Self::Review(_) => "review",
            Self::CutOff => "cut_off",
            Self::Decline => "decline",
        }
    }
}

/// What speaks against a record that is this person's beyond doubt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own, and any of them may hold")]
pub struct RecordState {
    /// The record is in use.
    pub active: bool,
    /// It was merged into another.
    pub merged: bool,
    /// Its patient is deceased.
    pub deceased: bool,
    /// It has a contact that a code can go to.
    pub has_contact: bool,
    /// Its contacts were changed lately.
    pub contact_changed: bool,
    /// Another account opens it as the patient.
    pub linked_to_another: bool,
    /// A link to it is disputed.
    pub disputed: bool,
    /// Its patient is a minor, or may be.
    pub minor: bool,
    /// A link of this account to it was ended because the account should not have had it.
    pub ended_before: bool,
    /// This account acts for its patient, or did.
    pub acts_for_patient: bool,
    /// Every access to it was ended since the claim was submitted.
    pub access_ended: bool,
    /// No more codes may go to it today.
    pub codes_exhausted: bool,
}

impl RecordState {
    /// Why somebody has to look; `trusted` needs no code, and so no contact.
    fn reasons(self, trusted: bool) -> Vec<ReviewReason> {
        let by_code = !trusted;
        [
            (!self.active, ReviewReason::Inactive),
            (self.merged, ReviewReason::Merged),
            (self.deceased, ReviewReason::Deceased),
            (self.linked_to_another, ReviewReason::LinkedToAnother),
            (self.disputed, ReviewReason::Disputed),
            (self.minor, ReviewReason::Minor),
            (self.ended_before, ReviewReason::EndedBefore),
            (self.acts_for_patient, ReviewReason::ActsForPatient),
            (by_code && !self.has_contact, ReviewReason::NoContact),
            (by_code && self.contact_changed, ReviewReason::ContactChanged),
            (by_code && self.codes_exhausted, ReviewReason::TooManyCodes),
        ]
        .into_iter()
        .filter_map(|(holds, reason)| holds.then_some(reason))
        .collect()
    }
}

/// Decides. `best` is the state of the best candidate's record; `trusted` says that a client vouches for the person
/// and that policy takes its word.
pub fn decide(band: Band, crowded: bool, best: Option<&RecordState>, trusted: bool) -> Decision {
    let crowded = crowded.then_some(ReviewReason::Crowded);
    match (band, best) {
        // As an ending does with every claim that it can tell to be about its record.
        (Band::Certain | Band::Review, Some(state)) if state.access_ended => Decision::CutOff,
        (Band::Certain, Some(state)) => {
            let mut reasons = state.reasons(trusted);
            reasons.extend(crowded);
            match (reasons.is_empty(), trusted) {
                (false, _) => Decision::Review(reasons),
                (true, true) => Decision::Link,
                (true, false) => Decision::Confirm,
            }
        }
        (Band::Review, _) | (Band::Certain, None) => {
            // Whoever looks is to know what speaks against the record that they will most likely pick; that no code
            // could go to it matters once they have.
            let known = best.map(|state| state.reasons(true)).unwrap_or_default();
            let reasons = std::iter::once(ReviewReason::Ambiguous).chain(known).chain(crowded);
            Decision::Review(reasons.collect())
        }
        (Band::None, _) => match crowded {
            Some(crowded) => Decision::Review(vec![crowded]),
            None => Decision::Decline,
        },
    }
}

#[cfg(test)]
mod tests {
    use ReviewReason::{
        ActsForPatient, Ambiguous, ContactChanged, Crowded, Deceased, Disputed, EndedBefore, Inactive,
        LinkedToAnother, Merged, Minor, NoContact, TooManyCodes,
    };

    use super::*;

    const FINE: RecordState = RecordState {
        active: true,
        merged: false,
        deceased: false,
        has_contact: true,
        contact_changed: false,
        linked_to_another: false,
        disputed: false,
        minor: false,
        ended_before: false,
        acts_for_patient: false,
        access_ended: false,
        codes_exhausted: false,
    };

    #[test]
    fn a_certain_match_is_confirmed_and_anything_that_speaks_against_it_is_looked_at() {
        let review = |reason| Decision::Review(vec![reason]);
        for (state, by_code, by_trust) in [
            (FINE, Decision::Confirm, Decision::Link),
            (RecordState { active: false, ..FINE }, review(Inactive), review(Inactive)),
            (RecordState { merged: true, ..FINE }, review(Merged), review(Merged)),
            (RecordState { deceased: true, ..FINE }, review(Deceased), review(Deceased)),
            (
                RecordState { linked_to_another: true, ..FINE },
                review(LinkedToAnother),
                review(LinkedToAnother),
            ),
            (RecordState { disputed: true, ..FINE }, review(Disputed), review(Disputed)),
            (RecordState { minor: true, ..FINE }, review(Minor), review(Minor)),
            (RecordState { ended_before: true, ..FINE }, review(EndedBefore), review(EndedBefore)),
            (RecordState { acts_for_patient: true, ..FINE }, review(ActsForPatient), review(ActsForPatient)),
            (RecordState { access_ended: true, ..FINE }, Decision::CutOff, Decision::CutOff),
            (RecordState { has_contact: false, ..FINE }, review(NoContact), Decision::Link),
            (RecordState { contact_changed: true, ..FINE }, review(ContactChanged), Decision::Link),
            (RecordState { codes_exhausted: true, ..FINE }, review(TooManyCodes), Decision::Link),
        ] {
            assert_eq!(decide(Band::Certain, false, Some(&state), false), by_code, "{state:?}");
            assert_eq!(decide(Band::Certain, false, Some(&state), true), by_trust, "{state:?}");
        }
        let all = RecordState { active: false, deceased: true, has_contact: false, ..FINE };
        let reasons = vec![Inactive, Deceased, NoContact, Crowded];
        assert_eq!(decide(Band::Certain, true, Some(&all), false), Decision::Review(reasons));
    }

    #[test]
    fn whoever_looks_at_a_doubtful_match_sees_what_speaks_against_its_best_record() {
        let state = RecordState { minor: true, linked_to_another: true, has_contact: false, ..FINE };
        let reasons = vec![Ambiguous, LinkedToAnother, Minor];
        for trusted in [false, true] {
            let decision = Decision::Review(reasons.clone());
            assert_eq!(decide(Band::Review, false, Some(&state), trusted), decision);
            let ended = RecordState { access_ended: true, ..state };
            assert_eq!(decide(Band::Review, false, Some(&ended), trusted), Decision::CutOff);
            assert_eq!(
                decide(Band::None, false, Some(&ended), trusted),
                Decision::Decline,
                "of somebody else"
            );
        }
    }

    #[test]
    fn what_is_not_certain_is_never_confirmed_nor_linked_whoever_vouches() {
        for trusted in [false, true] {
            for state in [None, Some(&FINE)] {
                assert_eq!(decide(Band::Review, false, state, trusted), Decision::Review(vec![Ambiguous]));
                let both = Decision::Review(vec![Ambiguous, Crowded]);
                assert_eq!(decide(Band::Review, true, state, trusted), both);
                assert_eq!(decide(Band::None, false, state, trusted), Decision::Decline);
                assert_eq!(decide(Band::None, true, state, trusted), Decision::Review(vec![Crowded]));
            }
            assert_eq!(decide(Band::Certain, true, Some(&FINE), trusted), Decision::Review(vec![Crowded]));
        }
    }
}
