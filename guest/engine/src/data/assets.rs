//! Tokens that are a dollar, and the names that version 1 of x402 has for networks.
//!
//! Only USDC that its issuer mints itself; bridged tokens are not worth what they promise if the
//! bridge is not. Sources: the issuer's list (developers.circle.com, "USDC contract addresses") and
//! the tables of the reference implementation (github.com/coinbase/x402:
//! `typescript/packages/mechanisms/{evm,svm}`, `typescript/packages/legacy/x402/src/types/shared`).
//! What is minted on a test network is worth nothing and counts all the same: a policy that is
//! tried there has to act as it will later.

/// A token.
#[derive(Debug)]
pub(crate) struct Asset {
    /// CAIP-2.
    pub(crate) network: &'static str,
    /// Contract or mint; hexadecimal in small letters.
    pub(crate) asset: &'static str,
    /// Atomic units in one token, as a power of ten.
    pub(crate) decimals: u32,
}

const fn usdc(network: &'static str, asset: &'static str) -> Asset {
    Asset { network, asset, decimals: 6 }
}

/// USDC.
pub(crate) const USDC: &[Asset] = &[
    // Ethereum, OP Mainnet, Polygon, Monad, Base, Arbitrum One, Avalanche.
    usdc("eip155:1", "0xa0b86991c6218b36c1d19d4a2e9eb0ce3606eb48"),
    usdc("eip155:10", "0x0b2c639c533813f4aa9d7837caf62653d097ff85"),
    usdc("eip155:137", "0x3c499c542cef5e3811e1192ce70d8cc03d5c3359"),
    usdc("eip155:143", "0x754704bc059f8c67012fed69bc8a327a5aafb603"),
    usdc("eip155:8453", "0x833589fcd6edb6e08f4c7c32d4f71b54bda02913"),
    usdc("eip155:42161", "0xaf88d065e77c8cc2239327c5edb3a432268e5831"),
    usdc("eip155:43114", "0xb97ef9ef8734c71904d8002f8b6bc66dd9c48a6e"),
    // Fuji, Polygon Amoy, Base Sepolia, Arbitrum Sepolia, Sepolia.
    usdc("eip155:43113", "0x5425890298aed601595a70ab815c96711a31bc65"),
    usdc("eip155:80002", "0x41e94eb019c0762f9bfcf9fb1e58725bfb0e7582"),
    usdc("eip155:84532", "0x036cbd53842c5426634e7929541ec2318f3dcf7e"),
    usdc("eip155:421614", "0x75faf114eafb1bdbe2f0316df893fd58ce46aa4d"),
    usdc("eip155:11155111", "0x1c7d4b196cb0c7b01d743fbc6116a902379c7238"),
    // Solana and its devnet.
    usdc("solana:5eykt4UsFv8P8NJdTREpY1vzqKqZKvdp", "EPjFWdd5AufqSSqeM2qN1xzybapC8G4wEGGkZwyTDt1v"),
    usdc("solana:EtWTRABZaYq6iMfeYKouRu166VU2xqa1", "4zMMC9srt5Ri5X14GAgXhaHii3GnPAEERYPJgZJDncDU"),
];

/// Names of version 1, with their CAIP-2.
pub(crate) const NETWORKS: &[(&str, &str)] = &[
    ("abstract", "eip155:2741"),
    ("abstract-testnet", "eip155:11124"),
    ("avalanche", "eip155:43114"),
    ("avalanche-fuji", "eip155:43113"),
    ("base", "eip155:8453"),
    ("base-sepolia", "eip155:84532"),
    ("educhain", "eip155:41923"),
    ("ethereum", "eip155:1"),
    ("iotex", "eip155:4689"),
    ("megaeth", "eip155:4326"),
    ("monad", "eip155:143"),
    ("peaq", "eip155:3338"),
    ("polygon", "eip155:137"),
    ("polygon-amoy", "eip155:80002"),
    ("sei", "eip155:1329"),
    ("sei-testnet", "eip155:1328"),
    ("sepolia", "eip155:11155111"),
    ("skale-base-sepolia", "eip155:324705682"),
    ("solana", "solana:5eykt4UsFv8P8NJdTREpY1vzqKqZKvdp"),
    ("solana-devnet", "solana:EtWTRABZaYq6iMfeYKouRu166VU2xqa1"),
    ("stable", "eip155:988"),
    ("stable-testnet", "eip155:2201"),
    ("story", "eip155:1514"),
];

/// What `extensions` of a payment of version 2 may hold: names of which the specification shows that
/// they carry nothing that can be settled. Two that do are `eip2612GasSponsoring` and
/// `erc20ApprovalGasSponsoring`: a signed allowance and a signed transaction.
pub(crate) const HARMLESS_EXTENSIONS: &[&str] =
    &["bazaar", "http-message-signatures", "offer-receipt", "payment-identifier", "sign-in-with-x"];
