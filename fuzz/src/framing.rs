//! How a request is cut out of the bytes (O-1; B-1 to B-6): what is accepted is read alike by another parser, and a request of which two
//! readers could say different things is refused.

use davgate::request::framing::{BodyLength, Head};

/// `input`: a head.
pub fn check(input: &[u8]) {
    let Ok(head) = Head::read(input) else { return };
    let text = String::from_utf8_lossy(input);
    let mut fields = [httparse::EMPTY_HEADER; 512];
    let mut theirs = httparse::Request::new(&mut fields);
    let Ok(httparse::Status::Complete(length)) = theirs.parse(input) else {
        // It reads fewer fields, and is stricter about what stands in names, which the library has judged before.
        return;
    };
    assert_eq!(Head::read(&input[..length]), Ok(head), "it ends elsewhere: {text}");
    assert_eq!(theirs.method.map(str::as_bytes), Some(head.method), "{text}");
    assert_eq!(theirs.path.map(str::as_bytes), Some(head.target), "{text}");
    assert_eq!(
        u64::try_from(theirs.headers.len()).ok(),
        Some(head.size.count),
        "{text}"
    );
    let values = |name: &str| -> Vec<&[u8]> {
        let named = theirs
            .headers
            .iter()
            .filter(|field| field.name.eq_ignore_ascii_case(name));
        named.map(|field| field.value).collect()
    };
    assert!(values("host").len() <= 1, "{text}");
    let (lengths, codings) = (values("content-length"), values("transfer-encoding"));
    match head.length {
        BodyLength::None => assert!(lengths.is_empty() && codings.is_empty(), "{text}"),
        BodyLength::Known(number) => {
            assert!(codings.is_empty() && lengths.len() == 1, "{text}");
            assert_eq!(
                std::str::from_utf8(lengths[0])
                    .ok()
                    .and_then(|text| text.trim().parse().ok()),
                Some(number),
                "{text}"
            );
        }
        BodyLength::Chunked => {
            assert!(lengths.is_empty() && codings.len() == 1, "{text}");
            assert!(codings[0].trim_ascii().eq_ignore_ascii_case(b"chunked"), "{text}");
            assert_eq!(theirs.version, Some(1), "{text}");
        }
    }
}
