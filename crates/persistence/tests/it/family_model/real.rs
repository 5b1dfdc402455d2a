//! The same with storage and services.

use chrono::TimeDelta;
use kinlink_domain::{
    access::{Access, AgeException, AgeExceptionKind},
    actor::Authorized,
    bar::AboutBar,
    id::{AccountId, GrantId, LinkId},
    link::{LinkState, Reinstatement, Suspension},
    patient::{FhirId, RecordLink, RecordLinkType},
    relationship::Relationship,
    service::{
        accept_grant::{self, UseOffer},
        age_exception, bar,
        end_grant::{self, GrantEnder},
        issue_invitation::PatientReference,
        offer_grant::{self, OfferGrant},
        suspend_link,
    },
    store::LinkReader,
};
use kinlink_testkit::{Fixture, Kind, imported};

use super::{BIRTH_DATES, Command, PROXIES, RECORDS, STRANGER};
use crate::{
    disputed_merges::{RIGHT, WRONG, decide, disputes, open_beside},
    merged_family::parents_code,
    patients::upsert,
};

pub(super) struct Real {
    pub(super) it: Fixture,
    link: LinkId,
    pub(super) patient: AccountId,
    offers: Vec<String>,
    letters: Vec<String>,
    merged: bool,
    born: &'static str,
}

fn named(record: usize) -> PatientReference {
    PatientReference::FhirId(FhirId::parse(RECORDS[record]).unwrap())
}

impl Real {
    pub(super) async fn new(born: &'static str) -> Self {
        let it = Fixture::new(Kind::Sqlite).await;
        let mut stranger = imported(RECORDS[1]);
        stranger.demographics.birth_date = Some(STRANGER.parse().unwrap());
        upsert(&it, vec![stranger]).await;
        let code = crate::redeem::code_for(&it, "p1", None).await;
        crate::redeem::try_code(&it, "anna", &code, None).await;
        let patient = it.account("anna").await.id;
        let link = it.store.answerable_links(patient).await.unwrap()[0].link.id;
        Self { it, link, patient, offers: Vec::new(), letters: Vec::new(), merged: false, born }
    }

    fn staff(&self) -> Authorized {
        Authorized::operator(self.it.here.id)
    }

    pub(super) async fn account(&self, proxy: usize) -> AccountId {
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

    pub(super) async fn apply(&mut self, command: Command) {
        match command {
            Command::Offer => self.offer().await,
            Command::Accept { proxy, offer } => self.accept(proxy, offer).await,
            Command::PatientEnds(proxy) => self.end(proxy, self.patient).await,
            Command::ProxyWalksAway(proxy) => self.end(proxy, self.account(proxy).await).await,
            Command::Invite(papers_for) if !self.merged => self.invite(papers_for).await,
            Command::Invite(_) => {}
            Command::Redeem { proxy, letter } => self.redeem(proxy, letter).await,
            Command::Bar { proxy, record } => self.bar(proxy, record).await,
            Command::LiftBars(proxy) => self.lift(proxy).await,
            Command::DoubtPatient => self.suspend(Some(self.link), Suspension::Fraud).await,
            Command::ClearPatient => self.reinstate(Some(self.link)).await,
            Command::Suspend(proxy) => self.suspend(self.link_of(proxy).await, Suspension::Review).await,
            Command::Reinstate(proxy) => self.reinstate(self.link_of(proxy).await).await,
            Command::DisputePatient => self.dispute(Some(self.link)).await,
            Command::DismissPatient => self.decide(Some(self.link), false).await,
            Command::Dispute(proxy) => self.dispute(self.link_of(proxy).await).await,
            Command::Decide { proxy, right } => self.decide(self.link_of(proxy).await, right).await,
            Command::Pass(days) => self.it.clock.advance(TimeDelta::days(days)),
            Command::Born(which) => {
                self.born = BIRTH_DATES[which];
                self.import().await;
            }
            Command::Except(emancipated) => self.except(Some(emancipated)).await,
            Command::NoException => self.except(None).await,
            Command::Merge | Command::Unmerge => {
                self.merged = matches!(command, Command::Merge);
                self.import().await;
            }
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
            self.offers.push(offered.code.unwrap().to_string());
            unit.save().await.unwrap();
        }
    }

    async fn accept(&self, proxy: usize, offer: usize) {
        let Some(code) = self.offers.get(offer) else { return };
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

    async fn invite(&mut self, papers_for: Option<i64>) {
        let valid_until = papers_for.map(|days| self.it.ports.clock.now() + TimeDelta::days(days));
        self.letters.push(parents_code(&self.it, RECORDS[0], valid_until).await);
    }

    async fn redeem(&self, proxy: usize, letter: usize) {
        let Some(code) = self.letters.get(letter) else { return };
        crate::redeem::try_code(&self.it, PROXIES[proxy], code, None).await;
    }

    async fn bar(&self, proxy: usize, record: usize) {
        let request = bar::RecordBar {
            patient: named(record),
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
        let id = FhirId::parse(RECORDS[0]).unwrap();
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

    async fn dispute(&self, link: Option<LinkId>) {
        if let Some(link) = link {
            disputes(&self.it, link).await;
        }
    }

    async fn decide(&self, link: Option<LinkId>, right: bool) {
        let Some(link) = link else { return };
        if let Some(open) = open_beside(&self.it, link).await.first() {
            decide(&self.it, open, if right { RIGHT } else { WRONG }).await.unwrap();
        }
    }

    async fn import(&self) {
        let mut record = imported(RECORDS[0]);
        record.demographics.birth_date = Some(self.born.parse().unwrap());
        if self.merged {
            let other = FhirId::parse(RECORDS[1]).unwrap();
            record.links = vec![RecordLink { other, kind: RecordLinkType::ReplacedBy }];
        }
        upsert(&self.it, vec![record]).await;
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
                age_exception::record(&mut *unit, ports, here, by, named(0), new).await.unwrap();
            }
            None => {
                age_exception::end(&mut *unit, ports, here, by, named(0)).await.unwrap();
            }
        }
        unit.save().await.unwrap();
    }

    /// The records that an account opens.
    pub(super) async fn opens(&self, account: AccountId) -> Vec<String> {
        let now = self.it.ports.clock.now();
        let links = self.it.store.answerable_links(account).await.unwrap();
        let live = links.iter().filter(|link| matches!(link.access(None, now), Access::Live(_)));
        live.map(|link| link.link.fhir_id.to_string()).collect()
    }
}
