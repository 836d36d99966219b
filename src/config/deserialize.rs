//! What serde reads from a document. In: a value of its tree. Out: that value in serde's terms, and an error in serde's words where it
//! is of another shape than was wanted. What is hidden is not there: its key is missing, and in a list `None` stands in its place.

use std::slice::Iter;

use serde::de::value::{BorrowedStrDeserializer, Error, MapAccessDeserializer};
use serde::de::{DeserializeSeed, Deserializer, Error as _, MapAccess, SeqAccess, Unexpected, Visitor};
use serde::forward_to_deserialize_any;

use super::yaml::{Content, Key, Node};

impl<'de> Deserializer<'de> for &'de Node<'_> {
    type Error = Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        if self.hidden {
            return visitor.visit_unit();
        }
        match &self.content {
            Content::Bool(value) => visitor.visit_bool(*value),
            Content::Integer(value) => match u64::try_from(*value) {
                Ok(value) => visitor.visit_u64(value),
                Err(_) => visitor.visit_i64(*value),
            },
            Content::Float(value) => visitor.visit_f64(*value),
            Content::Text(text) => visitor.visit_borrowed_str(text),
            Content::List(items) => visitor.visit_seq(Items(items.iter())),
            Content::Mapping(entries) => visitor.visit_map(Entries::of(entries)),
            Content::Null | Content::Tagged | Content::Unreadable => visitor.visit_unit(),
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        if self.hidden {
            visitor.visit_none()
        } else {
            visitor.visit_some(self)
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        let found = match &self.content {
            Content::Text(name) => return visitor.visit_enum(BorrowedStrDeserializer::new(name)),
            Content::Mapping(entries) => return visitor.visit_enum(MapAccessDeserializer::new(Entries::of(entries))),
            Content::Bool(value) => Unexpected::Bool(*value),
            Content::Integer(value) => Unexpected::Signed(*value),
            Content::Float(value) => Unexpected::Float(*value),
            Content::List(_) => Unexpected::Seq,
            Content::Null | Content::Tagged | Content::Unreadable => Unexpected::Unit,
        };
        Err(Error::invalid_type(found, &"string or map"))
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit unit_struct seq tuple
        tuple_struct map struct identifier ignored_any
    }
}

/// The values of a list that are left.
struct Items<'de, 'a>(Iter<'de, Node<'a>>);

impl<'de> SeqAccess<'de> for Items<'de, '_> {
    type Error = Error;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, Error> {
        self.0.next().map(|item| seed.deserialize(item)).transpose()
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.0.len())
    }
}

/// The values of a mapping that are left.
struct Entries<'de, 'a> {
    rest: Iter<'de, (Key<'a>, Node<'a>)>,
    /// That of the key that was taken last.
    value: Option<&'de Node<'a>>,
}

impl<'de, 'a> Entries<'de, 'a> {
    fn of(all: &'de [(Key<'a>, Node<'a>)]) -> Self {
        Self {
            rest: all.iter(),
            value: None,
        }
    }
}

impl<'de> MapAccess<'de> for Entries<'de, '_> {
    type Error = Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, Error> {
        let mut visible = self.rest.by_ref().filter(|(_, value)| !value.hidden);
        let Some((name, value)) = visible.find_map(|(key, value)| Some((key.name()?, value))) else {
            return Ok(None);
        };
        self.value = Some(value);
        seed.deserialize(BorrowedStrDeserializer::new(name)).map(Some)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Error> {
        match self.value.take() {
            Some(value) => seed.deserialize(value),
            None => Err(Error::custom("a value was asked for before its key")),
        }
    }
}
