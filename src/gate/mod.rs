//! Our own HTTP/1.1 server: bytes in, [`Head`] and [`Body`] to a [`Handler`], [`Response`] out. A
//! thread per connection, a deadline on every wait, a cap on everything a stranger sends. Knows
//! no user, no plate, no route.

pub mod address;
pub mod body;
pub mod chunked;
mod conn;
pub mod form;
pub mod head;
pub mod listen;
pub mod live;
pub mod multipart;
mod registry;
pub mod request;
pub mod response;
pub mod server;
mod stream;
mod target;
#[cfg(test)]
mod tests;
pub mod tls;
pub mod write;

pub use body::{Body, BodyError};
pub use form::{Form, FormError};
pub use listen::bind;
pub use live::{Hub, HubLimits, Listener};
pub use request::{Head, Headers, Method};
pub use response::{Response, ResponseBody};
pub use server::{Doorman, Gate, GateLimits, Handler, OpenDoor};
pub use tls::Tls;
