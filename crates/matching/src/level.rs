//! Comparison levels: the ways in which one field can agree.

use kinlink_domain::comparison::Field;

/// How many fields there are.
pub(crate) const FIELDS: usize = Field::ALL.len();

/// One way in which a field agrees.
#[derive(Debug, Clone, Copy)]
pub(crate) struct LevelSpec {
    /// The word in explanations and model files.
    pub(crate) name: &'static str,
    /// How much of the rarity of the value counts: 1 where the values are the same, less where they are only
    /// alike, 0 where they are not.
    pub(crate) rarity: f64,
    /// Its place in the order of agreement: a lower rank never weighs less than a higher one.
    pub(crate) rank: u8,
}

macro_rules! levels {
    ($($(#[$meta:meta])* $field:ident { $($(#[$doc:meta])* $level:ident = $name:literal, $rarity:literal, $rank:literal;)* })*) => {
        $(
            $(#[$meta])*
            #[derive(Debug, Clone, Copy, PartialEq, Eq)]
            pub(crate) enum $field { $($(#[$doc])* $level,)* }

            impl $field {
                const SPECS: &'static [LevelSpec] =
                    &[$(LevelSpec { name: $name, rarity: $rarity, rank: $rank },)*];
            }

            impl From<$field> for Level {
                fn from(level: $field) -> Self {
                    Self(level as u8)
                }
            }
        )*
    };
}

/// The level of some field, by its number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Level(pub(crate) u8);

impl Level {
    /// The field is not known on both sides: neutral.
    pub(crate) const MISSING: Self = Self(u8::MAX);

    pub(crate) fn index(self) -> Option<usize> {
        (self != Self::MISSING).then_some(usize::from(self.0))
    }
}

levels! {
    /// Given names.
    Given {
        /// The same, middle names included as far as both are known.
        Exact = "exact", 1.0, 0;
        /// The same first name; the middle names differ.
        First = "first", 1.0, 1;
        /// Names used for one another.
        Nickname = "nickname", 0.5, 1;
        /// One slip of the pen.
        Close = "close", 0.5, 1;
        /// A middle name of one is a given name of the other.
        Part = "part", 0.5, 1;
        /// Alike, or the same in sound.
        Similar = "similar", 0.25, 2;
        /// Only an initial, and it fits.
        Initial = "initial", 0.0, 1;
        /// Given and family names have changed places.
        Swapped = "swapped", 1.0, 1;
        /// Not much alike.
        Loose = "loose", 0.0, 3;
        /// Different.
        Different = "different", 0.0, 4;
    }
    /// Family name.
    Family {
        /// The same.
        Exact = "exact", 1.0, 0;
        /// A part of a double name is the same.
        Part = "part", 0.75, 1;
        /// One slip of the pen.
        Close = "close", 0.5, 1;
        /// Alike, or the same in sound.
        Similar = "similar", 0.25, 2;
        /// Given and family names have changed places.
        Swapped = "swapped", 1.0, 1;
        /// Not much alike.
        Loose = "loose", 0.0, 3;
        /// Different.
        Different = "different", 0.0, 4;
    }
    /// Birth date.
    Birth {
        /// The same day.
        Exact = "exact", 1.0, 0;
        /// Day and month have changed places.
        Transposed = "transposed", 0.0, 1;
        /// One digit is another, or two neighbours have changed places.
        OneDigit = "one_digit", 0.0, 1;
        /// The year, or year and month, are the same and one side knows no more, or may not.
        Partial = "partial", 0.0, 1;
        /// The same day of another year.
        MonthDay = "month_day", 0.0, 2;
        /// The same month of the same year.
        YearMonth = "year_month", 0.0, 2;
        /// Two digits are others, or one of a year where no more may be known.
        TwoDigits = "two_digits", 0.0, 2;
        /// The same year.
        Year = "year", 0.0, 3;
        /// Different.
        Different = "different", 0.0, 4;
    }
    /// Administrative sex.
    SexLevel {
        /// The same.
        Exact = "exact", 0.0, 0;
        /// Different.
        Different = "different", 0.0, 1;
    }
    /// Street and house number.
    Street {
        /// The same.
        Exact = "exact", 1.0, 0;
        /// Number and name agree, one of them only nearly.
        Close = "close", 0.5, 1;
        /// The same street, another or no number.
        Name = "street", 0.25, 2;
        /// The same number, another name.
        Number = "number", 0.0, 3;
        /// Different.
        Different = "different", 0.0, 4;
    }
    /// City.
    City {
        /// The same.
        Exact = "exact", 1.0, 0;
        /// One slip of the pen.
        Close = "close", 0.5, 1;
        /// Alike, or one a part of the other.
        Similar = "similar", 0.25, 2;
        /// Different.
        Different = "different", 0.0, 3;
    }
    /// Postal code.
    PostalCode {
        /// The same.
        Exact = "exact", 1.0, 0;
        /// One slip of the pen.
        Close = "close", 0.25, 1;
        /// The same district: the outward code, or the first three digits.
        District = "district", 0.0, 2;
        /// Different.
        Different = "different", 0.0, 3;
    }
    /// State or region.
    Region {
        /// The same.
        Exact = "exact", 0.0, 0;
        /// Different.
        Different = "different", 0.0, 1;
    }
    /// Telephone.
    Phone {
        /// The same number.
        Exact = "exact", 0.0, 0;
        /// One digit is another, or the number within the area is the same.
        Close = "close", 0.0, 1;
        /// Different.
        Different = "different", 0.0, 2;
    }
    /// Email.
    Email {
        /// The same address.
        Exact = "exact", 0.0, 0;
        /// One slip of the pen, or the same name at another provider.
        Close = "close", 0.0, 1;
        /// Different.
        Different = "different", 0.0, 2;
    }
    /// Identifiers of one naming system.
    IdentifierLevel {
        /// The same.
        Exact = "exact", 0.0, 0;
        /// One character is another, or two neighbours have changed places.
        Close = "close", 0.0, 1;
        /// Different.
        Different = "different", 0.0, 2;
    }
}

/// The levels of a field, best first as far as they have an order.
pub(crate) const fn levels_of(field: Field) -> &'static [LevelSpec] {
    match field {
        Field::Given => Given::SPECS,
        Field::Family => Family::SPECS,
        Field::BirthDate => Birth::SPECS,
        Field::Sex => SexLevel::SPECS,
        Field::Street => Street::SPECS,
        Field::City => City::SPECS,
        Field::PostalCode => PostalCode::SPECS,
        Field::Region => Region::SPECS,
        Field::Phone => Phone::SPECS,
        Field::Email => Email::SPECS,
        Field::Identifier => IdentifierLevel::SPECS,
    }
}

/// A field's place in [`Field::ALL`].
pub(crate) const fn position(field: Field) -> usize {
    field as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_stand_in_their_order_and_levels_have_their_own_names() {
        for (at, field) in Field::ALL.into_iter().enumerate() {
            assert_eq!(position(field), at);
            let mut names: Vec<_> = levels_of(field).iter().map(|level| level.name).collect();
            names.sort_unstable();
            names.dedup();
            assert_eq!(names.len(), levels_of(field).len(), "{field:?}");
        }
    }
}
