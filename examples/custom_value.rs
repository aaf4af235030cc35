//! A user-defined type as a value of an entry: `cargo run --example custom_value`.
//!
//! The implementation of the type omits the secret, not the logging call. The circuit breaker cuts values that are too deep, too
//! wide or cyclic. The entry records each cut.

use fusewire::decode::EntryRef;
use fusewire::encode::{AsDisplay, LogValue, ValueWriter, encode};
use fusewire::{Limits, Severity};

/// A customer of a shop, and the customer who referred this customer.
struct Customer {
    id: u64,
    name: String,
    card_number: String,
    orders: Vec<Order>,
    /// The id of the referring customer. A faulty migration created a cycle: the customer refers to itself.
    referred_by: Option<u64>,
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

/// A price, formatted into the entry without an intermediate `String`.
struct Euros(u64);

impl std::fmt::Display for Euros {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}.{:02} EUR", self.0 / 100, self.0 % 100)
    }
}

/// A customer and the chain of referring customers, up to the depth limit.
struct Chain<'a>(&'a [Customer], &'a Customer);

impl LogValue for Chain<'_> {
    fn log_value(&self, out: ValueWriter<'_, '_>) {
        let Self(all, customer) = self;
        let mut map = out.map();
        map.entry("id", &customer.id).entry("name", &customer.name);
        // The entry must not contain the complete card number.
        map.entry("card", &customer.card_number[customer.card_number.len() - 4..]);
        map.entry("orders", &customer.orders);
        let by = customer.referred_by.and_then(|id| all.iter().find(|other| other.id == id));
        map.entry("referred_by", &by.map(|by| Chain(all, by)));
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let order = |number: u64| Order { number: format!("A-{number}"), cents: 1_999 + number };
    let customers = [Customer {
        id: 7,
        name: "Ada".to_owned(),
        card_number: "4111111111111111".to_owned(),
        orders: (0..40).map(order).collect(),
        referred_by: Some(7),
    }];

    // A service calls `log.append(...)`, which writes to the buffer of the log.
    let mut buffer = vec![0; 64 << 10];
    let entry = encode(&mut buffer, &Limits::default(), |entry| {
        entry.set_severity(Severity::WARN);
        entry.set_body("customer refers to themselves");
        entry.attr("customer", &Chain(&customers, &customers[0]));
    })?;

    println!("The entry has {} bytes. Trips of the circuit breaker:", entry.len());
    for trip in entry.report().iter() {
        let lost = trip.lost.map_or("an unknown number of".to_owned(), |lost| lost.to_string());
        println!("  {:<6} {:>3} times, {lost} values cut", trip.cause.name(), trip.count);
    }
    let entry = EntryRef::new(entry.bytes())?;
    for path in ["customer.card", "customer.orders[0].total", "customer.referred_by.referred_by.name"] {
        let value = entry.get(path).and_then(|value| value.as_str().map(str::to_owned));
        println!("  {path:<40} {value:?}");
    }
    assert!(entry.is_tripped());
    Ok(())
}
