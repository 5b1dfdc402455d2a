//! Candidate pairs by the blocking keys of the patient index.

use std::{
    collections::BTreeMap,
    hash::{DefaultHasher, Hash, Hasher},
};

use kinlink_matching::{BlockingKind, Person, lookup_keys, stored_keys};
use rayon::prelude::*;
use serde::Serialize;

/// Pairs that share a key.
#[derive(Debug, Default)]
pub struct CandidatePairs {
    /// The pairs, in order, the lower position first.
    pub pairs: Vec<(u32, u32)>,
    /// Blocks that were too wide.
    pub capped: Vec<CappedBlocks>,
    /// How many records a lookup reads by its keys: half of all lookups read no more than the first, 99 of 100
    /// no more than the second.
    pub read: (usize, usize),
}

/// Blocks of one kind that hold more records than a lookup may read. Their pairs are not formed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CappedBlocks {
    /// The kind of key.
    pub kind: String,
    /// How many such blocks there are.
    pub blocks: usize,
    /// How many records are in the widest of them.
    pub widest: usize,
    /// How many pairs that would have been, some of which other keys find.
    pub pairs: u64,
}

/// One key of one record.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Entry {
    key: u64,
    kind: u8,
    /// Looked up only, not stored.
    only_looked_up: bool,
    record: u32,
}

/// Forms the pairs. `first` is how many records are of the first file, if two are to be linked: then those are
/// looked up among the others. Blocks of more than `widest` records are left out and told of.
pub fn candidates(people: &[Person], first: Option<usize>, widest: usize) -> CandidatePairs {
    let mut entries: Vec<Entry> = people
        .par_iter()
        .enumerate()
        .with_min_len(256)
        .flat_map_iter(|(at, p)| entries_of(at, p, first))
        .collect();
    entries.par_sort_unstable();
    let mut found = CandidatePairs::default();
    let mut capped: BTreeMap<u8, CappedBlocks> = BTreeMap::new();
    let mut read = vec![0_usize; people.len()];
    let mut packed: Vec<u64> = Vec::new();
    let mut compact_at = 1 << 22;
    for block in entries.chunk_by(|one, other| (one.key, one.kind) == (other.key, other.kind)) {
        let (stored, looking) = sides(block, first);
        if stored.len() > widest {
            cap(&mut capped, block[0].kind, stored.len(), looking.len(), first);
            continue;
        }
        for one in &looking {
            read[one.record as usize] += stored.len();
            for other in &stored {
                if one.record != other.record {
                    packed.push(pack(one.record, other.record));
                }
            }
        }
        if packed.len() > compact_at {
            packed.par_sort_unstable();
            packed.dedup();
            compact_at = packed.len().max(1 << 21) * 2;
        }
    }
    packed.par_sort_unstable();
    packed.dedup();
    found.pairs = packed.into_iter().map(unpack).collect();
    found.capped = capped.into_values().collect();
    read.truncate(first.unwrap_or(people.len()));
    read.sort_unstable();
    let at = |share: usize| read.get(read.len() * share / 100).copied().unwrap_or(0);
    found.read = (at(50), at(99));
    found
}

fn entries_of(at: usize, person: &Person, first: Option<usize>) -> Vec<Entry> {
    let record = u32::try_from(at).unwrap_or(u32::MAX);
    let entry = |kind: BlockingKind, value: &[u8], only_looked_up| {
        let mut hasher = DefaultHasher::new();
        value.hash(&mut hasher);
        Entry { key: hasher.finish(), kind: kind.number(), only_looked_up, record }
    };
    let is_stored = first.is_none_or(|first| at >= first);
    let stored = stored_keys(person);
    let mut entries = Vec::with_capacity(stored.len() + 4);
    if is_stored {
        entries.extend(stored.iter().map(|key| entry(key.kind, &key.value, false)));
    }
    if first.is_none() || !is_stored {
        let looked_up = lookup_keys(person).into_iter().filter(|key| !is_stored || !stored.contains(key));
        entries.extend(looked_up.map(|key| entry(key.kind, &key.value, true)));
    }
    entries
}

/// Who is stored in a block and who looks into it. Of one file everybody does both, but a pair need be looked
/// at only once: from the key that is only looked up, or else from either.
fn sides(block: &[Entry], first: Option<usize>) -> (Vec<Entry>, Vec<Entry>) {
    let stored: Vec<Entry> = block.iter().copied().filter(|entry| !entry.only_looked_up).collect();
    let looking = block.iter().copied().filter(|entry| first.is_none() || entry.only_looked_up).collect();
    (stored, looking)
}

fn cap(
    capped: &mut BTreeMap<u8, CappedBlocks>,
    kind: u8,
    stored: usize,
    looking: usize,
    first: Option<usize>,
) {
    let name = BlockingKind::ALL.into_iter().find(|known| known.number() == kind);
    let entry = capped.entry(kind).or_insert_with(|| CappedBlocks {
        kind: name.map_or_else(String::new, |kind| format!("{kind:?}")),
        blocks: 0,
        widest: 0,
        pairs: 0,
    });
    entry.blocks += 1;
    entry.widest = entry.widest.max(stored);
    let (stored, looking) = (stored as u64, looking as u64);
    entry.pairs += if first.is_some() { stored * looking } else { stored * stored.saturating_sub(1) / 2 };
}

fn pack(one: u32, other: u32) -> u64 {
    u64::from(one.min(other)) << 32 | u64::from(one.max(other))
}

fn unpack(pair: u64) -> (u32, u32) {
    let low = |bits: u64| u32::try_from(bits & u64::from(u32::MAX)).unwrap_or(u32::MAX);
    (low(pair >> 32), low(pair))
}

#[cfg(test)]
mod tests {
    use kinlink_matching::{BirthDate, PersonBuilder};

    use super::*;

    fn people(count: u8) -> Vec<Person> {
        let birth = |n: u8| BirthDate::of_digits(1980, 4, 1 + n / 2);
        (0..count).map(|n| PersonBuilder::default().name("Ada", "Roe").birth_date(birth(n)).build()).collect()
    }

    #[test]
    fn pairs_that_share_a_key_are_formed_once() {
        let found = candidates(&people(4), None, 100);
        assert_eq!(found.pairs, [(0, 1), (0, 2), (0, 3), (1, 2), (1, 3), (2, 3)]);
        assert!(found.capped.is_empty());
        let linked = candidates(&people(4), Some(2), 100);
        assert_eq!(linked.pairs, [(0, 2), (0, 3), (1, 2), (1, 3)]);
    }

    #[test]
    fn wide_blocks_are_left_out_and_told_of() {
        let found = candidates(&people(8), None, 4);
        assert_eq!(found.pairs, [(0, 1), (2, 3), (4, 5), (6, 7)]);
        let names = found.capped.iter().find(|capped| capped.kind == "FullName").unwrap();
        assert_eq!((names.blocks, names.widest, names.pairs), (1, 8, 28));
    }
}
