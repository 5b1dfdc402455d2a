//! Invitation codes: what a person reads from a letter and types.
//!
//! A code is `locator ‖ secret ‖ check`. The **locator** names the invitation and is no secret: with it, a
//! wrong guess is counted on the invitation that it was aimed at. The **secret** is stored only as a keyed
//! hash. The **check** symbol tells a typing error from a wrong code without asking the database.
//!
//! The alphabet is Crockford's base 32 (digits and capital letters without I, L, O, U); what is typed may
//! be in lower case, spaced, hyphenated, and may hold the look-alikes O, I and L.

mod gf32;

use std::fmt;

use zeroize::Zeroize;

use crate::port::Random;

const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const LOCATOR_SYMBOLS: usize = 6;
const GROUP: usize = 4;

/// How many bits of secret a code carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CodeStrength {
    /// 25 bits in 12 symbols; NIST SP 800-63A asks for 20.
    Short,
    /// 45 bits in 16 symbols.
    Medium,
    /// 65 bits in 20 symbols; NIST SP 800-63A asks for 64 in a link.
    Long,
}

impl CodeStrength {
    const ALL: [Self; 3] = [Self::Short, Self::Medium, Self::Long];

    const fn secret_symbols(self) -> usize {
        match self {
            Self::Short => 5,
            Self::Medium => 9,
            Self::Long => 13,
        }
    }

    /// The length of the whole code in symbols, without separators.
    pub const fn symbols(self) -> usize {
        LOCATOR_SYMBOLS + self.secret_symbols() + 1
    }

    /// How many random bits must be guessed.
    pub const fn secret_bits(self) -> usize {
        self.secret_symbols() * 5
    }
}

/// The public part of a code, by which its invitation is found.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Locator(String);

impl Locator {
    /// Takes a locator from storage.
    pub const fn from_stored(text: String) -> Self {
        Self(text)
    }

    /// The six symbols.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A whole code. Shown once, never logged: `Debug` shows nothing, `Display` the grouped symbols.
#[derive(Clone, PartialEq, Eq)]
pub struct Code {
    symbols: Vec<u8>,
}

/// Why a typed text cannot be a code, found without asking the database.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum MistypedCode {
    /// Too few or too many symbols.
    #[error("a code has 12, 16 or 20 letters and digits")]
    Length,
    /// A character that no code holds.
    #[error("a code holds only letters and digits, without U")]
    Symbol,
    /// The check symbol does not fit the others.
    #[error("one of the letters or digits is mistyped, or two are swapped")]
    Check,
}

impl Code {
    /// Draws a new code.
    pub fn generate(strength: CodeStrength, random: &dyn Random) -> Self {
        let mut symbols = vec![0; strength.symbols() - 1];
        random.fill(&mut symbols);
        // 256 is a multiple of 32, so taking five bits of a random byte favours no symbol.
        for symbol in &mut symbols {
            *symbol &= 31;
        }
        symbols.push(gf32::check_symbol(&symbols));
        Self { symbols }
    }

    /// Reads what a person typed.
    pub fn parse(typed: &str) -> Result<Self, MistypedCode> {
        let mut symbols = Vec::with_capacity(20);
        for character in typed.chars().filter(|c| !is_separator(*c)) {
            if symbols.len() == 20 {
                return Err(MistypedCode::Length);
            }
            symbols.push(symbol_value(character).ok_or(MistypedCode::Symbol)?);
        }
        if !CodeStrength::ALL.iter().any(|strength| strength.symbols() == symbols.len()) {
            return Err(MistypedCode::Length);
        }
        let code = Self { symbols };
        match code.symbols.split_last() {
            Some((check, rest)) if gf32::check_symbol(rest) == *check => Ok(code),
            _ => Err(MistypedCode::Check),
        }
    }

    /// The public part.
    pub fn locator(&self) -> Locator {
        Locator(text(&self.symbols[..LOCATOR_SYMBOLS]))
    }

    /// What is hashed: all symbols, so that a hash also binds the secret to its locator.
    pub fn hash_input(&self) -> Vec<u8> {
        self.symbols.clone()
    }
}

impl Drop for Code {
    fn drop(&mut self) {
        self.symbols.zeroize();
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, group) in self.symbols.chunks(GROUP).enumerate() {
            if i > 0 {
                f.write_str("-")?;
            }
            f.write_str(&text(group))?;
        }
        Ok(())
    }
}

impl fmt::Debug for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Code(…)")
    }
}

fn text(symbols: &[u8]) -> String {
    symbols.iter().map(|symbol| char::from(ALPHABET[usize::from(*symbol & 31)])).collect()
}

/// Spaces and every dash that a word processor may put in place of a hyphen.
fn is_separator(character: char) -> bool {
    character.is_whitespace() || matches!(character, '-' | '\u{2010}'..='\u{2015}' | '\u{2212}' | '.' | '_')
}

fn symbol_value(character: char) -> Option<u8> {
    let folded = match character.to_ascii_uppercase() {
        'O' => '0',
        'I' | 'L' => '1',
        other => other,
    };
    ALPHABET.iter().position(|symbol| char::from(*symbol) == folded).and_then(|i| u8::try_from(i).ok())
}

#[cfg(test)]
mod tests;
