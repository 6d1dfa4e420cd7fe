//! KuCoin.
