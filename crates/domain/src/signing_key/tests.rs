use super::*;

fn at(hours: i64) -> DateTime<Utc> {
    DateTime::UNIX_EPOCH + TimeDelta::hours(hours)
}

fn key(number: u32, from: i64, until: Option<i64>) -> SigningKey {
    SigningKey {
        purpose: KeyPurpose::Event,
        number,
        kid: number.to_string(),
        public: serde_json::Value::Null,
        private: Zeroizing::default(),
        signs_from: at(from),
        ends_at: until.map(at),
    }
}

fn rotation(number: u32, signs_from: i64, others_end_at: i64) -> Rotation {
    Rotation { number, signs_from: at(signs_from), others_end_at: at(others_end_at) }
}

#[test]
fn the_newest_key_signs_once_its_time_has_come_and_none_after_its_end() {
    let keys = [key(1, 0, Some(100)), key(2, 50, None), key(3, 200, None)];
    let signing = |hour| SigningKey::signing(&keys, at(hour)).map(|key| key.number);
    assert_eq!(signing(-1), None);
    assert_eq!(signing(0), Some(1));
    assert_eq!(signing(49), Some(1));
    assert_eq!(signing(50), Some(2));
    assert_eq!(signing(199), Some(2));
    assert_eq!(signing(200), Some(3));
    assert_eq!(SigningKey::signing(&keys[..1], at(100)), None);
}

#[test]
fn a_key_is_followed_by_itself_an_hour_before_its_ninety_days_are_over() {
    let keys = [key(4, 0, None)];
    let over = SIGNS_FOR.num_hours();
    assert_eq!(Rotation::due(&keys, at(over - 2)), None);
    assert_eq!(Rotation::due(&keys, at(over - 1)), Some(rotation(5, over, over + 24)));
    assert_eq!(Rotation::due(&[], at(7)), Some(rotation(1, 7, 7)), "the first one signs at once");
    let ended = [key(4, 0, Some(3))];
    assert_eq!(Rotation::due(&ended, at(3)), Some(rotation(5, 3, 3)), "as does one without another");
    let followed = [key(4, 0, Some(over + 24)), key(5, over, None)];
    assert_eq!(Rotation::due(&followed, at(over - 1)), None, "one follower is enough");
}

#[test]
fn who_is_followed_ends_and_who_ends_before_stays_as_it_is() {
    let keys = [key(1, 0, Some(5)), key(2, 0, Some(60)), key(3, 40, None)];
    let announced = Rotation::announced(&keys, at(10));
    assert_eq!(announced, rotation(4, 11, 35));
    let ends = |rotation: Rotation| rotation.ends(&keys).map(|key| key.number).collect::<Vec<_>>();
    assert_eq!(ends(announced), [2, 3]);
    let at_once = Rotation::at_once(&keys, at(10));
    assert_eq!(at_once, rotation(4, 10, 10));
    assert_eq!(ends(at_once), [2, 3], "the announced one may have been seen, too");
}
