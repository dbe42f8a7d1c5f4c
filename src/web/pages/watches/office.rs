//! What it takes to understand a watch that somebody types: their zone, the cameras, the other users.

use jiff::tz::TimeZone;

use crate::domain::watches::fields::Desk;
use crate::domain::watches::searches::Names;
use crate::model::user::User;
use crate::web::ctx::Ctx;
use crate::web::error::WebError;

/// Looked up once a request.
pub struct Office {
    zone: TimeZone,
    /// Cameras and agents.
    pub names: Names,
    /// All accounts.
    pub users: Vec<User>,
    /// Who is signed in.
    pub owner: User,
}

impl Office {
    /// Looks everything up.
    pub fn open(ctx: &Ctx<'_>) -> Result<Self, WebError> {
        let owner = ctx.user()?.clone();
        let (names, users) = ctx
            .site
            .store
            .read(|tx| Ok((Names::load(&tx.agents()?, &tx.cameras()?), tx.users()?)))?;
        Ok(Self { zone: ctx.zone(), names, users, owner })
    }

    /// The desk at which watches of the caller are read and written.
    pub fn desk(&self, ctx: &Ctx<'_>) -> Desk<'_> {
        Desk {
            zone: &self.zone,
            now: ctx.now,
            names: &self.names,
            users: &self.users,
            owner: &self.owner,
        }
    }
}
