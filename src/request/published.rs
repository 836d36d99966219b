//! Back ends that take any attribute of an object for a page (Zope): which parts of a request name a method instead of a value. In: the
//! query. Out: whether one of its keys does (Z-3). The path's part of the same rule is a list of reserved names.

use percent_encoding::percent_decode_str;

/// Marks behind a colon in the name of a field that make Zope call the method named before it.
const MARKS: [&str; 4] = ["method", "action", "default_method", "default_action"];

/// Whether a key of `query` names a method to be called, such as `DELETE:method`. Keys are read as Zope reads them: decoded, with any
/// number of marks behind colons.
pub fn names_a_method(query: &str) -> bool {
    query.split(['&', ';']).any(|field| {
        let key = field.split('=').next().unwrap_or("").replace('+', " ");
        let key = percent_decode_str(&key).decode_utf8_lossy().into_owned();
        key.split(':').skip(1).any(|mark| MARKS.contains(&mark.trim()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    // Z-3
    #[test]
    fn keys() {
        for query in [
            "DELETE:method=1",
            "a=b&DELETE:method",
            "a=b;x:action=",
            ":method=DELETE",
            "x:default_method=1",
            "x%3Amethod=1",
            "x:%6dethod",
            "x:method:string=1",
            "x:int:default_action",
        ] {
            assert!(names_a_method(query), "{query}");
        }
        for query in [
            "",
            "a",
            "a=b:method",
            "method=x",
            "x:int=1",
            "x:methods=1",
            "a=x&b=y:action",
        ] {
            assert!(!names_a_method(query), "{query}");
        }
    }
}
