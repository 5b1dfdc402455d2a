//! Invitations: issued, listed, read, revoked, issued anew.

pub(super) mod form;
pub(super) mod issue;
pub(super) mod issued;
pub(super) mod letter;
pub(super) mod list;
pub(super) mod read;
pub(super) mod reissue;
pub(super) mod revoke;
pub(super) mod way;
