//! stub
use super::{FormatError, Import};
/// stub
pub fn import(_: &str, _: Option<&str>, _: &dyn Fn(&str) -> Option<String>) -> Result<Import, FormatError> {
    Ok(Import::default())
}
