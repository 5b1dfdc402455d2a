use kinlink_domain::comparison::Field;
use kinlink_matching::{BirthDate, Model, Person, PersonBuilder, Sex, lookup_keys, stored_keys};
use proptest::prelude::*;

/// Given, family, birth date, street, postal code, phone.
type Parts = (String, String, (u16, u8, u8), String, String, String);

fn build(given: &str, family: &str, birth: (u16, u8, u8), street: &str, code: &str, phone: &str) -> Person {
    PersonBuilder::default()
        .name(given, family)
        .birth_date(BirthDate::of_digits(birth.0, birth.1, birth.2))
        .sex(Some(Sex::Female))
        .address(street, "Salem", code, "OR")
        .phone(phone)
        .build()
}

prop_compose! {
    fn plain()(given in "[A-Z][a-z]{2,8}", family in "[A-Z][a-z]{2,9}", y in 1930_u16..2020, m in 1_u8..13,
        d in 1_u8..29, no in 1_u16..200, street in "[A-Z][a-z]{3,8}", code in "[0-9]{5}", phone in "[2-9][0-9]{9}")
        -> Parts {
        (given, family, (y, m, d), format!("{no} {street} St"), code, phone)
    }
}

fn of(parts: &Parts) -> Person {
    build(&parts.0, &parts.1, parts.2, &parts.3, &parts.4, &parts.5)
}

proptest! {
    #[test]
    fn which_is_which_makes_no_difference(a in plain(), b in plain()) {
        let model = Model::shipped();
        let (a, b) = (of(&a), of(&b));
        prop_assert!((model.weight(&a, &b) - model.weight(&b, &a)).abs() < 1e-9);
    }

    #[test]
    fn any_text_can_be_compared(given in any::<String>(), family in any::<String>(), text in any::<String>(),
        y in any::<u16>(), m in any::<u8>(), d in any::<u8>(), street in any::<String>()) {
        let model = Model::shipped();
        let one = build(&given, &family, (y, m, d), &street, &text, &text);
        let other = PersonBuilder::default().whole_name(&text).email(&text).identifier(&given, &text).build();
        prop_assert!(model.weight(&one, &other).is_finite());
        prop_assert!(model.weight(&one, &one).is_finite());
        prop_assert!(stored_keys(&one).iter().all(|key| lookup_keys(&one).contains(key)));
    }

    #[test]
    fn a_field_that_is_missing_is_neutral(a in plain(), b in plain()) {
        let model = Model::shipped();
        let b = PersonBuilder::default().name(&b.0, &b.1).build();
        for agreement in model.compare(&of(&a), &b).agreements {
            if agreement.level == "missing" {
                prop_assert!(agreement.weight.abs() < 1e-12);
            }
            prop_assert!(agreement.field != Field::Identifier);
        }
    }

    #[test]
    fn better_agreement_never_weighs_less(a in plain(), b in plain()) {
        let model = Model::shipped();
        let claimed = of(&a);
        let weight = |change: &dyn Fn(&mut Parts)| {
            let mut record = b.clone();
            change(&mut record);
            model.weight(&claimed, &of(&record))
        };
        let base = weight(&|_| ());
        prop_assert!(weight(&|r| r.2 = a.2) >= base - 1e-9);
        prop_assert!(weight(&|r| r.4.clone_from(&a.4)) >= base - 1e-9);
        prop_assert!(weight(&|r| r.5.clone_from(&a.5)) >= base - 1e-9);
        prop_assert!(weight(&|r| r.1.clone_from(&a.1)) >= base - 1e-9);
    }
}
