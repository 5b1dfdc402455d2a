//! Words that names are made of, the commoner ones first.

pub(super) const MALE: [&str; 56] = [
    "william", "john", "thomas", "george", "james", "charles", "henry", "robert", "edward", "richard", "joseph",
    "samuel", "francis", "frederick", "arthur", "alexander", "walter", "david", "hugh", "philip", "benjamin",
    "daniel", "andrew", "peter", "stephen", "matthew", "anthony", "nicholas", "edmund", "christopher", "ralph",
    "roger", "simon", "lawrence", "gilbert", "geoffrey", "augustus", "horatio", "archibald", "percy", "reginald",
    "herbert", "lionel", "oliver", "patrick", "duncan", "humphrey", "ambrose", "barnaby", "cuthbert", "digby",
    "everard", "fulke", "godfrey", "jasper", "marmaduke",
];

pub(super) const FEMALE: [&str; 32] = [
    "mary", "elizabeth", "anne", "sarah", "jane", "margaret", "catherine", "frances", "charlotte", "harriet",
    "caroline", "emma", "louisa", "maria", "ellen", "alice", "dorothy", "martha", "isabella", "lucy", "emily",
    "georgiana", "henrietta", "rebecca", "susanna", "honor", "arabella", "lavinia", "penelope", "theodosia",
    "ursula", "winifred",
];

/// Names used for one another.
pub(super) const SPELLINGS: [&[&str]; 16] = [
    &["william", "will", "bill"],
    &["john", "jack", "johan"],
    &["thomas", "tom", "tomas"],
    &["james", "jim", "jacob"],
    &["charles", "charlie", "carl"],
    &["henry", "harry", "henri"],
    &["robert", "bob", "rob"],
    &["edward", "ned", "ted"],
    &["richard", "dick", "rick"],
    &["joseph", "joe", "josef"],
    &["frederick", "fred", "friedrich"],
    &["francis", "frank", "franz"],
    &["mary", "polly", "marie"],
    &["elizabeth", "eliza", "betty"],
    &["margaret", "peggy", "meg"],
    &["catherine", "kate", "katherine"],
];

pub(super) const STEMS: [&str; 64] = [
    "whit", "black", "nor", "sut", "ash", "brad", "hart", "wood", "hol", "lang", "mil", "car", "wal", "har", "stan",
    "thorn", "clif", "beau", "red", "green", "kings", "bishop", "el", "al", "ber", "cal", "den", "fair", "gil",
    "ham", "ing", "ken", "lin", "mar", "new", "old", "pen", "ra", "shel", "tre", "up", "wes", "yar", "bex", "crom",
    "dun", "ever", "fen", "gar", "hever", "kirk", "lud", "mead", "nether", "oak", "pem", "quin", "ross", "sedge",
    "tal", "ulver", "wyn", "york", "zeal",
];

pub(super) const TAILS: [&str; 32] = [
    "son", "ton", "ley", "ford", "wood", "field", "man", "well", "worth", "by", "er", "ham", "burn", "stone", "mont",
    "land", "combe", "den", "gate", "hurst", "ick", "kin", "lock", "more", "ner", "pole", "ridge", "shaw", "thorpe",
    "vale", "wick", "yard",
];

pub(super) const OCCUPATIONS: [&str; 12] = [
    "politician", "officer", "cricketer", "clergyman", "painter", "writer", "lawyer", "physician", "merchant",
    "botanist", "judge", "architect",
];
