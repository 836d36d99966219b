//! The client's certificate. In: the certificate, after the TLS layer has verified chain, purpose and possession of the
//! key. Out: the user's name, from the place that the configuration says (RFC 5280). A place that holds two names names
//! nobody.

use std::time::{SystemTime, UNIX_EPOCH};

use x509_parser::{certificate::X509Certificate, extensions::GeneralName, prelude::FromDer, time::ASN1Time};

use super::{claim::Claim, settings::CertificateUser};

/// Why a certificate names nobody.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Nobody {
    /// It is not DER, or something follows it.
    #[error("the client's certificate cannot be read")]
    Unreadable,
    /// Its time is over or has not begun: the connection may be older than that.
    #[error("the client's certificate is not valid now")]
    NotNow,
    /// No name at that place.
    #[error("the client's certificate has no name at the place for users")]
    NoName,
    /// More than one.
    #[error("the client's certificate has more than one name at the place for users")]
    Several,
}

/// The user that the certificate `der` (the first of its chain) names.
///
/// # Errors
/// Why it names nobody.
pub fn read(user: CertificateUser, der: &[u8], now: SystemTime) -> Result<Claim, Nobody> {
    let (rest, certificate) = X509Certificate::from_der(der).map_err(|_| Nobody::Unreadable)?;
    if !rest.is_empty() {
        return Err(Nobody::Unreadable);
    }
    let seconds = now.duration_since(UNIX_EPOCH).map_err(|_| Nobody::NotNow)?.as_secs();
    let now = i64::try_from(seconds)
        .ok()
        .and_then(|seconds| ASN1Time::from_timestamp(seconds).ok())
        .ok_or(Nobody::NotNow)?;
    if !certificate.validity().is_valid_at(now) {
        return Err(Nobody::NotNow);
    }
    let names = match user {
        CertificateUser::SubjectCn => common_names(&certificate)?,
        CertificateUser::SanEmail | CertificateUser::SanDns | CertificateUser::SanUri => {
            alternative_names(&certificate, user)?
        }
    };
    match names.as_slice() {
        [] => Err(Nobody::NoName),
        [name] => Ok(Claim::name(*name)),
        _ => Err(Nobody::Several),
    }
}

fn common_names<'a>(certificate: &'a X509Certificate<'_>) -> Result<Vec<&'a str>, Nobody> {
    let names = certificate.subject().iter_common_name();
    names
        .map(|name| name.as_str().map_err(|_| Nobody::Unreadable))
        .collect()
}

fn alternative_names<'a>(certificate: &'a X509Certificate<'_>, user: CertificateUser) -> Result<Vec<&'a str>, Nobody> {
    let extension = certificate.subject_alternative_name().map_err(|_| Nobody::Unreadable)?;
    let names = extension
        .into_iter()
        .flat_map(|extension| &extension.value.general_names);
    let wanted = names.filter_map(|name| match (user, name) {
        (CertificateUser::SanEmail, GeneralName::RFC822Name(name))
        | (CertificateUser::SanDns, GeneralName::DNSName(name))
        | (CertificateUser::SanUri, GeneralName::URI(name)) => Some(*name),
        _ => None,
    });
    Ok(wanted.collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    const ANN: &[u8] = include_bytes!("../../tests/data/identity/ann.der");
    const UTF8: &[u8] = include_bytes!("../../tests/data/identity/utf8.der");
    const NOBODY: &[u8] = include_bytes!("../../tests/data/identity/nobody.der");
    const TWICE: &[u8] = include_bytes!("../../tests/data/identity/twice.der");
    const SLASH: &[u8] = include_bytes!("../../tests/data/identity/slash.der");

    fn year(year: u64) -> SystemTime {
        UNIX_EPOCH + Duration::from_secs((year - 1970) * 31_557_600)
    }

    #[test]
    fn names() {
        use CertificateUser::{SanDns, SanEmail, SanUri, SubjectCn};
        let rows = [
            (ANN, SubjectCn, Ok("ann")),
            (ANN, SanEmail, Ok("ann@example.org")),
            (ANN, SanDns, Ok("ann.example.org")),
            (ANN, SanUri, Ok("urn:user:ann")),
            (UTF8, SubjectCn, Ok("j\u{fc}rg")),
            (UTF8, SanEmail, Err(Nobody::NoName)),
            (NOBODY, SubjectCn, Err(Nobody::NoName)),
            (TWICE, SubjectCn, Err(Nobody::Several)),
            (TWICE, SanEmail, Err(Nobody::Several)),
            (TWICE, SanDns, Err(Nobody::Several)),
            (TWICE, SanUri, Err(Nobody::Several)),
            // Read here, refused as a name later (RM-6).
            (SLASH, SubjectCn, Ok("ann/../root")),
            (SLASH, SanUri, Ok("https://example.org/ann")),
            (b"", SubjectCn, Err(Nobody::Unreadable)),
            (b"\x30\x03\x02\x01\x01", SubjectCn, Err(Nobody::Unreadable)),
        ];
        for (der, user, expected) in rows {
            assert_eq!(
                read(user, der, year(2050)),
                expected.map(Claim::name),
                "{user:?} {expected:?}"
            );
        }
        let mut more = ANN.to_vec();
        more.push(0);
        assert_eq!(read(SubjectCn, &more, year(2050)), Err(Nobody::Unreadable));
    }

    // credentials that are no longer valid
    #[test]
    fn times() {
        let of = |time| read(CertificateUser::SubjectCn, ANN, time);
        assert_eq!(of(year(2020)), Err(Nobody::NotNow));
        assert_eq!(of(year(2050)), Ok(Claim::name("ann")));
        assert_eq!(of(year(2140)), Err(Nobody::NotNow));
        assert_eq!(of(UNIX_EPOCH - Duration::from_secs(1)), Err(Nobody::NotNow));
    }
}
