//! A header that says who is asking (RM-14, Q-10). In: the TCP peer and the header fields. Out: a name with groups, if
//! the peer is one of those that may say so. From all other peers the headers are nothing, and whoever sent them they
//! go no further.

use std::net::IpAddr;

use http::{HeaderMap, HeaderName};

use super::{claim::Claim, settings::TrustedHeaderSettings};

/// Why a trusted peer's headers name nobody.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unclear {
    /// The user's header is there more than once.
    #[error("the trusted header with the user's name is there more than once")]
    Several,
    /// Not UTF-8.
    #[error("a trusted header is not UTF-8")]
    NotUtf8,
}

/// What `peer` says in `headers`; `None` where it says nothing or may not. `peer` is the other end of the TCP
/// connection, never an address from PROXY protocol or X-Forwarded-For.
///
/// # Errors
/// Why it is not clear.
pub fn read(settings: &TrustedHeaderSettings, peer: IpAddr, headers: &HeaderMap) -> Result<Option<Claim>, Unclear> {
    let peer = peer.to_canonical();
    if !settings.from.iter().any(|network| network.contains(&peer)) {
        return Ok(None);
    }
    let mut users = headers.get_all(&settings.user).iter();
    let Some(user) = users.next() else { return Ok(None) };
    if users.next().is_some() {
        return Err(Unclear::Several);
    }
    let text = |value: &http::HeaderValue| {
        let text = std::str::from_utf8(value.as_bytes()).map_err(|_| Unclear::NotUtf8)?;
        Ok(text.trim_matches([' ', '\t']).to_owned())
    };
    let name = text(user)?;
    // Proxies send the header empty for somebody who has not logged in.
    if name.is_empty() {
        return Ok(None);
    }
    let mut groups = Vec::new();
    for value in settings.groups.iter().flat_map(|header| headers.get_all(header)) {
        let list = text(value)?;
        let names = list.split(',').map(|name| name.trim_matches([' ', '\t']));
        groups.extend(names.filter(|name| !name.is_empty()).map(str::to_owned));
    }
    Ok(Some(Claim { name, groups }))
}

/// The headers that no client's copy of may go on.
pub fn names(settings: &TrustedHeaderSettings) -> impl Iterator<Item = &HeaderName> {
    std::iter::once(&settings.user).chain(&settings.groups)
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;

    fn settings(groups: bool) -> TrustedHeaderSettings {
        TrustedHeaderSettings {
            user: HeaderName::from_static("x-remote-user"),
            groups: groups.then(|| HeaderName::from_static("x-remote-groups")),
            from: vec!["10.0.0.0/8".parse().unwrap(), "2001:db8::/32".parse().unwrap()],
        }
    }

    fn headers(fields: &[(&'static str, &[u8])]) -> HeaderMap {
        let field = |(name, value): &(&'static str, &[u8])| {
            (HeaderName::from_static(name), HeaderValue::from_bytes(value).unwrap())
        };
        fields.iter().map(field).collect()
    }

    // RM-14, Q-10: only the TCP peer counts
    #[test]
    fn who_is_believed() {
        let sent = headers(&[("x-remote-user", b"ann"), ("x-forwarded-for", b"10.0.0.1")]);
        let rows = [
            ("10.0.0.1", true),
            ("10.255.255.255", true),
            ("::ffff:10.0.0.1", true),
            ("2001:db8:1::1", true),
            ("11.0.0.1", false),
            ("127.0.0.1", false),
            ("::1", false),
            ("2001:db9::1", false),
            ("::ffff:11.0.0.1", false),
        ];
        for (peer, believed) in rows {
            let found = read(&settings(true), peer.parse().unwrap(), &sent);
            assert_eq!(found, Ok(believed.then(|| Claim::name("ann"))), "{peer}");
        }
    }

    #[test]
    fn what_is_said() {
        let peer = "10.0.0.1".parse().unwrap();
        let claim = |name: &str, groups: &[&str]| {
            Ok(Some(Claim {
                name: name.to_owned(),
                groups: groups.iter().map(|group| (*group).to_owned()).collect(),
            }))
        };
        type Fields<'a> = &'a [(&'static str, &'a [u8])];
        let rows: [(Fields, Result<Option<Claim>, Unclear>); 9] = [
            (&[], Ok(None)),
            (&[("x-remote-user", b"")], Ok(None)),
            (&[("x-remote-groups", b"admins")], Ok(None)),
            (&[("x-remote-user", b" ann ")], claim("ann", &[])),
            (&[("x-remote-user", "j\u{fc}rg".as_bytes())], claim("j\u{fc}rg", &[])),
            (
                &[
                    ("x-remote-user", b"ann"),
                    ("x-remote-groups", b"a, b,,c "),
                    ("x-remote-groups", b"d"),
                ],
                claim("ann", &["a", "b", "c", "d"]),
            ),
            (
                &[("x-remote-user", b"ann"), ("x-remote-user", b"root")],
                Err(Unclear::Several),
            ),
            (&[("x-remote-user", b"j\xfcrg")], Err(Unclear::NotUtf8)),
            (
                &[("x-remote-user", b"ann"), ("x-remote-groups", b"\xfc")],
                Err(Unclear::NotUtf8),
            ),
        ];
        for (fields, expected) in rows {
            assert_eq!(read(&settings(true), peer, &headers(fields)), expected, "{fields:?}");
        }
        let sent = headers(&[("x-remote-user", b"ann"), ("x-remote-groups", b"a")]);
        assert_eq!(read(&settings(false), peer, &sent), claim("ann", &[]));
        assert!(names(&settings(true)).eq(["x-remote-user", "x-remote-groups"].iter()));
    }
}
