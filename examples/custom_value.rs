//! A type of one's own as a value in the log: `cargo run --example custom_value`.
//!
//! What is secret is left out where the type is defined, and not where it is logged; what is too deep, too wide or never ends
//! is bounded by the fuse, and the entry says so.

use fusewire::decode::EntryRef;
use fusewire::encode::{AsDisplay, LogValue, ValueWriter, encode};
use fusewire::{Limits, Severity};

/// A customer of a shop, with the one who brought them.
struct Customer {
    id: u64,
    name: String,
    card_number: String,
    orders: Vec<Order>,
    /// Made by a migration that went wrong: somebody was brought by themselves.
    brought_by: Option<u64>,
}

struct Order {
    number: String,
    cents: u64,
}

impl LogValue for Order {
    fn log_value(&self, out: ValueWriter<'_, '_>) {
        let mut order = out.map();
        order.entry("number", &self.number).entry("total", &AsDisplay(&Euros(self.cents)));
    }
}

/// A price, formatted into the entry without a `String` between.
struct Euros(u64);

impl std::fmt::Display for Euros {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}.{:02} EUR", self.0 / 100, self.0 % 100)
    }
}

/// A customer and those who brought them, as far as the fuse lets them go.
struct Chain<'a>(&'a [Customer], &'a Customer);

impl LogValue for Chain<'_> {
    fn log_value(&self, out: ValueWriter<'_, '_>) {
        let Self(all, customer) = self;
        let mut map = out.map();
        map.entry("id", &customer.id).entry("name", &customer.name);
        // All but the last digits stay here.
        map.entry("card", &customer.card_number[customer.card_number.len() - 4..]);
        map.entry("orders", &customer.orders);
        let by = customer.brought_by.and_then(|id| all.iter().find(|other| other.id == id));
        map.entry("brought_by", &by.map(|by| Chain(all, by)));
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let order = |number: u64| Order { number: format!("A-{number}"), cents: 1_999 + number };
    let customers = [Customer {
        id: 7,
        name: "Ada".to_owned(),
        card_number: "4111111111111111".to_owned(),
        orders: (0..40).map(order).collect(),
        brought_by: Some(7),
    }];

    // In a service this is `log.append(...)`; the buffer is the log's then.
    let mut buffer = vec![0; 64 << 10];
    let entry = encode(&mut buffer, &Limits::default(), |entry| {
        entry.set_severity(Severity::WARN);
        entry.set_body("a customer was brought by themselves");
        entry.attr("customer", &Chain(&customers, &customers[0]));
    })?;

    println!("{} bytes, whatever the value is. What the fuse did:", entry.len());
    for trip in entry.report().iter() {
        let lost = trip.lost.map_or("an unknown number".to_owned(), |lost| lost.to_string());
        println!("  {:<6} {:>3} times, {lost} values are not there", trip.cause.name(), trip.count);
    }
    let entry = EntryRef::new(entry.bytes())?;
    for path in ["customer.card", "customer.orders[0].total", "customer.brought_by.brought_by.name"] {
        let value = entry.get(path).and_then(|value| value.as_str().map(str::to_owned));
        println!("  {path:<40} {value:?}");
    }
    assert!(entry.is_tripped());
    Ok(())
}
