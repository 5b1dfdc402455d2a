//! What is to live.

use chrono::{Datelike, NaiveDate};

use super::{BIRTH_DATES, Command};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Doubt {
    Grantor,
    Staff,
    Contact,
}

/// What a link is suspended for, and whether a dispute about it is open.
#[derive(Debug, Clone, Copy, Default)]
struct Doubts {
    named: Option<Doubt>,
    disputed: bool,
}

impl Doubts {
    fn is_closed(self) -> bool {
        self.named.is_some()
    }

    fn own(&mut self, doubt: Doubt) {
        if matches!(self.named, None | Some(Doubt::Grantor)) {
            self.named = Some(doubt);
        }
    }

    fn dispute(&mut self) {
        if !std::mem::replace(&mut self.disputed, true) {
            self.own(Doubt::Contact);
        }
    }

    fn dismiss(&mut self, grantor_in_doubt: bool) {
        if std::mem::replace(&mut self.disputed, false) && self.named == Some(Doubt::Contact) {
            self.named = grantor_in_doubt.then_some(Doubt::Grantor);
        }
    }

    fn reinstate(&mut self, grantor_in_doubt: bool) {
        if !self.disputed {
            let of_grantor = self.named == Some(Doubt::Grantor);
            let stays = self.named.is_some() && !of_grantor && grantor_in_doubt;
            self.named = stays.then_some(Doubt::Grantor);
        }
    }
}

#[derive(Debug, Clone, Copy)]
struct Proxy {
    by_patient: bool,
    doubts: Doubts,
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
pub(super) struct Model {
    pub(super) hours: i64,
    pub(super) today: NaiveDate,
    born: NaiveDate,
    emancipated: Option<bool>,
    patient: Doubts,
    offers: Vec<Offered>,
    proxies: [Option<Proxy>; 3],
    barred: [bool; 3],
}

impl Model {
    pub(super) fn new(today: NaiveDate) -> Self {
        Self {
            hours: 0,
            today,
            born: "1984-02-29".parse().unwrap(),
            emancipated: None,
            patient: Doubts::default(),
            offers: Vec::new(),
            proxies: [None; 3],
            barred: [false; 3],
        }
    }

    fn age(&self) -> i32 {
        let before = (self.today.month(), self.today.day()) < (self.born.month(), self.born.day());
        self.today.year() - self.born.year() - i32::from(before)
    }

    pub(super) fn patient_lives(&self) -> bool {
        !self.patient.is_closed() && (self.emancipated == Some(true) || self.age() >= 12)
    }

    pub(super) fn lives(&self, proxy: usize) -> bool {
        self.proxies[proxy].is_some_and(|it| {
            let by_age = match self.emancipated {
                Some(emancipated) => !emancipated,
                None => self.age() < 18,
            };
            !it.doubts.is_closed() && it.end.is_none_or(|end| self.hours < end) && (it.by_patient || by_age)
        })
    }

    fn may_be_proxy(&self, proxy: usize) -> bool {
        !self.barred[proxy] && self.proxies[proxy].is_none_or(|it| !it.doubts.is_closed())
    }

    fn accept(&mut self, proxy: usize, offer: usize) {
        let may = self.patient_lives() && self.may_be_proxy(proxy);
        let hours = self.hours;
        let Some(offered) = self.offers.get_mut(offer).filter(|it| it.open && hours < it.expires) else {
            return;
        };
        if may {
            offered.open = false;
            self.proxies[proxy] = Some(Proxy { by_patient: true, doubts: Doubts::default(), end: None });
        } else {
            offered.failures += 1;
            offered.open = offered.failures < 5;
        }
    }

    /// What becomes of the patient's link, and of what was granted by it.
    fn change_patient(&mut self, change: impl FnOnce(&mut Doubts)) {
        let before = self.patient.is_closed();
        change(&mut self.patient);
        let (from, to) = match (before, self.patient.is_closed()) {
            (false, true) => (None, Some(Doubt::Grantor)),
            (true, false) => (Some(Doubt::Grantor), None),
            _ => return,
        };
        for proxy in self.proxies.iter_mut().flatten() {
            if proxy.by_patient && proxy.doubts.named == from {
                proxy.doubts.named = to;
            }
        }
    }

    /// What becomes of a proxy's link; `change` is told whether its grantor's is in doubt.
    fn change_proxy(&mut self, proxy: usize, change: impl FnOnce(&mut Doubts, bool)) {
        let patient_in_doubt = self.patient.is_closed();
        if let Some(it) = &mut self.proxies[proxy] {
            change(&mut it.doubts, it.by_patient && patient_in_doubt);
        }
    }

    pub(super) fn apply(&mut self, command: Command) {
        match command {
            Command::Offer if self.patient_lives() => {
                self.offers.push(Offered { expires: self.hours + 7 * 24, failures: 0, open: true });
            }
            // What cannot be offered now, and what the clock does by itself.
            Command::Offer | Command::Pass(_) => {}
            Command::Accept { proxy, offer } => self.accept(proxy, offer),
            Command::PatientEnds(proxy) => {
                if !self.patient.is_closed() && self.proxies[proxy].is_some_and(|it| it.by_patient) {
                    self.proxies[proxy] = None;
                }
            }
            Command::ProxyWalksAway(proxy) => self.proxies[proxy] = None,
            Command::Parent { proxy, papers_for } => {
                if self.may_be_proxy(proxy) {
                    let end = papers_for.map(|days| self.hours + days * 24);
                    self.proxies[proxy] = Some(Proxy { by_patient: false, doubts: Doubts::default(), end });
                }
            }
            Command::Bar(proxy) => {
                self.barred[proxy] = true;
                self.proxies[proxy] = None;
            }
            Command::LiftBars(proxy) => self.barred[proxy] = false,
            Command::DoubtPatient => self.change_patient(|it| it.own(Doubt::Staff)),
            Command::ClearPatient => self.change_patient(|it| it.reinstate(false)),
            Command::DisputePatient => self.change_patient(Doubts::dispute),
            Command::DismissPatient => self.change_patient(|it| it.dismiss(false)),
            Command::Suspend(proxy) => self.change_proxy(proxy, |it, _| it.own(Doubt::Staff)),
            Command::Reinstate(proxy) => self.change_proxy(proxy, Doubts::reinstate),
            Command::Dispute(proxy) => self.change_proxy(proxy, |it, _| it.dispute()),
            Command::Decide { proxy, right: false } => self.change_proxy(proxy, Doubts::dismiss),
            Command::Decide { proxy, right: true } => {
                if self.proxies[proxy].is_some_and(|it| it.doubts.disputed) {
                    self.proxies[proxy] = None;
                }
            }
            Command::Born(which) => self.born = BIRTH_DATES[which].parse().unwrap(),
            Command::Except(emancipated) => self.emancipated = Some(emancipated),
            Command::NoException => self.emancipated = None,
        }
    }
}
