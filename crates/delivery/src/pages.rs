/// Addresses of the pages that messages point to.
#[derive(Debug, Clone)]
pub struct Pages {
    /// Where Kinlink itself is reached, without a trailing slash.
    pub public_url: String,
    /// Where a code can be redeemed in a browser, if anywhere.
    pub redeem_url: Option<String>,
}

impl Pages {
    /// Where this code can be redeemed. It stands behind the `#`, so that it reaches no server's log.
    pub(crate) fn redeem(&self, code: &str) -> Option<String> {
        self.redeem_url.as_ref().map(|url| format!("{url}#code={code}"))
    }

    /// The "this was not me" page of a notice.
    pub(crate) fn not_me(&self, token: &str) -> String {
        format!("{}/not-me/{token}", self.public_url)
    }
}
