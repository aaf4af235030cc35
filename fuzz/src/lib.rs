//! Functions that repair checksums, so that mutated bytes pass the checksum test.

/// Returns the CRC-32 of a frame, which starts with the length of the payload.
fn frame_crc(covered: &[u8], length: u32) -> u32 {
    let mut hasher = crc32fast::Hasher::new_with_initial(length);
    hasher.update(covered);
    hasher.finalize()
}

/// Writes a valid commit word for the frame at `at` with its present tag, if its length permits this. Returns whether
/// it wrote the word.
pub fn repair_frame(bytes: &mut [u8], at: usize) -> bool {
    let Some(frame) = bytes.get_mut(at..) else { return false };
    let Some(word) = frame.first_chunk::<8>() else { return false };
    let length = u64::from_le_bytes(*word) as u32 & ((1 << 28) - 1);
    let end = 16 + (length as usize).next_multiple_of(16);
    if frame.len() < end || frame[14..16] != [0, 0] {
        return false;
    }
    let crc = frame_crc(&frame[8..end], length);
    let word = u64::from(length) | 2 << 28 | u64::from(crc) << 32;
    frame[..8].copy_from_slice(&word.to_le_bytes());
    true
}

/// Repairs the checksum of the first page and of every consecutive frame.
pub fn repair_segment(bytes: &mut [u8]) {
    let Some((page, _)) = bytes.split_first_chunk_mut::<4096>() else { return };
    let crc = crc32fast::hash(&page[..4092]);
    page[4092..].copy_from_slice(&crc.to_le_bytes());
    let salt = u32::from_le_bytes([page[28], page[29], page[30], page[31]]);
    let mut at = 8192;
    while at + 16 <= bytes.len() {
        let tag = salt ^ (at / 16) as u32;
        bytes[at + 8..at + 12].copy_from_slice(&tag.to_le_bytes());
        if !repair_frame(bytes, at) {
            return;
        }
        let length = u32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]]) & ((1 << 28) - 1);
        at += 16 + (length as usize).next_multiple_of(16);
    }
}
