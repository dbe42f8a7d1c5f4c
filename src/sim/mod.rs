//! A believable world to try the box on: vehicles that come and go past a few cameras, drawn
//! pictures of them, and the payloads Rekor Scout would send. Everything follows from one seed,
//! so a run can be repeated. Knows nothing of the store or of the server it talks to.

pub mod agent;
mod car;
pub mod dice;
pub mod draw;
pub mod fleet;
pub mod font;
mod light;
pub mod payload;
pub mod scene;
pub mod traffic;
