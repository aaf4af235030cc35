//! The conversion to a like entry, its view, its verification and its expansion make no heap allocation.

use crate::common::counting::allocations;
use crate::common::random::Random;
use crate::common::variants::{encoded, variant};
use fusewire::like::{self, LikeHead};

#[test]
fn conversion_view_verification_and_expansion() {
    let mut random = Random(79);
    for round in 0..200 {
        let first = random.entry();
        let (base, full) = (encoded(&first, round), encoded(&variant(&first, &mut random), round));
        let mut like = vec![0; 128 << 10];
        let mut expanded = vec![0; 128 << 10];
        let (count, nodes) = allocations(|| {
            let base = like::base(&base).unwrap();
            let len = like::convert(&full, &base, 7, &mut like).unwrap();
            let view = like::view(LikeHead::new(&like[..len]).unwrap(), base).unwrap();
            view.verify().unwrap();
            view.expand(&mut expanded).unwrap();
            let _ = (view.get("a.b"), view.attributes().count());
            view.walk().filter(Result::is_ok).count()
        });
        assert_eq!((count, nodes), (0, view_nodes(&full)));
    }
}

fn view_nodes(full: &[u8]) -> usize {
    fusewire::decode::EntryRef::new(full).unwrap().walk().count()
}
