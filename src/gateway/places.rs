//! How many connections there may be at once, in all and of one address (B-101). In: where one comes from. Out: a place while it is open, or
//! a refusal.

use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{Arc, Mutex, PoisonError},
};

use crate::{decide::Denial, policy::ClientBounds};

/// The connections that are open.
#[derive(Debug, Default)]
pub(super) struct Places(Mutex<Taken>);

#[derive(Debug, Default)]
struct Taken {
    all: u32,
    by_address: HashMap<IpAddr, u32>,
}

/// One of them, while it lives.
#[derive(Debug)]
pub(super) struct Place {
    places: Arc<Places>,
    address: Option<IpAddr>,
}

impl Places {
    /// A place for a connection from `address`, if that counts.
    ///
    /// # Errors
    /// There is none.
    pub fn take(self: &Arc<Self>, address: Option<IpAddr>, bounds: &ClientBounds) -> Result<Place, Denial> {
        let mut taken = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if taken.all >= bounds.connections {
            return Err(Denial::TooManyConnections);
        }
        let address = address.filter(|_| bounds.per_address.is_some());
        if let (Some(address), Some(most)) = (address, bounds.per_address) {
            let count = taken.by_address.entry(address).or_default();
            if *count >= most {
                return Err(Denial::TooManyConnections);
            }
            *count = count.saturating_add(1);
        }
        taken.all = taken.all.saturating_add(1);
        drop(taken);
        Ok(Place {
            places: Arc::clone(self),
            address,
        })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut taken = self.places.0.lock().unwrap_or_else(PoisonError::into_inner);
        taken.all = taken.all.saturating_sub(1);
        if let Some(address) = self.address
            && let Some(count) = taken.by_address.get_mut(&address)
        {
            *count = count.saturating_sub(1);
            if *count == 0 {
                taken.by_address.remove(&address);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // B-101: in all and by address, and a place is free again
    #[test]
    fn places() {
        let bounds = ClientBounds {
            connections: 3,
            per_address: Some(2),
            ..ClientBounds::default()
        };
        let places = Arc::new(Places::default());
        let (one, other) = ("192.0.2.1".parse().ok(), "192.0.2.2".parse().ok());
        let first = places.take(one, &bounds).unwrap();
        let second = places.take(one, &bounds).unwrap();
        assert_eq!(places.take(one, &bounds).unwrap_err(), Denial::TooManyConnections);
        drop(first);
        let third = places.take(one, &bounds).unwrap();
        let fourth = places.take(None, &bounds).unwrap();
        assert_eq!(places.take(other, &bounds).unwrap_err(), Denial::TooManyConnections);
        drop((second, third, fourth));
        assert!(places.0.lock().unwrap().by_address.is_empty());
        assert!(places.take(other, &bounds).is_ok());
    }
}
