//! What services with pages share: logging in and out, sessions, forms that only our own pages can send, back-off for
//! those who guess, the frame around a page, and its sheet. What a page shows and what a role may do there is each
//! service's own. Start reading at [`Entrance`], which every page asks who is there.

mod actor;
pub mod answer;
pub mod assets;
mod cookies;
mod entrance;
mod fields;
mod frame;
mod guesses;
pub mod login;
mod newcomer;
mod posted;
mod refused;
mod sessions;
mod site;

pub use actor::{Actor, NotAllowed};
pub use assets::Assets;
pub use entrance::{Entrance, EntranceOptions};
pub use fields::Fields;
pub use frame::{Frame, Link, Person};
pub use newcomer::LoginRefused;
pub use posted::{FORM, Kept, address, read};
pub use refused::{Ended, Refused};
pub use sessions::Signed;
pub use site::{Site, SiteLink};
