//! A person as the matcher sees one: every name, address and contact in one way of writing.

use kinlink_domain::demographics::{ContactSystem, Demographics, Gender, HumanName};

use crate::{
    BirthDate, PhoneRegion, identifier_key,
    normalise::{
        address::Place,
        contact,
        name::Name,
        placeholder::{is_made_up, is_placeholder},
        text::fold,
    },
};

/// The most names, addresses, contacts and identifiers of each kind that are compared; a record with more is
/// compared by its first ones.
const MOST: usize = 8;

/// A person, prepared for comparison. Prepare once, compare often.
#[derive(Clone, Default, PartialEq)]
pub struct Person {
    pub(crate) names: Vec<Name>,
    pub(crate) birth: Option<BirthDate>,
    /// The digits of the birth date, by which its frequency is found.
    pub(crate) birth_text: String,
    pub(crate) sex: Option<Sex>,
    pub(crate) places: Vec<Place>,
    pub(crate) phones: Vec<String>,
    pub(crate) emails: Vec<String>,
    pub(crate) identifiers: Vec<Identifier>,
}

/// Shows nothing: none of it may reach a log.
impl std::fmt::Debug for Person {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Person(…)")
    }
}

/// Administrative sex, where it tells anything. *Other* tells nothing: records say it for want of a better word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sex {
    /// Female.
    Female,
    /// Male.
    Male,
}

/// An identifier by its [`identifier_key`].
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Identifier {
    pub(crate) key: Vec<u8>,
    /// Where the value begins; what comes before is the naming system.
    value_at: usize,
}

impl Identifier {
    pub(crate) fn system(&self) -> &[u8] {
        &self.key[..self.value_at]
    }

    pub(crate) fn value(&self) -> &[u8] {
        &self.key[self.value_at..]
    }
}

impl Person {
    /// Whether neither street nor telephone, email or identifier is known: what is left is often not enough for
    /// the keys that serve others.
    pub(crate) fn is_thin(&self) -> bool {
        let contacts = self.phones.len() + self.emails.len() + self.identifiers.len();
        contacts == 0 && self.places.iter().all(|place| place.street.is_empty())
    }

    /// A person of FHIR demographics, telephone numbers without a country code taken for North American.
    pub fn of(demographics: &Demographics) -> Self {
        Self::in_region(demographics, PhoneRegion::default())
    }

    /// A person of FHIR demographics, telephone numbers without a country code dialled from `region`.
    pub fn in_region(demographics: &Demographics, region: PhoneRegion) -> Self {
        let mut builder = PersonBuilder::in_region(region);
        for name in &demographics.names {
            builder = builder.human_name(name);
        }
        for address in &demographics.addresses {
            let text = |part: &Option<String>| part.clone().unwrap_or_default();
            builder = builder.address(
                &address.line.join(" "),
                &text(&address.city),
                &text(&address.postal_code),
                &text(&address.state),
            );
        }
        for point in &demographics.telecom {
            builder = match point.system {
                ContactSystem::Phone | ContactSystem::Sms => builder.phone(&point.value),
                ContactSystem::Email => builder.email(&point.value),
                ContactSystem::Other => builder,
            };
        }
        for identifier in &demographics.identifiers {
            builder = builder.identifier(&identifier.system, &identifier.value);
        }
        let sex = match demographics.gender {
            Some(Gender::Female) => Some(Sex::Female),
            Some(Gender::Male) => Some(Sex::Male),
            Some(Gender::Other | Gender::Unknown) | None => None,
        };
        builder.sex(sex).birth_date(demographics.birth_date.map(BirthDate::from)).build()
    }
}

/// Makes a [`Person`] of parts as they are written.
#[derive(Debug, Default)]
#[must_use]
pub struct PersonBuilder {
    person: Person,
    region: PhoneRegion,
}

impl PersonBuilder {
    /// Nobody yet; telephone numbers without a country code are dialled from `region`.
    pub fn in_region(region: PhoneRegion) -> Self {
        Self { person: Person::default(), region }
    }

    fn human_name(self, name: &HumanName) -> Self {
        let family = name.family.as_deref().unwrap_or_default();
        let given = name.given.join(" ");
        match &name.text {
            Some(text) if family.trim().is_empty() && given.trim().is_empty() => self.whole_name(text),
            _ => self.name(&given, &format!("{family} {}", generation(&name.suffix))),
        }
    }

    /// Adds a name. One without given names is one that the person had or has besides: a maiden name.
    pub fn name(self, given: &str, family: &str) -> Self {
        self.add_name(Name::new(given, family))
    }

    /// Adds a name of which only the whole is known.
    pub fn whole_name(self, text: &str) -> Self {
        self.add_name(Name::of_text(text))
    }

    fn add_name(mut self, name: Option<Name>) -> Self {
        if let Some(name) = name.filter(|name| !self.person.names.contains(name)) {
            self.person.names.push(name);
        }
        self
    }

    /// Sets the birth date.
    pub fn birth_date(mut self, date: Option<BirthDate>) -> Self {
        let usable = date.and_then(|date| BirthDate::of_digits(date.year, date.month, date.day));
        self.person.birth = usable;
        self.person.birth_text = usable.map(BirthDate::text).unwrap_or_default();
        self
    }

    /// Sets the sex.
    pub const fn sex(mut self, sex: Option<Sex>) -> Self {
        self.person.sex = sex;
        self
    }

    /// Adds an address; parts that are not known are empty.
    pub fn address(mut self, street: &str, city: &str, postal_code: &str, region: &str) -> Self {
        let place = Place::new(street, city, postal_code, region);
        if let Some(place) = place.filter(|place| !self.person.places.contains(place)) {
            self.person.places.push(place);
        }
        self
    }

    /// Adds a telephone number.
    pub fn phone(mut self, text: &str) -> Self {
        let number = contact::phone(text, self.region);
        if let Some(number) = number.filter(|number| !self.person.phones.contains(number)) {
            self.person.phones.push(number);
        }
        self
    }

    /// Adds an email address.
    pub fn email(mut self, text: &str) -> Self {
        let email = contact::email(text);
        if let Some(email) = email.filter(|email| !self.person.emails.contains(email)) {
            self.person.emails.push(email);
        }
        self
    }

    /// Adds an identifier of a naming system.
    pub fn identifier(mut self, system: &str, value: &str) -> Self {
        let key = identifier_key(system, value);
        let value_at = 4 + system.trim().len();
        let identifier = Identifier { key, value_at };
        let known = !is_made_up(identifier.value()) && !is_placeholder(&fold(value));
        if known && !self.person.identifiers.contains(&identifier) {
            self.person.identifiers.push(identifier);
        }
        self
    }

    /// The person.
    pub fn build(self) -> Person {
        let mut person = self.person;
        // A maiden or former name is often recorded as a family name alone: the given names stay.
        if let Some(whole) = person.names.iter().find(|name| !name.given.is_empty()).cloned() {
            for name in person.names.iter_mut().filter(|name| name.given.is_empty()) {
                name.given.clone_from(&whole.given);
                name.given_joined.clone_from(&whole.given_joined);
            }
        }
        person.names.truncate(MOST);
        person.places.truncate(MOST);
        person.phones.truncate(MOST);
        person.emails.truncate(MOST);
        person.identifiers.truncate(MOST);
        person
    }
}

/// Suffixes as one text, behind the family name, where `Jr.` is looked for.
fn generation(suffixes: &[String]) -> String {
    suffixes.join(" ")
}
