//! Owns: sending a webhook of a Pusher application, signed with its key. Must not know: what it tells, or when it is tried
//! again.

use parlor_chat::TenantId;
use reqwest::Method;

use crate::adapters::outbound;
use crate::app::App;
use crate::auth::pusher_apps::By;

/// Sends one. What no application of the tenant can sign any more has nobody to go to, and counts as sent.
///
/// # Errors
/// Why it did not arrive.
pub(super) async fn send(app: &App, tenant: TenantId, url: &str, body: &str) -> Result<(), String> {
    let found = app.caches.pusher_apps.find(&app.db, By::Tenant(tenant)).await;
    let Some(application) = found.map_err(|error| error.to_string())? else { return Ok(()) };
    let request = app.outbound.named(Method::POST, url).map_err(|error| error.to_string())?;
    let request = application
        .options()
        .headers_of(url)
        .fold(request, |request, (name, value)| request.header(name, value))
        .header("Content-Type", "application/json")
        .header("X-Pusher-Key", &application.app.key)
        .header("X-Pusher-Signature", application.signer().sign(body.as_bytes()))
        .body(body.to_owned());
    let answer = outbound::send(request).await.map_err(|error| error.to_string())?;
    if answer.status().is_success() { Ok(()) } else { Err(answer.status().to_string()) }
}
