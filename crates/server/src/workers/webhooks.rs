//! Owns: sending a webhook of a Pusher application, signed with its key. Must not know: what it tells, or when it is tried
//! again.

use parlor_chat::TenantId;

use crate::adapters::outbound::{self, Outbound};
use crate::app::App;
use crate::auth::pusher_apps::By;

/// Sends one. What no application of the tenant can sign any more has nobody to go to, and counts as sent.
///
/// # Errors
/// Why it did not arrive.
pub(super) async fn send(
    app: &App,
    outbound: &Outbound,
    tenant: TenantId,
    url: &str,
    body: &str,
) -> Result<(), String> {
    let found = app.caches.pusher_apps.find(&app.db, By::Tenant(tenant)).await;
    let Some(application) = found.map_err(|error| error.to_string())? else { return Ok(()) };
    let (url, body) = (url.to_owned(), body.to_owned());
    let (key, signature) = (application.app.key.clone(), application.signer().sign(body.as_bytes()));
    let private = app.config.private_fetches;
    let sent = outbound.run(move || post(private, &url, body, &key, &signature)).await;
    sent.unwrap_or_else(|_| Err("too many requests to other servers wait".to_owned()))
}

/// Posts to an address that an administrator of the tenant named. Blocks.
fn post(private: bool, url: &str, body: String, key: &str, signature: &str) -> Result<(), String> {
    let request = outbound::agent(private)
        .post(url)
        .header("Content-Type", "application/json")
        .header("X-Pusher-Key", key)
        .header("X-Pusher-Signature", signature);
    let answer = request.send(body).map_err(|error| error.to_string())?;
    if answer.status().is_success() { Ok(()) } else { Err(answer.status().to_string()) }
}
