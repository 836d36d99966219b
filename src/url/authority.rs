//! Hosts, ports and schemes, compared as one origin (B-6, B-32, R-4, RM-25).

use std::{fmt, net::Ipv6Addr};

/// `http` or `https`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Scheme {
    /// Plain.
    Http,
    /// TLS.
    Https,
}

impl Scheme {
    /// Reads a scheme, without letter case; `None` for any other.
    pub fn parse(text: &str) -> Option<Self> {
        if text.eq_ignore_ascii_case("http") {
            Some(Self::Http)
        } else if text.eq_ignore_ascii_case("https") {
            Some(Self::Https)
        } else {
            None
        }
    }

    /// The scheme's name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Https => "https",
        }
    }

    /// The port that is meant when none is written.
    pub fn default_port(self) -> u16 {
        match self {
            Self::Http => 80,
            Self::Https => 443,
        }
    }
}

/// A host and, where it was written, a port. The host is lower case; IPv6 literals are in one spelling, with brackets.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Authority {
    host: String,
    port: Option<u16>,
}

impl Authority {
    /// Reads `host`, `host:port`, `[::1]:port`; `None` for userinfo, paths, empty hosts, bad ports or characters (B-6).
    pub fn parse(text: &str) -> Option<Self> {
        let (host, port) = if let Some(rest) = text.strip_prefix('[') {
            let (inside, after) = rest.split_once(']')?;
            let address: Ipv6Addr = inside.parse().ok()?;
            (format!("[{address}]"), after)
        } else {
            let at = text.find(':').unwrap_or(text.len());
            let (host, after) = text.split_at_checked(at)?;
            let legal = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_' | b'~');
            if host.is_empty() || !host.bytes().all(legal) {
                return None;
            }
            // A trailing dot names the same host in the DNS, but not to every server: it is not accepted.
            if host.ends_with('.') || host.starts_with('.') {
                return None;
            }
            (host.to_ascii_lowercase(), after)
        };
        let port = match port.strip_prefix(':') {
            None if port.is_empty() => None,
            None => return None,
            Some("") => None,
            Some(digits) if digits.len() <= 5 && digits.bytes().all(|b| b.is_ascii_digit()) => {
                Some(digits.parse().ok().filter(|p| *p != 0)?)
            }
            Some(_) => return None,
        };
        Some(Self { host, port })
    }

    /// The name under which the embedded back end is asked.
    pub fn embedded() -> Self {
        Self {
            host: "embedded".to_owned(),
            port: None,
        }
    }

    /// The host, lower case.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The port as written.
    pub fn port(&self) -> Option<u16> {
        self.port
    }

    /// The port that is meant under `scheme`.
    pub fn port_or_default(&self, scheme: Scheme) -> u16 {
        self.port.unwrap_or(scheme.default_port())
    }

    /// Whether both name the same host and port, whichever of the two schemes is meant where no port is written.
    pub fn same_as(&self, other: &Self) -> bool {
        let ports = |a: &Self| match a.port {
            Some(port) => [port, port],
            None => [Scheme::Http.default_port(), Scheme::Https.default_port()],
        };
        self.host == other.host && ports(self).iter().any(|p| ports(other).contains(p))
    }
}

impl fmt::Display for Authority {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.host)?;
        match self.port {
            Some(port) => write!(f, ":{port}"),
            None => Ok(()),
        }
    }
}

/// A scheme and an authority.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Origin {
    /// The scheme.
    pub scheme: Scheme,
    /// Host and port.
    pub authority: Authority,
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}", self.scheme.as_str(), self.authority)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // B-6, RM-25
    #[test]
    fn reading() {
        let rows: &[(&str, Option<&str>)] = &[
            ("Example.ORG", Some("example.org")),
            ("a:8080", Some("a:8080")),
            ("a:", Some("a")),
            ("[::1]:80", Some("[::1]:80")),
            ("[0:0::1]", Some("[::1]")),
            ("127.0.0.1:1", Some("127.0.0.1:1")),
            ("", None),
            (":80", None),
            ("a:0", None),
            ("a:65536", None),
            ("a:+80", None),
            ("a:80:90", None),
            ("u@a", None),
            ("a/b", None),
            ("a b", None),
            ("::1", None),
            ("[::1", None),
            ("[::1]x", None),
            ("a.", None),
            ("a%2e", None),
            ("ä", None),
        ];
        for (text, expected) in rows {
            assert_eq!(
                Authority::parse(text).map(|a| a.to_string()).as_deref(),
                *expected,
                "{text}"
            );
        }
    }

    // default ports folded, both schemes
    #[test]
    fn same() {
        let same = |a: &str, b: &str| Authority::parse(a).unwrap().same_as(&Authority::parse(b).unwrap());
        assert!(same("a", "A:80") && same("a", "a:443") && same("a:81", "a:81"));
        assert!(!same("a", "a:81") && !same("a", "b") && !same("127.0.0.1", "127.0.0.1.evil"));
    }
}
