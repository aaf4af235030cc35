//! A reader for streams that mix segments, single frames, and lines of JSON or text. The reader detects the
//! form of each part from its bytes.
//!
//! ```
//! use fusewire::mixed::{MixedEvent, MixedReader};
//! use fusewire::{Limits, message};
//!
//! # #[cfg(feature = "json")] {
//! let mut stream = b"{\"msg\":\"a line\",\"n\":1}\n".to_vec();
//! let mut buffer = [0; 1024];
//! stream.extend_from_slice(message::write(&mut buffer, &Limits::DEFAULT, |entry| entry.set_body("a frame"))?);
//! stream.extend_from_slice(b"plain text\n");
//!
//! let mut reader = MixedReader::new(stream.as_slice());
//! let mut bodies = Vec::new();
//! while let Some(event) = reader.next()? {
//!     match event {
//!         MixedEvent::Entry { entry, .. } => bodies.push(entry.body().to_string()),
//!         MixedEvent::Lost { range } => eprintln!("{} bytes lost: {}", range.len(), range.reason),
//!         _ => {}
//!     }
//! }
//! assert_eq!(bodies, ["a line", "a frame", "plain text"]);
//! # }
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod buffer;
mod event;
mod frame;
mod inner;
mod lines;
mod place;
mod reader;
mod search;
mod split;
mod text;
mod unpack;

pub use crate::line_time::WithoutTime;
pub use event::{Form, MixedEvent};
pub use reader::MixedReader;
#[cfg(all(unix, not(loom)))]
pub(crate) use reader::Step;
pub use unpack::PlainReader;
#[cfg(all(unix, not(loom)))]
pub(crate) use unpack::beginning;
