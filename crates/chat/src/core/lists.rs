//! Lists that callers give: each entry once, and not more of them than anybody needs. A list without bound costs what its
//! sender wants it to cost.

use std::collections::HashSet;
use std::hash::Hash;

use crate::error::{Result, invalid};

/// The most members, roles, teams or stores that one call names.
const MOST: usize = 5_000;

/// The list's entries, each once, in their order. `field` names it in the refusal of one that is too long.
pub(crate) fn distinct<T: Copy + Eq + Hash>(field: &'static str, list: &[T]) -> Result<Vec<T>> {
    let mut seen = HashSet::new();
    let kept: Vec<T> = list.iter().copied().filter(|entry| seen.insert(*entry)).collect();
    match kept.len() > MOST {
        true => Err(invalid(field, "count", "name at most 5,000 at once")),
        false => Ok(kept),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_once_in_order_and_bounded() {
        assert_eq!(distinct("members", &[3, 1, 3, 2, 1]).unwrap(), [3, 1, 2]);
        assert_eq!(distinct("members", &vec![7; 100_000]).unwrap(), [7], "what is said twice counts once");
        assert!(distinct("members", &(0..5_001).collect::<Vec<_>>()).is_err());
    }
}
