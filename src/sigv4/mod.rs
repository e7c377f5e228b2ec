//! (interim)
#[derive(Debug)]
/// interim
pub struct ChunkDecoder;
