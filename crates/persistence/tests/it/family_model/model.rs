//! Who opens the record, on a few screens.

use chrono::{Datelike, NaiveDate};

use super::{
    BIRTH_DATES, Command,
    doubts::{Doubt, Doubts},
};

/// How long an offer or an invitation is open.
const HOURS_OPEN: i64 = 7 * 24;

#[derive(Debug, Clone, Copy)]
struct Proxy {
    by_patient: bool,
    doubts: Doubts,
    /// In hours since the beginning.
    end: Option<i64>,
}

impl Proxy {
    fn new(by_patient: bool, end: Option<i64>) -> Self {
        Self { by_patient, doubts: Doubts::default(), end }
    }
}

/// Of an offer, or of an invitation.
#[derive(Debug)]
struct Code {
    /// In hours since the beginning.
    made: i64,
    failures: u16,
    open: bool,
    makes: Proxy,
}

impl Code {
    const fn new(makes: Proxy, made: i64) -> Self {
        Self { made, failures: 0, open: true, makes }
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
    patient: Doubts,
    offers: Vec<Code>,
    letters: Vec<Code>,
    proxies: [Option<Proxy>; 3],
    /// Since when codes that were on their way open nothing to them, in hours since the beginning.
    kept_out: [Option<i64>; 3],
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
            patient: Doubts::default(),
            offers: Vec::new(),
            letters: Vec::new(),
            proxies: [None; 3],
            kept_out: [None; 3],
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
        !self.patient.is_closed() && (emancipated || self.age() >= 12)
    }

    pub(super) fn lives(&self, proxy: usize) -> bool {
        self.proxies[proxy].is_some_and(|it| {
            let by_age = match self.emancipated[self.record()] {
                Some(emancipated) => !emancipated,
                None => self.age() < 18,
            };
            !it.doubts.is_closed() && it.end.is_none_or(|end| self.hours < end) && (it.by_patient || by_age)
        })
    }

    fn is_barred(&self, proxy: usize) -> bool {
        self.barred[0][proxy] || (self.merged && self.barred[1][proxy])
    }

    fn may_be_proxy(&self, proxy: usize) -> bool {
        !self.is_barred(proxy) && self.proxies[proxy].is_none_or(|it| !it.doubts.is_closed())
    }

    fn try_code(&mut self, proxy: usize, is_offer: bool, which: usize) {
        let may = self.may_be_proxy(proxy) && (!is_offer || self.patient_lives());
        let (hours, kept_out) = (self.hours, self.kept_out[proxy]);
        let codes = if is_offer { &mut self.offers } else { &mut self.letters };
        let Some(code) = codes.get_mut(which).filter(|it| it.open && hours < it.made + HOURS_OPEN) else {
            return;
        };
        // What was made since then was made in spite of it.
        if may && kept_out.is_none_or(|since| since <= code.made) {
            code.open = false;
            self.proxies[proxy] = Some(code.makes);
        } else {
            code.failures += 1;
            code.open = code.failures < 5;
        }
    }

    /// Whoever goes while in doubt leaves that unanswered, which is a cause too.
    fn end(&mut self, proxy: usize, for_cause: bool) {
        if self.proxies[proxy].take().is_some_and(|it| for_cause || it.doubts.is_closed()) {
            self.kept_out[proxy] = Some(self.hours);
        }
    }

    fn close_barred(&mut self) {
        for proxy in 0..self.proxies.len() {
            if self.is_barred(proxy) {
                self.end(proxy, true);
            }
        }
    }

    /// The links go to the other record. What granted them in doubt is seen anew there.
    fn go(&mut self, merged: bool) {
        if std::mem::replace(&mut self.merged, merged) != merged {
            if merged && self.emancipated[1].is_none() {
                self.emancipated[1] = self.emancipated[0];
            }
            if self.patient.is_closed() {
                self.change_granted(None, Some(Doubt::Grantor));
            }
            self.close_barred();
        }
    }

    fn except(&mut self, emancipated: Option<bool>) {
        self.emancipated[0] = emancipated;
        let record = self.record();
        self.emancipated[record] = emancipated;
    }

    fn change_granted(&mut self, from: Option<Doubt>, to: Option<Doubt>) {
        for proxy in self.proxies.iter_mut().flatten() {
            if proxy.by_patient && proxy.doubts.named == from {
                proxy.doubts.named = to;
            }
        }
    }

    /// What becomes of the patient's link, and of what was granted by it.
    fn change_patient(&mut self, change: impl FnOnce(&mut Doubts)) {
        let before = self.patient.is_closed();
        change(&mut self.patient);
        match (before, self.patient.is_closed()) {
            (false, true) => self.change_granted(None, Some(Doubt::Grantor)),
            (true, false) => self.change_granted(Some(Doubt::Grantor), None),
            _ => {}
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
                self.offers.push(Code::new(Proxy::new(true, None), self.hours));
            }
            // Staff invite to the record under its own name.
            Command::Invite(papers_for) if !self.merged => {
                let end = papers_for.map(|days| self.hours + days * 24);
                self.letters.push(Code::new(Proxy::new(false, end), self.hours));
            }
            // What cannot be offered now, and what the clock does by itself.
            Command::Offer | Command::Invite(_) | Command::Pass(_) => {}
            Command::Accept { proxy, offer } => self.try_code(proxy, true, offer),
            Command::PatientEnds(proxy) => {
                if !self.patient.is_closed() && self.proxies[proxy].is_some_and(|it| it.by_patient) {
                    self.end(proxy, false);
                }
            }
            Command::ProxyWalksAway(proxy) => self.end(proxy, false),
            Command::Redeem { proxy, letter } => self.try_code(proxy, false, letter),
            Command::Bar { proxy, record } => {
                self.barred[record][proxy] = true;
                self.close_barred();
            }
            Command::LiftBars(proxy) => self.barred[0][proxy] = false,
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
                    self.end(proxy, true);
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
