//! Hard cases: what a careful registrar would say, held against the shipped model and the default costs.

mod cases;
mod properties;
