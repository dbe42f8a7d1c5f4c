//! Whom a TLS connection to a service trusts: the public authorities, one of the owner's, or a
//! single certificate by its fingerprint.

use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme};

use crate::base::hash::{hex, sha256};
use crate::base::secret;

/// Whom to trust.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Trust<'a> {
    /// Authorities, PEM; `""` for the public ones.
    pub authority: &'a str,
    /// SHA-256 of the only certificate that is accepted, lower-case hexadecimal; `""` for any that
    /// an authority signed.
    pub pin: &'a str,
}

impl Trust<'_> {
    /// What connections are made with.
    ///
    /// # Errors
    /// When the authority is no certificate.
    pub fn config(&self) -> Result<Arc<ClientConfig>, String> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let builder = ClientConfig::builder_with_provider(Arc::clone(&provider))
            .with_safe_default_protocol_versions()
            .map_err(|error| error.to_string())?;
        if !self.pin.is_empty() {
            let pinned = Arc::new(Pinned { pin: self.pin.to_owned(), provider });
            let builder = builder.dangerous().with_custom_certificate_verifier(pinned);
            return Ok(Arc::new(builder.with_no_client_auth()));
        }
        let mut roots = RootCertStore::empty();
        if self.authority.is_empty() {
            roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
        }
        for der in CertificateDer::pem_slice_iter(self.authority.as_bytes()) {
            let der = der.map_err(|_| "the own authority cannot be read".to_owned())?;
            roots.add(der).map_err(|error| format!("the own authority: {error}"))?;
        }
        Ok(Arc::new(builder.with_root_certificates(roots).with_no_client_auth()))
    }
}

/// Accepts one certificate, whoever signed it and whatever names it has.
#[derive(Debug)]
struct Pinned {
    pin: String,
    provider: Arc<CryptoProvider>,
}

impl ServerCertVerifier for Pinned {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let found = hex(&sha256(end_entity));
        if secret::equal(found.as_bytes(), self.pin.as_bytes()) {
            return Ok(ServerCertVerified::assertion());
        }
        let text = format!("the certificate has the fingerprint {found}, not the one that is set");
        Err(rustls::Error::General(text))
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let known = &self.provider.signature_verification_algorithms;
        verify_tls12_signature(message, certificate, signed, known)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let known = &self.provider.signature_verification_algorithms;
        verify_tls13_signature(message, certificate, signed, known)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}
