use proptest::prelude::*;

use super::*;
use crate::port::testing::CountingRandom;

fn any_code() -> impl Strategy<Value = Code> {
    (0..3_usize, any::<u64>()).prop_map(|(strength, skip)| {
        let random = CountingRandom::default();
        for _ in 0..skip % 64 {
            random.fill(&mut [0; 8]);
        }
        Code::generate(CodeStrength::ALL[strength], &random)
    })
}

fn replace(text: &str, position: usize, with: char) -> String {
    text.chars().enumerate().map(|(i, c)| if i == position { with } else { c }).collect()
}

#[test]
fn strengths_meet_nist_800_63a() {
    assert!(CodeStrength::Short.secret_bits() >= 20);
    assert!(CodeStrength::Long.secret_bits() >= 64);
    assert_eq!(CodeStrength::ALL.map(CodeStrength::symbols), [12, 16, 20]);
}

#[test]
fn the_wrong_length_is_told_from_a_wrong_symbol() {
    assert_eq!(Code::parse("0000-0000-000"), Err(MistypedCode::Length));
    assert_eq!(Code::parse(&"0".repeat(400)), Err(MistypedCode::Length));
    assert_eq!(Code::parse("0000-0000-000U"), Err(MistypedCode::Symbol));
    assert_eq!(Code::parse("0000-0000-000é"), Err(MistypedCode::Symbol));
}

proptest! {
    #[test]
    fn a_code_reads_back_however_it_is_typed(code in any_code()) {
        let shown = code.to_string();
        let lower = shown.to_lowercase().replace('-', " ");
        let folded = shown.replace('0', "o").replace('1', "l").replace('-', "\u{2013}");
        prop_assert_eq!(Code::parse(&shown).unwrap(), code.clone());
        prop_assert_eq!(Code::parse(&lower).unwrap(), code.clone());
        prop_assert_eq!(Code::parse(&folded).unwrap(), code);
    }

    #[test]
    fn every_one_character_error_is_found(code in any_code(), at in 0..20_usize, with in 0..32_usize) {
        let plain = code.to_string().replace('-', "");
        let at = at % plain.len();
        let wrong = replace(&plain, at, char::from(ALPHABET[with]));
        prop_assume!(wrong != plain);
        prop_assert_eq!(Code::parse(&wrong), Err(MistypedCode::Check));
    }

    #[test]
    fn every_swap_of_two_different_symbols_is_found(code in any_code(), a in 0..20_usize, b in 0..20_usize) {
        let plain: Vec<char> = code.to_string().replace('-', "").chars().collect();
        let mut swapped = plain.clone();
        swapped.swap(a % plain.len(), b % plain.len());
        prop_assume!(swapped != plain);
        let swapped: String = swapped.into_iter().collect();
        prop_assert_eq!(Code::parse(&swapped), Err(MistypedCode::Check));
    }

    #[test]
    fn no_text_makes_the_parser_panic(text in "\\PC{0,60}") {
        let _ = Code::parse(&text);
    }
}
