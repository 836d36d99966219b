//! `quota` of a route. In: its raw form. Out: what one principal may upload.

use std::time::Duration;

use super::error::KeyPath;
use super::judge::Judge;
use super::raw_quota::RawQuota;
use crate::policy::Quota;

/// What `raw` at `path` describes.
pub fn compile(judge: &mut Judge, raw: Option<&RawQuota>, path: &KeyPath) -> Option<Quota> {
    let raw = raw?;
    let bytes = judge.required_key(raw.bytes, path, "bytes", "a size such as 10GiB");
    let per = judge.required_key(raw.per, path, "per", "a time such as 24h");
    Some(Quota {
        bytes: judge.size(bytes, 1, &path.key("bytes")),
        per: judge.time(per, Duration::from_secs(1), &path.key("per")),
    })
}
