//! What speaks against a link, each doubt lifted by itself.

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Doubt {
    Grantor,
    Staff,
    Contact,
}

/// What a link is suspended for, and whether a dispute about it is open.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Doubts {
    pub(super) named: Option<Doubt>,
    pub(super) disputed: bool,
}

impl Doubts {
    pub(super) fn is_closed(self) -> bool {
        self.named.is_some()
    }

    pub(super) fn own(&mut self, doubt: Doubt) {
        if matches!(self.named, None | Some(Doubt::Grantor)) {
            self.named = Some(doubt);
        }
    }

    pub(super) fn dispute(&mut self) {
        if !std::mem::replace(&mut self.disputed, true) {
            self.own(Doubt::Contact);
        }
    }

    pub(super) fn dismiss(&mut self, grantor_in_doubt: bool) {
        if std::mem::replace(&mut self.disputed, false) && self.named == Some(Doubt::Contact) {
            self.named = grantor_in_doubt.then_some(Doubt::Grantor);
        }
    }

    /// Staff who lift that the grantor is in doubt open it all the same.
    pub(super) fn reinstate(&mut self, grantor_in_doubt: bool) {
        if !self.disputed {
            let of_grantor = self.named == Some(Doubt::Grantor);
            let stays = self.named.is_some() && !of_grantor && grantor_in_doubt;
            self.named = stays.then_some(Doubt::Grantor);
        }
    }
}
