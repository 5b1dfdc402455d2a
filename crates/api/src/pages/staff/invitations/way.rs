//! The ways that a code can take to a person, as staff choose among them, and what the record says of each.

use kinlink_domain::{
    invitation::{Channel, Invitation},
    organization::Organization,
    patient::PatientRecord,
    policy::ContactPolicy,
    postal::PostalAddress,
    service::Outlets,
    store::{StoreError, UnitOfWork},
};

/// A way to choose.
#[derive(Clone, Copy)]
pub(in crate::pages::staff) struct Way {
    /// What the form sends.
    pub(in crate::pages::staff) word: &'static str,
    /// What stands in a list that has little room.
    pub(in crate::pages::staff) short: &'static str,
    pub(in crate::pages::staff) label: &'static str,
    pub(in crate::pages::staff) channel: Channel,
    /// Whether Kinlink sends the code, so that staff do not see it.
    pub(in crate::pages::staff) send: bool,
}

const fn way(channel: Channel, send: bool, [word, short, label]: [&'static str; 3]) -> Way {
    Way { word, short, label, channel, send }
}

const WAYS: [Way; 6] = [
    way(Channel::InPerson, false, ["in_person", "Handed over now", "I hand it over now"]),
    way(
        Channel::Post,
        false,
        ["post", "By post: I print the letter", "I print the letter and post it, to the address on record"],
    ),
    way(
        Channel::Post,
        true,
        [
            "post_sent",
            "By post: Kinlink sends it",
            "Kinlink has the letter printed and posted, to the address on record; I do not see the code",
        ],
    ),
    way(
        Channel::Phone,
        false,
        ["phone", "By telephone: I call", "I read it out, calling the number on record"],
    ),
    way(
        Channel::Phone,
        true,
        [
            "phone_sent",
            "By text message: Kinlink sends it",
            "Kinlink sends it as a text message, to the mobile number on record; I do not see the code",
        ],
    ),
    way(Channel::Email, false, ["email", "By email", "Kinlink emails it; I do not see the code"]),
];

/// The ways that this installation has.
pub(in crate::pages::staff) fn ways(outlets: Outlets) -> impl Iterator<Item = Way> {
    WAYS.into_iter().filter(move |way| match (way.channel, way.send) {
        (Channel::Post, true) => outlets.letters,
        (Channel::Phone, true) => outlets.texts,
        _ => true,
    })
}

/// The way that a form says, if it is one.
pub(in crate::pages::staff) fn chosen(word: &str) -> Option<Way> {
    WAYS.into_iter().find(|way| way.word == word)
}

/// A way in a form, with what the record says of it.
pub(in crate::pages::staff) struct Choice {
    pub(in crate::pages::staff) word: &'static str,
    pub(in crate::pages::staff) label: &'static str,
    pub(in crate::pages::staff) reach: Option<String>,
}

/// The ways of a form about this record, or about one that is not named yet.
pub(in crate::pages::staff) fn choices(
    ways: impl Iterator<Item = Way>,
    reach: Option<&Reach>,
) -> Vec<Choice> {
    let choice = |way: Way| Choice {
        word: way.word,
        label: way.label,
        reach: reach.and_then(|reach| reach.says_of(way)),
    };
    ways.map(choice).collect()
}

/// Where a record says that its person can be reached: the whole address, which a letter shows, and of numbers their
/// ends, by which staff see that they call the right one.
pub(in crate::pages::staff) struct Reach {
    pub(in crate::pages::staff) address: Option<PostalAddress>,
    calls: Vec<String>,
    text: Option<String>,
}

impl Reach {
    pub(in crate::pages::staff) fn new(patient: &PatientRecord, policy: &ContactPolicy) -> Self {
        let demographics = &patient.record.demographics;
        let numbers = demographics.text_numbers(policy.phone_region);
        let mut calls: Vec<_> = demographics.telephones().into_iter().filter_map(end_of).collect();
        calls.dedup();
        Self {
            address: PostalAddress::on_record(demographics, policy.paper),
            calls,
            text: numbers.first().and_then(|number| end_of(number.as_str())),
        }
    }

    /// Where the record that an invitation is for can be reached.
    pub(in crate::pages::staff) async fn of(
        unit: &mut dyn UnitOfWork,
        organization: &Organization,
        invitation: &Invitation,
    ) -> Result<Option<Self>, StoreError> {
        let patient = unit.patient_by_id(organization.id, invitation.patient).await?;
        Ok(patient.map(|patient| Self::new(&patient, &organization.policy.contact)))
    }

    /// The number to call, by its end.
    pub(in crate::pages::staff) fn call(&self) -> Option<String> {
        (!self.calls.is_empty()).then(|| self.calls.join(" or "))
    }

    /// The number that takes text messages, by its end.
    pub(in crate::pages::staff) fn text(&self) -> Option<&str> {
        self.text.as_deref()
    }

    fn says_of(&self, way: Way) -> Option<String> {
        let number = |end: Option<&str>, none: &str| {
            end.map_or_else(|| none.to_owned(), |end| format!("The number ends in {end}"))
        };
        match (way.channel, way.send) {
            (Channel::InPerson | Channel::Email, _) => None,
            (Channel::Post, send) => Some(match (&self.address, send) {
                (Some(to), _) => one_line(to),
                (None, true) => "No name with an address is on record".to_owned(),
                (None, false) => {
                    "No name with an address is on record: the letter’s window is left empty".to_owned()
                }
            }),
            (Channel::Phone, false) => Some(number(self.call().as_deref(), "No number is on record")),
            (Channel::Phone, true) => Some(number(self.text(), "No mobile number is on record")),
        }
    }
}

fn one_line(to: &PostalAddress) -> String {
    let parts = std::iter::once(&to.name).chain(&to.lines);
    parts.map(String::as_str).collect::<Vec<_>>().join(", ")
}

/// The last three digits of a number.
fn end_of(number: &str) -> Option<String> {
    let digits: Vec<_> = number.chars().filter(char::is_ascii_digit).collect();
    digits.last_chunk::<3>().map(|end| end.iter().collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(outlets: Outlets) -> Vec<&'static str> {
        ways(outlets).map(|way| way.word).collect()
    }

    #[test]
    fn kinlink_is_only_offered_to_send_what_it_can() {
        let by_staff = ["in_person", "post", "phone", "email"];
        assert_eq!(words(Outlets::default()), by_staff);
        let texts = words(Outlets { texts: true, letters: false });
        assert!(texts.contains(&"phone_sent") && !texts.contains(&"post_sent"));
        let letters = words(Outlets { texts: false, letters: true });
        assert!(letters.contains(&"post_sent") && !letters.contains(&"phone_sent"));
    }

    #[test]
    fn of_a_number_only_its_end_is_told() {
        assert_eq!(end_of("+1 (617) 555-0123").as_deref(), Some("123"));
        assert_eq!(end_of("12"), None);
    }
}
