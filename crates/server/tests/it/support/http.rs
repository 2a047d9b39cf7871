//! The HTTP client of the tests: it trusts no certificate, and so need not load any.

use std::sync::Arc;

use reqwest::{Client, ClientBuilder};
use rustls::crypto::ring::default_provider;
use rustls::{ClientConfig, RootCertStore};

pub fn client() -> Client {
    client_builder().build().unwrap()
}

pub fn client_builder() -> ClientBuilder {
    let tls = ClientConfig::builder_with_provider(Arc::new(default_provider()));
    let tls = tls.with_safe_default_protocol_versions().unwrap();
    let tls = tls.with_root_certificates(RootCertStore::empty()).with_no_client_auth();
    Client::builder().tls_backend_preconfigured(tls)
}

pub async fn get(url: impl reqwest::IntoUrl) -> reqwest::Result<reqwest::Response> {
    client().get(url).send().await
}
