//! Whatever happens to grants, papers, bars, doubts, ages and clocks, in whatever order: the links that live are
//! those that a model says which fits on two screens.

use chrono::{Datelike, NaiveDate, TimeDelta};
use kinlink_domain::{
    access::{Access, AgeException, AgeExceptionKind},
    actor::Authorized,
    bar::AboutBar,
    evidence::{Fact, Paper},
    id::{AccountId, GrantId, LinkId},
    invitation::Channel,
    link::{LinkRole, LinkState, Reinstatement, Suspension},
    patient::FhirId,
    relationship::{ProxyBasis, Relationship},
    service::{
        accept_grant::{self, UseOffer},
        age_exception, bar,
        end_grant::{self, GrantEnder},
        issue_invitation::{EmailTarget, IssueInvitation, PatientReference, issue},
        offer_grant::{self, OfferGrant},
        redeem::{Redeem, redeem},
        suspend_link,
    },
    store::LinkReader,
};
use kinlink_testkit::{Fixture, Kind, imported};
use proptest::{prelude::*, test_runner::TestCaseError};

const PROXIES: [&str; 3] = ["ben", "carl", "dora"];
const BIRTH_DATES: [&str; 3] = ["1984-02-28", "2012-06-01", "2016-06-01"];

#[derive(Debug, Clone, Copy)]
enum Command {
    Offer,
    Accept { proxy: usize, offer: usize },
    PatientEnds(usize),
    ProxyWalksAway(usize),
    Parent { proxy: usize, papers_for: Option<i64> },
    Bar(usize),
    LiftBars(usize),
    DoubtPatient,
    ClearPatient,
    Suspend(usize),
    Reinstate(usize),
    Pass(i64),
    Born(usize),
    Except(bool),
    NoException,
}

fn command() -> impl Strategy<Value = Command> {
    let proxy = 0..PROXIES.len();
    prop_oneof![
        3 => Just(Command::Offer),
        6 => (proxy.clone(), 0..4_usize).prop_map(|(proxy, offer)| Command::Accept { proxy, offer }),
        2 => proxy.clone().prop_map(Command::PatientEnds),
        1 => proxy.clone().prop_map(Command::ProxyWalksAway),
        4 => (proxy.clone(), proptest::option::of(1..500_i64))
            .prop_map(|(proxy, papers_for)| Command::Parent { proxy, papers_for }),
        2 => proxy.clone().prop_map(Command::Bar),
        1 => proxy.clone().prop_map(Command::LiftBars),
        1 => Just(Command::DoubtPatient),
        2 => Just(Command::ClearPatient),
        1 => proxy.clone().prop_map(Command::Suspend),
        1 => proxy.prop_map(Command::Reinstate),
        2 => (1..400_i64).prop_map(Command::Pass),
        2 => (0..BIRTH_DATES.len()).prop_map(Command::Born),
        1 => any::<bool>().prop_map(Command::Except),
        1 => Just(Command::NoException),
    ]
}

// ---- The model ----

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Doubt {
    None,
    OfGrantor,
    OfStaff,
}

#[derive(Debug, Clone, Copy)]
struct Proxy {
    by_patient: bool,
    doubt: Doubt,
    /// In hours since the beginning.
    end: Option<i64>,
}

#[derive(Debug)]
struct Offered {
    expires: i64,
    failures: u16,
    open: bool,
}

#[derive(Debug)]
struct Model {
    hours: i64,
    today: NaiveDate,
    born: NaiveDate,
    emancipated: Option<bool>,
    patient_in_doubt: bool,
    offers: Vec<Offered>,
    proxies: [Option<Proxy>; 3],
    barred: [bool; 3],
}

impl Model {
    fn age(&self) -> i32 {
        let before = (self.today.month(), self.today.day()) < (self.born.month(), self.born.day());
        self.today.year() - self.born.year() - i32::from(before)
    }

    fn patient_lives(&self) -> bool {
        !self.patient_in_doubt && (self.emancipated == Some(true) || self.age() >= 12)
    }

    fn lives(&self, proxy: usize) -> bool {
        self.proxies[proxy].is_some_and(|it| {
            let by_age = match self.emancipated {
                Some(emancipated) => !emancipated,
                None => self.age() < 18,
            };
            it.doubt == Doubt::None && it.end.is_none_or(|end| self.hours < end) && (it.by_patient || by_age)
        })
    }

    fn may_be_proxy(&self, proxy: usize) -> bool {
        !self.barred[proxy] && self.proxies[proxy].is_none_or(|it| it.doubt == Doubt::None)
    }

    fn accept(&mut self, proxy: usize, offer: usize) {
        let may = self.patient_lives() && self.may_be_proxy(proxy);
        let hours = self.hours;
        let Some(offered) = self.offers.get_mut(offer).filter(|it| it.open && hours < it.expires) else {
            return;
        };
        if may {
            offered.open = false;
            self.proxies[proxy] = Some(Proxy { by_patient: true, doubt: Doubt::None, end: None });
        } else {
            offered.failures += 1;
            offered.open = offered.failures < 5;
        }
    }

    fn doubt(&mut self, from: Doubt, to: Doubt) {
        for proxy in self.proxies.iter_mut().flatten() {
            if proxy.by_patient && proxy.doubt == from {
                proxy.doubt = to;
            }
        }
    }

    fn apply(&mut self, command: Command) {
        match command {
            Command::Offer if self.patient_lives() => {
                self.offers.push(Offered { expires: self.hours + 7 * 24, failures: 0, open: true });
            }
            // What cannot be offered now, and what the clock does by itself.
            Command::Offer | Command::Pass(_) => {}
            Command::Accept { proxy, offer } => self.accept(proxy, offer),
            Command::PatientEnds(proxy) => {
                if !self.patient_in_doubt && self.proxies[proxy].is_some_and(|it| it.by_patient) {
                    self.proxies[proxy] = None;
                }
            }
            Command::ProxyWalksAway(proxy) => self.proxies[proxy] = None,
            Command::Parent { proxy, papers_for } => {
                if self.may_be_proxy(proxy) {
                    let end = papers_for.map(|days| self.hours + days * 24);
                    self.proxies[proxy] = Some(Proxy { by_patient: false, doubt: Doubt::None, end });
                }
            }
            Command::Bar(proxy) => {
                self.barred[proxy] = true;
                self.proxies[proxy] = None;
            }
            Command::LiftBars(proxy) => self.barred[proxy] = false,
            Command::DoubtPatient => {
                if !std::mem::replace(&mut self.patient_in_doubt, true) {
                    self.doubt(Doubt::None, Doubt::OfGrantor);
                }
            }
            Command::ClearPatient => {
                if std::mem::replace(&mut self.patient_in_doubt, false) {
                    self.doubt(Doubt::OfGrantor, Doubt::None);
                }
            }
            Command::Suspend(proxy) => {
                if let Some(it) = self.proxies[proxy].as_mut().filter(|it| it.doubt == Doubt::None) {
                    it.doubt = Doubt::OfStaff;
                }
            }
            Command::Reinstate(proxy) => {
                if let Some(it) = &mut self.proxies[proxy] {
                    it.doubt = Doubt::None;
                }
            }
            Command::Born(which) => self.born = BIRTH_DATES[which].parse().unwrap(),
            Command::Except(emancipated) => self.emancipated = Some(emancipated),
            Command::NoException => self.emancipated = None,
        }
    }
}

// ---- The real thing ----

struct Real {
    it: Fixture,
    link: LinkId,
    patient: AccountId,
    codes: Vec<String>,
}

fn p1() -> PatientReference {
    PatientReference::FhirId(FhirId::parse("p1").unwrap())
}

impl Real {
    async fn new() -> Self {
        let it = Fixture::new(Kind::Sqlite).await;
        let code = crate::redeem::code_for(&it, "p1", None).await;
        crate::redeem::try_code(&it, "anna", &code, None).await;
        let patient = it.account("anna").await.id;
        let link = it.store.answerable_links(patient).await.unwrap()[0].link.id;
        Self { it, link, patient, codes: Vec::new() }
    }

    fn staff(&self) -> Authorized {
        Authorized::operator(self.it.here.id)
    }

    async fn account(&self, proxy: usize) -> AccountId {
        self.it.account(PROXIES[proxy]).await.id
    }

    /// The proxy's link that is not revoked.
    async fn link_of(&self, proxy: usize) -> Option<LinkId> {
        let account = self.account(proxy).await;
        let mut unit = self.it.begin().await;
        let links = unit.links_of_account(account).await.unwrap();
        links.iter().find(|link| !matches!(link.state, LinkState::Revoked { .. })).map(|link| link.id)
    }

    async fn grant_of(&self, proxy: usize) -> Option<GrantId> {
        let link = self.link_of(proxy).await?;
        let mut unit = self.it.begin().await;
        let grant = unit.grant_of_link(self.it.here.id, link).await.unwrap();
        Some(grant.unwrap().id)
    }

    async fn apply(&mut self, command: Command) {
        match command {
            Command::Offer => self.offer().await,
            Command::Accept { proxy, offer } => self.accept(proxy, offer).await,
            Command::PatientEnds(proxy) => self.end(proxy, self.patient).await,
            Command::ProxyWalksAway(proxy) => self.end(proxy, self.account(proxy).await).await,
            Command::Parent { proxy, papers_for } => self.parent(proxy, papers_for).await,
            Command::Bar(proxy) => self.bar(proxy).await,
            Command::LiftBars(proxy) => self.lift(proxy).await,
            Command::DoubtPatient => self.suspend(Some(self.link), Suspension::Fraud).await,
            Command::ClearPatient => self.reinstate(Some(self.link)).await,
            Command::Suspend(proxy) => self.suspend(self.link_of(proxy).await, Suspension::Review).await,
            Command::Reinstate(proxy) => self.reinstate(self.link_of(proxy).await).await,
            Command::Pass(days) => self.it.clock.advance(TimeDelta::days(days)),
            Command::Born(which) => self.born(which).await,
            Command::Except(emancipated) => self.except(Some(emancipated)).await,
            Command::NoException => self.except(None).await,
        }
    }

    async fn offer(&mut self) {
        let mut unit = self.it.begin().await;
        let request = OfferGrant {
            account: self.patient,
            link: self.link,
            relationship: Relationship::parse("SPS").unwrap(),
            profile: "everything",
            until: None,
            email: None,
        };
        if let Ok(offered) = offer_grant::offer(&mut *unit, &self.it.ports, request).await {
            self.codes.push(offered.code.unwrap().to_string());
            unit.save().await.unwrap();
        }
    }

    async fn accept(&self, proxy: usize, offer: usize) {
        let Some(code) = self.codes.get(offer) else { return };
        let account = self.it.account(PROXIES[proxy]).await;
        let mut unit = self.it.begin().await;
        let request = UseOffer { account: &account, code, asserted: None, address: "192.0.2.1" };
        accept_grant::accept(&mut *unit, &self.it.ports, &request).await.unwrap();
        unit.save().await.unwrap();
    }

    async fn end(&self, proxy: usize, by: AccountId) {
        let Some(grant) = self.grant_of(proxy).await else { return };
        let mut unit = self.it.begin().await;
        if end_grant::end(&mut *unit, &self.it.ports, GrantEnder::Account(by), grant).await.is_ok() {
            unit.save().await.unwrap();
        }
    }

    async fn parent(&self, proxy: usize, papers_for: Option<i64>) {
        let valid_until = papers_for.map(|days| self.it.ports.clock.now() + TimeDelta::days(days));
        let paper = Paper::BirthCertificate;
        let mut unit = self.it.begin().await;
        let request = IssueInvitation {
            patient: p1(),
            role: LinkRole::Proxy {
                relationship: Relationship::parse("MTH").unwrap(),
                basis: ProxyBasis::ParentalResponsibility,
            },
            profile: Some("everything".into()),
            until: None,
            channel: Channel::InPerson,
            email: EmailTarget::OnRecord,
            send: false,
            challenge: None,
            proof: vec![Fact::RelationshipSeen { paper, reference: None, valid_until }],
        };
        let issued = issue(&mut *unit, &self.it.ports, &self.it.here, self.staff(), request).await.unwrap();
        unit.save().await.unwrap();
        let account = self.it.account(PROXIES[proxy]).await;
        let code = issued.code.unwrap().to_string();
        let mut unit = self.it.begin().await;
        let request =
            Redeem { account: &account, code: &code, birth_date: None, asserted: None, address: "192.0.2.1" };
        redeem(&mut *unit, &self.it.ports, &request).await.unwrap();
        unit.save().await.unwrap();
    }

    async fn bar(&self, proxy: usize) {
        let request = bar::RecordBar {
            patient: p1(),
            account: Some(self.account(proxy).await),
            about: AboutBar { person: "somebody".into(), reference: "1".into() },
            until: None,
        };
        let mut unit = self.it.begin().await;
        bar::record(&mut *unit, &self.it.ports, &self.it.here, self.staff(), request).await.unwrap();
        unit.save().await.unwrap();
    }

    async fn lift(&self, proxy: usize) {
        let account = self.account(proxy).await;
        let mut unit = self.it.begin().await;
        let id = FhirId::parse("p1").unwrap();
        let patient = unit.patient(self.it.here.id, &id).await.unwrap().unwrap();
        for bar in unit.bars(self.it.here.id, patient.id).await.unwrap() {
            if bar.account == Some(account) && bar.lifted.is_none() {
                bar::lift(&mut *unit, &self.it.ports, self.staff(), bar.id).await.unwrap();
            }
        }
        unit.save().await.unwrap();
    }

    async fn suspend(&self, link: Option<LinkId>, reason: Suspension) {
        let Some(link) = link else { return };
        let mut unit = self.it.begin().await;
        if suspend_link::suspend(&mut *unit, &self.it.ports, self.staff(), link, reason).await.is_ok() {
            unit.save().await.unwrap();
        }
    }

    async fn reinstate(&self, link: Option<LinkId>) {
        let Some(link) = link else { return };
        let mut unit = self.it.begin().await;
        let reason = Reinstatement::Unfounded;
        if suspend_link::reinstate(&mut *unit, &self.it.ports, self.staff(), link, reason).await.is_ok() {
            unit.save().await.unwrap();
        }
    }

    async fn born(&self, which: usize) {
        let mut record = imported("p1");
        record.demographics.birth_date = Some(BIRTH_DATES[which].parse().unwrap());
        let mut unit = self.it.begin().await;
        unit.upsert_patients(self.it.here.id, vec![record], self.it.ports.clock.now()).await.unwrap();
        unit.save().await.unwrap();
    }

    async fn except(&self, emancipated: Option<bool>) {
        let (ports, here, by) = (&self.it.ports, &self.it.here, self.staff());
        let mut unit = self.it.begin().await;
        match emancipated {
            Some(emancipated) => {
                let kind =
                    if emancipated { AgeExceptionKind::Emancipated } else { AgeExceptionKind::Incapacity };
                let exception = AgeException { kind, from: ports.clock.now(), until: None };
                let (reason, reference) = ("r".into(), "1".into());
                let new = age_exception::NewException { exception, reason, reference };
                age_exception::record(&mut *unit, ports, here, by, p1(), new).await.unwrap();
            }
            None => {
                age_exception::end(&mut *unit, ports, here, by, p1()).await.unwrap();
            }
        }
        unit.save().await.unwrap();
    }

    async fn lives(&self, account: AccountId) -> bool {
        let now = self.it.ports.clock.now();
        let links = self.it.store.answerable_links(account).await.unwrap();
        links.iter().any(|link| matches!(link.access(None, now), Access::Live(_)))
    }
}

async fn agree(commands: Vec<Command>) -> Result<(), TestCaseError> {
    let mut real = Real::new().await;
    let begun = real.it.ports.clock.now();
    let mut model = Model {
        hours: 0,
        today: begun.date_naive(),
        born: "1984-02-29".parse().unwrap(),
        emancipated: None,
        patient_in_doubt: false,
        offers: Vec::new(),
        proxies: [None; 3],
        barred: [false; 3],
    };
    for (step, command) in commands.into_iter().enumerate() {
        // Longer than the window of wrong codes, which is not what this is about.
        real.it.clock.advance(TimeDelta::hours(2));
        let at = |model: &mut Model, real: &Real| {
            let now = real.it.ports.clock.now();
            model.hours = (now - begun).num_hours();
            model.today = now.date_naive();
        };
        at(&mut model, &real);
        model.apply(command);
        real.apply(command).await;
        at(&mut model, &real);
        prop_assert_eq!(
            real.lives(real.patient).await,
            model.patient_lives(),
            "the patient after {}: {:?}",
            step,
            command
        );
        for (proxy, name) in PROXIES.iter().enumerate() {
            let lives = real.lives(real.account(proxy).await).await;
            prop_assert_eq!(lives, model.lives(proxy), "{} after {}: {:?}", name, step, command);
        }
    }
    real.it.close().await;
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, max_shrink_iters: 60, ..ProptestConfig::default() })]

    #[test]
    fn the_links_that_live_are_those_of_the_model(commands in proptest::collection::vec(command(), 1..40)) {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        runtime.block_on(agree(commands))?;
    }
}
