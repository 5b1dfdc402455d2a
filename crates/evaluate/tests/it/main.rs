//! Evaluation from outside: files in, numbers out.

#[cfg(test)]
mod generalises;
#[cfg(test)]
mod historical;
#[cfg(test)]
mod maps;
#[cfg(test)]
mod metrics;
#[cfg(test)]
mod recovers;
