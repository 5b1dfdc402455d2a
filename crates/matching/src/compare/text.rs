//! Likeness of two words.

use strsim::{generic_jaro_winkler, osa_distance};

/// How alike two words are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Likeness {
    Different,
    Loose,
    Similar,
    Close,
    Same,
}

/// From these Jaro-Winkler similarities on, words are close, similar, loosely alike (Winkler 1990). The first
/// two are those that practice has settled on (Splink's `NameComparison`: 0.92 and 0.88, here a little wider,
/// since the levels above and beside them take what is better known).
const CLOSE: f64 = 0.92;
const SIMILAR: f64 = 0.85;
const LOOSE: f64 = 0.75;

/// Compares two folded words; `same_sound` is asked only where it matters.
pub(crate) fn likeness(a: &str, b: &str, same_sound: impl FnOnce() -> bool) -> Likeness {
    if a == b {
        return Likeness::Same;
    }
    let (shorter, longer) = if a.len() < b.len() { (a.len(), b.len()) } else { (b.len(), a.len()) };
    if shorter < 2 || longer > shorter * 3 {
        return Likeness::Different;
    }
    if !may_be_alike(a.as_bytes(), b.as_bytes()) {
        return if same_sound() { Likeness::Similar } else { Likeness::Different };
    }
    let similarity = generic_jaro_winkler(&Bytes(a.as_bytes()), &Bytes(b.as_bytes()));
    if similarity >= CLOSE && shorter > 3 || similarity >= SIMILAR && one_slip(a, b) {
        Likeness::Close
    } else if similarity >= SIMILAR || same_sound() {
        Likeness::Similar
    } else if similarity >= LOOSE {
        // A slip in the first letters, which Jaro-Winkler takes harder than a typist does.
        if one_slip(a, b) { Likeness::Similar } else { Likeness::Loose }
    } else {
        Likeness::Different
    }
}

/// Folded words are ASCII: their bytes are their letters.
struct Bytes<'a>(&'a [u8]);

impl<'a> IntoIterator for &'a Bytes<'_> {
    type Item = &'a u8;
    type IntoIter = std::slice::Iter<'a, u8>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.iter()
    }
}

/// Whether the letters alone allow a similarity of [`LOOSE`]: most pairs of strangers are settled here, at a
/// tenth of the price.
#[expect(clippy::cast_precision_loss, reason = "words are short")]
fn may_be_alike(a: &[u8], b: &[u8]) -> bool {
    let letters = |word: &[u8]| word.iter().fold(0_u64, |set, byte| set | 1 << (byte % 64));
    let common = |word: &[u8], set: u64| word.iter().filter(|byte| set >> (**byte % 64) & 1 == 1).count();
    let matches = common(a, letters(b)).min(common(b, letters(a))) as f64;
    let most = (matches / a.len() as f64 + matches / b.len() as f64 + 1.0) / 3.0;
    let prefix = a.iter().zip(b).take(4).take_while(|(one, other)| one == other).count() as f64;
    prefix.mul_add(0.1 * (1.0 - most), most) >= LOOSE
}

/// One letter is another, is missing or is too many, or two neighbours have changed places, in a word long
/// enough for that to be a slip.
pub(crate) fn one_slip(a: &str, b: &str) -> bool {
    a.len().abs_diff(b.len()) <= 1 && a.len().min(b.len()) >= 4 && osa_distance(a, b) <= 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_as_alike_as_people_find_them() {
        for (a, b, expected) in [
            ("smith", "smith", Likeness::Same),
            ("smith", "smyth", Likeness::Close),
            ("catherine", "katherine", Likeness::Close),
            ("nguyen", "nguyne", Likeness::Close),
            ("mary", "mark", Likeness::Close),
            ("lee", "leo", Likeness::Loose),
            ("garcia", "lopez", Likeness::Different),
            ("a", "b", Likeness::Different),
        ] {
            assert_eq!(likeness(a, b, || false), expected, "{a} {b}");
            assert_eq!(likeness(b, a, || false), expected, "{b} {a}");
        }
    }
}
