//! Authenticators: nothing secret on the disk, one winner of two, and no secret that opens for another.

use chrono::TimeDelta;
use kinlink_domain::{
    id::AccountId,
    service::totp::{Given, Login, TotpRefusal, confirm::confirm, enrol::enrol, verify::verify},
    step_up::TokenHash,
    store::{Store, StoreError},
    totp::{FAILURES_IN_A_ROW, TotpCode, TotpSecret},
};
use kinlink_testkit::{Fixture, Kind, on_both_databases};

use crate::at_rest::{bytes_on_disk, holds};

const TOKEN: &str = "eyJhbGciOiJFUzI1NiJ9.a-bearer-token.signature";

const fn login(account: AccountId) -> Login<'static> {
    Login { account, staff_at: &[], logged_in_at: None }
}

/// What the app shows now.
fn shown(it: &Fixture, secret: &TotpSecret) -> TotpCode {
    let now = u64::try_from(it.ports.clock.now().timestamp()).unwrap();
    let totp = totp_rs::Builder::new().with_secret(secret.as_bytes()).build().unwrap();
    TotpCode::parse(&totp.generate(now).to_string()).unwrap()
}

async fn enrolled(it: &Fixture, account: AccountId) -> (TotpSecret, Vec<String>) {
    let mut unit = it.begin().await;
    let secret = enrol(&mut *unit, &it.ports, login(account), None).await.unwrap().unwrap().secret;
    unit.save().await.unwrap();
    let mut unit = it.begin().await;
    let codes = confirm(&mut *unit, &it.ports, login(account), &shown(it, &secret)).await.unwrap().unwrap();
    unit.save().await.unwrap();
    it.clock.advance(TimeDelta::seconds(30));
    (secret, codes.iter().map(ToString::to_string).collect())
}

async fn try_code(it: &Fixture, account: AccountId, code: TotpCode) -> Result<(), TotpRefusal> {
    let token = TokenHash::of(TOKEN, &*it.ports.vault);
    let mut unit = it.begin().await;
    let given = Given::Code(code);
    let decided = verify(&mut *unit, &it.ports, login(account), token, &given).await.unwrap();
    unit.save().await.unwrap();
    decided.map(|_| ())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_stored_bytes_hold_no_secret_no_code_and_no_token() {
    let it = Fixture::new(Kind::Sqlite).await;
    let account = it.account("anna").await.id;
    let (secret, codes) = enrolled(&it, account).await;
    let code = shown(&it, &secret);
    try_code(&it, account, code.clone()).await.unwrap();
    assert_eq!(it.database.count("select count(*) from step_up").await, 1);

    let bytes = bytes_on_disk(&it);
    assert!(!bytes.windows(20).any(|window| window == secret.as_bytes()), "the secret");
    assert!(!holds(&bytes, &secret.base32()), "the secret in base 32");
    assert!(!holds(&bytes, TOKEN) && !holds(&bytes, "a-bearer-token"), "the token");
    assert!(codes.len() == 10 && !codes.iter().any(|code| holds(&bytes, code)), "a recovery code");
    assert!(!codes.iter().any(|code| holds(&bytes, &code.replace('-', ""))), "a recovery code");
    it.close().await;
}

on_both_databases! {
    async fn of_many_at_once_with_one_code_one_wins(it: Fixture) {
        let account = it.account("anna").await.id;
        let (secret, _) = enrolled(it, account).await;
        let code = shown(it, &secret);
        let mut race = tokio::task::JoinSet::new();
        for _ in 0..5 {
            let (store, ports, code) = (it.store.clone(), it.ports.clone(), code.clone());
            race.spawn(async move {
                let token = TokenHash::of(TOKEN, &*ports.vault);
                let mut unit = store.begin().await.unwrap();
                let given = Given::Code(code);
                let decided = verify(&mut *unit, &ports, login(account), token, &given).await.unwrap();
                unit.save().await.unwrap();
                decided.is_ok()
            });
        }
        assert_eq!(race.join_all().await.into_iter().filter(|accepted| *accepted).count(), 1);
    }
}

on_both_databases! {
    async fn a_secret_copied_to_another_account_does_not_open(it: Fixture) {
        let (anna, ben) = (it.account("anna").await.id, it.account("ben").await.id);
        let (secret, _) = enrolled(it, anna).await;
        let mut unit = it.begin().await;
        let stolen = unit.authenticator(anna).await.unwrap().unwrap();
        let planted = kinlink_domain::totp::Authenticator { account: ben, version: 1, ..stolen };
        unit.put_authenticator(&planted).await.unwrap();
        unit.save().await.unwrap();
        let token = TokenHash::of(TOKEN, &*it.ports.vault);
        let mut unit = it.begin().await;
        let given = Given::Code(shown(it, &secret));
        let error = verify(&mut *unit, &it.ports, login(ben), token, &given).await.unwrap_err();
        assert!(matches!(error, StoreError::Corrupt { what: "authenticator", .. }), "{error}");
    }
}

on_both_databases! {
    async fn a_hundred_wrong_codes_in_a_row_disable_it_however_slow(it: Fixture) {
        let account = it.account("anna").await.id;
        let (secret, _) = enrolled(it, account).await;
        let wrong = || {
            let right = shown(it, &secret);
            TotpCode::parse(if right.as_str() == "000000" { "000001" } else { "000000" }).unwrap()
        };
        for _ in 0..FAILURES_IN_A_ROW {
            it.clock.advance(TimeDelta::minutes(16));
            assert_eq!(try_code(it, account, wrong()).await, Err(TotpRefusal::NotAccepted));
        }
        it.clock.advance(TimeDelta::minutes(16));
        assert_eq!(try_code(it, account, shown(it, &secret)).await, Err(TotpRefusal::Disabled));
    }
}

on_both_databases! {
    async fn an_authenticator_of_an_old_version_is_not_written(it: Fixture) {
        let account = it.account("anna").await.id;
        enrolled(it, account).await;
        let mut unit = it.begin().await;
        let seen = unit.authenticator(account).await.unwrap().unwrap();
        unit.put_authenticator(&seen.clone().fail()).await.unwrap();
        let error = unit.put_authenticator(&seen.fail()).await.unwrap_err();
        assert!(matches!(error, StoreError::Conflict(_)), "{error}");
    }
}
