//! Rows for hashes of passwords; the hashes come from other programs (libxcrypt, openssl, argon2).

use super::*;

const BCRYPT: &str = "$2y$04$abcdefghijklmnopqrstuu2r9OfJnfCsdneAXAGHnS4UpFFP8WIrW";
const ARGON2ID: &str = "$argon2id$v=19$m=256,t=1,p=1$c29tZXNhbHQ$0YvBN0Sc/YbmfJzljfOHMRSJX/6JRQ0m/NBs2g2uhzs";
const SHA256: &str = "$5$saltstring$C3o4O1TC6aRHF4FI.QSZMXtHbaj2gSXr4sUc/3NcUi.";
const SHA512: &str =
    "$6$saltstring$AIsRs/Ee56G/tC8MEHhvReZTfx8u3rXXMl6eYrjCG9ibix19DxoMBLogdTET5Ukw9Sf7eZTITsuk0Ry5qulYz.";

// every kind that is taken, against a hash made elsewhere
#[test]
fn taken() {
    let rows = [
        BCRYPT,
        "$2b$04$abcdefghijklmnopqrstuu2r9OfJnfCsdneAXAGHnS4UpFFP8WIrW",
        "$2a$04$abcdefghijklmnopqrstuu2r9OfJnfCsdneAXAGHnS4UpFFP8WIrW",
        ARGON2ID,
        "$argon2i$v=19$m=256,t=1,p=1$c29tZXNhbHQ$N87SoMI0FxXov3xAzP+7hJ9LQd0P/2boIqxTc+2Sa7o",
        "$argon2d$v=19$m=256,t=1,p=1$c29tZXNhbHQ$bvPGI1fZ9nzOW3Z4Mmmuus5flFWTg0EW/csKoopyq54",
        SHA256,
        SHA512,
        "$5$rounds=1000$abc$Mz4DiYKTnNKbZLo/mIp3d8Y4aQBhv3uhSwxLDy55/Y8",
        "$6$rounds=1000$saltstringsaltst$CAQNWAF1PcltKLhRAkYWaZqdIFjIDsYJvWv4QTevvEtn7.3rY5iLBOJMF3x8uuTdcia6zvUXW6H7c26XZuk3c0",
    ];
    for text in rows {
        let hash = StoredHash::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"));
        assert!(hash.matches("secret"), "{text}");
        for password in ["", "Secret", "secret ", "secre", text] {
            assert!(!hash.matches(password), "{text} {password}");
        }
        assert!(!format!("{hash:?}").contains(text), "{hash:?}");
    }
    // not only ASCII
    let accent = "$2y$04$abcdefghijklmnopqrstuuxgaAVrATsv2cxAkEB3ENsaS.NPyRuGO";
    assert!(StoredHash::parse(accent).unwrap().matches("s\u{e9}cret"));
    assert!(!StoredHash::nobody().matches("secret"));
}

#[test]
fn not_taken() {
    let broken = |kind| Refused::Broken(kind);
    let cut = |text: &str| text.get(..text.len() - 1).unwrap_or_default().to_owned();
    let rows: [(String, Refused); 21] = [
        (
            "$apr1$abcdefgh$h9FWgUz3n9YxylKLlR5SQ/".to_owned(),
            Refused::Kind("apr1 (MD5) is not taken"),
        ),
        (
            "$1$abcdefgh$cHJi5PXp/ki/ktXzqlk6I1".to_owned(),
            Refused::Kind("MD5 crypt is not taken"),
        ),
        (
            "{SHA}5en6G6MezRroT3XKqkdPOmY/BfQ=".to_owned(),
            Refused::Kind("{SHA} (SHA-1) is not taken"),
        ),
        ("{SSHA}abc".to_owned(), Refused::Kind("{SSHA} (SHA-1) is not taken")),
        (
            "{PLAIN}secret".to_owned(),
            Refused::Kind("hashes of directory servers are not taken"),
        ),
        (
            "abNANd1rDfiNc".to_owned(),
            Refused::Kind("crypt (DES), or a plain password, is not taken"),
        ),
        ("secret".to_owned(), Refused::Kind("a plain password is not taken")),
        (String::new(), Refused::Kind("a plain password is not taken")),
        (
            BCRYPT.replace("2y", "2x"),
            Refused::Kind("bcrypt $2x$ (of a broken program) is not taken"),
        ),
        ("$y$j9T$abc$def".to_owned(), Refused::Kind("yescrypt is not taken")),
        ("$9$abc".to_owned(), Refused::Kind("a hash of an unknown kind")),
        (cut(BCRYPT), broken("bcrypt")),
        (BCRYPT.replace("$04$", "$03$"), broken("bcrypt")),
        (
            BCRYPT.replace("$04$", "$16$"),
            Refused::TooCostly("bcrypt with a cost of more than 15"),
        ),
        (ARGON2ID.replace("argon2id", "argon2x"), broken("argon2")),
        ("$argon2id$v=19$m=256,t=1,p=1$c29tZXNhbHQ".to_owned(), broken("argon2")),
        (
            ARGON2ID.replace("m=256", "m=262145"),
            Refused::TooCostly("argon2 with more than m=262144 (256 MiB), t=16 or p=16"),
        ),
        (cut(SHA256), broken("sha-crypt")),
        (SHA512.replace("saltstring", "saltstringsaltstr"), broken("sha-crypt")),
        (SHA256.replace("$5$", "$5$rounds=999$"), broken("sha-crypt")),
        (
            SHA256.replace("$5$", "$5$rounds=1000001$"),
            Refused::TooCostly("sha-crypt with more than 1,000,000 rounds"),
        ),
    ];
    for (text, expected) in rows {
        assert_eq!(StoredHash::parse(&text).err(), Some(expected), "{text}");
    }
    // at the limits
    for text in [
        BCRYPT.replace("$04$", "$15$"),
        ARGON2ID.replace("m=256", "m=262144"),
        SHA256.replace("$5$", "$5$rounds=1000000$"),
    ] {
        assert!(StoredHash::parse(&text).is_ok(), "{text}");
    }
}
