//! Rolegate: IAM and STS for S3 servers that have none.
//!
//! A reverse-proxy authorization sidecar. It authenticates every S3 request (SigV4 and session
//! token), decides by role policies, signs the request anew with the backend's own credentials and
//! forwards it; IAM and STS calls it answers itself.
//!
//! The modules stand in layer order; an arrow only points down (`tests/architecture.rs` holds the
//! table). All above `proxy` is free of sockets and is built by `--no-default-features`.

// L0: vocabulary.
pub mod types;
pub mod wire;

// L1: pure cores.
pub mod entity;
pub mod policy;
pub mod s3;
pub mod sigv4;
pub mod token;

// L2: use cases.
pub mod authn;
pub mod authz;
pub mod iam;
pub mod store;
pub mod sts;

// L3: the gateway, free of pingora.
pub mod gateway;

// L4: the shell.
#[cfg(feature = "shell")]
pub mod backend;
#[cfg(feature = "shell")]
pub mod cli;
#[cfg(feature = "shell")]
pub mod conf;
#[cfg(feature = "shell")]
pub mod directory;
#[cfg(feature = "shell")]
pub mod oidc;
#[cfg(feature = "shell")]
pub mod proxy;
#[cfg(feature = "shell")]
pub mod server;
#[cfg(feature = "shell")]
pub mod telemetry;
