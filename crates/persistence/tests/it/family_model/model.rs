//! Who opens the record, on two screens.

use chrono::{Datelike, NaiveDate};

use super::{BIRTH_DATES, Command};

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

/// Of an offer, or of an invitation.
#[derive(Debug)]
struct Code {
    expires: i64,
    failures: u16,
    open: bool,
    makes: Proxy,
}

impl Code {
    const fn new(makes: Proxy, expires: i64) -> Self {
        Self { expires, failures: 0, open: true, makes }
    }
}

#[derive(Debug)]
pub(super) struct Model {
    pub(super) hours: i64,
    pub(super) today: NaiveDate,
    /// Whether the record is merged into the stranger's.
    merged: bool,
    /// At either record, as what follows.
    born: [NaiveDate; 2],
    emancipated: [Option<bool>; 2],
    barred: [[bool; 3]; 2],
    patient_in_doubt: bool,
    offers: Vec<Code>,
    letters: Vec<Code>,
    proxies: [Option<Proxy>; 3],
}

impl Model {
    pub(super) fn new(today: NaiveDate, born: [NaiveDate; 2]) -> Self {
        Self {
            hours: 0,
            today,
            merged: false,
            born,
            emancipated: [None; 2],
            barred: [[false; 3]; 2],
            patient_in_doubt: false,
            offers: Vec::new(),
            letters: Vec::new(),
            proxies: [None; 3],
        }
    }

    /// The record that the links open.
    pub(super) fn record(&self) -> usize {
        usize::from(self.merged)
    }

    fn age(&self) -> i32 {
        let born = self.born[self.record()];
        let before = (self.today.month(), self.today.day()) < (born.month(), born.day());
        self.today.year() - born.year() - i32::from(before)
    }

    pub(super) fn patient_lives(&self) -> bool {
        let emancipated = self.emancipated[self.record()] == Some(true);
        !self.patient_in_doubt && (emancipated || self.age() >= 12)
    }

    pub(super) fn lives(&self, proxy: usize) -> bool {
        self.proxies[proxy].is_some_and(|it| {
            let by_age = match self.emancipated[self.record()] {
                Some(emancipated) => !emancipated,
                None => self.age() < 18,
            };
            it.doubt == Doubt::None && it.end.is_none_or(|end| self.hours < end) && (it.by_patient || by_age)
        })
    }

    fn is_barred(&self, proxy: usize) -> bool {
        self.barred[0][proxy] || (self.merged && self.barred[1][proxy])
    }

    fn may_be_proxy(&self, proxy: usize) -> bool {
        !self.is_barred(proxy) && self.proxies[proxy].is_none_or(|it| it.doubt == Doubt::None)
    }

    fn try_code(&mut self, proxy: usize, is_offer: bool, which: usize) {
        let may = self.may_be_proxy(proxy) && (!is_offer || self.patient_lives());
        let hours = self.hours;
        let codes = if is_offer { &mut self.offers } else { &mut self.letters };
        let Some(code) = codes.get_mut(which).filter(|it| it.open && hours < it.expires) else {
            return;
        };
        if may {
            code.open = false;
            self.proxies[proxy] = Some(code.makes);
        } else {
            code.failures += 1;
            code.open = code.failures < 5;
        }
    }

    fn close_barred(&mut self) {
        for proxy in 0..self.proxies.len() {
            if self.is_barred(proxy) {
                self.proxies[proxy] = None;
            }
        }
    }

    /// The links go to the other record. What granted them in doubt is seen anew there.
    fn go(&mut self, merged: bool) {
        if std::mem::replace(&mut self.merged, merged) != merged {
            if merged && self.emancipated[1].is_none() {
                self.emancipated[1] = self.emancipated[0];
            }
            if self.patient_in_doubt {
                self.doubt(Doubt::None, Doubt::OfGrantor);
            }
            self.close_barred();
        }
    }

    fn except(&mut self, emancipated: Option<bool>) {
        self.emancipated[0] = emancipated;
        let record = self.record();
        self.emancipated[record] = emancipated;
    }

    fn doubt(&mut self, from: Doubt, to: Doubt) {
        for proxy in self.proxies.iter_mut().flatten() {
            if proxy.by_patient && proxy.doubt == from {
                proxy.doubt = to;
            }
        }
    }

    pub(super) fn apply(&mut self, command: Command) {
        match command {
            Command::Offer if self.patient_lives() => {
                let makes = Proxy { by_patient: true, doubt: Doubt::None, end: None };
                self.offers.push(Code::new(makes, self.hours + 7 * 24));
            }
            // Staff invite to the record under its own name.
            Command::Invite(papers_for) if !self.merged => {
                let end = papers_for.map(|days| self.hours + days * 24);
                let makes = Proxy { by_patient: false, doubt: Doubt::None, end };
                self.letters.push(Code::new(makes, self.hours + 7 * 24));
            }
            // What cannot be offered now, and what the clock does by itself.
            Command::Offer | Command::Invite(_) | Command::Pass(_) => {}
            Command::Accept { proxy, offer } => self.try_code(proxy, true, offer),
            Command::PatientEnds(proxy) => {
                if !self.patient_in_doubt && self.proxies[proxy].is_some_and(|it| it.by_patient) {
                    self.proxies[proxy] = None;
                }
            }
            Command::ProxyWalksAway(proxy) => self.proxies[proxy] = None,
            Command::Redeem { proxy, letter } => self.try_code(proxy, false, letter),
            Command::Bar { proxy, record } => {
                self.barred[record][proxy] = true;
                self.close_barred();
            }
            Command::LiftBars(proxy) => self.barred[0][proxy] = false,
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
            Command::Born(which) => self.born[0] = BIRTH_DATES[which].parse().unwrap(),
            Command::Except(emancipated) => self.except(Some(emancipated)),
            Command::NoException => self.except(None),
            Command::Merge => self.go(true),
            Command::Unmerge => self.go(false),
        }
    }
}
