//! Which of a venue's servers are spoken to, and on whose behalf.

use crate::protocol::{Auth, CallError, Capabilities, Credentials, Request};
use std::collections::BTreeMap;

/// Which servers of a venue, and on whose behalf.
#[derive(Clone, Default)]
pub struct Access {
    /// Servers that differ from the venue's own, by the names its capabilities give them; the name `*` is for all.
    pub origins: BTreeMap<String, String>,
    /// The venue's test network.
    pub test: bool,
    /// The account's keys.
    pub credentials: Option<Credentials>,
}

impl Access {
    /// A signed request, marked as one to the demo account where the venue wants that.
    pub(super) fn marked(&self, capabilities: &Capabilities, request: Request, auth: Auth) -> Request {
        match capabilities.demo_header.filter(|header| self.test && (header.public || auth != Auth::None)) {
            Some(header) => request.header(header.name, header.value),
            None => request,
        }
    }

    /// The server of a name.
    ///
    /// # Errors
    /// [`CallError::Unsupported`] if the venue has none.
    pub(super) fn base(&self, capabilities: &Capabilities, origin: &str) -> Result<String, CallError> {
        if let Some(base) = self.origins.get(origin).or_else(|| self.origins.get("*")) {
            return Ok(base.clone());
        }
        let list = if self.test { capabilities.test_origins } else { capabilities.origins };
        let found = list.iter().find(|(name, _)| *name == origin).map(|(_, base)| (*base).to_owned());
        found.ok_or_else(|| CallError::Unsupported {
            venue: capabilities.venue,
            what: format!("{} server called {origin}", if self.test { "test" } else { "live" }),
        })
    }
}
