//! The certificate and the key that the server shows, read from their files.
//!
//! They are read once, at start. Invariant: a problem names the key of the configuration and the file, and never shows
//! what stands in it.

use super::HttpError;
use crate::config::Tls;
use crate::secret;
use rustls::ServerConfig;
use rustls::pki_types::pem::{Error as PemError, PemObject};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use std::path::Path;
use std::sync::Arc;
use tokio_rustls::TlsAcceptor;

/// Makes what agrees on TLS with a client.
///
/// # Errors
/// When a file cannot be read or has not what it should, or when the key is of another certificate.
pub(super) fn acceptor(tls: &Tls) -> Result<TlsAcceptor, HttpError> {
    let chain = chain(&tls.certificate).map_err(|reason| wrong("certificate", &tls.certificate, reason))?;
    let pem = secret::read(&tls.key).map_err(|reason| wrong("key", &tls.key, reason))?;
    let key = PrivateKeyDer::from_pem_slice(&pem)
        .map_err(|error| wrong("key", &tls.key, said(error, "private key")))?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| wrong("certificate", &tls.certificate, error.to_string()))?
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .map_err(|error| misfit(tls, &error))?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(TlsAcceptor::from(Arc::new(config)))
}

fn chain(file: &Path) -> Result<Vec<CertificateDer<'static>>, String> {
    let pem = secret::read(file)?;
    match CertificateDer::pem_slice_iter(&pem).collect::<Result<Vec<_>, _>>() {
        Ok(chain) if chain.is_empty() => Err(said(PemError::NoItemsFound, "certificate")),
        Ok(chain) => Ok(chain),
        Err(error) => Err(said(error, "certificate")),
    }
}

fn misfit(tls: &Tls, error: &rustls::Error) -> HttpError {
    match error {
        rustls::Error::InconsistentKeys(_) => {
            let reason = format!(
                "it is not the key of the certificate in {}",
                tls.certificate.display()
            );
            wrong("key", &tls.key, reason)
        }
        rustls::Error::InvalidCertificate(_) => wrong("certificate", &tls.certificate, error.to_string()),
        _ => wrong("key", &tls.key, error.to_string()),
    }
}

/// Says what is wrong with a PEM file without its text.
fn said(error: PemError, what: &str) -> String {
    match error {
        PemError::Io(error) => error.to_string(),
        PemError::NoItemsFound => format!("it has no {what} in PEM form"),
        _ => "it is not a PEM file".to_owned(),
    }
}

fn wrong(key: &'static str, file: &Path, reason: String) -> HttpError {
    HttpError::Tls {
        key,
        file: file.to_owned(),
        reason,
    }
}
