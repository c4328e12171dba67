//! Whom connections trust.

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};
use std::sync::Arc;
use tokio_rustls::TlsConnector;

/// Returns the roots of a PEM file.
///
/// # Errors
/// What is wrong with the file, in a sentence that begins with its path.
pub(in crate::task) fn roots_of(file: &str) -> Result<RootCertStore, String> {
    let invalid = |message: String| format!("{file}: {message}");
    let mut roots = RootCertStore::empty();
    let text = std::fs::read(file).map_err(|error| invalid(error.to_string()))?;
    for certificate in CertificateDer::pem_slice_iter(&text) {
        let certificate = certificate.map_err(|error| invalid(error.to_string()))?;
        roots
            .add(certificate)
            .map_err(|error| invalid(error.to_string()))?;
    }
    match roots.is_empty() {
        true => Err(invalid("it has no certificate".into())),
        false => Ok(roots),
    }
}

/// Returns what the operating system trusts; a root that cannot be read is not trusted.
///
/// # Errors
/// When it trusts nobody, in a sentence.
pub(in crate::task) fn roots_of_system() -> Result<RootCertStore, String> {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    match roots.is_empty() {
        true => Err("the operating system has no root certificates; set ca_file".into()),
        false => Ok(roots),
    }
}

/// Returns what opens encrypted connections to those who have a certificate of one of the roots.
///
/// # Errors
/// When the library refuses its own defaults.
pub(in crate::task) fn connector(roots: RootCertStore) -> Result<TlsConnector, String> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| error.to_string())?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(TlsConnector::from(Arc::new(config)))
}
