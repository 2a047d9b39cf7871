//! Web Push: from a browser's subscription and a notification to the request for its push service, and what the answer
//! means. RFC 8030 is the protocol, RFC 8291 the encryption, RFC 8292 (VAPID) how the sender is known. Must not know:
//! who is notified of what, or how a request is sent: that the address is a public one is checked there.

mod answer;
mod delivery;
mod encryption;
mod keys;
mod payload;
mod subscription;
#[cfg(any(test, feature = "testing"))]
pub mod testing;
mod vapid;

pub use answer::{Outcome, outcome};
pub use delivery::{Delivery, Topic, Urgency};
pub use encryption::{EncryptError, MOST_PLAINTEXT, SALT_BYTES, encrypt};
pub use keys::{KEY_BYTES, NotAKey, PrivateKey};
pub use payload::{Payload, PayloadTooLong, SMALL_OCTETS, USUAL_OCTETS};
pub use subscription::{Endpoint, NotASubscription, PlainHttp, Subscription, SubscriptionKeys};
pub use vapid::{Authorization, NotASubject, Subject, VapidKeys};
