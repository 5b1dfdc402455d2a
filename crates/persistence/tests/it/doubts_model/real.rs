//! What really lives.

use chrono::TimeDelta;
use kinlink_domain::{
    access::{Access, AgeException, AgeExceptionKind},
    actor::Authorized,
    bar::AboutBar,
    dispute::{DisputeStatus, DisputeToken},
    evidence::{Fact, Paper},
    id::{AccountId, GrantId, LinkId, MessageId},
    invitation::Channel,
    link::{LinkRole, LinkState, Reinstatement, Revocation, Suspension},
    patient::FhirId,
    relationship::{ProxyBasis, Relationship},
    service::{
        accept_grant::{self, UseOffer},
        age_exception, bar,
        dispute::{self, Verdict},
        end_grant::{self, GrantEnder},
        issue_invitation::{EmailTarget, IssueInvitation, PatientReference, issue},
        offer_grant::{self, OfferGrant},
        redeem::{Redeem, redeem},
        suspend_link,
    },
    store::LinkReader,
};
use kinlink_testkit::{Fixture, Kind, imported};

use super::{BIRTH_DATES, Command, PROXIES};

pub(super) struct Real {
    pub(super) it: Fixture,
    link: LinkId,
    pub(super) patient: AccountId,
    codes: Vec<String>,
}

fn p1() -> PatientReference {
    PatientReference::FhirId(FhirId::parse("p1").unwrap())
}

impl Real {
    pub(super) async fn new() -> Self {
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
            Command::Parent { proxy, papers_for } => self.parent(proxy, papers_for).await,
            Command::Bar(proxy) => self.bar(proxy).await,
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

    /// A contact on record says that it was not the patient.
    async fn dispute(&self, link: Option<LinkId>) {
        let Some(link) = link else { return };
        let (ports, now) = (&self.it.ports, self.it.ports.clock.now());
        let message = MessageId::new(now, &*ports.random);
        let token = DisputeToken { link, message, expires_at: now + TimeDelta::days(1) };
        let token = token.write(&*ports.vault);
        let mut unit = self.it.begin().await;
        dispute::open(&mut *unit, ports, &token, "192.0.2.1").await.unwrap();
        unit.save().await.unwrap();
    }

    async fn decide(&self, link: Option<LinkId>, right: bool) {
        let Some(link) = link else { return };
        let mut unit = self.it.begin().await;
        let link = unit.link(link).await.unwrap().unwrap();
        let disputes = unit.disputes_of_link(&link).await.unwrap();
        let open = disputes.iter().find(|dispute| dispute.status() == DisputeStatus::Open);
        let Some(open) = open else { return };
        let verdict = if right {
            Verdict::Right(Revocation::WrongPerson)
        } else {
            Verdict::Wrong(Reinstatement::Unfounded)
        };
        dispute::decide(&mut *unit, &self.it.ports, self.staff(), open.id, verdict).await.unwrap();
        unit.save().await.unwrap();
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

    pub(super) async fn lives(&self, account: AccountId) -> bool {
        let now = self.it.ports.clock.now();
        let links = self.it.store.answerable_links(account).await.unwrap();
        links.iter().any(|link| matches!(link.access(None, now), Access::Live(_)))
    }
}
