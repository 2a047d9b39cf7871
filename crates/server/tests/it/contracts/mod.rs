//! Each contract's whole flow, as the host application and its users would play it.

mod chat;
mod crm;
mod erp;

use parlor::auth::jwt::{Claims, sign};
use parlor_chat::roles::{self, RoleChange};
use parlor_chat::tenants::{self, system_actor};
use parlor_chat::{Right, settings};
use reqwest::Method;
use serde_json::Value;

use crate::support::{Person, Reply, Site, claims};

/// Calls a path of a contract: those do not stand under `/api/v1`.
pub async fn call(person: &Person, method: Method, path: &str, body: Option<Value>) -> Reply {
    let mut request = person.client.request(method, format!("{}{path}", person.url));
    if let Some(token) = &person.token {
        request = request.bearer_auth(token);
    }
    if let Some(body) = body {
        request = request.json(&body);
    }
    person.send(request).await
}

pub async fn get(person: &Person, path: &str) -> Reply {
    call(person, Method::GET, path, None).await
}

pub async fn post(person: &Person, path: &str, body: Value) -> Reply {
    call(person, Method::POST, path, Some(body)).await
}

pub async fn put(person: &Person, path: &str) -> Reply {
    call(person, Method::PUT, path, None).await
}

/// Sets settings of a tenant, by slug.
pub async fn set(site: &Site, slug: &'static str, values: Value) {
    let app = &site.app;
    let tenant = app.db.read_plain(move |tx| tenants::by_slug(tx, slug)).await.unwrap();
    let changes = serde_json::from_value(values).unwrap();
    let system = system_actor(&tenant);
    app.db.write_plain(tenant.no, move |tx| settings::update(tx, &system, &changes)).await.unwrap();
}

/// A role of a tenant, with rights and the roles its users may write to; made in order.
pub async fn role(site: &Site, slug: &'static str, name: &'static str, rights: &'static [Right]) {
    let change = RoleChange { rights: Some(rights.to_vec()), ..RoleChange::default() };
    let app = &site.app;
    let tenant = app.db.read_plain(move |tx| tenants::by_slug(tx, slug)).await.unwrap();
    let system = system_actor(&tenant);
    app.db.write_plain(tenant.no, move |tx| roles::create(tx, &system, name, &change)).await.unwrap();
}

/// Fills the matrix.
pub async fn matrix(
    site: &Site,
    slug: &'static str,
    rows: &'static [(&'static str, &'static [&'static str])],
) {
    let app = &site.app;
    let tenant = app.db.read_plain(move |tx| tenants::by_slug(tx, slug)).await.unwrap();
    let system = system_actor(&tenant);
    let fill = app.db.write_plain(tenant.no, move |tx| {
        let known = roles::all(tx, system.tenant)?;
        let id = |name: &str| known.iter().find(|role| role.name == name).unwrap().id;
        for (from, to) in rows {
            let change = RoleChange {
                restricted: Some(true),
                writes_to: Some(to.iter().map(|name| id(name)).collect()),
                ..RoleChange::default()
            };
            roles::update(tx, &system, id(from), &change)?;
        }
        Ok(())
    });
    fill.await.unwrap();
}

/// Somebody of another tenant than `default`.
pub async fn member(site: &Site, tenant: &str, secret: &str, name: &str, roles: &[&str]) -> Person {
    let roles = roles.iter().map(|role| (*role).to_owned()).collect();
    let claims = Claims { tenant: tenant.to_owned(), roles: Some(roles), ..claims(name) };
    Person::arrive(&site.url, sign(&claims, secret.as_bytes(), None).unwrap()).await
}
