/// Addresses of the pages that messages point to.
#[derive(Debug, Clone)]
pub struct Pages {
    /// Where Kinlink itself is reached, without a trailing slash.
    pub public_url: String,
    /// Where a code can be redeemed in a browser, if anywhere.
    pub redeem_url: Option<String>,
}

/// Where a code can be redeemed.
pub(crate) struct RedeemPage {
    /// The page, as people read and type it.
    pub(crate) url: String,
    /// What is opened: a portal's page gets the code with it.
    pub(crate) opened: String,
    /// Whether the code has to be typed there.
    pub(crate) typed: bool,
}

impl Pages {
    /// Kinlink's own page to redeem a code at.
    pub fn own_redeem_url(public_url: &str) -> String {
        format!("{public_url}/redeem")
    }

    /// Where this code can be redeemed.
    ///
    /// A portal gets the code behind the `#`, where it reaches no server's log; its script fills it in. Kinlink's own
    /// page gets none: it runs no script that could read what stands there, a browser would take it along to the
    /// identity provider's page, and a query parameter would stand in logs. There the code is typed.
    pub(crate) fn redeem(&self, code: &str) -> Option<RedeemPage> {
        let url = self.redeem_url.clone()?;
        let typed = self.redeems_itself();
        let opened = if typed { url.clone() } else { format!("{url}#code={code}") };
        Some(RedeemPage { url, opened, typed })
    }

    /// Kinlink's own page, if that is where codes are redeemed: it also takes the code of somebody who lets another
    /// act for them.
    pub(crate) fn own_page(&self) -> Option<&str> {
        self.redeem_url.as_deref().filter(|_| self.redeems_itself())
    }

    fn redeems_itself(&self) -> bool {
        self.redeem_url.as_deref() == Some(&Self::own_redeem_url(&self.public_url))
    }

    /// The "this was not me" page of a notice.
    pub(crate) fn not_me(&self, token: &str) -> String {
        format!("{}/not-me/{token}", self.public_url)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn redeemed_at(redeem_url: &str) -> RedeemPage {
        let pages =
            Pages { public_url: "https://kinlink.example".into(), redeem_url: Some(redeem_url.into()) };
        pages.redeem("AAAA-BBBB").unwrap()
    }

    #[test]
    fn a_portal_gets_the_code_with_its_address_and_our_own_page_does_not() {
        let portal = redeemed_at("https://portal.example/redeem");
        assert_eq!(portal.opened, "https://portal.example/redeem#code=AAAA-BBBB");
        assert!(!portal.typed);
        let own = redeemed_at(&Pages::own_redeem_url("https://kinlink.example"));
        assert_eq!((own.opened.as_str(), own.typed), ("https://kinlink.example/redeem", true));
    }
}
