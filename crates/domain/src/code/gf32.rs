//! A check symbol over the field of 32 elements.
//!
//! The check is the sum of `a^i · symbol_i`, `a` a generator of the multiplicative group (order 31). For a
//! code of at most 31 symbols all weights differ and none is zero, so a change of any one symbol and a swap
//! of any two different symbols change the sum: a shortened Reed-Solomon code with one check symbol.

/// x⁵ + x² + 1, primitive over GF(2), without its leading term.
const REDUCTION: u8 = 0b0_0101;

/// Multiplies by the generator `a = x`.
const fn times_generator(value: u8) -> u8 {
    let shifted = (value << 1) & 0b1_1111;
    if value & 0b1_0000 == 0 { shifted } else { shifted ^ REDUCTION }
}

/// The check symbol of `symbols`, itself of weight one. Horner's scheme, from the first symbol on.
pub(super) fn check_symbol(symbols: &[u8]) -> u8 {
    symbols.iter().fold(0, |sum, symbol| times_generator(sum ^ (symbol & 31)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_generator_has_full_order() {
        let mut value = times_generator(1);
        let mut order = 1;
        while value != 1 {
            value = times_generator(value);
            order += 1;
        }
        assert_eq!(order, 31);
    }
}
