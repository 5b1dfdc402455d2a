//! Hard cases: what a careful registrar would say, held against the shipped model and the default costs.

#[cfg(test)]
mod cases;
#[cfg(test)]
mod properties;
