//! One wildcard algorithm for letters of a name and segments of a path. In: a pattern and a text, as sequences. Out: whether
//! they match. Only the last star is ever tried again, so many stars cost a product of the lengths, never a power.

/// A byte of a name's pattern.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GlobByte {
    /// Exactly this byte.
    Is(u8),
    /// Any number of bytes. Literals are whole UTF-8 characters, so a character is never split.
    Star,
}

impl GlobByte {
    /// Whether this is the star.
    pub fn is_star(self) -> bool {
        self == Self::Star
    }
}

/// The pattern that has a star between each two of `pieces`.
pub fn glob(pieces: &[String]) -> Box<[GlobByte]> {
    let mut bytes = Vec::new();
    for (position, piece) in pieces.iter().enumerate() {
        if position > 0 {
            bytes.push(GlobByte::Star);
        }
        bytes.extend(piece.bytes().map(GlobByte::Is));
    }
    bytes.into()
}

/// Whether `text` is what `pattern` describes: an item for which `is_star` holds stands for any number of items of the
/// text, any other for the one item it `fits`.
pub fn wild_match<P, T>(
    mut pattern: P,
    mut text: T,
    is_star: impl Fn(&P::Item) -> bool,
    fits: impl Fn(&P::Item, &T::Item) -> bool,
) -> bool
where
    P: Iterator + Clone,
    T: Iterator + Clone,
{
    let mut last_star: Option<(P, T)> = None;
    loop {
        let (mut pattern_rest, mut text_rest) = (pattern.clone(), text.clone());
        match (pattern_rest.next(), text_rest.next()) {
            (Some(wanted), _) if is_star(&wanted) => {
                if pattern_rest.clone().next().is_none() {
                    return true;
                }
                last_star = Some((pattern_rest.clone(), text.clone()));
                pattern = pattern_rest;
            }
            (Some(wanted), Some(found)) if fits(&wanted, &found) => {
                pattern = pattern_rest;
                text = text_rest;
            }
            (None, None) => return true,
            (Some(_), _) | (None, Some(_)) => {
                let Some((after, from)) = last_star.as_mut() else {
                    return false;
                };
                if from.next().is_none() {
                    return false;
                }
                pattern = after.clone();
                text = from.clone();
            }
        }
    }
}
