//! Owns: whose address it is, as far as that can be told: what is limited by address is limited by place.
//! Must not know: what is limited.

use std::net::IpAddr;

/// A place in the net: networks give a customer 2^64 addresses of version 6.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Place {
    /// An address of version 4.
    V4([u8; 4]),
    /// The network of an address of version 6.
    V6([u8; 8]),
}

impl Place {
    pub(crate) fn of(ip: IpAddr) -> Self {
        match ip.to_canonical() {
            IpAddr::V4(ip) => Self::V4(ip.octets()),
            IpAddr::V6(ip) => {
                let octets = ip.octets();
                Self::V6(std::array::from_fn(|at| octets[at]))
            }
        }
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        match self {
            Self::V4(octets) => octets,
            Self::V6(octets) => octets,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_of_one_customer_are_one_place() {
        let of = |text: &str| Place::of(text.parse().unwrap());
        assert_eq!(of("2001:db8:1:2::1"), of("2001:db8:1:2:ffff::9"));
        assert_ne!(of("2001:db8:1:2::1"), of("2001:db8:1:3::1"));
        assert_eq!(of("::ffff:192.0.2.7"), of("192.0.2.7"));
        assert_ne!(of("192.0.2.7"), of("192.0.2.8"));
    }
}
